"""A collection of rendered scenes: drawn one by one, in parallel, resumable, and the same whatever the number of processes."""

import io
import json
import multiprocessing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from paliflow import files, progress
from paliflow.seeds import derive_seed

MIN_VISIBLE_PIXELS = 45  # at 96 pixels a side; scaled with the picture's area
SPLIT = "train"  # the release's name for the split that has everything; the study divides it itself


@dataclass(frozen=True)
class SceneSettings:
    """What a collection is made of: the number of pixels a side, the bounds on the number of objects, and the seed."""

    image_size: int
    min_objects: int
    max_objects: int
    seed: int


def render_collection(settings: SceneSettings, images: int, processes: int, work: Path) -> list[dict[str, Any]]:
    """Render `images` scenes into `work` as <filename>.png with <filename>.json beside it, and return the scene graphs in order.

    What is there already is kept, so that a killed run goes on where it stopped.
    """
    missing = [index for index in range(images) if not (work / f"{filename(index)}.json").exists()]
    draw = partial(_draw, settings, work)
    with progress.track(range(images), "render_clevr", unit="image") as bar:
        bar.update(images - len(missing))
        if processes == 1 or len(missing) < 2:
            for index in missing:
                draw(index)
                bar.update()
        else:
            with multiprocessing.get_context("spawn").Pool(processes) as pool:
                for _ in pool.imap_unordered(draw, missing, chunksize=4):
                    bar.update()
    return [files.read_json(work / f"{filename(index)}.json") for index in range(images)]


def filename(index: int) -> str:
    """The picture's file name in the release's form."""
    return f"CLEVR_{SPLIT}_{index:06d}.png"


def _draw(settings: SceneSettings, work: Path, index: int) -> None:
    from paliflow.clevr import render, scene  # here, for Mitsuba starts its own machinery in each process

    size = settings.image_size
    generator = np.random.default_rng(derive_seed(settings.seed, "scene", index))
    least = MIN_VISIBLE_PIXELS * (size / 96) ** 2
    while True:
        camera, graph = scene.sample_scene(generator, settings.min_objects, settings.max_objects, size)
        visible = render.visible_pixels(camera, graph["objects"], size)
        if min(visible) >= least:
            break
    for thing, pixels in zip(graph["objects"], visible, strict=True):
        thing["visible_pixels"] = pixels
    picture = render.render(camera, graph["objects"], size, derive_seed(settings.seed, "render", index))
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "png")
    name = filename(index)
    with files.replacing(work / name) as temporary:
        temporary.write_bytes(stream.getvalue())
    header = {"image_index": index, "image_filename": name, "split": SPLIT}
    files.write_text(work / f"{name}.json", json.dumps(header | graph))
