"""Scores: exact match, ROUGE, the prior, and intervals that behave as intervals should."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.vlm import score
from paliflow.vlm.data import Question


def question(index: int, kind: str, answer: str) -> Question:
    return Question(index // 4, f"{index // 4}.png", index, kind, "?", answer)


QUESTIONS = [question(index, "count" if index % 2 else "exist", str(index % 3) if index % 2 else "yes") for index in range(40)]


def test_a_perfect_model_scores_one_with_no_width() -> None:
    result = score.score(QUESTIONS, [q.answer for q in QUESTIONS], QUESTIONS, 200, 1)
    for name in ("exact_match", "rouge1", "rougeL", "exact_match_mean_over_kinds"):
        assert (result[name]["value"], result[name]["low"], result[name]["high"]) == (1, 1, 1)


def test_rouge_2_of_one_word_is_zero_even_when_right() -> None:
    assert score.score_each(["red"], ["red"])["rouge2"][0] == 0


def test_case_and_outer_blanks_do_not_count() -> None:
    assert score.score_each([" Red "], ["red"])["exact_match"][0] == 1


def test_the_prior_is_each_kinds_most_frequent_training_answer() -> None:
    train = [question(0, "count", "2"), question(1, "count", "2"), question(2, "count", "3"), question(3, "exist", "no")]
    assert score.prior_answers(train) == {"count": "2", "exist": "no"}


def test_the_mean_over_kinds_weighs_each_kind_alike() -> None:
    asked = [question(0, "count", "1")] * 9 + [question(1, "exist", "yes")]
    result = score.score(asked, ["1"] * 9 + ["no"], asked, 100, 1)
    assert result["exact_match"]["value"] == pytest.approx(0.9)
    assert result["exact_match_mean_over_kinds"]["value"] == pytest.approx(0.5)


def test_a_kind_never_seen_in_training_has_no_prior() -> None:
    result = score.score([question(0, "count", "1")], ["1"], [question(0, "exist", "yes")], 100, 1)
    assert result["prior_exact_match"]["value"] == 0


@given(st.lists(st.booleans(), min_size=40, max_size=40), st.integers(0, 99))
def test_an_interval_holds_its_value_and_stays_in_range(hits: list[bool], seed: int) -> None:
    answers = [q.answer if hit else "wrong" for q, hit in zip(QUESTIONS, hits, strict=True)]
    result = score.score(QUESTIONS, answers, QUESTIONS, 100, seed)
    found = [result["exact_match"], result["exact_match_mean_over_kinds"], *(kind["exact_match"] for kind in result["by_kind"].values())]
    assert all(0 <= each["low"] <= each["value"] + 1e-9 and each["value"] <= each["high"] + 1e-9 <= 1 + 1e-8 for each in found)
    assert result["exact_match"]["value"] == pytest.approx(sum(hits) / 40, abs=1e-6)


def test_each_condition_is_scored_by_itself() -> None:
    halves = [replace(q, condition="A" if q.image < 5 else "B") for q in QUESTIONS]
    answers = [q.answer if q.condition == "A" else "wrong" for q in halves]
    result = score.score(halves, answers, halves, 100, 1)
    assert {name: (found["exact_match"]["value"], found["exact_match"]["n"]) for name, found in result["by_condition"].items()} == {
        "A": (1, 20),
        "B": (0, 20),
    }


def test_questions_without_conditions_have_no_scores_by_condition() -> None:
    assert "by_condition" not in score.score(QUESTIONS, ["yes"] * 40, QUESTIONS, 100, 1)
