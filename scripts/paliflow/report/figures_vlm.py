"""Figures of the vision-language study: the training loss, and the scores before and after."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paliflow.report import style
from paliflow.report.names import NAMES

Values = Mapping[str, Any]
MEASURES = {"exact_match": "exact match", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}


def draw_loss(lines: Sequence[Mapping[str, float]]) -> Figure:
    """The loss of every step of the main run, pale, and its running mean over it.

    Args:
        lines: those of train_log.jsonl (step, epoch, loss).
    """
    figure, axes = style.new_figure(2.6)
    pane = axes[0, 0]
    steps = np.array([line["step"] for line in lines])
    loss = np.array([line["loss"] for line in lines])
    smooth, window = running_mean(loss)
    pane.plot(steps, loss, color=style.COLOURS["after"], alpha=0.35, linewidth=0.7, label="each step")
    pane.plot(steps, smooth, color=style.COLOURS["after"], label=f"mean of {window} steps")
    _mark_epochs(pane, lines)
    pane.set(xlabel="step", ylabel="loss (nats a token)", xlim=(0, None))
    if loss.max() > 3 * loss.min() > 0:  # below that a logarithmic axis has no round number to show
        pane.set_yscale("log")
        pane.yaxis.set_major_formatter("{x:g}")
        pane.yaxis.set_minor_formatter(_sparse_label)
    pane.legend(loc="upper right")
    return figure


def draw_kinds(base: Values, main: Values) -> Figure:
    """Exact match by kind of question as bars: the most frequent answer, before, and after tuning, with 95 % intervals."""
    kinds = list(base["by_kind"])
    series = [("prior", NAMES["prior"], [base["by_kind"][kind]["prior_exact_match"] for kind in kinds])]
    series += [("before", NAMES["base"], [base["by_kind"][kind]["exact_match"] for kind in kinds])]
    series += [("after", NAMES["main"], [main["by_kind"][kind]["exact_match"] for kind in kinds])]
    figure, axes = style.new_figure(0.8 + 0.31 * len(kinds) * (len(series) + 1) / 4)
    rows = [f"{kind.replace('_', ' ')} (n = {base['by_kind'][kind]['n']})" for kind in kinds]
    _draw_bars(axes[0, 0], rows, series)
    axes[0, 0].set_xlabel("exact match (%)")
    return figure


def draw_rouge(base: Values, main: Values) -> Figure:
    """Exact match and ROUGE over all test questions as bars: before and after tuning, with 95 % intervals."""
    series = [("before", NAMES["base"], [base[measure] for measure in MEASURES])]
    series += [("after", NAMES["main"], [main[measure] for measure in MEASURES])]
    figure, axes = style.new_figure(1.0 + 0.36 * len(MEASURES) * (len(series) + 1) / 4)
    _draw_bars(axes[0, 0], list(MEASURES.values()), series)
    axes[0, 0].set_xlabel("score (%)")
    return figure


def running_mean(values: np.ndarray, share: float = 0.03) -> tuple[np.ndarray, int]:
    """The centred mean over a window of about `share` of the values (at least 5), narrower at the ends, and the window's length.

    Args:
        values: (steps,).
    """
    half = max(2, round(share * len(values) / 2))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[last] - sums[first]) / (last - first), 2 * half + 1


def _draw_bars(pane: Axes, rows: Sequence[str], series: Sequence[tuple[str, str, Sequence[Mapping[str, float]]]]) -> None:
    height = 0.8 / len(series)
    for place, (colour, label, scores) in enumerate(series):
        values, low, high = (100 * np.array([score[end] for score in scores]) for end in ("value", "low", "high"))
        positions = np.arange(len(rows)) + (place - (len(series) - 1) / 2) * height
        errors = np.maximum([values - low, high - values], 0)
        pane.barh(positions, values, height=0.92 * height, color=style.COLOURS[colour], label=label)
        pane.errorbar(values, positions, xerr=errors, fmt="none", ecolor="#333333", elinewidth=0.8, capsize=1.6, capthick=0.8)
    pane.set_yticks(np.arange(len(rows)), rows)
    pane.set(ylim=(len(rows) - 0.45, -0.55), xlim=(0, 100))
    pane.grid(axis="y", visible=False)
    pane.tick_params(axis="y", length=0)
    pane.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(series), borderaxespad=0.2, handlelength=1.2)


def _mark_epochs(pane: Axes, lines: Sequence[Mapping[str, float]]) -> None:
    for before, line in pairwise(lines[:-1]):
        if int(before["epoch"]) < int(line["epoch"]):
            pane.axvline(line["step"], color="#999999", linewidth=0.7, linestyle=(0, (4, 3)))


def _sparse_label(value: float, _position: int | None = None) -> str:
    leading = f"{value:e}"[0]
    return f"{value:g}" if leading in "25" else ""
