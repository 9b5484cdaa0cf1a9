"""Draw the vision-language study: training, scores before and after, the methods compared, and what the answers look like in detail."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_answers, figures_methods, figures_vlm, style


def main() -> None:
    """Read the command line, the log and the metrics, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True, help="the main run's training log (JSON lines)")
    parser.add_argument("--base", type=Path, required=True, help="the metrics of evaluate_base")
    parser.add_argument("--main", type=Path, required=True, help="the metrics of evaluate_adapter for the main run")
    parser.add_argument("--training", type=Path, required=True, help="the metrics of train_adapter for the main run")
    parser.add_argument("--comparison", type=Path, required=True, help="the metrics of compare_runs")
    for figure in ("loss", "kinds", "rouge", "ranks", "forgetting", "confusion", "calibration", "difficulty"):
        parser.add_argument(f"--{figure}", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    read = {name: files.read_json(getattr(arguments, name))["values"] for name in ("base", "main", "training", "comparison")}
    base, tuned, training, comparison = read.values()
    drawn = {
        arguments.loss: figures_vlm.draw_loss(files.read_json_lines(arguments.log)),
        arguments.kinds: figures_vlm.draw_kinds(base, tuned),
        arguments.rouge: figures_vlm.draw_rouge(base, tuned),
        arguments.ranks: figures_methods.draw_ranks(base, comparison),
        arguments.forgetting: figures_methods.draw_forgetting(base, tuned, comparison, training["rank"]),
        arguments.confusion: figures_answers.draw_confusion(tuned["confusion"]),
        arguments.calibration: figures_answers.draw_calibration(base["calibration"], tuned["calibration"]),
        arguments.difficulty: figures_answers.draw_difficulty(base, tuned),
    }
    for path, figure in drawn.items():
        style.save_figure(figure, path)


if __name__ == "__main__":
    errors.run(main)
