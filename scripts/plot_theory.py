"""Draw the theory part's figures: adapters, 4-bit types, singular values, the attention mask and maps, CoPrompt, and flows' paths."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import diagrams_adapters, figures_attention, figures_flow_theory, figures_theory, style


def main() -> None:
    """Read the command line, the computed and measured numbers, the mask and the pictures, draw, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--theory", type=Path, required=True, help="the metrics of compute_theory")
    parser.add_argument("--analysis", type=Path, required=True, help="the metrics of analyse_adapter")
    parser.add_argument(
        "--attention", type=Path, required=True, help="its attention.json, with the pictures in a folder of that name beside it"
    )
    parser.add_argument("--mask", type=Path, required=True, help="the attention mask that evaluate_base took from the model (JSON)")
    for name in (
        "lora",
        "nf4-levels",
        "quantisation-error",
        "singular-values",
        "attention-mask",
        "attention-maps",
        "coprompt",
        "conditional-paths",
        "pairs",
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a figure to write (.svg or .png)")
    arguments = parser.parse_args()
    theory, analysis = files.read_json(arguments.theory)["values"], files.read_json(arguments.analysis)["values"]
    looks = files.read_json(arguments.attention)
    pictures = [
        style.read_picture(arguments.attention.with_suffix("") / Path(sample["image"]).name, "analyse_adapter")
        for sample in looks["samples"]
    ]
    figures = {
        arguments.lora: diagrams_adapters.draw_lora(),
        arguments.nf4_levels: figures_theory.draw_nf4_levels(theory["nf4"], analysis["quantisation"]),
        arguments.quantisation_error: figures_theory.draw_quantisation_error(analysis["quantisation"]),
        arguments.singular_values: figures_theory.draw_singular_values(analysis["singular_values"]),
        arguments.attention_mask: figures_attention.draw_attention_mask(files.read_json(arguments.mask)),
        arguments.attention_maps: figures_attention.draw_attention_maps(looks, pictures),
        arguments.coprompt: diagrams_adapters.draw_coprompt(),
        arguments.conditional_paths: figures_flow_theory.draw_conditional_paths(),
        arguments.pairs: figures_flow_theory.draw_pairs(theory["flow"]["pairs"]),
    }
    for path, figure in figures.items():
        style.save_figure(figure, path)


if __name__ == "__main__":
    errors.run(main)
