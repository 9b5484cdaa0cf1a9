"""The numbers of the theory texts against independent sources."""

import math

import pytest
from bitsandbytes.functional import get_4bit_type

from paliflow.report import theory


def test_nf4_levels_are_those_of_bitsandbytes():
    assert theory.nf4_levels()["levels"] == pytest.approx(get_4bit_type("nf4", device="cpu").tolist(), abs=1e-6)


def test_nf4_has_sixteen_levels_with_an_exact_zero():
    levels = theory.nf4_levels()["levels"]
    assert (len(set(levels)), levels[0], levels[7], levels[-1]) == (16, -1.0, 0.0, 1.0)


def test_double_quantisation_costs_what_the_paper_says():
    assert theory.double_quantisation()["bits_double"] == pytest.approx(4.127, abs=5e-4)


@pytest.mark.parametrize("stemming", ["plain", "stemmed"])
def test_rouge_2_of_one_word_is_zero(stemming):
    assert theory.rouge_example("yes", "yes")[stemming]["rouge2"]["f1"] == 0


def test_the_stemmer_takes_a_plural_for_its_singular():
    example = theory.rouge_example("cube", "cubes")
    assert (example["plain"]["rouge1"]["f1"], example["stemmed"]["rouge1"]["f1"]) == (0, 1)


def test_sentences_in_another_order_cost_rouge_l_but_not_lsum():
    plain = theory.rouge_example(*theory.ROUGE_PAIRS["swapped"])["plain"]
    assert (plain["rougeL"]["f1"], plain["rougeLsum"]["f1"]) == (0.5, 1)


def test_the_table_of_common_subsequences_ends_in_what_rouge_l_counts():
    pair = theory.ROUGE_PAIRS["sentence"]
    table, recall = theory.lcs_table(*pair), theory.rouge_example(*pair)["plain"]["rougeL"]["recall"]
    assert table["lengths"][-1][-1] == pytest.approx(recall * len(table["reference"]))


def test_the_bias_of_the_prior_odds_balances_pull_and_push():
    plain, _, prior = theory.sigmoid_start(1000)
    assert prior["pull"] == pytest.approx(prior["push"])
    assert plain["loss"] == pytest.approx(1000 * math.log(2))


def test_the_paper_s_bias_nearly_balances_the_batch_of_the_paper():
    _, paper, prior = theory.sigmoid_start(theory.SIGLIP_BATCH)
    assert (paper["bias"], paper["loss"]) == (-10, pytest.approx(prior["loss"], rel=0.01))


@pytest.mark.parametrize("form", ["plain", "stemmed"])
@pytest.mark.parametrize("size", [1, 2])
def test_shared_ngrams_are_those_that_rouge_counts(form, size):
    pair = theory.ROUGE_PAIRS["sentence"]
    shared, scores = theory.shared_ngrams(*pair, size), theory.rouge_example(*pair)[form][f"rouge{size}"]
    matches = len(shared[form])
    assert (matches / shared["reference"], matches / shared["candidate"]) == pytest.approx((scores["recall"], scores["precision"]))


def test_a_repeated_word_is_shared_no_more_often_than_both_texts_hold_it():
    assert theory.shared_ngrams("the cube behind the sphere", "the the the", 1)["plain"] == ["the", "the"]
