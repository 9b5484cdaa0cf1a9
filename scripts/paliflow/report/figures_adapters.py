"""Diagrams of the adapters' theory: what LoRA and QLoRA keep, in which type, and how gradients pass; and the parts of CoPrompt."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Patch

from paliflow.report import style

Point = tuple[float, float]
FROZEN, TRAINED, BACKWARD = style.COLOURS["prior"], style.COLOURS["after"], style.COLOURS["second"]
PLAIN = "#FFFFFF"
INK = style.COLOURS["target"]
PASSES: dict[str, tuple[str, Any]] = {"forward": (INK, "-"), "backward": (BACKWARD, (0, (3, 1.5)))}


def draw_lora() -> Figure:
    """One adapted matrix in LoRA and in QLoRA: what is stored, what is computed with, and the way of both passes."""
    figure, axes = style.new_figure(4.4, columns=2)
    for pane, title in zip(axes[0], ("LoRA", "QLoRA"), strict=True):
        _open(pane, (10, 11.6))
        pane.set_title(title, loc="left", fontweight="bold")
        _box(pane, (5, 0.7), (9.6, 1), ["input $x$, 16 bits"], PLAIN)
        _box(pane, (5, 10.8), (9.6, 1), ["output $y = W_0 x + (\\alpha/r)\\, B A x$, 16 bits"], PLAIN)
        _box(pane, (7.9, 3.6), (3.8, 1.5), ["$A$: $r \\times d_{in}$", "16 or 32 bits, trained"], TRAINED)
        _box(pane, (7.9, 6.3), (3.8, 1.5), ["$B$: $d_{out} \\times r$", "16 or 32 bits, trained"], TRAINED)
        _box(pane, (7.9, 8.7), (3.8, 0.9), ["times $\\alpha / r$, added"], PLAIN)
        for low, high in ((1.2, 2.85), (4.35, 5.55), (7.05, 8.25), (9.15, 10.3)):
            _arrow(pane, (7.3, low), (7.3, high), "forward")
            _arrow(pane, (8.5, high), (8.5, low), "backward")
    _draw_frozen(axes[0, 0], quantised=False)
    _draw_frozen(axes[0, 1], quantised=True)
    keys = {name: Line2D([], [], color=colour, linestyle=dash, linewidth=1.1) for name, (colour, dash) in PASSES.items()}
    names = ["forward pass", "gradient with respect to a layer's input", "frozen: read only", "trained: has gradient and moments"]
    figure.legend([*keys.values(), _key(FROZEN), _key(TRAINED)], names, loc="outside lower center", ncols=2)
    return figure


def draw_coprompt() -> Figure:
    """The tuned and the frozen encoders of CoPrompt, their perturbed inputs, and the three parts of the loss."""
    figure, axes = style.new_figure(3.5)
    pane = axes[0, 0]
    _open(pane, (20, 11.6))
    heights = (10.4, 7.5, 4.3, 1.4)
    rows: Sequence[tuple[list[str], list[str], str, str]] = (
        (["picture,", "augmentation 2"], ["image encoder $f$"], FROZEN, "$x$"),
        (["picture,", "augmentation 1"], ["image encoder $f$", "+ learnt prompts"], TRAINED, "$x'$"),
        (["template: a photo", "of a [class]"], ["text encoder $g$", "+ learnt prompts"], TRAINED, "$w'$"),
        (["description of the class", "by a language model"], ["text encoder $g$"], FROZEN, "$w$"),
    )
    for height, (source, encoder, colour, name) in zip(heights, rows, strict=True):
        tuned = colour == TRAINED
        _box(pane, (2.3, height), (4.4, 1.6), source, PLAIN)
        _box(pane, (7.3, height), (3.9, 1.6), encoder, colour, dashed=tuned)
        if tuned:
            _box(pane, (11.2, height), (2.2, 1.6), ["adapter,", "blended"], TRAINED)
            _arrow(pane, (9.25, height), (10.1, height), "forward")
        _arrow(pane, (4.5, height), (5.35, height), "forward")
        _arrow(pane, (12.3 if tuned else 9.25, height), (13.3, height), "forward")
        _box(pane, (13.9, height), (1.2, 1.2), [name], PLAIN)
    losses = (
        ((heights[0] + heights[1]) / 2, ["$1 - \\cos(x', x)$"], style.COLOURS["first"]),
        ((heights[1] + heights[2]) / 2, ["cross-entropy of", "$\\cos(x', w'_k) / \\tau$"], style.COLOURS["fourth"]),
        ((heights[2] + heights[3]) / 2, ["$1 - \\cos(w', w)$"], style.COLOURS["first"]),
    )
    for number, (height, text, colour) in enumerate(losses):
        _box(pane, (17.6, height), (4.2, 1.5), text, colour)
        _arrow(pane, (14.5, heights[number]), (15.5, height + 0.35), "forward")
        _arrow(pane, (14.5, heights[number + 1]), (15.5, height - 0.35), "forward")
    for height in (10.75, 1.05):
        pane.text(17.6, height, "consistency, weight $\\lambda$", ha="center", va="center", fontsize=7)
    names = ["frozen", "trained", "frozen weights, trained input vectors"]
    figure.legend([_key(FROZEN), _key(TRAINED), _key(TRAINED, dashed=True)], names, loc="outside lower center", ncols=3)
    return figure


def _draw_frozen(pane: Axes, quantised: bool) -> None:
    """The frozen matrix at the left: as it is, or as codes and constants that are expanded for each product."""
    forward, backward, bottom = 1.4, 3.6, 2.95
    if quantised:
        forward, backward, bottom = 0.4, 4.6, 5.55
        stored = ["stored as NF4:", "4 bits a weight,", "8 bits a block of 64,", "32 bits a 256 blocks"]
        _box(pane, (2.5, 2.9), (3.5, 2.4), stored, FROZEN)
        _arrow(pane, (1.4, 4.1), (1.4, bottom), "forward", "expanded in\nboth passes")
        _box(pane, (2.5, 6.5), (4.6, 1.9), ["$W_0$ in 16 bits,", "for this product only"], FROZEN, dashed=True)
    else:
        text = ["$W_0$: $d_{out} \\times d_{in}$", "stored in 16 bits", "", "no gradient of $W_0$,", "no moments of it"]
        _box(pane, (2.5, 5.2), (4.6, 4.5), text, FROZEN)
    _arrow(pane, (1.4, 7.45), (1.4, 10.3), "forward")
    _arrow(pane, (3.6, 10.3), (3.6, 7.45), "backward", "$W_0^{\\top} g$")
    _arrow(pane, (forward, 1.2), (forward, bottom), "forward")
    _arrow(pane, (backward, bottom), (backward, 1.2), "backward")


def _open(pane: Axes, size: Point) -> None:
    style.bare(pane)
    pane.set(xlim=(0, size[0]), ylim=(0, size[1]))


def _box(pane: Axes, centre: Point, size: Point, lines: Sequence[str], colour: str, dashed: bool = False) -> None:
    (x, y), (width, height) = centre, size
    corner, look = (x - width / 2, y - height / 2), _look(colour, dashed)
    pane.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.2", **look))
    pane.text(x, y, "\n".join(lines), ha="center", va="center", fontsize=7)


def _look(colour: str, dashed: bool) -> dict[str, Any]:
    """A box's face and edge; a dashed one is paler."""
    if colour == PLAIN:
        return {"facecolor": PLAIN, "edgecolor": "#777777"}
    return {"facecolor": style.tint(colour, 0.14 if dashed else 0.3), "edgecolor": colour, "linestyle": (0, (4, 2)) if dashed else "-"}


def _key(colour: str, dashed: bool = False) -> Patch:
    return Patch(**_look(colour, dashed))


def _arrow(pane: Axes, start: Point, end: Point, kind: str, label: str = "") -> None:
    colour, dash = PASSES[kind]
    shape = {"arrowstyle": "-|>,head_width=0.18,head_length=0.35", "color": colour, "linewidth": 1.1, "linestyle": dash}
    pane.annotate("", end, start, arrowprops=shape | {"shrinkA": 0, "shrinkB": 0})
    if label:
        middle = ((start[0] + end[0]) / 2 + 0.15, (start[1] + end[1]) / 2)
        pane.text(*middle, label, ha="left", va="center", fontsize=6.5, color=colour)
