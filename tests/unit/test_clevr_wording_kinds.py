"""The kind of a question from its text alone: right on genuine questions, and one sentence for what is no question of CLEVR's."""

import json
import os
import time
from pathlib import Path

import pytest

from paliflow.clevr import wording_kinds
from paliflow.clevr.vocabulary import VALUES
from paliflow.errors import InputError

GENUINE = Path(os.environ.get("PALIFLOW_CLEVR", ""))


@pytest.mark.skipif(not (GENUINE / "questions").is_dir(), reason="PALIFLOW_CLEVR names no folder of genuine CLEVR")
def test_the_kinds_of_genuine_questions_are_those_of_their_programs() -> None:
    records = json.loads((GENUINE / "questions" / "CLEVR_train_questions.json").read_text())["questions"]
    wrong = [
        record["question"]
        for record in records
        if wording_kinds.kind_of(record["question"], record["answer"], "here") != record["program"][-1]["function"]
    ]
    assert len(records) == 1600
    assert wrong == []


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many balls are there?", "count"),
        ("What number of other things are there of the same material as the ball", "count"),  # one genuine wording has no question mark
        ("There is a cube; how many balls are behind it?", "count"),
        ("Are any balls visible?", "exist"),
        ("Is there anything else that is the same shape as the ball?", "exist"),
        ("There is a cube; is there a ball behind it?", "exist"),
        ("Are there any balls made of the same material as the cube?", "exist"),
        ("How big is the ball?", "query_size"),
        ("What is the ball made of?", "query_material"),
        ("There is a ball; what material is it made of?", "query_material"),
        ("The ball that is the same size as the cube is made of what material?", "query_material"),
        ("What is the shape of the thing that is made of the same material as the ball?", "query_shape"),
        ("The thing that is the same shape as the ball has what color?", "query_color"),
        ("There is a thing that is the same shape as the ball; what is its size?", "query_size"),
        ("  Does the ball have the same shape as the cube?", "equal_shape"),
        ("There is a ball; is its color the same as the cube behind the thing?", "equal_color"),
        ("Are the ball and the cube made of the same material?", "equal_material"),
        ("Is the size of the ball the same as the cube?", "equal_size"),
        ("Are there the same number of balls and cubes?", "equal_integer"),
        ("Is the number of balls the same as the number of cubes?", "equal_integer"),
        ("Are there fewer balls than cubes?", "less_than"),
        ("Is the number of balls left of the cube greater than the number of things?", "greater_than"),
    ],
)
def test_a_wording_has_its_kind(question: str, kind: str) -> None:
    assert wording_kinds.kind_of(question, wording_kinds.ANSWERS[kind][0], "here") == kind


def test_there_are_twenty_eight_answers() -> None:
    answers = {answer for answers in wording_kinds.ANSWERS.values() for answer in answers}
    assert len(answers) == 28
    assert answers > {value for values in VALUES.values() for value in values}


@pytest.mark.parametrize(
    "question", ["Who painted the ball?", "ball", "", "How many", "What color is the ball?\nBe brief.", "What color is the ball? Be brief."]
)
def test_another_wording_is_refused_with_its_place(question: str) -> None:
    with pytest.raises(InputError, match=r"^questions.json, question 7: .* is no wording of CLEVR's"):
        wording_kinds.kind_of(question, "yes", "questions.json, question 7")


@pytest.mark.parametrize(("question", "answer"), [("How many balls are there?", "yes"), ("What color is the ball?", "metal")])
def test_an_answer_of_another_kind_is_refused(question: str, answer: str) -> None:
    with pytest.raises(InputError, match=f"here: '{answer}' answers no question of the kind"):
        wording_kinds.kind_of(question, answer, "here")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Be brief. There is a cube; is there a ball behind it? Be brief.", "There is a cube; is there a ball behind it?"),
        ("How many balls are there\nBe brief.", "How many balls are there"),
        ("How many words? Is there a ball? Is there a ball?", None),
        ("Is there a ball? Answer: Is there a ball?", "Is there a ball?"),
        ("Who painted the ball? Be brief.", None),
        ("", None),
    ],
)
def test_the_one_question_of_a_text_is_found(text: str, question: str | None) -> None:
    assert wording_kinds.find_question(text) == question


@pytest.mark.parametrize("repeated", ["the same ", "are the ball and the ", "less than the number of ", "what color "])
def test_a_long_hostile_question_takes_no_time(repeated: str) -> None:
    begun = time.process_time()
    for opening in ("is the number of ", "do the ", "is the color of ", "the "):
        with pytest.raises(InputError):
            wording_kinds.kind_of(opening + repeated * 40_000 + "x", "x", "here")
        wording_kinds.find_question(opening + repeated * 40_000 + "? x")
    assert time.process_time() - begun < 5
