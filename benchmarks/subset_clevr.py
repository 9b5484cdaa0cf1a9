"""Seconds and memory to take 1 % of a release of CLEVR's full size, from its folder and from its zip: `python benchmarks/subset_clevr.py`.

The release is made first, 1.7 GB for the time being: 70,000 scene graphs and 699,989 questions, asked by our own engine about 1,500 scenes
and repeated under new names, which gives files of the real ones' form and size. Of the pictures those that will be drawn have 480 x 320
pixels; the others, which nobody opens, have one each.
"""

import itertools
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

IMAGES, QUESTIONS, SAMPLED_SCENES = 70_000, 699_989, 1_500
SHARE, TEST_SHARE, SEED = 0.01, 0.17, 2026


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="paliflow-", dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name) / "CLEVR_v1.0"
        # in a process of its own, for a child's peak memory is never told as less than its parent's
        maker = multiprocessing.get_context("spawn").Process(target=make_release, args=(folder,))
        maker.start()
        maker.join()
        if maker.exitcode:
            sys.exit("error: the release could not be made.")
        archive = folder.with_name("CLEVR_v1.0.zip")
        sizes = {path.stem: path.stat().st_size / 1e6 for path in sorted(folder.glob("*/*.json"))} | {"zip": archive.stat().st_size / 1e6}
        print(f"A release of {IMAGES:,} pictures: " + ", ".join(f"{stem} {size:.0f} MB" for stem, size in sizes.items()))
        for form, path in (("folder", folder), ("zip", archive)):
            seconds, processor_seconds, mebibytes = take_share(path, Path(name) / "subset")
            print(f"{SHARE:.0%} of it from the {form}: {seconds:.0f} s ({processor_seconds:.0f} CPU-seconds), {mebibytes:.0f} MiB at most")
            print(f"subset_clevr_{form}_seconds: {seconds:.0f}")
            print(f"subset_clevr_{form}_peak_memory_mib: {mebibytes:.0f}")


def take_share(release: Path, output: Path) -> tuple[float, float, float]:
    """Run the stage as Snakemake does; its seconds on the clock and on the processor, and its peak memory in MiB."""
    command = [
        sys.executable,
        str(ROOT / "scripts" / "subset_clevr.py"),
        "--release",
        str(release),
        "--split",
        "train",
        "--source",
        "clevr",
    ]
    command += ["--share", str(SHARE), "--test-share", str(TEST_SHARE), "--seed", str(SEED), "--output", str(output)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    told = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(told)
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def picture_name(index: int) -> str:
    return f"CLEVR_train_{index:06d}.png"


def make_release(folder: Path) -> None:
    """Write the release as a folder, and as a zip beside it."""
    from paliflow.clevr import questions

    scenes = [make_scene(random.Random(index)) for index in range(SAMPLED_SCENES)]
    asked: list[list[dict[str, Any]]] = [[] for _ in scenes]
    for question in questions.ask([scene | named(index) for index, scene in enumerate(scenes)], 10, SEED):
        asked[question["image_index"]].append(question)
    write_list(folder, "scenes", (named(index) | scenes[index % SAMPLED_SCENES] for index in range(IMAGES)))
    write_list(folder, "questions", repeated_questions(asked))
    write_pictures(folder / "images" / "train")
    with zipfile.ZipFile(folder.with_name("CLEVR_v1.0.zip"), "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            packing = zipfile.ZIP_DEFLATED if path.suffix == ".json" else zipfile.ZIP_STORED
            archive.write(path, path.relative_to(folder.parent), packing, compresslevel=1)


def named(index: int) -> dict[str, Any]:
    return {"image_index": index, "image_filename": picture_name(index), "split": "train"}


def make_scene(draw: random.Random) -> dict[str, Any]:
    """A scene graph of 3 to 10 objects of any look at any place, in the release's fields and with its many digits."""
    from paliflow.clevr.vocabulary import ATTRIBUTES, VALUES

    axes = {"right": 0, "behind": 1}
    places = [[draw.uniform(-3, 3), draw.uniform(-3, 3), 0.7] for _ in range(draw.randint(3, 10))]
    related = {name: [[j for j, there in enumerate(places) if there[axis] > here[axis]] for here in places] for name, axis in axes.items()}
    for name, axis in (("left", 0), ("front", 1)):
        related[name] = [[j for j, there in enumerate(places) if there[axis] < here[axis]] for here in places]
    objects = [
        {name: draw.choice(VALUES[name]) for name in ATTRIBUTES}
        | {"3d_coords": place, "pixel_coords": [draw.uniform(0, 480), draw.uniform(0, 320), 9.5], "rotation": draw.uniform(0, 360)}
        for place in places
    ]
    directions = {name: [draw.uniform(-1, 1) for _ in range(3)] for name in ("left", "right", "front", "behind", "above", "below")}
    return {"objects": objects, "relationships": related, "directions": directions}


def repeated_questions(asked: list[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Ten questions about each picture, until there are as many as in the release."""
    number = 0
    for index in itertools.cycle(range(IMAGES)):
        for question in asked[index % SAMPLED_SCENES]:
            if number == QUESTIONS:
                return
            yield question | named(index) | {"question_index": number}
            number += 1


def write_list(folder: Path, part: str, records: Iterator[dict[str, Any]]) -> None:
    path = folder / part / f"CLEVR_train_{part}.json"
    path.parent.mkdir(parents=True)
    with path.open("w") as stream:
        stream.write(f'{{"info": {json.dumps({"split": "train", "license": "CC BY 4.0", "version": "1.0"})}, "{part}": [')
        for number, record in enumerate(records):
            stream.write((", " if number else "") + json.dumps(record))
        stream.write("]}")


def write_pictures(folder: Path) -> None:
    """Full pictures where the draw will fall, each one different and about as large as CLEVR's, and small ones elsewhere."""
    import numpy as np
    from PIL import Image

    from paliflow.clevr import divide

    folder.mkdir(parents=True)
    generator = np.random.default_rng(SEED)
    names = [picture_name(index) for index in range(IMAGES)]
    Image.new("RGBA", (1, 1)).save(folder / names[0])
    small = (folder / names[0]).read_bytes()
    for name in names:
        (folder / name).write_bytes(small)
    shades = np.linspace(60, 190, 480 * 320 * 3).reshape(320, 480, 3)
    for name in divide.draw(dict.fromkeys(names, ""), SHARE, TEST_SHARE, False, SEED):
        noisy = (shades + generator.integers(-4, 4, shades.shape)).astype(np.uint8)
        Image.fromarray(noisy).convert("RGBA").save(folder / name, compress_level=1)


if __name__ == "__main__":
    main()
