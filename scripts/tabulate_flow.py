"""Set the distances of all pairs, solvers and couplings side by side, with their range over seeds and their floor."""

import argparse
from pathlib import Path

from paliflow import errors, files
from paliflow.report.tables_flow import scores_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs="+", required=True, help="names of the pairs; the files follow in the same order")
    parser.add_argument("--metrics", nargs="+", type=Path, required=True, help="to read: metrics.json of evaluate_flow")
    parser.add_argument("--scores", type=Path, required=True, help="to write: the table, .csv")
    arguments = parser.parse_args()

    metrics = {pair: files.read_json(path)["values"] for pair, path in zip(arguments.pairs, arguments.metrics, strict=True)}
    files.write_text(arguments.scores, scores_table(metrics).to_csv(index=False))


if __name__ == "__main__":
    errors.run(main)
