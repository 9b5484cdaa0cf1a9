"""Tabulate the flow experiments: couplings by solver, loss and paths, measures, diffusion, digits, the transport, the paper's energies."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report.flow_results import by_pair, read_values
from paliflow.report.tables_flow import measures_table, paths_table, scores_table
from paliflow.report.tables_studies import diffusion_table, digits_table, paper_table, transport_table


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument(
        "--pairs", nargs="+", required=True, help="names of the pairs; the next three options' files follow in the same order"
    )
    parser.add_argument("--couplings", nargs="+", type=Path, required=True, help="to read: metrics of couple_flow")
    parser.add_argument("--trainings", nargs="+", type=Path, required=True, help="to read: metrics of train_flow")
    parser.add_argument("--evaluations", nargs="+", type=Path, required=True, help="to read: metrics of evaluate_flow")
    parser.add_argument("--diffused", nargs="*", default=[], help="those of the pairs for which there are diffusion models")
    parser.add_argument("--diffusions", nargs="*", type=Path, default=[], help="to read: metrics of evaluate_diffusion, in their order")
    parser.add_argument("--digits", type=Path, required=True, help="to read: metrics of evaluate_digits")
    parser.add_argument("--transport", type=Path, required=True, help="to read: metrics of compare_transport")
    parser.add_argument("--paper-pairs", nargs="+", required=True, help="names of the pairs of the paper's table")
    parser.add_argument("--paper", nargs="+", type=Path, required=True, help="to read: metrics of reproduce_tong, in their order")
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the tables to")
    arguments = parser.parse_args()

    couplings, trainings = (by_pair(arguments.pairs, paths, read_values) for paths in (arguments.couplings, arguments.trainings))
    flowing = by_pair(arguments.pairs, arguments.evaluations, files.read_json)
    diffusing = by_pair(arguments.diffused, arguments.diffusions, files.read_json)
    evaluations, diffusions = ({pair: document["values"] for pair, document in by.items()} for by in (flowing, diffusing))
    times = {pair: flowing[pair]["provenance"] | document["provenance"] for pair, document in diffusing.items()}
    transport = files.read_json(arguments.transport)
    tables = {
        "scores": scores_table(evaluations),
        "paths": paths_table(couplings, trainings, evaluations),
        "measures": measures_table(evaluations, diffusions),
        "diffusion": diffusion_table(evaluations, diffusions, times),
        "digits": digits_table(read_values(arguments.digits)),
        "transport": transport_table(transport["values"], transport["provenance"]),
        "paper": paper_table(by_pair(arguments.paper_pairs, arguments.paper, read_values)),
    }
    for name, table in tables.items():
        files.write_text(arguments.tables / f"flow_{name}.csv", table.to_csv(index=False))


if __name__ == "__main__":
    errors.run(main)
