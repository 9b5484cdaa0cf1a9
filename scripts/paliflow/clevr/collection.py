"""A collection of rendered scenes: drawn one by one, in parallel, resumable, and the same whatever the number of processes."""

import io
import json
import multiprocessing
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from paliflow import files, progress
from paliflow.clevr import scene
from paliflow.clevr.looks import LOOKS
from paliflow.errors import InputError
from paliflow.seeds import derive_seed

SPLIT = "train"  # the release's name for the split that has everything; the study divides it itself
MOST_ATTEMPTS = 400  # at a scene whose objects all show enough of themselves


@dataclass(frozen=True)
class SceneSettings:
    """What a collection is made of.

    `image_height` is in pixels, `images` and `cogent_b` count scenes. With `cogent_b` above 0 the `images` scenes keep condition A of
    CLEVR-CoGenT and so many further ones keep condition B; with 0 no condition holds.
    """

    look: str
    image_height: int
    min_objects: int
    max_objects: int
    images: int
    cogent_b: int
    seed: int

    def condition(self, index: int) -> str | None:
        """Which condition the scene of that number keeps."""
        return None if self.cogent_b == 0 else "A" if index < self.images else "B"


def render_collection(settings: SceneSettings, processes: int, work: Path) -> tuple[list[dict[str, Any]], float]:
    """Render scenes into `work` as <filename>.png with <filename>.json beside it.

    What is there already is kept, so that a killed run goes on where it stopped.

    Returns:
        the scene graphs in order, and the CPU-seconds that one of those rendered now took on average (0 if all were there).

    Raises:
        InputError: the look's field is too small for so many objects.
    """
    total = settings.images + settings.cogent_b
    missing = [index for index in range(total) if not (work / f"{filename(index)}.json").exists()]
    draw = partial(_draw, settings, work)
    seconds = []
    with progress.track(range(total), "render_clevr", unit="image") as bar:
        bar.update(total - len(missing))
        if processes == 1 or len(missing) < 2:
            for index in missing:
                seconds.append(draw(index))
                bar.update()
        else:
            with multiprocessing.get_context("spawn").Pool(processes) as pool:
                for taken in pool.imap_unordered(draw, missing, chunksize=4):
                    seconds.append(taken)
                    bar.update()
    return [files.read_json(work / f"{filename(index)}.json") for index in range(total)], float(np.mean(seconds)) if seconds else 0.0


def filename(index: int) -> str:
    """The picture's file name in the release's form."""
    return f"CLEVR_{SPLIT}_{index:06d}.png"


def _draw(settings: SceneSettings, work: Path, index: int) -> float:
    """Sample, render and write one scene; the CPU-seconds it took."""
    from paliflow.clevr import render  # here, for Mitsuba starts its own machinery in each process

    started = time.process_time()
    view, graph, seen = _sample(settings, index)
    picture = render.render(view, graph["objects"], seen, derive_seed(settings.seed, "render", index))
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "png")
    name = filename(index)
    with files.replacing(work / name) as temporary:
        temporary.write_bytes(stream.getvalue())
    header = {"image_index": index, "image_filename": name, "split": SPLIT}
    files.write_text(work / f"{name}.json", json.dumps(header | graph))
    return time.process_time() - started


def _sample(settings: SceneSettings, index: int) -> tuple[scene.View, dict[str, Any], np.ndarray]:
    """A view and the graph of a scene whose objects all show enough of themselves, and which of them each pixel shows.

    The number of objects is drawn once: to draw it anew with each attempt would favour scenes of few.
    """
    from paliflow.clevr import render

    look = LOOKS[settings.look]
    size = look.size(settings.image_height)
    least = look.least_share * size[0] * size[1]
    generator = np.random.default_rng(derive_seed(settings.seed, "scene", index))
    count = int(generator.integers(settings.min_objects, settings.max_objects + 1))
    for _ in range(MOST_ATTEMPTS):
        view, graph = scene.sample_scene(generator, look, count, size, settings.condition(index))
        seen = render.seen_objects(view.camera, graph["objects"], size)
        visible = render.visible_pixels(seen, count)
        if min(visible) >= least:
            for thing, pixels in zip(graph["objects"], visible, strict=True):
                thing["visible_pixels"] = pixels
            return view, graph, seen
    raise InputError(
        f"{count} objects hid one another in each of {MOST_ATTEMPTS} scenes of the look {settings.look}, whose field is too small "
        "for so many: lower the largest number of objects."
    )
