"""The numbers of the theory texts against independent sources."""

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


def test_rank_16_on_the_seven_projections_trains_what_peft_counts():
    assert theory.lora_parameters(16) == 19_611_648


def test_the_parts_of_paligemma_add_up_to_what_its_checkpoint_holds():
    assert sum(theory.parameters().values()) == 2_923_466_480


def test_one_example_adds_its_activations_to_the_memory_of_the_parameters():
    example, gib = theory.example_memory(), theory.fine_tuning_memory(16)["gib"]["lora"]["total"]
    assert example["total_bytes"]["lora"] == pytest.approx(gib * 2**30 + example["activation_bytes"] + example["logit_bytes_suffix"])


@pytest.mark.parametrize("stemming", ["plain", "stemmed"])
def test_rouge_2_of_one_word_is_zero(stemming):
    assert theory.rouge_example("yes", "yes")[stemming]["rouge2"]["f1"] == 0


def test_the_stemmer_takes_a_plural_for_its_singular():
    example = theory.rouge_example("cube", "cubes")
    assert (example["plain"]["rouge1"]["f1"], example["stemmed"]["rouge1"]["f1"]) == (0, 1)


def test_memory_shrinks_from_full_to_lora_to_qlora():
    gib = theory.fine_tuning_memory(16)["gib"]
    assert gib["full"]["total"] > gib["lora"]["total"] > gib["qlora"]["total"]
