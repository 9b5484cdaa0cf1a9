"""Draw the flow experiments of all pairs: couplings, loss, samples, trajectories, and error against the number of evaluations."""

from pathlib import Path

import numpy as np
import pandas

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_flow
from paliflow.report.style import save_figure


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pairs", nargs="+", required=True, help="names of the pairs; the files below follow in the same order")
    parser.add_argument("--couplings", nargs="+", type=Path, required=True, help="to read: .npz of couple_flow")
    parser.add_argument("--logs", nargs="+", type=Path, required=True, help="to read: train_log.parquet of train_flow")
    parser.add_argument("--samples", nargs="+", type=Path, required=True, help="to read: samples.npz of evaluate_flow")
    parser.add_argument("--metrics", nargs="+", type=Path, required=True, help="to read: metrics.json of evaluate_flow")
    parser.add_argument("--figures", type=Path, required=True, help="folder to write the figures to")
    arguments = parser.parse_args()

    couplings = {pair: np.load(path) for pair, path in zip(arguments.pairs, arguments.couplings, strict=True)}
    logs = {pair: pandas.read_parquet(path) for pair, path in zip(arguments.pairs, arguments.logs, strict=True)}
    samples = {pair: np.load(path) for pair, path in zip(arguments.pairs, arguments.samples, strict=True)}
    metrics = {pair: files.read_json(path)["values"] for pair, path in zip(arguments.pairs, arguments.metrics, strict=True)}
    save_figure(figures_flow.draw_couplings(couplings), arguments.figures / "flow_couplings.svg")
    save_figure(figures_flow.draw_loss(logs), arguments.figures / "flow_loss.svg")
    save_figure(figures_flow.draw_samples(samples), arguments.figures / "flow_samples.png")
    save_figure(figures_flow.draw_trajectories(samples), arguments.figures / "flow_trajectories.png")
    save_figure(figures_flow.draw_error(metrics), arguments.figures / "flow_error_by_evaluations.svg")


if __name__ == "__main__":
    errors.run(main)
