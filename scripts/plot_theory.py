"""Draw the theory part's figures: NF4's levels, and the attention mask of the model that the study runs."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_theory, style


def main() -> None:
    """Read the command line, the computed numbers and the mask, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--theory", type=Path, required=True, help="the metrics of compute_theory")
    parser.add_argument("--mask", type=Path, required=True, help="the attention mask that evaluate_base took from the model (JSON)")
    parser.add_argument("--nf4-levels", type=Path, required=True, help="a figure to write (.svg or .png)")
    parser.add_argument("--attention-mask", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    style.save_figure(figures_theory.draw_nf4_levels(files.read_json(arguments.theory)["values"]["nf4"]), arguments.nf4_levels)
    style.save_figure(figures_theory.draw_attention_mask(files.read_json(arguments.mask)), arguments.attention_mask)


if __name__ == "__main__":
    errors.run(main)
