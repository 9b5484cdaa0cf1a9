"""Diagrams of PaliGemma's training: its stages with the lengths of their inputs, and what it freezes beside what other models do."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from paliflow.report import style
from paliflow.report.diagrams import KINDS, WIDTH, Diagram

STAGES = (
    ("Stage 0", "apart", None, "SigLIP on image–text pairs,\nGemma on text"),
    ("Stage 1", "224 pixels", (256, 128), "1 billion examples"),
    ("Stage 2", "448 pixels", (1024, 512), "50 million more"),
    ("Stage 2", "896 pixels", (4096, 512), "10 million more"),
    ("Stage 3", "one task", None, "the task's own examples,\nat one of the three resolutions"),
)
"""Name, resolution, tokens of image and text, and examples of each stage (Beyer et al. 2024, section 3.2)."""

STEP = 14.5  # from one row to the next, in millimetres
BAR = 97.0  # where the bars of tokens begin

PARTS = ("image encoder", "connector", "inserted layers", "language model")
KIND_OF = dict(zip(PARTS, ("image", "joint", "joint", "text"), strict=True))
FREEZING = {
    "Frozen": ("from scratch", "linear", None, "-"),
    "Flamingo": ("-", "resampler", "gated, 0 at first", "-"),
    "BLIP-2": ("-", "Q-Former, linear", None, "-"),
    "LLaVA, step 1": ("-", "linear", None, "-"),
    "LLaVA, step 2": ("-", "linear", None, "trained"),
    "PaliGemma, stage 1": ("slow warm-up", "linear, 0 at first", None, "trained"),
    "QLoRA (this study)": ("-", "-", "adapters, 0 at first", "-"),
}
"""How each model trains its parts: a word on the training, "-" for frozen, None where the model has no such part."""


def draw_stages() -> Figure:
    """PaliGemma's stages, one a row: the parts that are trained, the input's tokens to scale, and the number of examples."""
    diagram = Diagram(len(STAGES) * STEP + 4)
    longest = max(sum(tokens) for _, _, tokens, _ in STAGES if tokens)
    for number, (name, what, tokens, examples) in enumerate(STAGES):
        top = 8 + number * STEP
        diagram.write((0, top + 3), name, size=8.5, ha="left", weight="bold")
        diagram.write((0, top + 8), what, ha="left")
        encoder = diagram.part(24, top, 20, 10, "image\nencoder", "image")
        model = diagram.part(70, top, 20, 10, "language\nmodel", "text")
        if number:
            connector = diagram.part(48, top, 18, 10, "connector", "joint")
            diagram.chain(encoder, connector, model)
        if tokens is None:
            diagram.write((BAR, top + 5), examples, ha="left")
            continue
        left = BAR
        for count, kind in zip(tokens, ("image", "text"), strict=True):
            width = (WIDTH - BAR) * count / longest
            colour = style.tint(style.COLOURS[KINDS[kind]], 0.85 if kind == "image" else 0.4)
            diagram.pane.add_patch(Rectangle((left, top), width, 4.5, facecolor=colour, edgecolor="white", linewidth=0.6))
            left += width
        diagram.write((BAR, top + 8), f"{tokens[0]} + {tokens[1]} tokens, {examples}", ha="left")
    diagram.write((57, 2), "trained parts", weight="bold")
    diagram.write((BAR, 2), "tokens: image, then text, to scale", ha="left", weight="bold")
    return diagram.figure


def draw_freezing() -> Figure:
    """Which parts move and which stay, one model a row."""
    diagram = Diagram(len(FREEZING) * 10.5 + 11)
    lefts = (34.0, 66.0, 98.0, 130.0)
    for left, part in zip(lefts, PARTS, strict=True):
        diagram.write((left + 14.5, 2), part, weight="bold")
    for number, (name, ways) in enumerate(FREEZING.items()):
        top = 5.5 + 10.5 * number
        diagram.write((0, top + 4), name, ha="left")
        for left, part, way in zip(lefts, PARTS, ways, strict=True):
            if way is None:
                diagram.write((left + 14.5, top + 4), "none", color="#777777")
            else:
                diagram.part(left, top, 29, 8, "frozen" if way == "-" else way, KIND_OF[part], way != "-")
    diagram.legend(34, diagram.height - 5, [("trained", True), ("left as it is", False)])
    return diagram.figure
