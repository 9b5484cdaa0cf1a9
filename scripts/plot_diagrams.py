"""Draw the theory part's diagrams: families of models, three architectures, SigLIP's loss, PaliGemma's training. They show no results."""

from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.report import diagrams_models, diagrams_paligemma, diagrams_siglip, style

DIAGRAMS = {
    "families": diagrams_models.draw_families,
    "architectures": diagrams_models.draw_architectures,
    "siglip-pairs": diagrams_siglip.draw_pairs,
    "siglip-ring": diagrams_siglip.draw_ring,
    "stages": diagrams_paligemma.draw_stages,
    "freezing": diagrams_paligemma.draw_freezing,
}


def main() -> None:
    """Read the command line, draw, write."""
    parser = Parser(description=__doc__)
    for name in DIAGRAMS:
        parser.add_argument(f"--{name}", type=Path, required=True, help="a diagram to write (.svg or .png)")
    paths = vars(parser.parse_args())
    for name, draw in DIAGRAMS.items():
        style.save_figure(draw(), paths[name.replace("-", "_")])


if __name__ == "__main__":
    errors.run(main)
