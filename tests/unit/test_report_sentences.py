"""Sentences about scores, which follow the numbers."""

import pytest

from paliflow.report.sentences import Sentences, clearly_above
from paliflow.report.words import ENGLISH, PERSIAN

SENTENCES = Sentences(ENGLISH)


@pytest.mark.parametrize(("value", "words"), [(0.6, "above"), (0.4, "below"), (0.5, "equal to")])
def test_scores_are_compared_in_words(value, words):
    assert SENTENCES.compare({"value": value}, {"value": 0.5}) == words


@pytest.mark.parametrize(("low", "high", "words"), [(0.7, 0.8, "do not touch"), (0.1, 0.2, "do not touch"), (0.55, 0.8, "overlap")])
def test_intervals_touch_or_do_not(low, high, words):
    assert SENTENCES.intervals_of({"low": low, "high": high}, {"low": 0.4, "high": 0.6}) == words


@pytest.mark.parametrize(
    ("value", "half", "words"),
    [
        (0.7, 0.05, "is 20.0\u00a0points above it, and the intervals do not touch"),
        (0.4, 0.1, "is 10.0\u00a0points below it, and the intervals overlap"),
        (0.5001, 0.1, "is less than 0.1\u00a0points above it, and the intervals overlap"),
        (0.5, 0.1, "is level with it"),
    ],
)
def test_a_score_is_set_beside_another_in_words(value, half, words):
    assert (
        SENTENCES.standing({"value": value, "low": value - half, "high": value + half}, {"value": 0.5, "low": 0.4, "high": 0.6}, "it")
        == words
    )


def test_scores_of_one_seed_are_set_beside_each_other_without_intervals():
    alone, other = {"value": 0.7, "low": None, "high": None}, {"value": 0.5, "low": 0.4, "high": 0.6}
    assert SENTENCES.standing(alone, other, "it") == "is 20.0\u00a0points above it"


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.02, 0.01, 0.03, "is 2.0\u00a0points above LoRA's (+1.0 to +3.0)"),
        (-0.02, -0.03, -0.01, "is 2.0\u00a0points below LoRA's (−3.0 to −1.0)"),
        (-0.004, -0.012, 0.003, "is 0.4\u00a0points below LoRA's (−1.2 to +0.3; zero lies in the interval)"),
        (0, -0.01, 0.01, "is level with LoRA's (−1.0 to +1.0; zero lies in the interval)"),
    ],
)
def test_a_paired_difference_is_told_with_its_interval(value, low, high, words):
    assert SENTENCES.difference({"value": value, "low": low, "high": high}, "LoRA's") == words


@pytest.mark.parametrize(("low", "above"), [(0.61, True), (0.6, False), (None, False)])
def test_only_a_whole_interval_lies_clearly_above(low, above):
    assert clearly_above({"value": 0.7, "low": low, "high": low}, {"value": 0.5, "low": 0.4, "high": 0.6}) is above


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (1.2, 1.1, 1.3, "is nearer by 1.20 (1.10–1.30)"),
        (-1.2, -1.3, -1.1, "is farther by 1.20 (1.10–1.30)"),
        (0.1, -0.2, 0.4, "is nearer by 0.10, which its interval (−0.20 to 0.40) does not tell from zero"),
        (-0.1, -0.4, 0.0, "is farther by 0.10, which its interval (−0.40 to 0.00) does not tell from zero"),
    ],
)
def test_a_distance_is_told_as_nearer_or_farther(value, low, high, words):
    assert SENTENCES.nearer({"value": value, "low": low, "high": high, "n": 5}, "decimal2") == words


def test_words_are_listed():
    assert [SENTENCES.listed(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_a_sentence_in_persian_has_its_own_order():
    score = {"value": -0.02, "low": -0.03, "high": 0.01}
    told = "2.0\u00a0واحد درصد پایین‌تر از LoRA است (−3.0\u00a0تا\u00a0+1.0؛ صفر درون بازه است)"
    assert Sentences(PERSIAN).difference(score, "LoRA") == told
