"""Take a share of a CLEVR-like folder and divide it by image into training and test questions, two parquet files with a data card."""

import argparse
from pathlib import Path

from paliflow import errors
from paliflow.clevr import release, subset
from paliflow.errors import InputError
from paliflow.provenance import Stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="the release's questions JSON")
    parser.add_argument("--scenes", type=Path, required=True, help="the release's scenes JSON")
    parser.add_argument("--images", type=Path, required=True, help="the folder of that split's pictures")
    parser.add_argument("--source", required=True, help="what to call the data: embedded or clevr")
    parser.add_argument("--share", type=float, required=True, help="share of the images to take")
    parser.add_argument("--test-share", type=float, required=True, help="share of those for the test side")
    parser.add_argument("--seed", type=int, required=True, help="seed of the draw")
    parser.add_argument("--output", type=Path, required=True, help="folder for train.parquet, test.parquet and metrics.json")
    arguments = parser.parse_args()

    settings = {"source": arguments.source, "share": arguments.share, "test_share": arguments.test_share}
    stage = Stage("subset_clevr", arguments.seed, settings)
    questions = release.read_questions(arguments.questions)
    described = release.read_scene_names(arguments.scenes)
    for name in questions:
        if name not in described:
            raise InputError(
                f"{arguments.scenes} describes no image {name}, about which {arguments.questions} asks: the two do not belong together."
            )
    names = release.divide(list(questions), arguments.share, arguments.test_share, arguments.seed)
    rows = {
        side: release.read_rows(chosen, questions, arguments.images, f"subset_clevr {side}")
        for side, chosen in zip(("train", "test"), names, strict=True)
    }
    digests = {f"sha256_{side}": subset.write_rows(rows[side], arguments.output / f"{side}.parquet") for side in ("train", "test")}
    values = settings | {"images_available": len(questions)} | subset.card(rows["train"], rows["test"]) | digests
    stage.write_metrics(arguments.output / "metrics.json", values, {"share": "share of the images"})


if __name__ == "__main__":
    errors.run(main)
