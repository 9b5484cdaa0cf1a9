"""Draw what fine-tuning keeps in memory, term by term, as stacked bars."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_memory, style


def main() -> None:
    """Read the command line and the metrics, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--memory", type=Path, required=True, help="the metrics of measure_memory")
    parser.add_argument("--figure", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    style.save_figure(figures_memory.draw_memory(files.read_json(arguments.memory)["values"]), arguments.figure)


if __name__ == "__main__":
    errors.run(main)
