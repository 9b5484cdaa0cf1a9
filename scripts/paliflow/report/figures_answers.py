"""Figures of the answers in detail: which are taken for which, whether their probability can be trusted, and what makes them hard."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from paliflow.report import style
from paliflow.report.names import NAMES

Values = Mapping[str, Any]
ANSWER_GROUPS = (
    ("yes", "no"),
    tuple(str(number) for number in range(11)),
    ("gray", "red", "blue", "green", "brown", "purple", "cyan", "yellow"),
    ("cube", "sphere", "cylinder"),
    ("small", "large"),
    ("rubber", "metal"),
)
"""CLEVR's answers by what they answer; any other comes behind them."""
LEAST = 30
"""Questions in a division whose exact match is shown, as in the text of item 1.5.3: the intervals of fewer say little."""
DIFFICULTIES = {"by_objects": "objects in the picture", "by_program_length": "steps of the question's program"}


def draw_confusion(confusion: Values) -> Figure:
    """How often each reference answer was answered by each answer, shaded by its share of the row.

    Args:
        confusion: `answers`, and `counts` (answers, answers + 1): rows are references, columns predictions, the last one all others.
    """
    known = [answer for group in ANSWER_GROUPS for answer in group]
    answers = confusion["answers"]
    order = sorted(range(len(answers)), key=lambda place: known.index(answers[place]) if answers[place] in known else len(known))
    counts = np.array(confusion["counts"])[order][:, [*order, len(answers)]]
    names = [answers[place] for place in order]
    figure, axes = style.new_figure(0.9 + 0.175 * len(names))
    pane = axes[0, 0]
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shades = LinearSegmentedColormap.from_list("shares", ["white", style.COLOURS["first"]])
    mesh = pane.pcolormesh(shares, cmap=shades, vmin=0, vmax=1, edgecolors="#EEEEEE", linewidth=0.3)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.6 else style.SETTINGS["text.color"]
        pane.text(column + 0.5, row + 0.5, str(counts[row, column]), ha="center", va="center", fontsize=5, color=colour)
    for edge in _group_edges(names):
        pane.axhline(edge, color="#777777", linewidth=0.7)
        pane.axvline(edge, color="#777777", linewidth=0.7)
    pane.set_xticks(np.arange(len(names) + 1) + 0.5, [*names, "other"], rotation=90, fontsize=6.5)
    pane.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=6.5)
    pane.set(xlabel="answer after tuning", ylabel="reference", ylim=(len(names), 0))
    pane.grid(False)
    pane.tick_params(length=0)
    figure.colorbar(mesh, ax=pane, label="share of the reference's questions", shrink=0.6, aspect=30, pad=0.01)
    return figure


def draw_calibration(base: Values, main: Values) -> Figure:
    """Reliability before and after tuning: accuracy against the answer's probability by bins, over the number of answers in each."""
    figure, axes = style.new_figure(3.4, rows=2, columns=2, sharex=True, sharey="row", height_ratios=(3, 1))
    for column, (name, colour, calibration) in enumerate((("base", "before", base), ("main", "after", main))):
        bins = [part for part in calibration["bins"] if part["n"]]
        reliability, numbers = axes[:, column]
        reliability.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle="--", label="calibrated")
        points = [part["confidence"] for part in bins], [part["accuracy"] for part in bins]
        reliability.plot(*points, color=style.COLOURS[colour], marker="o")
        error = "expected calibration error {value:.3f} ({low:.3f}–{high:.3f})".format(**calibration["expected_calibration_error"])
        reliability.set(title=f"{NAMES[name]}\n{error}", xlim=(0, 1), ylim=(-0.03, 1.03))
        widths = [part["high"] - part["low"] for part in bins]
        numbers.bar([part["low"] for part in bins], [part["n"] for part in bins], widths, align="edge", color=style.COLOURS[colour])
        numbers.set_xlabel("probability of the answer")
    axes[0, 0].set_ylabel("share answered right")
    axes[1, 0].set_ylabel("answers")
    return figure


def draw_difficulty(base: Values, main: Values) -> Figure:
    """Exact match against the number of objects and the length of the program, over the number of questions; a source may know neither."""
    known = {path: title for path, title in DIFFICULTIES.items() if main[path]}
    if not known:
        figure, axes = style.new_figure(0.8)
        axes[0, 0].text(0.5, 0.5, "This source knows neither objects nor programs.", ha="center", va="center")
        style.bare(axes[0, 0])
        return figure
    figure, axes = style.new_figure(3.4, rows=2, columns=len(known), sharex="col", sharey="row", height_ratios=(3, 1))
    for (accuracy, numbers), (path, title) in zip(axes.T, known.items(), strict=True):
        keys = sorted(main[path], key=int)
        places = np.array([int(key) for key in keys])
        shown = np.array([int(key) for key in keys if main[path][key]["n"] >= LEAST], dtype=int)
        series = {"prior": (main, "prior_exact_match"), "before": (base, "exact_match"), "after": (main, "exact_match")}
        for shift, (colour, (values, measure)) in zip((-0.12, 0.0, 0.12), series.items(), strict=True):
            label = NAMES[{"before": "base", "after": "main"}.get(colour, colour)]
            _draw_line(accuracy, shown + shift, [values[path][str(key)][measure] for key in shown], style.COLOURS[colour], label)
        numbers.bar(places, [main[path][key]["n"] for key in keys], color="#C4C4C4", width=0.7)
        numbers.set_xlabel(title)
        numbers.xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set(ylabel="exact match (%)", ylim=(0, 100))
    axes[1, 0].set_ylabel("questions")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_line(pane: Axes, places: np.ndarray, scores: list[Mapping[str, float]], colour: str, label: str) -> None:
    values, low, high = (100 * np.array([score[end] for score in scores]) for end in ("value", "low", "high"))
    reach = np.maximum([values - low, high - values], 0)
    pane.errorbar(places, values, reach, color=colour, marker="o", markersize=3, linewidth=1, elinewidth=0.7, label=label)


def _group_edges(names: list[str]) -> list[int]:
    groups = [next((number for number, group in enumerate(ANSWER_GROUPS) if name in group), len(ANSWER_GROUPS)) for name in names]
    return [place for place in range(1, len(groups)) if groups[place] != groups[place - 1]] + [len(names)]
