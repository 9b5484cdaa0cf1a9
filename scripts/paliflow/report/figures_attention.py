"""Figures of attention: the mask over a batch of questions, and where the answer's position looks in the picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from paliflow.report import samples, style
from paliflow.report.lettering import LINE, MM_PER_POINT, break_lines

SPANS = {"image": "first", "prefix": "third", "suffix": "second", "padding": "prior"}
MOST_IMAGE_TOKENS = 4

COLUMNS = 3
WIDTH = 25.4 * style.TEXT_WIDTH  # millimetres, as are all lengths of the maps
GUTTER, GAP = 4.0, 1.2
LETTERS = 6.5  # points
DARKEST = 0.88  # what a patch without attention loses of its light
VERDICTS = {True: "after", False: "second"}


def draw_attention_mask(mask: Mapping[str, Any]) -> Figure:
    """Which token attends to which in each row of a batch, with the spans of the input and the tokens that the loss falls on.

    Args:
        mask: rows, each with tokens (length), mask (length, length) of 0 and 1 (row: who looks, column: at what), spans {image, prefix,
            suffix, padding: [first, end)}, loss_on (length); many image tokens that look alike are drawn as a few.
    """
    rows = [shorten(row) for row in mask["rows"]]
    length, count = len(rows[0][0]), len(rows)
    figure, axes = style.new_figure(min(6.3, 0.9 + 5.4 / count), columns=2 * count, width_ratios=[length, 1.0] * count)
    for number, row in enumerate(rows):
        _draw_mask(axes[0, 2 * number], axes[0, 2 * number + 1], *row, letters=min(6.5, 270 / count / length))
        axes[0, 2 * number].set_xlabel("key: the token attended to")
    axes[0, 0].set_ylabel("query: the token that attends")
    return figure


def draw_attention_maps(looks: Mapping[str, Any], pictures: Sequence[np.ndarray]) -> Figure:
    """Each question's picture as it is, and lit where the position that produces the answer attends to it, with both answers.

    Args:
        looks: side of the grid of image tokens, shown_layer (from 1), and samples with attention (layers, image tokens), question, kind,
            answer, prediction.
        pictures: of each sample, (height, width, 3 or 4).
    """
    width = (WIDTH - GUTTER * (COLUMNS - 1)) / COLUMNS
    across = (width - GAP) / 2
    cells = [_write_cell(sample, looks["shown_layer"], width) for sample in looks["samples"]]
    tall = [across * picture.shape[0] / picture.shape[1] for picture in pictures]
    heights = [high + GAP + len(lines) * _step() for high, lines in zip(tall, cells, strict=True)]
    starts = range(0, len(cells), COLUMNS)
    tops = np.cumsum([0.0] + [max(heights[start : start + COLUMNS]) + GUTTER for start in starts])
    total = tops[-1] - GUTTER
    figure, axes = style.new_figure(total / 25.4)
    pane = axes[0, 0]
    style.bare(pane)
    figure.set_layout_engine("none")
    pane.set_position((0, 0, 1, 1))
    for number, (sample, picture) in enumerate(zip(looks["samples"], pictures, strict=True)):
        left, top = (number % COLUMNS) * (width + GUTTER), tops[number // COLUMNS]
        heat = np.array(sample["attention"][looks["shown_layer"] - 1]).reshape(looks["side"], looks["side"])
        shade = np.zeros((*heat.shape, 4))
        shade[..., 3] = DARKEST * (1 - heat / heat.max())
        for place in (left, left + across + GAP):
            extent = (place, place + across, top + tall[number], top)
            pane.imshow(picture, extent=extent, interpolation="lanczos", aspect="auto")
        pane.imshow(shade, extent=extent, interpolation="nearest", aspect="auto")
        for row, (line, look) in enumerate(cells[number]):
            down = top + tall[number] + GAP + (row + 0.8) * _step()
            pane.text(left, down, line, size=LETTERS, va="baseline", parse_math=False, **look)
    pane.set(xlim=(0, WIDTH), ylim=(total, 0), aspect="auto")
    return figure


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


def _draw_mask(
    pane: Axes, strip: Axes, tokens: list[str], allowed: np.ndarray, spans: dict[str, tuple[int, int]], loss_on: np.ndarray, letters: float
) -> None:
    length = len(tokens)
    style.bare(pane)
    style.bare(strip)
    drawing: dict[str, Any] = {"vmin": 0, "vmax": 1, "interpolation": "none", "aspect": "auto"}
    pane.imshow(allowed, cmap=ListedColormap(["#F1F1F1", "#7FB4D8"]), **drawing)
    strip.imshow(loss_on[:, None], cmap=ListedColormap(["#F1F1F1", style.COLOURS["second"]]), **drawing)
    for one, other in ((pane, length), (strip, 1)):
        one.hlines(np.arange(length + 1) - 0.5, -0.5, other - 0.5, color="white", linewidth=0.5)
    pane.vlines(np.arange(length + 1) - 0.5, -0.5, length - 0.5, color="white", linewidth=0.5)
    pane.set_yticks(np.arange(length), tokens, fontsize=letters)
    pane.set_xticks(np.arange(length), tokens, fontsize=letters, rotation=90)
    pane.xaxis.tick_top()
    pane.tick_params(length=0)
    strip.set_title("loss", fontsize=7)
    for name, (first, end) in spans.items():
        if first == end:
            continue
        colour = style.COLOURS[SPANS[name]]
        pane.hlines([first - 0.5, end - 0.5], -0.5, length - 0.5, color=colour, linewidth=1.0)
        pane.vlines([first - 0.5, end - 0.5], -0.5, length - 0.5, color=colour, linewidth=1.0)
        for labels in (pane.get_xticklabels(), pane.get_yticklabels()):
            for label in labels[first:end]:
                label.set_color(colour)


def _write_cell(sample: Mapping[str, Any], layer: int, width: float) -> list[tuple[str, dict[str, Any]]]:
    """The lines under a picture, each with how it looks."""
    right = samples.is_right({"reference": sample["answer"], "after": sample["prediction"]}, "after")
    share, kind = sum(sample["attention"][layer - 1]), sample["kind"].replace("_", " ")
    lines: list[tuple[str, dict[str, Any]]] = [(line, {}) for line in break_lines(sample["question"], LETTERS, width)]
    lines += [(line, {"weight": "bold"}) for line in break_lines(f"Reference: {sample['answer']}", LETTERS, 0.93 * width)]
    answer: dict[str, Any] = {"weight": "bold", "color": style.COLOURS[VERDICTS[right]]}
    said = f"Model: {sample['prediction'] or '(empty)'} ({'right' if right else 'wrong'})"
    lines += [(line, answer) for line in break_lines(said, LETTERS, 0.93 * width)]
    measured = f"{kind} · {100 * share:.0f} % of the attention is here"
    return lines + [(line, {"color": "#5C6470"}) for line in break_lines(measured, LETTERS, width)]


def _step() -> float:
    return LETTERS * LINE * MM_PER_POINT
