"""Pictures: the same bytes whatever the number of processes, resumable, and every object in sight."""

import sys
from pathlib import Path

import numpy as np
import pytest
import render_clevr
from PIL import Image

from paliflow import files
from paliflow.clevr import cogent, collection, render, scene, stage
from paliflow.clevr.looks import LOOKS
from paliflow.errors import InputError

SETTINGS = collection.SceneSettings(look="close", image_height=48, min_objects=3, max_objects=4, images=5, cogent_b=0, seed=11)
THING = {"size": "large", "shape": "cube", "material": "rubber", "color": "red", "rotation": 0.0, "3d_coords": [0.0, 0.0, 0.7]}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    folder = tmp_path_factory.mktemp("alone")
    return folder, collection.render_collection(SETTINGS, 1, folder)[0]


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def draw(view: scene.View, things: list[dict], size: tuple[int, int], seed: int = 0) -> np.ndarray:
    return render.render(view, things, render.seen_objects(view.camera, things, size), seed)


def view_of(look: str) -> scene.View:
    lamps = {name: np.array(lamp.place) for name, lamp in stage.LAMPS.items()}
    return scene.View(scene.Camera(np.array(LOOKS[look].camera), LOOKS[look].focal_length), lamps)


def test_two_processes_give_the_bytes_of_one(alone: tuple[Path, list[dict]], tmp_path: Path) -> None:
    assert collection.render_collection(SETTINGS, 2, tmp_path)[0] == alone[1]
    assert pictures(tmp_path) == pictures(alone[0])


def test_a_killed_run_goes_on_and_keeps_what_is_there(alone: tuple[Path, list[dict]], tmp_path: Path) -> None:
    collection.render_collection(SETTINGS, 1, tmp_path)
    for index in (0, 3):
        (tmp_path / f"{collection.filename(index)}.json").unlink()  # as if killed before it was written
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    collection.render_collection(SETTINGS, 1, tmp_path)
    assert pictures(tmp_path) == pictures(alone[0])
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_every_object_can_be_seen_and_stands_in_its_picture(alone: tuple[Path, list[dict]]) -> None:
    least = LOOKS["close"].least_share * SETTINGS.image_height**2
    for index, graph in enumerate(alone[1]):
        assert all(thing["visible_pixels"] >= least for thing in graph["objects"])
        assert (graph["image_index"], graph["image_filename"], graph["split"]) == (index, collection.filename(index), "train")
        assert Image.open(alone[0] / graph["image_filename"]).size == (48, 48)


def test_a_picture_holds_colour_where_the_object_stands(alone: tuple[Path, list[dict]]) -> None:
    folder, graphs = alone
    for graph in graphs:
        pixels = np.asarray(Image.open(folder / graph["image_filename"])).astype(float)
        red = [thing for thing in graph["objects"] if thing["color"] == "red"]
        for thing in red:
            column, row = (int(value) for value in thing["pixel_coords"][:2])
            assert pixels[row, column, 0] > pixels[row, column, 1:].max()


def test_the_clevr_look_is_half_as_wide_again_and_shows_ten_objects(tmp_path: Path) -> None:
    settings = collection.SceneSettings("clevr", 48, 10, 10, 1, 0, 4)
    graphs, seconds = collection.render_collection(settings, 1, tmp_path)
    assert len(graphs[0]["objects"]) == 10
    assert Image.open(tmp_path / graphs[0]["image_filename"]).size == (72, 48)
    assert seconds > 0


def test_further_scenes_keep_condition_b_where_the_others_keep_a(tmp_path: Path) -> None:
    settings = collection.SceneSettings("close", 32, 4, 4, 2, 2, 4)
    graphs, _ = collection.render_collection(settings, 1, tmp_path)
    assert [settings.condition(index) for index in range(4)] == ["A", "A", "B", "B"]
    assert all(settings.condition(index) in cogent.conditions_of(graph) for index, graph in enumerate(graphs))


def test_a_scene_that_can_never_be_seen_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MOST_ATTEMPTS", 2)
    monkeypatch.setattr(render, "visible_pixels", lambda seen, objects: [0] * objects)
    with pytest.raises(InputError, match="hid one another in each of 2 scenes of the look close"):
        collection.render_collection(SETTINGS, 1, tmp_path)


def run_script(monkeypatch: pytest.MonkeyPatch, output: Path, *arguments: str) -> None:
    settings = ("--image-height", "32", "--seed", "3", "--processes", "1", "--output", str(output))
    monkeypatch.setattr(sys, "argv", ["render_clevr.py", *settings, *arguments])
    render_clevr.main()


def test_the_script_writes_the_release_layout_and_counts_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "clevr" / "study"
    run_script(monkeypatch, output, "--images", "2", "--cogent-b", "1")
    scenes = files.read_json(output / "scenes" / "CLEVR_train_scenes.json")["scenes"]
    assert sorted(path.name for path in (output / "images" / "train").iterdir()) == [graph["image_filename"] for graph in scenes]
    metrics = files.read_json(output / "metrics.json")
    assert metrics["values"]["images"] == 3
    assert metrics["values"]["objects"] == sum(len(graph["objects"]) for graph in scenes)
    assert metrics["values"]["images_keeping"]["A"] >= 2 and metrics["values"]["images_keeping"]["B"] >= 1
    assert metrics["provenance"]["cpu_seconds_per_image"] > 0


@pytest.mark.parametrize(("low", "high"), [("3", "8"), ("5", "4"), ("0", "4")])
def test_numbers_of_objects_that_do_not_fit_the_look_are_refused(
    low: str, high: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=f"--min-objects {low} and --max-objects {high} do not fit the look close"):
        run_script(monkeypatch, tmp_path / "a" / "b", "--images", "1", "--min-objects", low, "--max-objects", high)


def test_an_object_behind_another_shows_fewer_pixels() -> None:
    camera = view_of("close").camera
    cover = THING | {"3d_coords": [*(1.6 * camera.directions()["front"][:2]), 0.7]}
    alone = render.visible_pixels(render.seen_objects(camera, [THING], (96, 96)), 1)
    covered = render.visible_pixels(render.seen_objects(camera, [THING, cover], (96, 96)), 2)
    assert 0 < covered[0] < alone[0]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("shape", ["cube", "sphere", "cylinder"])
def test_an_object_shows_where_its_pixel_coordinates_say(look: str, shape: str) -> None:
    view, size = view_of(look), LOOKS[look].size(64)
    bare = draw(view, [], size).astype(int)
    place = [1.0, -0.5, 0.7]
    drawn = draw(view, [THING | {"shape": shape, "3d_coords": place}], size).astype(int)
    rows, columns = np.nonzero(np.abs(drawn - bare).max(axis=2) > 40)
    column, row, _ = view.camera.project(np.array([place]), size)[0]
    assert (columns.mean(), rows.mean()) == pytest.approx((column, row), abs=2.5)


def test_metal_shines_where_rubber_is_matte() -> None:
    view, ball = view_of("close"), THING | {"shape": "sphere", "color": "blue"}
    column, row = view.camera.project(np.array([ball["3d_coords"]]), (64, 64))[0, :2].round().astype(int)
    contrast = {}
    for material in ("metal", "rubber"):
        picture = draw(view, [ball | {"material": material}], (64, 64))[row - 4 : row + 4, column - 4 : column + 4]
        contrast[material] = np.ptp(picture[..., 0].astype(int))  # of red: the ball's own colour has little of it
    assert contrast["metal"] > 3 * contrast["rubber"]


def test_a_speck_goes_and_a_highlight_stays() -> None:
    passes = np.full((render.PASSES, 8, 8, 3), 0.2)
    passes[1, 2, 2] = 9.0  # one pass alone
    passes[:, 5, 5] = 2.0  # all of them
    clean = render._without_fireflies(passes)
    assert clean[2, 2].max() < 0.25
    assert clean[5, 5].min() == pytest.approx(2.0)


def test_metal_throws_no_speck_on_the_floor() -> None:
    """Of the floor, two pixels and more from any object, nothing stands out of its surroundings."""
    corners = [(x, y) for x in (-0.9, 0.9) for y in (-0.9, 0.9)]
    things = [THING | {"material": "metal", "color": "cyan", "rotation": float(x), "3d_coords": [x, y, 0.7]} for x, y in corners]
    view, size = view_of("close"), LOOKS["close"].size(96)
    picture = draw(view, things, size, seed=3).astype(float).mean(axis=2)
    floor = (render._windows(render.seen_objects(view.camera, things, size), 2) == 0).all(axis=0)
    around = np.median(render._windows(picture, 1), axis=0)
    assert floor.mean() > 0.4
    assert (picture - around)[floor].max() < 10
