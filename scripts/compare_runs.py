"""Compare the runs of the study on the same test questions: paired differences with tests, and means over seeds."""

from pathlib import Path
from typing import Any

import numpy as np

from paliflow import errors, files
from paliflow.arguments import Parser, positive_integer, whole_number
from paliflow.errors import InputError
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import compare, data
from paliflow.vlm.statistics import Bootstrap, is_match


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--test", type=Path, required=True, help="test.parquet")
    parser.add_argument("--base-predictions", type=Path, required=True, help="predictions.jsonl of evaluate_base")
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="folders of evaluate_adapter, each named as its run")
    parser.add_argument("--training", type=Path, nargs="+", required=True, help="folders of train_adapter, each named as its run")
    parser.add_argument("--bootstrap-resamples", type=positive_integer, default=1000, help="behind each interval (default %(default)s)")
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the bootstrap")
    parser.add_argument("--output", type=Path, required=True, help="folder for metrics.json")
    arguments = parser.parse_args()

    stage = Stage("compare_runs", arguments.seed, {"bootstrap_resamples": arguments.bootstrap_resamples})
    questions = data.read_questions(arguments.test)

    def hits(predictions: Path) -> np.ndarray:
        records = data.read_predictions(predictions, arguments.test, questions)
        return np.array([is_match(record["prediction"], record["answer"]) for record in records])

    trained = {folder.name: folder for folder in arguments.training}
    runs = []
    for folder in arguments.runs:
        if folder.name not in trained:
            raise InputError(f"--training has no folder for the run {folder.name} of --runs: give one for each, of the same name.")
        metrics = [_values(place / "metrics.json") for place in (folder, trained[folder.name])]
        runs.append(compare.Run(folder.name, hits(folder / "predictions.jsonl"), *metrics))
    prior = np.array([is_match(runs[0].prior_answer(question.kind), question.answer) for question in questions])
    bootstrap = Bootstrap([question.image for question in questions], arguments.bootstrap_resamples, derive_seed(stage.seed, "bootstrap"))
    values = compare.compare(runs, hits(arguments.base_predictions), prior, bootstrap)
    values["n"] = len(questions)
    paired = "share; questions that only the side compared against (only_base) or the run (only_tuned) has right; McNemar's exact p-value"
    units = {name: paired for name in ("against_base", "against_prior", "against_qlora")} | {"groups": "share; seconds; bytes; MiB"}
    stage.write_metrics(arguments.output / "metrics.json", values, units)


def _values(path: Path) -> dict[str, Any]:
    document = files.read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("values"), dict):
        raise InputError(f"{path} holds no metrics: run the stage that writes it again.")
    return document["values"]


if __name__ == "__main__":
    errors.run(main)
