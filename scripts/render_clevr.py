"""Render a collection of CLEVR-like scenes: pictures and scene graphs in the layout of the CLEVR v1.0 release."""

import argparse
import os
import shutil
from collections import Counter
from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser, positive_integer
from paliflow.clevr import cogent, collection
from paliflow.clevr.looks import LOOKS
from paliflow.provenance import Stage


def main() -> None:
    arguments = _arguments()
    settings = collection.SceneSettings(
        look=arguments.look,
        image_height=arguments.image_height,
        min_objects=arguments.min_objects,
        max_objects=arguments.max_objects,
        images=arguments.images,
        cogent_b=arguments.cogent_b,
        seed=arguments.seed,
    )
    stage = Stage("render_clevr", arguments.seed, vars(settings))
    work = stage.work_folder(arguments.output)
    scenes, seconds = collection.render_collection(settings, arguments.processes, work)

    images = arguments.output / "images" / collection.SPLIT
    images.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        shutil.copyfile(work / scene["image_filename"], images / scene["image_filename"])
    info = {"split": collection.SPLIT, "license": "MIT", "version": "paliflow"}
    files.write_json(arguments.output / "scenes" / f"CLEVR_{collection.SPLIT}_scenes.json", {"info": info, "scenes": scenes})
    kept = Counter(condition for scene in scenes for condition in cogent.conditions_of(scene))
    values = {
        "images": len(scenes),
        "objects": sum(len(scene["objects"]) for scene in scenes),
        "images_keeping": {condition: kept[condition] for condition in cogent.CONDITIONS},
    }
    stage.write_metrics(
        arguments.output / "metrics.json", values, {"images": "count"}, measured={"cpu_seconds_per_image": round(seconds, 3)}
    )
    shutil.rmtree(work)


def _arguments() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("--images", type=positive_integer, required=True, help="number of scenes")
    parser.add_argument(
        "--cogent-b",
        type=int,
        default=0,
        help="further scenes, of condition B of CLEVR-CoGenT; the others then keep condition A (default 0: no conditions)",
    )
    parser.add_argument(
        "--look", choices=sorted(LOOKS), default="close", help="close: few objects seen from near; clevr: as CLEVR (default %(default)s)"
    )
    parser.add_argument(
        "--image-height", type=positive_integer, default=96, help="in pixels; the width follows from the look (default %(default)s)"
    )
    parser.add_argument("--min-objects", type=int, default=3, help="fewest objects in a scene (default %(default)s)")
    parser.add_argument("--max-objects", type=int, default=6, help="most objects in a scene (default %(default)s)")
    parser.add_argument("--seed", type=int, required=True, help="the collection's seed")
    parser.add_argument(
        "--processes", type=positive_integer, default=os.cpu_count(), help="how many render at a time; no effect on the result"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for images/, scenes/ and metrics.json")
    arguments = parser.parse_args()
    most = LOOKS[arguments.look].most_objects
    if arguments.cogent_b < 0:
        raise errors.InputError(f"--cogent-b is {arguments.cogent_b}: give a number of scenes, or 0 for no conditions.")
    if not 1 <= arguments.min_objects <= arguments.max_objects <= most:
        raise errors.InputError(
            f"--min-objects {arguments.min_objects} and --max-objects {arguments.max_objects} do not fit the look {arguments.look}: "
            f"take 1 <= min <= max <= {most}."
        )
    return arguments


if __name__ == "__main__":
    errors.run(main)
