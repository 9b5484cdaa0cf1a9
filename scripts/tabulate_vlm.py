"""Put the vision-language study's scores and training into tables (CSV) and its main numbers into one summary (JSON)."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import tables_vlm


def main() -> None:
    """Read the command line and the metrics, tabulate, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--methods", nargs="+", required=True, help="the adapter methods, in the order of the next two")
    parser.add_argument("--training", nargs="+", type=Path, required=True, help="the metrics of train_adapter, one a method")
    parser.add_argument("--tuned", nargs="+", type=Path, required=True, help="the metrics of evaluate_adapter, one a method")
    parser.add_argument("--base", type=Path, required=True, help="the metrics of evaluate_base")
    for table in ("summary", "scores", "kinds", "training-table"):
        parser.add_argument(f"--{table}", type=Path, required=True, help="a file to write")
    arguments = parser.parse_args()
    base = files.read_json(arguments.base)["values"]
    tuned = {method: files.read_json(path)["values"] for method, path in zip(arguments.methods, arguments.tuned, strict=True)}
    training = {method: files.read_json(path) for method, path in zip(arguments.methods, arguments.training, strict=True)}
    files.write_json(arguments.summary, tables_vlm.summarise(base, tuned))
    files.write_text(arguments.scores, tables_vlm.tabulate_scores(base, tuned).to_csv(index=False))
    files.write_text(arguments.kinds, tables_vlm.tabulate_kinds(base, tuned).to_csv(index=False))
    files.write_text(arguments.training_table, tables_vlm.tabulate_training(training).to_csv(index=False))


if __name__ == "__main__":
    errors.run(main)
