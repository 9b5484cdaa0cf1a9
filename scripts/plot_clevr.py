"""Draw the data card's figures: the answers by kind of question, the lengths of questions and programs, and a sheet of examples."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
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
    pictures = [
        style.read_picture(arguments.examples.with_suffix("") / Path(example["image"]).name, "subset_clevr") for example in examples
    ]
    style.save_figure(figures_clevr.draw_answers(values["kinds"]), arguments.answers)
    style.save_figure(figures_clevr.draw_lengths(values["lengths"]), arguments.lengths)
    style.save_figure(sheet_clevr.draw_examples(examples, pictures), arguments.sheet)


if __name__ == "__main__":
    errors.run(main)
