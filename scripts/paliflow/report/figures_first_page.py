"""Four of the report's figures in small, for its first page: fewer marks and letters that stay legible in half a column."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paliflow.report.figures_digits import SIDE, digit_models, mosaic
from paliflow.report.figures_methods import METHOD_COLOURS, draw_model
from paliflow.report.groups import compared_methods
from paliflow.report.names import COUPLINGS, METHODS, NAMES
from paliflow.report.pairs import bars, distance_axis, evaluations_axis, floor_band
from paliflow.report.style import COLOURS, bare, new_figure

WIDTH, HEIGHT = 3.8, 1.5  # inches
MOST_AT_AN_END = 2
"""Kinds of question shown of those that tuning helps most, and as many of those that it helps least."""

LABELS = 1.45  # inches, beside the digits

Values = Mapping[str, Any]


def draw_kinds(base: Values, main: Values) -> Figure:
    """Exact match of all questions and of the kinds farthest above and below the most frequent answer, with 95 % intervals."""
    rows = {"all questions": (base, main)}
    rows |= {kind.replace("_", " "): (base["by_kind"][kind], main["by_kind"][kind]) for kind in extreme_kinds(base, main)}
    pane = _pane()
    look: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linestyle": "none", "capsize": 0, "elinewidth": 1.3}
    for shift, colour, label, whose, measure in (
        (-0.22, "prior", NAMES["prior"], 0, "prior_exact_match"),
        (0, "before", NAMES["base"], 0, "exact_match"),
        (0.22, "after", "after tuning", 1, "exact_match"),
    ):
        scores = [{end: 100 * both[whose][measure][end] for end in ("value", "low", "high")} for both in rows.values()]
        bars(pane, [row + shift for row in range(len(rows))], scores, lying=True, color=COLOURS[colour], label=label, **look)
    pane.set_yticks(range(len(rows)), list(rows))
    pane.set(ylim=(len(rows) - 0.5, -0.5), xlim=(0, 100), xlabel="exact match (%)")
    pane.grid(False, axis="y")
    pane.tick_params(axis="y", length=0)
    _legend(pane, "outside upper right", ncols=3)
    return _figure(pane)


def extreme_kinds(base: Values, main: Values) -> list[str]:
    """The kinds of question by how far the tuned model is above the most frequent answer; of many, those at both ends."""
    tuned = {kind: scores["exact_match"]["value"] for kind, scores in main["by_kind"].items()}
    gains = {kind: tuned[kind] - scores["prior_exact_match"]["value"] for kind, scores in base["by_kind"].items()}
    ordered = sorted(gains, key=lambda kind: -gains[kind])
    return ordered if len(ordered) <= 2 * MOST_AT_AN_END else ordered[:MOST_AT_AN_END] + ordered[-MOST_AT_AN_END:]


def draw_forgetting(base: Values, main: Values, comparison: Values, rank: int) -> Figure:
    """Exact match against what was kept of the base's own answers: the base, each method, and the main run.

    Args:
        base, main: the values of both evaluations.
        comparison: those of compare_runs.
        rank: the study's own.
    """
    pane = _pane()
    pane.axhline(100 * base["prior_exact_match"]["value"], color=COLOURS["prior"], linestyle="--", linewidth=1, label=NAMES["prior"])
    draw_model(pane, base["own"]["kept"], base["exact_match"], COLOURS["before"], "s", NAMES["base"])
    for group in compared_methods(comparison, rank).values():
        draw_model(pane, group["kept"], group["exact_match"], COLOURS[METHOD_COLOURS[group["method"]]], "o", METHODS[group["method"]])
    draw_model(pane, main["own"]["kept"], main["exact_match"], COLOURS["target"], "*", "QLoRA, main run", size=9)
    pane.set(xlabel="own answers kept (%)", ylabel="exact match (%)")
    pane.margins(0.06, 0.1)
    _legend(pane, "outside right upper")
    return _figure(pane)


def draw_flow_error(values: Values) -> Figure:
    """One pair's 2-Wasserstein distance against the number of Euler steps, a line a coupling, the floor shaded.

    Args:
        values: of evaluate_flow.
    """
    pane = _pane()
    floor_band(pane, values["wasserstein_floor"], "perfect samples")
    distances = [values["wasserstein_floor"]["value"]]
    for coupling in (name for name in COUPLINGS if name in values["wasserstein"]):
        scores = values["wasserstein"][coupling]
        counts = sorted(int(name.removeprefix("euler_")) for name in scores if name.startswith("euler_"))
        drawn = [scores[f"euler_{count}"] for count in counts]
        bars(pane, counts, drawn, color=COLOURS[coupling], marker="o", label=NAMES[coupling])
        distances += [score["value"] for score in drawn]
    evaluations_axis(pane, counts)
    distance_axis(pane, distances)
    pane.set(xlabel="Euler steps", ylabel="2-Wasserstein\ndistance")
    _legend(pane, "outside right upper")
    return _figure(pane)


def draw_digits(samples: Mapping[str, np.ndarray]) -> Figure:
    """Held-out digits, and those of each flow and of DDIM after the fewest and after the most evaluations.

    Args:
        samples: the arrays of evaluate_digits.
    """
    rows = [("held-out images", COLOURS["target"], samples["held_out"])]
    for model, solver, name in digit_models(samples):
        if solver == "ddpm":
            continue  # one sampler is enough to show the diffusion model
        start = f"{model}_{solver}_"
        counts = sorted(int(count) for key in samples if key.startswith(start) and (count := key.removeprefix(start)).isdecimal())
        shown = dict.fromkeys((counts[0], counts[-1]))
        rows += [(f"{name}, {count}", COLOURS[model], samples[f"{start}{count}"]) for count in shown]
    pane = _pane()
    images = int((WIDTH - LABELS) / (HEIGHT / len(rows)))
    pane.imshow(mosaic([(drawn[:images], colour) for _, colour, drawn in rows]), interpolation="nearest")
    pane.set_anchor("E")
    bare(pane)
    pane.set_yticks([(SIDE + 1) * row + (SIDE - 1) / 2 for row in range(len(rows))], [label for label, _, _ in rows])
    pane.tick_params(length=0)
    return _figure(pane)


def _pane() -> Axes:
    _, axes = new_figure(HEIGHT, width=WIDTH)
    pane = axes[0, 0]
    assert isinstance(pane, Axes)
    return pane


def _figure(pane: Axes) -> Figure:
    figure = pane.get_figure(root=True)
    assert figure is not None
    return figure


def _legend(pane: Axes, place: Any, ncols: int = 1) -> None:
    _figure(pane).legend(*pane.get_legend_handles_labels(), loc=place, ncols=ncols, handlelength=1.1, columnspacing=1.0, borderaxespad=0.1)
