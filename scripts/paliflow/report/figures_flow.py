"""The figures of the flow experiments that show points in the plane: couplings, samples, trajectories, velocities; and the loss."""

from collections.abc import Mapping

import numpy as np
import pandas
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from paliflow.report import pairs
from paliflow.report.names import COUPLINGS, NAMES
from paliflow.report.pairs import TARGET_BEHIND, Arrays, cloud, couplings_in, extent
from paliflow.report.style import COLOURS

SHOWN_POINTS = 1000
SHOWN_PATHS = 160
SMOOTHED_POINTS = 200
SHOWN_SOLVERS = 4
SHOWN_TARGETS = 120
VELOCITY_MARGIN = 1.12
FAST, LONG_ARROW = 0.9, 1.0
"""The share of all arrows that are at most as long as the space between two."""


def draw_couplings(couplings: Mapping[str, Arrays]) -> Figure:
    """One training batch of each pair: lines between the points as drawn, and as each coupling pairs them.

    Of pooled transport only those lines are drawn whose two ends lie in this batch: the others lead to the rest of the pool.

    Args:
        couplings: by pair, with `example_source` and `example_target` (batch, 2) and, by the coupling's name, the target point of each
            source point (seeds, steps, batch).
    """
    shown = ["independent", *(name for name in COUPLINGS if name in next(iter(couplings.values())))]
    extents = {pair: extent(stored["example_source"], stored["example_target"]) for pair, stored in couplings.items()}
    figure, places = pairs.blocks(extents, 1, len(shown), _abreast(len(couplings), len(shown)))
    for pair, stored in couplings.items():
        source, target = stored["example_source"], stored["example_target"]
        for place, coupling in zip(places[pair][0], shown, strict=True):
            partner = stored[coupling][0, 0] if coupling in stored else np.arange(len(target))
            inside = partner < len(target)
            lines = np.stack([source[inside], target[partner[inside]]], axis=1)
            place.add_collection(LineCollection(list(lines), colors=COLOURS[coupling], linewidths=0.6, alpha=0.7))
            cloud(place, source, COLOURS["source"], size=5)
            cloud(place, target, COLOURS["target"], size=5)
            place.set_title(NAMES[coupling], fontsize=7.5)
    return figure


def draw_loss(logs: Mapping[str, pandas.DataFrame]) -> Figure:
    """The loss of all seeds against the step, each point the mean over a window of one two-hundredth of the run."""
    figure, places = pairs.charts(list(logs), 2.1, 0.3)
    for pair, log in logs.items():
        place = places[pair]
        for coupling, runs in log.groupby("coupling", observed=True):
            for _, run in runs.groupby("seed"):
                steps, losses = smooth(run["step"].to_numpy(), run["loss"].to_numpy())
                place.plot(steps, losses, color=COLOURS[str(coupling)], linewidth=0.9, alpha=0.8)
            place.plot([], [], color=COLOURS[str(coupling)], label=NAMES[str(coupling)])
        place.set(xlabel="training step", ylim=(0, None))
        place.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
        place.locator_params(axis="x", nbins=5)
    figure.supylabel("flow-matching loss", fontsize=8)
    figure.legend(*places[next(iter(logs))].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def smooth(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean step and mean loss in windows of equal length, about 200 of them; a shorter run stays as it is."""
    window = max(1, len(losses) // SMOOTHED_POINTS)
    whole = len(losses) // window * window
    return steps[:whole].reshape(-1, window).mean(1), losses[:whole].reshape(-1, window).mean(1)


def draw_samples(samples: Mapping[str, Arrays]) -> Figure:
    """Samples after few and many Euler steps beside the target itself: a row a coupling, a column a number of steps."""
    couplings = couplings_in(samples, "dopri5")
    first = next(iter(samples.values()))
    counts = sorted(int(name.rsplit("_", 1)[1]) for name in first if name.startswith(f"{couplings[0]}_euler"))
    extents = {pair: extent(stored["target"]) for pair, stored in samples.items()}
    abreast = pairs.abreast_for(extents, len(couplings), min(len(counts), SHOWN_SOLVERS) + 2)
    shown = spaced(counts) if abreast == 1 else counts[:2]  # beside each other there is room for the few steps where couplings differ
    solvers = {**{f"euler_{count}": _evaluations(count, abreast == 1) for count in shown}, "dopri5": "dopri5"}
    figure, places = pairs.blocks(extents, len(couplings), len(solvers) + 1, abreast)
    for pair, stored in samples.items():
        for row, coupling in zip(places[pair], couplings, strict=True):
            for place, solver in zip(row, solvers, strict=False):
                cloud(place, stored[f"{coupling}_{solver}"][:SHOWN_POINTS], COLOURS[coupling])
            cloud(row[-1], stored["target"][:SHOWN_POINTS], COLOURS["target"])
            pairs.name_row(row[0], coupling, low=abreast > 1)
        for place, title in zip(places[pair][0], [*solvers.values(), "target"], strict=True):
            place.set_title(title, fontsize=7.5)
    return figure


def spaced(counts: list[int]) -> list[int]:
    """At most four of the sorted counts: the three smallest, where couplings differ, and the largest."""
    return counts if len(counts) <= SHOWN_SOLVERS else [*counts[: SHOWN_SOLVERS - 1], counts[-1]]


def draw_trajectories(samples: Mapping[str, Arrays]) -> Figure:
    """The paths that the trained fields give to the same source points, a block a pair and a column a coupling."""
    couplings = couplings_in(samples, "paths")
    paths = {pair: {name: stored[f"{name}_paths"][:, :SHOWN_PATHS] for name in couplings} for pair, stored in samples.items()}
    extents = {pair: extent(samples[pair]["target"], *(path[end] for path in by.values() for end in (0, -1))) for pair, by in paths.items()}
    figure, places = pairs.blocks(extents, 1, len(couplings), _abreast(len(samples), len(couplings)))
    for pair, by_coupling in paths.items():
        for place, (coupling, path) in zip(places[pair][0], by_coupling.items(), strict=True):
            place.add_collection(LineCollection(list(path.swapaxes(0, 1)), colors=COLOURS[coupling], linewidths=0.5, alpha=0.55))
            cloud(place, path[0], COLOURS["source"], size=2.5)
            cloud(place, path[-1], COLOURS["target"], size=2.5)
            place.set_title(NAMES[coupling], fontsize=7.5)
    return figure


def draw_velocity(samples: Mapping[str, Arrays]) -> Figure:
    """The trained velocity at four times on a grid before the target in grey, a row a coupling; arrows of one pair have one scale.

    Args:
        samples: by pair, with `target`, `velocity_times` (4,), `velocity_grid` (n * n, 2) and by coupling `…_velocity` (4, n * n, 2).
    """
    couplings = couplings_in(samples, "velocity")
    times = next(iter(samples.values()))["velocity_times"]
    extents = {pair: extent(stored["velocity_grid"], margin=VELOCITY_MARGIN) for pair, stored in samples.items()}
    abreast = pairs.abreast_for(extents, len(couplings), len(times))
    figure, places = pairs.blocks(extents, len(couplings), len(times), abreast)
    for pair, stored in samples.items():
        chosen = _thinned(len(stored["velocity_grid"]), 2 * abreast)
        grid = stored["velocity_grid"][chosen]
        fields = {coupling: stored[f"{coupling}_velocity"][:, chosen] for coupling in couplings}
        speeds = np.linalg.norm(np.stack(list(fields.values())), axis=-1)
        space = np.ptp(grid, axis=0).mean() / (len(grid) ** 0.5 - 1)
        scale = np.quantile(speeds, FAST) / (LONG_ARROW * space)
        for row, (coupling, field) in zip(places[pair], fields.items(), strict=True):
            for place, moment, velocity in zip(row, times, field, strict=True):
                cloud(place, stored["target"][:SHOWN_TARGETS], TARGET_BEHIND, size=1.2)
                look = {"angles": "xy", "scale_units": "xy", "scale": scale, "pivot": "mid", "width": 0.008, "minlength": 0.3}
                arrows = place.quiver(*grid.T, *velocity.T, color=COLOURS[coupling], zorder=4, clip_on=False, **look)
                arrows.set_in_layout(False)  # the few long ones may reach into the margin
                if coupling == couplings[0]:
                    place.set_title(f"t = {moment:.2g}", fontsize=7.5)
            pairs.name_row(row[0], coupling, low=abreast > 1)
    return figure


def _thinned(count: int, step: int) -> np.ndarray:
    """The numbers of every `step`-th point along both sides of a square grid."""
    side = round(count**0.5)
    return np.arange(count).reshape(side, side)[::step, ::step].reshape(-1)


def _abreast(shown_pairs: int, columns: int) -> int:
    return pairs.ABREAST if shown_pairs > 1 and columns <= pairs.ABREAST else 1


def _evaluations(count: int, whole: bool) -> str:
    return f"{count} evaluation{'s' if count != 1 else ''}" if whole else f"{count} step{'s' if count != 1 else ''}"
