"""Scenes: objects keep their distances, the scene graph follows from the coordinates, and the camera is CLEVR's."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow import settings
from paliflow.clevr import cogent, scene
from paliflow.clevr.looks import LOOKS
from paliflow.clevr.stage import CAMERA_JITTER, LAMP_JITTER, LAMPS
from paliflow.clevr.vocabulary import ATTRIBUTES, VALUES
from paliflow.errors import InputError

GENUINE = os.environ.get("PALIFLOW_CLEVR")

seeds = st.integers(0, 2**31 - 1)
looks = st.sampled_from(sorted(LOOKS))


def sample(seed: int, name: str, condition: str | None = None) -> tuple[scene.View, dict]:
    generator, look = np.random.default_rng(seed), LOOKS[name]
    return scene.sample_scene(generator, look, int(generator.integers(3, look.most_objects)), look.size(96), condition)


@given(seeds, looks)
def test_objects_keep_their_distance_and_their_margin_along_each_direction(seed: int, name: str) -> None:
    view, graph = sample(seed, name)
    directions = view.camera.directions()
    for i, one in enumerate(graph["objects"]):
        for other in graph["objects"][:i]:
            offset = np.array(one["3d_coords"]) - other["3d_coords"]
            room = one["3d_coords"][2] + other["3d_coords"][2] + scene.GAP
            assert np.hypot(*offset[:2]) > room - 1e-5
            assert min(abs(offset[:2] @ directions[axis][:2]) for axis in ("right", "front")) > LOOKS[name].margin - 1e-5


@given(seeds, looks)
def test_two_cubes_never_touch_however_they_are_turned(seed: int, name: str) -> None:
    _, graph = sample(seed, name)
    cubes = [thing["3d_coords"] for thing in graph["objects"] if thing["shape"] == "cube"]
    for i, one in enumerate(cubes):
        for other in cubes[:i]:
            assert np.hypot(one[0] - other[0], one[1] - other[1]) > scene.CUBE_REACH * (one[2] + other[2]) - 1e-5


@given(seeds, looks)
def test_every_object_stands_on_the_field_in_the_picture_and_has_a_value_of_every_attribute(seed: int, name: str) -> None:
    _, graph = sample(seed, name)
    width, height = LOOKS[name].size(96)
    for thing in graph["objects"]:
        assert all(thing[attribute] in VALUES[attribute] for attribute in ATTRIBUTES)
        assert thing["3d_coords"][2] == LOOKS[name].radius[thing["size"]]
        assert np.hypot(*thing["3d_coords"][:2]) <= np.hypot(*LOOKS[name].field) / 2 + 1e-5
        assert 0 < thing["pixel_coords"][0] < width and 0 < thing["pixel_coords"][1] < height


@given(seeds, looks)
def test_left_mirrors_right_and_front_mirrors_behind(seed: int, name: str) -> None:
    related = sample(seed, name)[1]["relationships"]
    for one, other in (("left", "right"), ("front", "behind")):
        forwards = {(i, j) for i, row in enumerate(related[one]) for j in row}
        backwards = {(j, i) for i, row in enumerate(related[other]) for j in row}
        assert forwards == backwards


@given(seeds, looks)
def test_any_two_objects_are_related_along_each_axis(seed: int, name: str) -> None:
    related = sample(seed, name)[1]["relationships"]
    count = len(related["left"])
    for one, other in (("left", "right"), ("front", "behind")):
        assert all(sorted(related[one][i] + related[other][i]) == [j for j in range(count) if j != i] for i in range(count))


@given(seeds, looks)
def test_what_is_right_of_another_is_further_right_in_the_picture_when_equally_near(seed: int, name: str) -> None:
    view, _ = sample(seed, name)
    directions = view.camera.directions()
    points = np.stack([directions["right"], directions["left"], directions["front"], directions["behind"]])
    pixels = view.camera.project(points, LOOKS[name].size(96))
    assert pixels[0, 0] > pixels[1, 0]
    assert pixels[2, 1] > pixels[3, 1]  # rows grow downwards: what is in front is lower
    assert pixels[2, 2] < pixels[3, 2]  # and nearer


@given(seeds, looks)
def test_the_camera_and_the_lamps_move_a_little(seed: int, name: str) -> None:
    view, _ = sample(seed, name)
    moves = [view.camera.position - LOOKS[name].camera] + [view.lamps[lamp] - LAMPS[lamp].place for lamp in LAMPS]
    assert 0 < np.abs(moves[0]).max() <= CAMERA_JITTER
    assert all(0 < np.abs(move).max() <= LAMP_JITTER for move in moves[1:])


@given(seeds, looks, st.sampled_from(sorted(cogent.CONDITIONS)))
def test_a_scene_keeps_the_condition_that_it_is_drawn_under(seed: int, name: str, condition: str) -> None:
    assert condition in cogent.conditions_of(sample(seed, name, condition)[1])


def test_the_same_seed_gives_the_same_scene() -> None:
    assert sample(5, "close")[1] == sample(5, "close")[1]


@pytest.mark.parametrize("name", LOOKS)
def test_as_many_objects_find_room_as_the_settings_allow(name: str) -> None:
    assert settings.MOST_OBJECTS[name] == LOOKS[name].most_objects
    generator, look = np.random.default_rng(3), LOOKS[name]
    for _ in range(10):
        assert len(scene.sample_scene(generator, look, look.most_objects, look.size(96))[1]["objects"]) == look.most_objects


def test_more_objects_than_there_is_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "TRIES_A_SCENE", 5)
    generator, look = np.random.default_rng(3), LOOKS["close"]
    with pytest.raises(InputError, match="30 objects found no room in 5 tries"):
        scene.sample_scene(generator, look, 30, look.size(96))


def genuine_graphs() -> list[dict]:
    return json.loads((Path(str(GENUINE)) / "scenes" / "CLEVR_train_scenes.json").read_text())["scenes"]


@pytest.mark.skipif(not GENUINE, reason="PALIFLOW_CLEVR names no folder of the CLEVR release")
def test_genuine_relations_follow_from_genuine_coordinates() -> None:
    for graph in genuine_graphs():
        ours = scene.relationships(graph["objects"], graph["directions"])
        theirs = {name: [sorted(row) for row in rows] for name, rows in graph["relationships"].items()}
        assert ours == theirs, graph["image_filename"]


@pytest.mark.skipif(not GENUINE, reason="PALIFLOW_CLEVR names no folder of the CLEVR release")
def test_the_camera_at_rest_has_the_directions_of_the_release() -> None:
    look = LOOKS["clevr"]
    directions = scene.Camera(np.array(look.camera), look.focal_length).directions()
    for name, vector in genuine_graphs()[0]["directions"].items():
        assert directions[name] == pytest.approx(vector, abs=2e-3)


@pytest.mark.skipif(not GENUINE, reason="PALIFLOW_CLEVR names no folder of the CLEVR release")
def test_some_place_within_the_jitter_gives_back_every_genuine_pixel() -> None:
    from scipy.optimize import least_squares

    look = LOOKS["clevr"]
    for graph in genuine_graphs()[:20]:
        points = np.array([thing["3d_coords"] for thing in graph["objects"]])
        pixels = np.array([thing["pixel_coords"] for thing in graph["objects"]])

        def misses(place: np.ndarray, points: np.ndarray = points, pixels: np.ndarray = pixels) -> np.ndarray:
            return ((scene.Camera(place, look.focal_length).project(points, (480, 320)) - pixels) * [1, 1, 100]).ravel()

        found = least_squares(misses, look.camera)
        assert np.abs(found.x - look.camera).max() < CAMERA_JITTER + 0.05
        assert np.abs(misses(found.x)).max() < 1.0  # pixels are rounded to whole numbers, and the middle of a scale is fitted to them
