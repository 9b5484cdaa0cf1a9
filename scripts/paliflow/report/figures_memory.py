"""The figure of fine-tuning's memory: every term as a part of a stacked bar, for the published models and for the study's base."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paliflow.report import style

Values = Mapping[str, Any]
METHODS = {"everything": "full, tower too", "full": "full", "dora": "DoRA", "lora": "LoRA", "qlora": "QLoRA"}
MODELS = {"paligemma-3b-pt-224": "PaliGemma-3B", "paligemma2-10b-pt-224": "PaliGemma 2 10B"}
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "weights": (style.COLOURS["first"], ("weights", "quantisation_constants", "adapter_weights")),
    "gradients": (style.tint(style.COLOURS["second"], 0.45), ("gradients",)),
    "moments of AdamW": (style.COLOURS["second"], ("moments",)),
    "master copy": (style.COLOURS["fourth"], ("master_copy",)),
    "activations": (style.COLOURS["third"], ("activations",)),
    "logits": (style.COLOURS["target"], ("logits",)),
    "image features": (style.COLOURS["prior"], ("features",)),
}
"""Colour of each part of a bar, and the terms that it is the sum of."""
CARDS = (16, 24, 48, 80)
"""GiB of common graphics cards."""
GIB, MIB = 2**30, 2**20


def draw_memory(memory: Values) -> Figure:
    """Two published models in the assignment's setting, without and with checkpointing, and the study's base as estimated and measured.

    Args:
        memory: the values of measure_memory.
    """
    figure, axes = style.new_figure(7.2, rows=3, height_ratios=[10, 10, max(4, 2 * len(memory["study"]))])
    for pane, (model, title) in zip(axes[:2, 0], MODELS.items(), strict=True):
        rows = {}
        for method, name in METHODS.items():
            terms = memory["models"][model]["methods"][method]
            rows[name] = terms
            rows[f"{name}, checkpointed"] = terms | {"activations": terms["activations_checkpointed"]}
        _draw_bars(pane, rows, GIB)
        cards = [size for size in CARDS if size < pane.get_xlim()[1]]
        for size in cards:
            pane.axvline(size, color="#555555", linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
        pane.set_title(f"{title}, GiB (dashed: graphics cards of {', '.join(map(str, cards))} GiB)", loc="left")
    rows = {}
    for method, terms in memory["study"].items():
        for kind in ("estimated", "measured"):
            rows[f"{METHODS[method]}, {kind}"] = {term: sizes[kind] for term, sizes in terms.items()}
    _draw_bars(axes[2, 0], rows, MIB)
    axes[2, 0].set_title("The study's base, MiB", loc="left")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, handlelength=1.2)
    return figure


def _draw_bars(pane: Axes, rows: Mapping[str, Mapping[str, float]], unit: int) -> None:
    """A stacked bar a row, those of one method as a pair."""
    places = _paired(len(rows))
    ends = np.zeros(len(rows))
    for part, (colour, terms) in PARTS.items():
        sizes = np.array([sum(row.get(term, 0) for term in terms) / unit for row in rows.values()])
        pane.barh(places, sizes, left=ends, height=0.86, color=colour, label=part)
        ends = ends + sizes
    for place, end in zip(places, ends, strict=True):
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # above a card's line
        pane.annotate(f"{end:.1f}", (end, place), (3, 0), textcoords="offset points", va="center", fontsize=6.5, bbox=box)
    pane.set_yticks(places, list(rows), fontsize=7)
    pane.set(ylim=(places[-1] + 0.7, -0.7), xlim=(0, 1.07 * ends.max()))
    pane.grid(axis="y", visible=False)
    pane.tick_params(axis="y", length=0)


def _paired(count: int) -> Sequence[float]:
    return [number + 0.35 * (number // 2) for number in range(count)]
