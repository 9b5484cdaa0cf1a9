"""Pictures: the same bytes whatever the number of processes, resumable, and every object in sight."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paliflow.clevr import collection, render, scene

SETTINGS = collection.SceneSettings(image_size=48, min_objects=3, max_objects=4, seed=11)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    folder = tmp_path_factory.mktemp("alone")
    return folder, collection.render_collection(SETTINGS, 5, 1, folder)


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def test_two_processes_give_the_bytes_of_one(alone: tuple[Path, list[dict]], tmp_path: Path) -> None:
    assert collection.render_collection(SETTINGS, 5, 2, tmp_path) == alone[1]
    assert pictures(tmp_path) == pictures(alone[0])


def test_a_killed_run_goes_on_and_keeps_what_is_there(alone: tuple[Path, list[dict]], tmp_path: Path) -> None:
    collection.render_collection(SETTINGS, 2, 1, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    collection.render_collection(SETTINGS, 5, 1, tmp_path)
    assert pictures(tmp_path) == pictures(alone[0])
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_every_object_can_be_seen(alone: tuple[Path, list[dict]]) -> None:
    least = collection.MIN_VISIBLE_PIXELS * (SETTINGS.image_size / 96) ** 2
    assert all(thing["visible_pixels"] >= least for graph in alone[1] for thing in graph["objects"])


def test_a_picture_holds_colour_where_the_object_stands(alone: tuple[Path, list[dict]]) -> None:
    folder, graphs = alone
    for graph in graphs:
        pixels = np.asarray(Image.open(folder / graph["image_filename"])).astype(float)
        red = [thing for thing in graph["objects"] if thing["color"] == "red"]
        for thing in red:
            column, row = (int(value) for value in thing["pixel_coords"][:2])
            assert pixels[row, column, 0] > pixels[row, column, 1:].max()


def test_an_object_behind_another_shows_fewer_pixels() -> None:
    camera = scene.Camera(-0.8, scene.CAMERA_ELEVATION)
    front = camera.directions()["front"]
    thing = {"size": "large", "shape": "cube", "material": "rubber", "color": "red", "rotation": 0.0}
    free = thing | {"3d_coords": [0.0, 0.0, 0.7]}
    cover = thing | {"3d_coords": [*(1.6 * front[:2]), 0.7]}
    alone = render.visible_pixels(camera, [free], 96)
    covered = render.visible_pixels(camera, [free, cover], 96)
    assert 0 < covered[0] < alone[0]
