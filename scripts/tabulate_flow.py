"""Set the couplings side by side: distances with each solver beside their floor, and loss, straightness and evaluations needed."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report.tables_flow import paths_table, scores_table


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pairs", nargs="+", required=True, help="names of the pairs; the files below follow in the same order")
    parser.add_argument("--couplings", nargs="+", type=Path, required=True, help="to read: metrics of couple_flow")
    parser.add_argument("--trainings", nargs="+", type=Path, required=True, help="to read: metrics of train_flow")
    parser.add_argument("--evaluations", nargs="+", type=Path, required=True, help="to read: metrics of evaluate_flow")
    parser.add_argument("--scores", type=Path, required=True, help="to write: distances by solver, .csv")
    parser.add_argument("--paths", type=Path, required=True, help="to write: loss, straightness and evaluations by coupling, .csv")
    arguments = parser.parse_args()

    couplings, trainings, evaluations = (
        {pair: files.read_json(path)["values"] for pair, path in zip(arguments.pairs, paths, strict=True)}
        for paths in (arguments.couplings, arguments.trainings, arguments.evaluations)
    )
    files.write_text(arguments.scores, scores_table(evaluations).to_csv(index=False))
    files.write_text(arguments.paths, paths_table(couplings, trainings, evaluations).to_csv(index=False))


if __name__ == "__main__":
    errors.run(main)
