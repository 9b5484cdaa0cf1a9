"""Figures of the theory part: NF4's levels over the normal density, and the attention mask of the model that the study runs."""

from collections.abc import Mapping
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from paliflow.report import style

SPANS = {"image": "first", "prefix": "third", "suffix": "second"}
MOST_IMAGE_TOKENS = 8


def draw_nf4_levels(nf4: Mapping[str, Any]) -> Figure:
    """The 16 levels of NF4 as stems to the normal density, above the bins of weights that each stands for.

    Args:
        nf4: levels (16) and the bounds between them (15) on [-1, 1], and the scale that maps 1 to a quantile of the normal.
    """
    figure, axes = style.new_figure(2.7)
    pane = axes[0, 0]
    levels, scale = np.array(nf4["levels"]), nf4["scale"]
    edges = np.concatenate([[-1.35], nf4["bounds"], [1.35]])
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = np.linspace(low, high, 41)
        pane.fill_between(inside, _density(inside, scale), color=style.COLOURS["first"], alpha=0.28 if number % 2 else 0.12, linewidth=0)
    grid = np.linspace(-1.35, 1.35, 541)
    pane.plot(grid, _density(grid, scale), color="#444444", linewidth=1.0, label="density of a normal weight")
    heights = _density(levels, scale)
    pane.vlines(levels, 0, heights, color=style.COLOURS["second"], linewidth=1.0)
    pane.plot(levels, heights, "o", color=style.COLOURS["second"], label="the 16 levels")
    pane.set(xlabel="weight / largest weight of its block", ylabel="density", xlim=(-1.35, 1.35), ylim=(0, None))
    pane.grid(axis="x", visible=False)
    pane.legend(loc="upper right")
    return figure


def draw_attention_mask(mask: Mapping[str, Any]) -> Figure:
    """Which token attends to which, with the spans of the input and the tokens that the loss falls on.

    Args:
        mask: tokens (length), mask (length, length) of 0 and 1 (row: who looks, column: at what), spans {image, prefix, suffix: [first,
            end)}, loss_on (length); many image tokens that look alike are drawn as a few.
    """
    tokens, allowed, spans, loss_on = shorten(mask)
    length = len(tokens)
    figure, axes = style.new_figure(min(6.3, 1.1 + 0.15 * length), columns=2, width_ratios=[length, 1.4], sharey=True)
    pane, strip = axes[0]
    style.bare(pane)
    style.bare(strip)
    drawing: dict[str, Any] = {"vmin": 0, "vmax": 1, "interpolation": "none", "aspect": "auto"}
    pane.imshow(allowed, cmap=ListedColormap(["#F1F1F1", "#7FB4D8"]), **drawing)
    strip.imshow(loss_on[:, None], cmap=ListedColormap(["#F1F1F1", style.COLOURS["second"]]), **drawing)
    for one, other in ((pane, length), (strip, 1)):
        one.hlines(np.arange(length + 1) - 0.5, -0.5, other - 0.5, color="white", linewidth=0.5)
    pane.vlines(np.arange(length + 1) - 0.5, -0.5, length - 0.5, color="white", linewidth=0.5)
    pane.set_yticks(np.arange(length), tokens, fontsize=6.5)
    pane.set_xticks(np.arange(length), tokens, fontsize=6.5, rotation=90)
    pane.xaxis.tick_top()
    pane.tick_params(length=0)
    strip.tick_params(length=0)
    strip.set_title("loss", fontsize=7)
    for name, (first, end) in spans.items():
        pane.hlines([first - 0.5, end - 0.5], -0.5, length - 0.5, color=style.COLOURS[SPANS[name]], linewidth=1.0)
        pane.vlines([first - 0.5, end - 0.5], -0.5, length - 0.5, color=style.COLOURS[SPANS[name]], linewidth=1.0)
        for labels in (pane.get_xticklabels(), pane.get_yticklabels()):
            for label in labels[first:end]:
                label.set_color(style.COLOURS[SPANS[name]])
    pane.set(xlabel="key: the token attended to", ylabel="query: the token that attends")
    return figure


def _density(places: np.ndarray, scale: float) -> np.ndarray:
    return np.array([NormalDist().pdf(scale * place) * scale for place in places])


def shorten(mask: Mapping[str, Any]) -> tuple[list[str], np.ndarray, dict[str, tuple[int, int]], np.ndarray]:
    """Tokens, mask, spans and loss with the image tokens reduced to a few, where all of them attend and are attended to alike."""
    allowed, loss_on = np.array(mask["mask"]), np.array(mask["loss_on"])
    first, end = mask["spans"]["image"]
    block_rows, block_columns = allowed[first:end], allowed[:, first:end]
    alike = (block_rows == block_rows[:1]).all() and (block_columns == block_columns[:, :1]).all()
    kept = np.arange(len(loss_on))
    tokens = [name_token(token) for token in mask["tokens"]]
    if alike and end - first > MOST_IMAGE_TOKENS:
        half = MOST_IMAGE_TOKENS // 2
        tokens[first:end] = [f"image {number}" for number in range(1, end - first + 1)]
        tokens[first + half - 1] = "⋮"
        kept = np.concatenate([kept[: first + half], kept[end - half :]])
    removed = len(loss_on) - len(kept)
    spans = {name: (a - removed * (a >= end), b - removed * (b >= end)) for name, (a, b) in mask["spans"].items()}
    return [tokens[place] for place in kept], allowed[np.ix_(kept, kept)], spans, loss_on[kept]


def name_token(token: str) -> str:
    """A token as it is printed: with its spaces and line breaks made visible."""
    return token.replace("▁", "␣").replace("\n", "\\n") or "(empty)"
