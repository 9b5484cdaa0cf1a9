"""Draw the data card's figures: the answers by kind of question, the lengths of questions and programs, and a sheet of examples."""

from pathlib import Path

import numpy as np
from matplotlib.image import imread

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.errors import InputError
from paliflow.report import figures_clevr, sheet_clevr, style


def main() -> None:
    """Read the command line, the metrics, the examples and their pictures, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="the metrics of subset_clevr")
    parser.add_argument(
        "--examples", type=Path, required=True, help="its examples, with their pictures in a folder of that name beside them"
    )
    for figure in ("answers", "lengths", "sheet"):
        parser.add_argument(f"--{figure}", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    values = files.read_json(arguments.metrics)["values"]
    examples = files.read_json(arguments.examples)
    pictures = [read_picture(arguments.examples.with_suffix("") / Path(example["image"]).name) for example in examples]
    style.save_figure(figures_clevr.draw_answers(values["kinds"]), arguments.answers)
    style.save_figure(figures_clevr.draw_lengths(values["lengths"]), arguments.lengths)
    style.save_figure(sheet_clevr.draw_examples(examples, pictures), arguments.sheet)


def read_picture(path: Path) -> np.ndarray:
    """A PNG as (height, width, 3 or 4) in [0, 1].

    Raises:
        InputError: it is missing or broken.
    """
    try:
        return imread(path, format="png")
    except (OSError, SyntaxError, ValueError):
        raise InputError(f"{path} is missing or no whole PNG: run the stage subset_clevr again.") from None


if __name__ == "__main__":
    errors.run(main)
