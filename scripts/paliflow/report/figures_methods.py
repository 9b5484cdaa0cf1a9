"""Figures of the compared runs: quality against the rank, and accuracy on CLEVR against what was kept of the base's own tasks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paliflow.report import style
from paliflow.report.groups import compared_methods, compared_ranks, compared_weights
from paliflow.report.names import METHODS, NAMES

Values = Mapping[str, Any]
METHOD_COLOURS = {"qlora": "after", "lora": "fourth", "dora": "first", "full": "second"}


def draw_ranks(base: Values, comparison: Values) -> Figure:
    """Exact match and share of the base's own answers kept against QLoRA's rank, beside the prior and full fine-tuning where it was run.

    Args:
        base: the values of evaluate_base.
        comparison: those of compare_runs.
    """
    groups = compared_ranks(comparison)
    ranks = [group["rank"] for group in groups.values()]
    figure, axes = style.new_figure(2.5, columns=2)
    titles = {"exact_match": "exact match (%)", "kept": "own answers kept (%)"}
    _draw_level(axes[0, 0], base["prior_exact_match"], style.COLOURS["prior"], NAMES["prior"])
    for pane, (measure, title) in zip(axes[0], titles.items(), strict=True):
        if full := comparison["groups"].get("full"):
            _draw_level(pane, full[measure], style.COLOURS[METHOD_COLOURS["full"]], METHODS["full"])
        _draw_points(pane, ranks, [group[measure] for group in groups.values()])
        pane.set(xlabel="rank of the adapter", ylabel=title, xscale="log")
        pane.set_xticks(ranks, [str(rank) for rank in ranks])
        pane.minorticks_off()
        pane.margins(x=0.15, y=0.2)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def draw_forgetting(base: Values, main: Values, comparison: Values, rank: int) -> Figure:
    """Exact match on CLEVR against the share of the base's own answers that a model kept: base, methods, consistency weights, main run.

    Args:
        base, main: the values of both evaluations.
        comparison: those of compare_runs.
        rank: the study's own.
    """
    figure, axes = style.new_figure(3.3)
    pane = axes[0, 0]
    _draw_level(pane, base["prior_exact_match"], style.COLOURS["prior"], NAMES["prior"])
    draw_model(pane, base["own"]["kept"], base["exact_match"], style.COLOURS["before"], "s", NAMES["base"])
    for group in compared_methods(comparison, rank).values():
        colour = style.COLOURS[METHOD_COLOURS[group["method"]]]
        draw_model(pane, group["kept"], group["exact_match"], colour, "o", METHODS[group["method"]])
    weights = list(compared_weights(comparison, rank).values())
    path = [[100 * group[measure]["value"] for group in weights] for measure in ("kept", "exact_match")]
    pane.plot(*path, color=style.COLOURS[METHOD_COLOURS["qlora"]], linewidth=0.7, linestyle=":")
    for number, group in enumerate([group for group in weights if group["consistency"] > 0], 1):
        colour = style.tint(style.COLOURS[METHOD_COLOURS["qlora"]], 1 - 0.6 * number / len(weights))
        draw_model(pane, group["kept"], group["exact_match"], colour, "D", f"QLoRA, λ = {group['consistency']:g}")
    draw_model(pane, main["own"]["kept"], main["exact_match"], style.COLOURS["target"], "*", "QLoRA, main run", size=9)
    pane.set(xlabel="own answers kept (%)", ylabel="exact match on the test questions (%)")
    pane.margins(0.06, 0.08)
    figure.legend(*pane.get_legend_handles_labels(), loc="outside right upper")
    return figure


def draw_model(
    pane: Axes, kept: Mapping[str, float], match: Mapping[str, float], colour: str, marker: str, label: str, size: float = 5.5
) -> None:
    """One model's mark: exact match against the answers kept, with the intervals of both."""
    across, up = (np.array(_reach(score))[:, None] for score in (kept, match))
    look: dict[str, Any] = {"markersize": size, "markeredgecolor": "white", "markeredgewidth": 0.5, "elinewidth": 0.8, "capsize": 2}
    pane.errorbar(100 * kept["value"], 100 * match["value"], up, across, color=colour, fmt=marker, label=label, **look)


def _draw_level(pane: Axes, score: Mapping[str, float], colour: str, label: str) -> None:
    pane.axhline(100 * score["value"], color=colour, linestyle="--", linewidth=1, label=label)


def _draw_points(pane: Axes, places: list[int], scores: list[Mapping[str, float]]) -> None:
    colour = style.COLOURS[METHOD_COLOURS["qlora"]]
    values = [100 * score["value"] for score in scores]
    reach = np.array([_reach(score) for score in scores]).T
    pane.errorbar(places, values, reach, color=colour, marker="o", capsize=3, elinewidth=0.9, label=METHODS["qlora"])


def _reach(score: Mapping[str, float]) -> tuple[float, float]:
    """How far the interval goes below and above the value, in points; one seed has none."""
    if score["low"] is None:
        return 0.0, 0.0
    return max(100 * (score["value"] - score["low"]), 0), max(100 * (score["high"] - score["value"]), 0)
