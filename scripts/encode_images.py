"""Show every picture to the frozen vision tower once, for training and all evaluations; and list the base's own tasks."""

import time
from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser, whole_number
from paliflow.provenance import Stage
from paliflow.vlm import data, features, model, own_tasks


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.parquet")
    parser.add_argument("--test", type=Path, required=True, help="test.parquet")
    model.add_arguments(parser)
    parser.add_argument("--seed", type=whole_number, required=True, help="the study's seed; nothing here is drawn by it")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for {train,test,own}.safetensors, own_tasks.jsonl and metrics.json"
    )
    arguments = parser.parse_args()
    model.use_cpu(arguments.threads)

    base, output = arguments.base, arguments.output
    settings = {name: getattr(arguments, name) for name in ("base", "random_weights", "compute_type")}
    settings |= {"train_sha256": files.sha256(arguments.train), "test_sha256": files.sha256(arguments.test)}
    stage = Stage("encode_images", arguments.seed, settings)
    train, test = data.read_subset(arguments.train), data.read_subset(arguments.test)
    own_pictures, tasks = own_tasks.own_tasks(base, test.pictures)
    processor = model.load_processor(base, arguments.random_weights)
    digest = model.base_digest(base, arguments.random_weights)
    tower = model.load_base(base, quantised=False, compute=arguments.compute_type, random_weights=arguments.random_weights)

    started = time.monotonic()
    shown = {
        "train": features.encode_images(tower, processor, train.pictures, "encode_images train"),
        "test": features.encode_images(tower, processor, test.pictures, "encode_images test"),
    }
    calls = len(train.pictures) + len(test.pictures)
    if own_pictures == test.pictures[: len(own_pictures)]:
        shown["own"] = shown["test"][: len(own_pictures)]
    else:
        shown["own"] = features.encode_images(tower, processor, own_pictures, "encode_images own")
        calls += len(own_pictures)
    for name, encoded in shown.items():
        features.write_features(output / f"{name}.safetensors", encoded, digest)
    seconds = time.monotonic() - started
    own_tasks.write_task_list(output / "own_tasks.jsonl", tasks)

    values = {
        "pictures": {"train": len(train.pictures), "test": len(test.pictures), "own": len(own_pictures)},
        "questions": {"train": len(train.questions), "test": len(test.questions)},
        "tower_calls": calls,
        "calls_without_reuse": len(train.questions) + 2 * (len(test.questions) + len(tasks)),
    }
    units = {"tower_calls": "pictures", "calls_without_reuse": "pictures, a question each: one pass of training, and two evaluations"}
    stage.write_metrics(output / "metrics.json", values, units, str(tower.device), {"encoding_seconds": round(seconds, 2)})


if __name__ == "__main__":
    errors.run(main)
