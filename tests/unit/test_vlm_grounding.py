"""The base's grounded tasks: every suffix is true of its scene, and every place lies where the object is."""

import random
import re
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.errors import InputError
from paliflow.vlm import grounding
from paliflow.vlm.lessons import LESSONS
from paliflow.vlm.read_outs import dense_targets, pointing_targets, summary_targets

SIZE = 96
SHORT = ("placed", "described", "related", "mixed")  # the lessons in short prompts alone; whole sentences have tests of their own
PLACE = "left|right|front|behind|same size|same color|same material|same shape"
WORDS = {"big": "large", "tiny": "small", "matte": "rubber", "shiny": "metal", "block": "cube", "ball": "sphere"}


def thing(color: str, shape: str, column: float, row: float) -> dict:
    return {"size": "small", "material": "metal", "color": color, "shape": shape, "pixel_coords": [column, row, 10.0]}


SCENE = {
    "objects": [thing("red", "cube", 20, 30), thing("red", "sphere", 60, 40), thing("blue", "cube", 80, 70)],
    "relationships": {"left": [[], [0], [0, 1]], "right": [[1, 2], [2], []], "front": [[1, 2], [2], []], "behind": [[], [0], [0, 1]]},
}
VALUES = grounding.attribute_values([SCENE, {"objects": [thing("gray", "cylinder", 1, 1) | {"size": "large", "material": "rubber"}]}])


def matching(description: str) -> list[dict]:
    words = [WORDS.get(word, word) for word in description.split() if word != "thing"]
    return [each for each in SCENE["objects"] if all(word in each.values() for word in words)]


def group(text: str) -> list[dict]:
    """The things that a text stands for: a description, places that they are in, or either of two such sets."""
    if " or " in text:
        one, _, other = text.partition(" or ")
        here, there = group(one), group(other)
        return [each for each in SCENE["objects"] if each in here or each in there]
    found = re.fullmatch(rf"(.*?) ?\b({PLACE}) (.*)", text)
    if found is None:
        return matching(text)
    described, first, rest = found.groups()
    one, _, other = rest.partition(" and ")
    things = [each for each in matching(described) if each in beside(first, one)]
    if other:
        relation, anchor = re.fullmatch(rf"({PLACE}) (.*)", other).groups()
        things = [each for each in things if each in beside(relation, anchor)]
    return things


def beside(place: str, anchor: str) -> list[dict]:
    """What stands in a relation to the one object that a text stands for."""
    thing = referred(anchor)
    if place.startswith("same"):
        name = place.split()[1]
        return [each for each in SCENE["objects"] if each is not thing and each[name] == thing[name]]
    return [SCENE["objects"][index] for index in SCENE["relationships"][place][SCENE["objects"].index(thing)]]


def referred(text: str) -> dict:
    """The one object that a place or a description stands for."""
    found = [each for each in SCENE["objects"] if grounding.location(each, SIZE) == text] if text.startswith("<loc") else group(text)
    assert len(found) == 1
    return found[0]


def general_answer(question: str) -> str:
    """The answer to a question in plain words, found by looking for its words alone."""
    name = next(name for name in grounding.ATTRIBUTES if name in question)
    values = [each[name] for each in SCENE["objects"]]
    leftmost_first = {"leftmost": 0, "rightmost": -1}  # all stand in the order of their columns, and equally far: the first is nearest
    places = {"nearest": 0, "farthest": 0} | leftmost_first
    named = [values[place] for word, place in places.items() if word in question]
    if "common" in question or "most things" in question:
        return statistics.mode(values)
    if not named:
        return str(len(set(values)))
    if question.startswith("Is "):
        return "yes" if question.split()[1] == named[0] else "no"
    if question.startswith("Do "):
        return "yes" if len(set(named)) == 1 else "no"
    return named[0]


@pytest.mark.parametrize("table", [grounding.TASKS, *(LESSONS[name] for name in SHORT)], ids=["joint", *SHORT])
@given(seed=st.integers(0, 10**6))
def test_every_suffix_is_true(table: grounding.Table, seed: int) -> None:
    prefix, suffix, *_ = grounding.sample_from(table, SCENE, VALUES, SIZE, random.Random(seed))
    task, _, rest = prefix.partition(" ")
    things = SCENE["objects"]
    if task == "list" and rest:
        relation, anchor = re.fullmatch(rf"({PLACE}) (.*)", rest).groups()
        assert suffix == (" ; ".join(f"{each['color']} {each['shape']}" for each in beside(relation, anchor)) or "none")
    elif task == "list":
        assert suffix.split(" ; ") == [" ".join(each[name] for name in grounding.ATTRIBUTES) for each in things]
    elif task in ("Which", "What", "How", "Count", "Name", "Is", "Do"):
        assert suffix == general_answer(prefix)
    elif task == "count":
        assert suffix == str(len(group(rest)))
    elif task == "any":
        assert suffix == ("yes" if group(rest) else "no")
    elif task == "detect":
        found = [place for place in suffix.split(" ; ") if place != "none"]
        assert sorted(found) == sorted(grounding.location(each, SIZE) for each in matching(rest))
    elif task == "describe":
        assert suffix == " ".join(referred(rest)[name] for name in grounding.ATTRIBUTES)
    elif task == "same":
        name, _, pair = rest.partition(" ")
        one, other = (referred(text) for text in pair.split(" ; "))
        assert suffix == ("yes" if one[name] == other[name] else "no")
    elif task == "compare":
        one, other = (len(group(text)) for text in rest.split(" ; "))
        assert suffix == ("equal" if one == other else "more" if one > other else "fewer")
    else:
        assert suffix == referred(rest.removeprefix("of "))[task]


@pytest.mark.parametrize("table", [grounding.TASKS, *(LESSONS[name] for name in SHORT)], ids=["joint", *SHORT])
@given(seed=st.integers(0, 10**6))
def test_a_task_knows_which_things_its_prompt_means(table: grounding.Table, seed: int) -> None:
    task = grounding.sample_from(table, SCENE, VALUES, SIZE, random.Random(seed))
    kind, _, rest = task.prefix.partition(" ")
    if kind in ("count", "any", "detect"):
        assert by_place(task.asked) == by_place(group(rest))
    elif kind == "compare":
        one, other = rest.split(" ; ")
        assert (by_place(task.asked), by_place(task.compared)) == (by_place(group(one)), by_place(group(other)))
    elif kind == "same":
        one, other = rest.split(" ", 1)[1].split(" ; ")
        assert (task.asked, task.compared) == ([referred(one)], [referred(other)])
    elif kind in ("describe", *grounding.ATTRIBUTES):
        assert task.asked == [referred(rest.removeprefix("of "))]
    elif kind != "list":
        assert task.asked is None
    anchors = re.findall(rf"\b(?:{PLACE}) ", task.prefix.split(" ", 2)[2] if kind == "same" else rest)
    assert len(task.passed) == (0 if task.asked is None else len(anchors))


def by_place(things: list[dict]) -> list[float]:
    return sorted(each["pixel_coords"][0] for each in things)


def test_what_is_asked_compared_and_passed_is_told_at_the_patches_of_these_things() -> None:
    red_cube, red_sphere, blue_cube = SCENE["objects"]
    task = grounding.Task("same color cube right red sphere ; red cube", "no", [blue_cube], [red_cube], [red_sphere])
    targets = pointing_targets(SCENE, task, SIZE, 16)
    told = {
        tuple(place.tolist()): row.tolist() for place, row in zip((targets[:, 0] >= 0).nonzero(), targets[targets[:, 0] >= 0], strict=True)
    }
    assert told == {(1 * 6 + 1,): [0, 1, 0], (2 * 6 + 3,): [0, 0, 1], (4 * 6 + 5,): [1, 0, 0]}
    assert (pointing_targets(SCENE, grounding.Task("Which color?", "red"), SIZE, 16) == -1).all()


def test_the_summary_counts_both_sides_and_looks_at_a_single_thing() -> None:
    red_cube, red_sphere, blue_cube = SCENE["objects"]
    targets = summary_targets(grounding.Task("compare red thing ; blue cube", "more", [red_cube, red_sphere], [blue_cube]), VALUES)
    looks = [VALUES[name].index(blue_cube[name]) for name in grounding.ATTRIBUTES]
    assert targets == [2, *[-100] * 4, 1, *looks]
    assert summary_targets(grounding.Task("Which color?", "red"), VALUES) == [-100] * 10


@given(st.floats(0, SIZE), st.floats(0, SIZE))
def test_a_place_is_given_as_row_and_column_within_half_a_bin(column: float, row: float) -> None:
    tokens = re.fullmatch(r"<loc(\d{4})><loc(\d{4})>", grounding.location(thing("red", "cube", column, row), SIZE))
    assert tokens is not None
    half = 512 / grounding.LOCATION_BINS
    for token, value in zip(tokens.groups(), (row, column), strict=True):
        assert abs(int(token) - value / SIZE * 1024) <= half + 2


def test_dense_targets_name_the_nearest_object_of_each_patch() -> None:
    near = thing("blue", "cube", 21, 29) | {"pixel_coords": [21, 29, 5.0]}
    targets = dense_targets({"objects": [near, SCENE["objects"][0]]}, VALUES, SIZE, 16)
    patch = targets[1 * 6 + 1]
    assert VALUES["color"][patch[1]] == "blue"
    assert patch[6] == 2
    assert (targets[:, 6] > 0).sum() == 1
    assert (targets[targets[:, 6] == 0, :6] == -100).all()


def test_a_moved_picture_moves_its_objects() -> None:
    places = [each["pixel_coords"] for each in grounding.moved(SCENE, 3, -5)["objects"]]
    assert places == [[column + 3, row - 5, depth] for column, row, depth in (each["pixel_coords"] for each in SCENE["objects"])]


def test_scenes_without_objects_are_refused() -> None:
    with pytest.raises(InputError, match="no object"):
        grounding.attribute_values([{"objects": []}])


def test_a_mirror_swaps_left_and_right_twice_back_to_the_scene() -> None:
    once = grounding.mirrored(SCENE, SIZE)
    assert once["relationships"]["left"] == SCENE["relationships"]["right"]
    assert [each["pixel_coords"][0] for each in once["objects"]] == [SIZE - each["pixel_coords"][0] for each in SCENE["objects"]]
    assert grounding.mirrored(once, SIZE) == SCENE
