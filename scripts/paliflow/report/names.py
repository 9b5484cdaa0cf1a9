"""What the names in settings and files are called in print: the one place for text, tables and figures."""

from paliflow.report.markdown import NO_BREAK_SPACE, Markdown

METHODS = {"qlora": "QLoRA", "lora": "LoRA", "dora": "DoRA", "full": "full fine-tuning"}

NAMES = {
    **METHODS,
    "prior": "most frequent answer",
    "base": "before tuning",
    "main": "after tuning (QLoRA)",
    "gaussian_to_8gaussians": Markdown(f"Gaussian{NO_BREAK_SPACE}→ 8{NO_BREAK_SPACE}Gaussians"),
    "gaussian_to_moons": Markdown(f"Gaussian{NO_BREAK_SPACE}→ two{NO_BREAK_SPACE}moons"),
    "independent": "independent",
    "optimal_transport": "optimal transport",
}
