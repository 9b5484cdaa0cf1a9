"""Render a collection of CLEVR-like scenes: pictures and scene graphs in the layout of the CLEVR v1.0 release."""

import argparse
import os
import shutil
from pathlib import Path

from paliflow import errors, files
from paliflow.clevr import collection
from paliflow.provenance import Stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, required=True, help="number of scenes")
    parser.add_argument("--image-size", type=int, default=96, help="pixels a side (default %(default)s)")
    parser.add_argument("--min-objects", type=int, default=3, help="fewest objects in a scene (default %(default)s)")
    parser.add_argument("--max-objects", type=int, default=6, help="most objects in a scene (default %(default)s)")
    parser.add_argument("--seed", type=int, required=True, help="the collection's seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many render at a time; no effect on the result")
    parser.add_argument("--output", type=Path, required=True, help="folder for images/, scenes/ and metrics.json")
    arguments = parser.parse_args()

    settings = collection.SceneSettings(arguments.image_size, arguments.min_objects, arguments.max_objects, arguments.seed)
    stage = Stage("render_clevr", arguments.seed, vars(settings))
    work = stage.work_folder(arguments.output.parent.parent)
    scenes = collection.render_collection(settings, arguments.images, arguments.processes, work)

    images = arguments.output / "images" / collection.SPLIT
    images.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        shutil.copyfile(work / scene["image_filename"], images / scene["image_filename"])
    info = {"split": collection.SPLIT, "license": "MIT", "version": "paliflow"}
    files.write_json(arguments.output / "scenes" / f"CLEVR_{collection.SPLIT}_scenes.json", {"info": info, "scenes": scenes})
    stage.write_metrics(
        arguments.output / "metrics.json",
        {"images": len(scenes), "objects": sum(len(scene["objects"]) for scene in scenes)},
        {"images": "count"},
    )
    shutil.rmtree(work)


if __name__ == "__main__":
    errors.run(main)
