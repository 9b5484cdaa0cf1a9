"""Questions: every answer is what the program gives, wordings never repeat for an image, and answers are balanced."""

import random
from collections import Counter, defaultdict

import numpy as np
import pytest

from paliflow.clevr import program, questions, scene

KINDS = {
    *("exist", "count", "equal_integer", "less_than", "greater_than"),
    *(f"{verb}_{attribute}" for verb in ("query", "equal") for attribute in ("size", "color", "material", "shape")),
}


def scenes(count: int) -> list[dict]:
    found = []
    for index in range(count):
        _, graph = scene.sample_scene(np.random.default_rng(index), 3, 6, 96)
        found.append(graph | {"image_index": index, "image_filename": f"CLEVR_train_{index:06d}.png", "split": "train"})
    return found


@pytest.fixture(scope="module")
def asked() -> list[dict]:
    return list(questions.ask(scenes(120), 10, seed=3))


def test_every_answer_is_what_its_program_gives(asked: list[dict]) -> None:
    by_image = {graph["image_filename"]: graph for graph in scenes(120)}
    assert all(program.execute(question["program"], by_image[question["image_filename"]]) == question["answer"] for question in asked)


def test_every_scene_gets_its_number_of_different_questions(asked: list[dict]) -> None:
    texts = defaultdict(set)
    for question in asked:
        texts[question["image_index"]].add(question["question"])
    assert {len(found) for found in texts.values()} == {10}


def test_every_kind_is_asked(asked: list[dict]) -> None:
    assert {program.kind(question["program"]) for question in asked} == KINDS


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if not kind.startswith(("count", "equal_color"))))
def test_no_answer_of_a_kind_is_much_more_frequent_than_chance(asked: list[dict], kind: str) -> None:
    answers = Counter(question["answer"] for question in asked if program.kind(question["program"]) == kind)
    chance = {"query_color": 1 / 8, "query_shape": 1 / 3}.get(kind, 1 / 2)
    assert max(answers.values()) / answers.total() < chance + 0.1


def test_the_order_of_the_scenes_does_not_matter(asked: list[dict]) -> None:
    shuffled = scenes(120)
    random.Random(1).shuffle(shuffled)
    assert list(questions.ask(shuffled, 10, seed=3)) == asked


def test_an_asked_attribute_is_not_given_away(asked: list[dict]) -> None:
    for question in asked:
        kind = program.kind(question["program"])
        if kind.startswith("query_"):
            last = next(index for index in reversed(range(len(question["program"]))) if question["program"][index]["function"] == "unique")
            steps = [question["program"][last]]
            while steps[-1]["function"] not in ("scene", "relate"):
                steps.append(question["program"][steps[-1]["inputs"][0]])
            assert f"filter_{kind.removeprefix('query_')}" not in [step["function"] for step in steps], question["question"]


def test_a_relation_is_never_idle(asked: list[dict]) -> None:
    """A queried object that is named with a relation is not unique without it."""
    by_image = {graph["image_filename"]: graph for graph in scenes(120)}
    for question in asked:
        steps = question["program"]
        functions = [step["function"] for step in steps]
        if "relate" in functions and functions[-1].startswith("query_"):
            idle = [step if step["function"] != "relate" else {"function": "scene", "inputs": [], "value_inputs": []} for step in steps]
            with pytest.raises(program.InvalidProgramError):
                program.execute(idle, by_image[question["image_filename"]])


def test_unique_wants_exactly_one_object() -> None:
    graph = scenes(1)[0]
    steps = [{"function": "scene", "inputs": [], "value_inputs": []}, {"function": "unique", "inputs": [0], "value_inputs": []}]
    with pytest.raises(program.InvalidProgramError, match="objects"):
        program.execute(steps, graph)


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(program.InvalidProgramError, match="no function"):
        program.execute([{"function": "filter_weight", "inputs": [], "value_inputs": ["3"]}], scenes(1)[0])
