"""Draw the losses of the embedded base's pretraining, for its model card."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_base, style


def main() -> None:
    """Read the command line and the log, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True, help="train_log.jsonl of pretrain_base")
    parser.add_argument("--figure", type=Path, required=True, help="the figure to write (.svg or .png)")
    arguments = parser.parse_args()
    style.save_figure(figures_base.draw_pretraining(files.read_json_lines(arguments.log)), arguments.figure)


if __name__ == "__main__":
    errors.run(main)
