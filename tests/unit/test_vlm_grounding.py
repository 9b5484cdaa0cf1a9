"""The base's grounded tasks: every suffix is true of its scene, and every place lies where the object is."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.errors import InputError
from paliflow.vlm import grounding
from paliflow.vlm.pretrain import dense_targets

SIZE = 96
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


@given(st.integers(0, 10**6))
def test_every_suffix_is_true(seed: int) -> None:
    prefix, suffix = grounding.sample_task(SCENE, VALUES, SIZE, random.Random(seed))
    task, _, rest = prefix.partition(" ")
    places = {grounding.location(each, SIZE): each for each in SCENE["objects"]}
    if task == "count" and "<loc" not in rest:
        assert suffix == str(len(matching(rest)))
    elif task == "any":
        assert suffix == ("yes" if matching(rest) else "no")
    elif task == "detect":
        found = [place for place in suffix.split(" ; ") if place != "none"]
        assert sorted(found) == sorted(grounding.location(each, SIZE) for each in matching(rest))
    elif task == "describe":
        assert suffix == " ".join(places[rest][name] for name in grounding.ATTRIBUTES)
    elif rest.startswith(": "):
        assert [each[task] for each in matching(rest[2:])] == [suffix]
    elif rest.startswith("at "):
        assert places[rest[3:]][task] == suffix
    elif rest.startswith("match "):
        one, other = (places[place] for place in rest[6:].split())
        assert suffix == ("yes" if one[task] == other[task] else "no")
    elif "<loc" in rest:
        relation, place = rest.split()
        there = SCENE["relationships"][relation][SCENE["objects"].index(places[place])]
        wanted = [f"{SCENE['objects'][index]['color']} {SCENE['objects'][index]['shape']}" for index in there]
        assert suffix == (str(len(there)) if task == "count" else " ; ".join(wanted) or "none")
    else:
        assert prefix == "list"
        assert len(suffix.split(" ; ")) == 3


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


def test_scenes_without_objects_are_refused() -> None:
    with pytest.raises(InputError, match="no object"):
        grounding.attribute_values([{"objects": []}])
