"""Take a share of the pictures of a CLEVR release and divide it into training and test questions, two parquet files with a data card."""

from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser, proper_share, share
from paliflow.clevr import card, divide, examples, subset
from paliflow.clevr.release import Release
from paliflow.provenance import Stage


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument(
        "--release", type=Path, required=True, help="a folder in the layout of the CLEVR v1.0 release, or the release's zip"
    )
    parser.add_argument("--split", required=True, help="the split to read: train or val")
    parser.add_argument("--source", choices=sorted(card.ORIGINS), required=True, help="where the data come from")
    parser.add_argument("--share", type=share, required=True, help="share of the pictures to take")
    parser.add_argument("--test-share", type=proper_share, required=True, help="share of those for the test side")
    parser.add_argument("--compositional", action="store_true", help="train on CLEVR-CoGenT's condition A, test on A and on B")
    parser.add_argument("--seed", type=int, required=True, help="seed of the draw")
    parser.add_argument("--output", type=Path, required=True, help="folder for the parquet files, the metrics and the examples")
    arguments = parser.parse_args()

    split, test_share, seed = arguments.split, arguments.test_share, arguments.seed
    settings = {"source": arguments.source, "share": arguments.share, "test_share": test_share, "compositional": arguments.compositional}
    stage = Stage("subset_clevr", seed, settings)
    with Release.open(arguments.release) as release:
        conditions = divide.describe(release, split, arguments.compositional)
        chosen = divide.draw(conditions, arguments.share, test_share, arguments.compositional, seed)
        rows = subset.collect(release, split, chosen, conditions)
        digests, (size, _) = subset.digest_pictures(release, split, rows)
        held_out = divide.hold_out(digests, conditions, test_share, seed)
        train = [row for row in rows if row["image_filename"] not in held_out]
        test = [row for row in rows if row["image_filename"] in held_out]
        values = settings | {"images_available": len(conditions), "images_without_questions": len(chosen) - len(rows)}
        values |= card.card(train, test, digests, arguments.compositional)
        values |= {"image_size": list(size), "origin": card.ORIGINS[arguments.source]}
        values |= {
            "sha256_questions": release.digest("questions", split),
            "sha256_scenes": release.digest("scenes", split) if release.has_scenes(split) else "",
            "sha256_train": subset.write_rows(release, split, train, arguments.output / "train.parquet"),
            "sha256_test": subset.write_rows(release, split, test, arguments.output / "test.parquet"),
        }
        examples.write_examples(release, split, test, seed, arguments.output / "examples.json")
    units = {"share": "share of the images", "image_size": "pixels", "prior_by_kind": "share of the test questions"}
    stage.write_metrics(arguments.output / "metrics.json", values, units | {"prior_by_family": "share of the test questions"})


if __name__ == "__main__":
    errors.run(main)
