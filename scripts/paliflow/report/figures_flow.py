"""The figures of the flow experiments, each covering all pairs of distributions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from paliflow.report.names import NAMES
from paliflow.report.style import COLOURS, TEXT_WIDTH, bare, new_figure

SHOWN_POINTS = 1000
SHOWN_PATHS = 160
SMOOTHED_POINTS = 200
SHOWN_SOLVERS = 4
BESIDE = {"independent": 0.97, "optimal_transport": 1.03}  # so that one coupling's bars do not hide the other's

Arrays = Mapping[str, np.ndarray]


def draw_couplings(couplings: Mapping[str, Arrays]) -> Figure:
    """One training batch of each pair: lines between the points as drawn, and as transport pairs them.

    Args:
        couplings: by pair, with `example_source` and `example_target` (batch, 2) and `permutations` (seeds, steps, batch).
    """
    figure, axes = new_figure(1.95, columns=2 * len(couplings))
    places = iter(axes[0])
    for pair, stored in couplings.items():
        source, target, permutation = stored["example_source"], stored["example_target"], stored["permutations"][0, 0]
        for coupling, partner in (("independent", target), ("optimal_transport", target[permutation])):
            place = next(places)
            lines = np.stack([source, partner], axis=1)
            place.add_collection(LineCollection(list(lines), colors=COLOURS[coupling], linewidths=0.6, alpha=0.7))
            _cloud(place, source, COLOURS["source"], size=5)
            _cloud(place, target, COLOURS["target"], size=5)
            place.set_title(f"{NAMES[pair]}\n{NAMES[coupling]}", fontsize=7.5)
            _frame(place, _extent(target, source))
    return figure


def draw_loss(logs: Mapping[str, pandas.DataFrame]) -> Figure:
    """The loss of all seeds against the step, each point the mean over a window of one two-hundredth of the run."""
    figure, axes = new_figure(2.4, columns=len(logs))
    for place, (pair, log) in zip(axes[0], logs.items(), strict=True):
        for coupling, runs in log.groupby("coupling", observed=True):
            for _, run in runs.groupby("seed"):
                steps, losses = smooth(run["step"].to_numpy(), run["loss"].to_numpy())
                place.plot(steps, losses, color=COLOURS[str(coupling)], linewidth=0.9, alpha=0.8)
            place.plot([], [], color=COLOURS[str(coupling)], label=NAMES[str(coupling)])
        place.set(title=NAMES[pair], xlabel="training step", ylim=(0, None))
        place.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
        place.locator_params(axis="x", nbins=5)
    axes[0, 0].set_ylabel("flow-matching loss")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def smooth(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean step and mean loss in windows of equal length, about 200 of them; a shorter run stays as it is."""
    window = max(1, len(losses) // SMOOTHED_POINTS)
    whole = len(losses) // window * window
    return steps[:whole].reshape(-1, window).mean(1), losses[:whole].reshape(-1, window).mean(1)


def draw_samples(samples: Mapping[str, Arrays]) -> Figure:
    """Samples after few and many Euler steps beside the target itself: a row a pair and coupling, a column a number of steps."""
    first = next(iter(samples.values()))
    couplings = [name for name in ("independent", "optimal_transport") if f"{name}_dopri5" in first]
    solvers = [*spaced(sorted(int(name.rsplit("_", 1)[1]) for name in first if name.startswith(f"{couplings[0]}_euler"))), "dopri5"]
    rows = [(pair, coupling) for pair in samples for coupling in couplings]
    columns = len(solvers) + 1
    extents = {pair: _extent(stored["target"]) for pair, stored in samples.items()}
    ratios = [half[1] / half[0] for half in (extents[pair][1] for pair, _ in rows)]
    figure, axes = new_figure((TEXT_WIDTH - 0.3) / columns * sum(ratios) + 0.4, len(rows), columns, height_ratios=ratios)
    for row, (pair, coupling) in zip(axes, rows, strict=True):
        extent = extents[pair]
        for place, solver in zip(row, solvers, strict=False):
            key = f"{coupling}_{solver}" if solver == "dopri5" else f"{coupling}_euler_{solver}"
            _cloud(place, samples[pair][key][:SHOWN_POINTS], COLOURS[coupling])
            _frame(place, extent)
        _cloud(row[-1], samples[pair]["target"][:SHOWN_POINTS], COLOURS["target"])
        _frame(row[-1], extent)
        row[0].set_ylabel(f"{NAMES[pair]}\n{NAMES[coupling]}".split("→ ")[1].replace(" transport", "\ntransport"), fontsize=7)
    titles = [solver if solver == "dopri5" else f"{solver} evaluation{'s' if solver != 1 else ''}" for solver in solvers]
    for place, title in zip(axes[0], [*titles, "target"], strict=True):
        place.set_title(title, fontsize=7.5)
    return figure


def spaced(counts: list[int]) -> list[int]:
    """At most four of the sorted counts: the three smallest, where couplings differ, and the largest."""
    return counts if len(counts) <= SHOWN_SOLVERS else [*counts[: SHOWN_SOLVERS - 1], counts[-1]]


def draw_trajectories(samples: Mapping[str, Arrays]) -> Figure:
    """The paths that the trained fields give to the same source points, a row a pair and a column a coupling."""
    couplings = [name for name in ("independent", "optimal_transport") if f"{name}_paths" in next(iter(samples.values()))]
    figure, axes = new_figure(1.95, columns=len(samples) * len(couplings))
    places = iter(axes[0])
    for pair, stored in samples.items():
        for coupling in couplings:
            place = next(places)
            paths = stored[f"{coupling}_paths"][:, :SHOWN_PATHS]
            place.add_collection(LineCollection(list(paths.swapaxes(0, 1)), colors=COLOURS[coupling], linewidths=0.5, alpha=0.55))
            _cloud(place, paths[0], COLOURS["source"], size=2.5)
            _cloud(place, paths[-1], COLOURS["target"], size=2.5)
            place.set_title(f"{NAMES[pair]}\n{NAMES[coupling]}", fontsize=7.5)
            _frame(place, _extent(stored["target"], paths[0], paths[-1]))
    return figure


def draw_error(metrics: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The 2-Wasserstein distance against the number of function evaluations; bars are the range over seeds, the floor is shaded.

    Args:
        metrics: by pair, the values of evaluate_flow.
    """
    figure, axes = new_figure(2.8, columns=len(metrics))
    for place, (pair, values) in zip(axes[0], metrics.items(), strict=True):
        floor = values["wasserstein_floor"]
        place.axhspan(floor["low"], floor["high"], color="#DDDDDD", linewidth=0, label="floor: target against target")
        place.axhline(floor["value"], color=COLOURS["prior"], linewidth=0.8)
        counts: set[int] = set()
        for coupling, scores in values["wasserstein"].items():
            euler = sorted((int(name.removeprefix("euler_")), score) for name, score in scores.items() if name.startswith("euler_"))
            _line(place, euler, coupling, label=f"{NAMES[coupling]}, Euler", marker="o")
            needed = values["dopri5_evaluations"][coupling]["value"]
            _line(place, [(needed, scores["dopri5"])], coupling, label=f"{NAMES[coupling]}, dopri5", marker="D", linestyle="none")
            counts |= {count for count, _ in euler}
        place.set(title=NAMES[pair], xlabel="evaluations of the field", xscale="log", yscale="log")
        place.set_xticks(sorted(counts), [str(count) for count in sorted(counts)])
        place.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        place.yaxis.set_major_formatter(lambda distance, _: f"{distance:g}")
        place.minorticks_off()
    axes[0, 0].set_ylabel("2-Wasserstein distance")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _line(place: Axes, points: Sequence[tuple[float, Mapping[str, float]]], coupling: str, **look: Any) -> None:
    value = np.array([score["value"] for _, score in points])
    reach = np.array([[score["value"] - score["low"] for _, score in points], [score["high"] - score["value"] for _, score in points]])
    counts = [count * BESIDE[coupling] for count, _ in points]
    place.errorbar(counts, value, np.maximum(reach, 0), color=COLOURS[coupling], capsize=2, elinewidth=0.8, **look)


def _cloud(place: Axes, points: np.ndarray, colour: str, size: float = 0.8) -> None:
    place.scatter(points[:, 0], points[:, 1], s=size, color=colour, linewidths=0, zorder=3)


def _extent(*clouds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle (2,) of the clouds and half their widths (2,), with a margin."""
    points = np.concatenate(clouds)
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, (high - low) / 2 * 1.06


def _frame(place: Axes, extent: tuple[np.ndarray, np.ndarray]) -> None:
    (low_x, low_y), (high_x, high_y) = extent[0] - extent[1], extent[0] + extent[1]
    bare(place)
    place.set(xlim=(low_x, high_x), ylim=(low_y, high_y), aspect="equal", anchor="N")
