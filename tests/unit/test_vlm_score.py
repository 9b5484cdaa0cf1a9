"""Scores: exact match, ROUGE, the prior, divisions, confusion, calibration, own tasks, and intervals that behave as intervals should."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow import files
from paliflow.errors import InputError
from paliflow.vlm import forgetting, score
from paliflow.vlm.data import Question
from paliflow.vlm.own_tasks import OwnTask
from paliflow.vlm.statistics import Bootstrap


def question(index: int, kind: str, answer: str, **told: int) -> Question:
    return Question(index // 4, f"{index // 4}.png", index, kind, "?", answer, **told)


QUESTIONS = [
    question(
        index, "count" if index % 2 else "exist", str(index % 3) if index % 2 else "yes", family=index % 5, program_length=2 + index % 9
    )
    for index in range(40)
]
WORDS = st.sampled_from(["yes", "no", "0", "1", "2", "red", ""])
ANSWERS = st.lists(WORDS, min_size=40, max_size=40)


def test_a_perfect_model_scores_one_with_no_width() -> None:
    result = score.score(QUESTIONS, [q.answer for q in QUESTIONS], QUESTIONS, 200, 1)
    for name in ("exact_match", "rouge1", "rougeL", "rougeLsum", "exact_match_mean_over_kinds"):
        assert (result[name]["value"], result[name]["low"], result[name]["high"]) == (1, 1, 1)


def test_rouge_2_of_one_word_is_zero_even_when_right() -> None:
    assert score.score_each(["red"], ["red"])["rouge2"][0] == 0


def test_rouge_lsum_takes_lines_as_sentences_and_rouge_l_does_not() -> None:
    each = score.score_each(["red cube\nlarge ball"], ["large ball\nred cube"])
    assert (each["rougeLsum"][0], each["rougeL"][0]) == (1, 0.5)


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


def test_the_lead_over_the_prior_is_taken_question_by_question() -> None:
    """Half of the pictures are hard for both, so that each score varies much more than their difference."""
    asked = [question(index, "count", "1" if index // 4 % 2 else "2") for index in range(40)]
    train = [question(0, "count", "1")]
    answers = [q.answer if q.answer == "1" or q.question_index in (0, 8) else "wrong" for q in asked]
    result = score.score(asked, answers, train, 500, 1)
    lead = result["exact_match_above_prior"]
    assert lead["value"] == pytest.approx(0.05)
    assert lead["high"] - lead["low"] < 0.6 * (result["exact_match"]["high"] - result["exact_match"]["low"])
    assert result["by_kind"]["count"]["exact_match_above_prior"]["value"] == lead["value"]


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


@given(ANSWERS, st.randoms(use_true_random=False))
def test_no_score_hangs_on_the_order_of_the_questions(answers: list[str], draw: random.Random) -> None:
    order = draw.sample(range(40), 40)
    shuffled = [QUESTIONS[index] for index in order], [answers[index] for index in order]
    assert score.score(*shuffled, QUESTIONS, 20, 1) == score.score(QUESTIONS, answers, QUESTIONS, 20, 1)
    assert score.confusion(*shuffled) == score.confusion(QUESTIONS, answers)


def test_pictures_are_drawn_and_not_questions() -> None:
    """Forty questions that are right or wrong with their picture vary as ten draws do."""
    hits = np.array([index // 4 % 2 for index in range(40)], float)
    by_picture = Bootstrap([index // 4 for index in range(40)], 2000, 1).mean(hits)
    by_question = Bootstrap(range(40), 2000, 1).mean(hits)
    assert by_picture["high"] - by_picture["low"] == pytest.approx(2 * (by_question["high"] - by_question["low"]), rel=0.15)


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


def test_divisions_go_by_family_objects_and_program_length_in_the_order_of_numbers() -> None:
    asked = [replace(q, objects=3 + q.image % 9) for q in QUESTIONS]
    result = score.score(asked, [q.answer if q.objects == 10 else "wrong" for q in asked], asked, 100, 1)
    assert list(result["by_objects"]) == [str(count) for count in range(3, 12)]
    assert [found["exact_match"]["value"] for found in result["by_objects"].values()] == [0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert [found["n"] for found in result["by_family"].values()] == [8] * 5
    assert all(set(score.METRICS) < set(found) for found in result["by_family"].values())
    assert sum(found["n"] for found in result["by_program_length"].values()) == 40


def test_what_a_source_does_not_tell_divides_nothing() -> None:
    asked = [Question(0, "0.png", 0, "exist", "?", "yes"), Question(1, "1.png", 1, "exist", "?", "yes", objects=3)]
    result = score.score(asked, ["yes", "no"], asked, 10, 1)
    assert (result["by_family"], result["by_program_length"]) == ({}, {})
    assert {count: found["n"] for count, found in result["by_objects"].items()} == {"3": 1}


@given(ANSWERS)
def test_the_confusion_counts_every_question_once_and_right_ones_on_the_diagonal(answers: list[str]) -> None:
    found = score.confusion(QUESTIONS, answers)
    counts = np.array(found["counts"])
    assert found["answers"] == ["0", "1", "2", "yes"]
    assert counts.shape == (4, 5) and counts.sum() == 40
    assert np.trace(counts) == sum(q.answer == answer for q, answer in zip(QUESTIONS, answers, strict=True))
    assert counts[:, -1].sum() == sum(answer in ("no", "red", "") for answer in answers)
    assert dict(zip(found["answers"], counts.sum(1).tolist(), strict=True)) == Counter(q.answer for q in QUESTIONS)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60))
def test_the_bins_add_up_and_the_error_is_a_share(pairs: list[tuple[bool, float]]) -> None:
    hits, probabilities = (np.array(values) for values in zip(*pairs, strict=True))
    found = score.calibration(asked_in_turn(len(pairs)), hits, probabilities, 20, 1)
    assert sum(each["n"] for each in found["bins"]) == found["n"] == len(pairs)
    error = found["expected_calibration_error"]
    assert 0 <= error["low"] <= error["high"] <= 1 and 0 <= error["value"] <= 1 and error["n"] == len(pairs)
    for each in found["bins"]:
        assert (each["n"] == 0) == (each["confidence"] is None) == (each["accuracy"] is None)
        assert each["n"] == 0 or each["low"] - 1e-6 <= each["confidence"] <= each["high"] + 1e-6


def test_the_calibration_error_weighs_each_bin_by_its_answers() -> None:
    hits, probabilities = np.array([True, True, True, False]), np.array([0.85, 0.85, 0.85, 1.0])
    found = score.calibration(asked_in_turn(4), hits, probabilities, 20, 1)
    assert found["expected_calibration_error"]["value"] == pytest.approx(0.75 * 0.15 + 0.25 * 1)


def test_gaps_in_opposite_directions_do_not_cancel() -> None:
    hits, probabilities = np.array([True, False] * 10), np.array([0.85, 0.15] * 10)
    error = score.calibration(asked_in_turn(20), hits, probabilities, 50, 1)["expected_calibration_error"]
    assert (error["value"], error["low"], error["high"]) == pytest.approx((0.15, 0.15, 0.15))


def asked_in_turn(count: int) -> list[Question]:
    """So many questions, two of each picture."""
    return [Question(index // 2, f"{index // 2}.png", index, "exist", "?", "yes") for index in range(count)]


TASKS = [
    OwnTask(0, "detect", "detect cube", "cube"),
    OwnTask(0, "caption", "caption en", None),
    OwnTask(1, "detect", "detect ball", "ball"),
    OwnTask(1, "caption", "caption en", None),
]


def test_own_tasks_tell_what_was_kept_and_what_is_right_apart() -> None:
    found = forgetting.score_own(TASKS, ["cube", "a", "none", "b"], ["cube", "a", "ball", "c"], 50, 1)
    assert (found["n"], found["kept"]["value"], found["exact_match"]["value"], found["exact_match"]["n"]) == (4, 0.5, 0.5, 2)
    assert found["by_kind"]["caption"]["exact_match"] is None
    assert found["by_kind"]["detect"]["kept"]["value"] == 0.5


def test_own_tasks_without_right_answers_have_no_exact_match() -> None:
    unknown = [replace(task, answer=None) for task in TASKS]
    found = forgetting.score_own(unknown, list("abcd"), list("abcd"), 50, 1)
    assert found["exact_match"] is None and found["kept"] == {"value": 1, "low": 1, "high": 1, "n": 4}


def test_base_answers_to_other_tasks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own_answers.jsonl"
    files.write_json_lines(path, [vars(task) | {"prediction": "x"} for task in TASKS])
    assert forgetting.read_base_answers(path, TASKS) == ["x"] * 4
    with pytest.raises(InputError, match="answers other tasks"):
        forgetting.read_base_answers(path, TASKS[1:])
    files.write_json_lines(path, [vars(task) for task in TASKS])
    with pytest.raises(InputError, match="without picture, prompt and prediction"):
        forgetting.read_base_answers(path, TASKS)
