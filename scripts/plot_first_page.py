"""Draw four of the report's figures in small, for its first page: scores by kind, forgetting, a flow's error, drawn digits."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_first_page, style
from paliflow.report.flow_results import read_arrays, read_values


def main() -> None:
    """Read the command line, the metrics and the digits, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="the metrics of evaluate_base")
    parser.add_argument("--main", type=Path, required=True, help="the metrics of evaluate_adapter for the main run")
    parser.add_argument("--training", type=Path, required=True, help="the metrics of train_adapter for the main run")
    parser.add_argument("--comparison", type=Path, required=True, help="the metrics of compare_runs")
    parser.add_argument("--flow", type=Path, required=True, help="the metrics of evaluate_flow for the first pair")
    parser.add_argument("--digit-samples", type=Path, required=True, help="to read: samples.npz of evaluate_digits")
    for figure in ("kinds", "forgetting", "flow-error", "digits"):
        parser.add_argument(f"--{figure}", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    names = ("base", "main", "training", "comparison")
    base, tuned, training, comparison = (files.read_json(getattr(arguments, name))["values"] for name in names)
    drawn = {
        arguments.kinds: figures_first_page.draw_kinds(base, tuned),
        arguments.forgetting: figures_first_page.draw_forgetting(base, tuned, comparison, training["rank"]),
        arguments.flow_error: figures_first_page.draw_flow_error(read_values(arguments.flow)),
        arguments.digits: figures_first_page.draw_digits(read_arrays(arguments.digit_samples)),
    }
    for path, figure in drawn.items():
        style.save_figure(figure, path)


if __name__ == "__main__":
    errors.run(main)
