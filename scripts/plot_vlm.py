"""Draw the vision-language study: the loss of every training step, and the scores before and after tuning."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_vlm, style


def main() -> None:
    """Read the command line, the logs and the metrics, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--methods", nargs="+", required=True, help="the adapter methods, in the order of the next two")
    parser.add_argument("--logs", nargs="+", type=Path, required=True, help="the training logs, one a method")
    parser.add_argument("--tuned", nargs="+", type=Path, required=True, help="the metrics of evaluate_adapter, one a method")
    parser.add_argument("--base", type=Path, required=True, help="the metrics of evaluate_base")
    for figure in ("loss", "kinds", "rouge"):
        parser.add_argument(f"--{figure}", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    logs = {method: files.read_json_lines(path) for method, path in zip(arguments.methods, arguments.logs, strict=True)}
    base = files.read_json(arguments.base)["values"]
    tuned = {method: files.read_json(path)["values"] for method, path in zip(arguments.methods, arguments.tuned, strict=True)}
    style.save_figure(figures_vlm.draw_loss(logs), arguments.loss)
    style.save_figure(figures_vlm.draw_kinds(base, tuned), arguments.kinds)
    style.save_figure(figures_vlm.draw_rouge(base, tuned), arguments.rouge)


if __name__ == "__main__":
    errors.run(main)
