"""Figures of the theory part, drawn from what was measured: 4-bit types on the base's weights, and the singular values of adapters."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from paliflow.report import style

TYPES = {"nf4": ("NF4", "second"), "fp4": ("fp4", "fourth"), "int4": ("int4", "third")}
RANK_COLOURS = ("first", "second", "third", "fourth")
NORMAL_DASH = (0, (4, 2))
MAIN = "main"


def draw_nf4_levels(nf4: Mapping[str, Any], quantisation: Mapping[str, Any]) -> Figure:
    """NF4's 16 levels on the normal's quantile function, the other types' levels beside them, and the weights that fall between them.

    Args:
        nf4: levels (16) on [-1, 1], and the scale that maps 1 to a quantile of the normal.
        quantisation: as analyse_adapter measures it: levels by type; base and normal, each with a histogram over [-1, 1].
    """
    figure, axes = style.new_figure(2.9, columns=3, width_ratios=[3, 1.1, 3.2])
    curve, ladder, histogram = axes[0]
    levels, scale = np.array(nf4["levels"]), nf4["scale"]
    grid = np.linspace(-1.12, 1.12, 401)
    curve.plot([NormalDist().cdf(scale * place) for place in grid], grid, color="#444444", linewidth=1.0, label="quantiles of a normal")
    shares = np.array([NormalDist().cdf(scale * level) for level in levels])
    curve.vlines(shares, -1.2, levels, color=style.COLOURS["second"], linewidth=0.6, alpha=0.6)
    curve.plot(shares, levels, "o", color=style.COLOURS["second"], label="the 16 levels of NF4")
    curve.set(xlabel="share of a normal below", ylabel="level, of the block's largest", xlim=(0, 1), ylim=(-1.2, 1.2))
    curve.grid(axis="x", visible=False)
    curve.legend(loc="upper left", fontsize=7)
    for column, (kind, (_, colour)) in enumerate(TYPES.items()):
        ladder.hlines(quantisation["levels"][kind], column - 0.36, column + 0.36, color=style.COLOURS[colour], linewidth=1.4)
    ladder.set_xticks(range(len(TYPES)), [name for name, _ in TYPES.values()])
    ladder.set(ylim=(-1.2, 1.2), xlim=(-0.6, len(TYPES) - 0.4), yticklabels=[])
    ladder.grid(visible=False)
    ladder.tick_params(axis="x", length=0)
    _draw_histogram(histogram, quantisation, levels)
    return figure


def draw_quantisation_error(quantisation: Mapping[str, Any]) -> Figure:
    """The error of each 4-bit type by projection, beside a normal sample's, and how far the weights' quantiles are from a normal's.

    Args:
        quantisation: as analyse_adapter measures it.
    """
    figure, axes = style.new_figure(2.8, columns=2, width_ratios=[1.25, 1])
    bars, quantiles = axes[0]
    base, normal = quantisation["base"], quantisation["normal"]
    projections = list(base["by_projection"])
    for row, (kind, (name, colour)) in enumerate(TYPES.items()):
        errors = [100 * base["by_projection"][projection]["error"][kind]["single"] for projection in projections]
        places = np.arange(len(projections)) + (row - 1) * 0.26
        bars.barh(places, errors, height=0.24, color=style.COLOURS[colour], label=name)
        level = 100 * normal["error"][kind]["single"]
        bars.axvline(level, color=style.COLOURS[colour], linewidth=1.0, linestyle=NORMAL_DASH)
    bars.set_yticks(range(len(projections)), projections)
    bars.set(ylim=(len(projections) - 0.5, -0.5), xlabel="root mean square error (% of the weights')")
    bars.grid(axis="y", visible=False)
    bars.tick_params(axis="y", length=0)
    bars.legend(loc="lower left", bbox_to_anchor=(-0.05, 1), ncols=3, borderaxespad=0.2, handlelength=1.3)
    places = np.array(quantisation["normal_quantiles"])
    quantiles.axhline(0, color="#AAAAAA", linewidth=0.8)
    for number, values in enumerate(base["by_projection"].values()):
        label = "a projection" if number == 0 else None
        quantiles.plot(places, values["quantiles"] - places, color=style.COLOURS["first"], linewidth=0.7, alpha=0.5, label=label)
    quantiles.plot(places, base["quantiles"] - places, color=style.COLOURS["first"], linewidth=1.8, label="mean over all")
    quantiles.plot(places, normal["quantiles"] - places, color="#555555", linewidth=1.0, linestyle=NORMAL_DASH, label="normal sample")
    quantiles.set(xlabel="quantile of a standard normal", ylabel="weights' quantile − normal's (deviations)")
    quantiles.legend(loc="upper left")
    return figure


def draw_singular_values(runs: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The spectra of the updates by rank, over their largest value, and the effective rank of each run beside that of random factors.

    Args:
        runs: as analyse_adapter measures them: rank, relative, effective_rank and random of each; the run `MAIN` is a mark of its own.
    """
    figure, axes = style.new_figure(2.7, columns=2, width_ratios=[1.25, 1])
    spectrum, effective = axes[0]
    ranks = sorted({values["rank"] for run, values in runs.items() if run != MAIN})
    for number, rank in enumerate(ranks):
        same = [values for run, values in runs.items() if values["rank"] == rank and run != MAIN]
        colour, places = style.COLOURS[RANK_COLOURS[number % len(RANK_COLOURS)]], np.arange(1, rank + 1)
        spectrum.plot(
            places, np.mean([values["random"]["relative"] for values in same], 0), color=colour, linewidth=0.8, linestyle=NORMAL_DASH
        )
        mean = np.mean([values["relative"] for values in same], 0)
        spectrum.plot(places, mean, "o-" if rank == 1 else "-", color=colour, label=f"rank {rank}")
        effective.plot([rank] * len(same), [values["effective_rank"] for values in same], "o", color=colour, markerfacecolor="none")
    spectrum.plot([], [], color="#555555", linewidth=0.8, linestyle=NORMAL_DASH, label="random factors")
    spectrum.set(xlabel="number of the singular value", ylabel="singular value / largest", xscale="log", ylim=(0, 1.03))
    _name_ranks(spectrum, [1, *ranks])
    spectrum.legend(loc="best")
    line = np.array([min(ranks), max(ranks)])
    effective.plot(line, line, color="#AAAAAA", linewidth=1.0, label="all of the rank")
    drawn = {values["rank"]: values["random"]["effective_rank"] for values in runs.values()}
    effective.plot(
        sorted(drawn),
        [drawn[rank] for rank in sorted(drawn)],
        color="#555555",
        linewidth=0.8,
        linestyle=NORMAL_DASH,
        label="random factors",
    )
    effective.plot([], [], "o", color="#555555", markerfacecolor="none", label="a run of the comparison")
    if MAIN in runs:
        effective.plot(runs[MAIN]["rank"], runs[MAIN]["effective_rank"], "D", color="#222222", label="the study's model")
    effective.set(xlabel="rank", ylabel="effective rank", xscale="log", yscale="log")
    _name_ranks(effective, ranks)
    effective.set_yticks(ranks, [str(rank) for rank in ranks])
    effective.yaxis.set_minor_locator(NullLocator())
    effective.legend(loc="upper left", fontsize=7)
    return figure


def _draw_histogram(pane: Axes, quantisation: Mapping[str, Any], levels: np.ndarray) -> None:
    base, normal = (np.array(quantisation[name]["histogram"]) for name in ("base", "normal"))
    edges = np.linspace(-1, 1, len(base) + 1)
    width = edges[1] - edges[0]
    pane.stairs(base / width, edges, color=style.COLOURS["first"], alpha=0.35, fill=True, label="weights of the base")
    pane.stairs(normal / width, edges, color="#444444", linewidth=1.0, label="normal sample")
    top = 1.3 * max(base.max(), normal.max()) / width
    pane.vlines(levels, -0.07 * top, -0.015 * top, color=style.COLOURS["second"], linewidth=1.2)
    pane.set(xlabel="weight / largest of its block", ylabel="density", xlim=(-1.05, 1.05), ylim=(-0.09 * top, top))
    pane.grid(axis="x", visible=False)
    pane.legend(loc="upper center", fontsize=7, ncols=1)


def _name_ranks(pane: Axes, ranks: list[int]) -> None:
    pane.set_xticks(ranks, [str(rank) for rank in ranks])
    pane.xaxis.set_minor_locator(NullLocator())
    pane.xaxis.set_minor_formatter(NullFormatter())
