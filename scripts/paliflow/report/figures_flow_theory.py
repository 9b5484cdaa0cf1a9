"""Figures of the theory of flow matching: two conditional paths, and pairs that cross beside pairs that do not."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from paliflow.report import style, theory_flow

Path = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
PATHS: dict[str, tuple[str, Path]] = {
    "conditional optimal transport": ("first", theory_flow.straight_path),
    "variance preserving": ("fourth", theory_flow.variance_preserving_path),
}
DATA_POINT = np.array([5.0, 1.5])
STARTS = 1.3 * np.array([[np.cos(angle), np.sin(angle)] for angle in np.arange(8) * np.pi / 4])
SHOWN_TIMES = (0.0, 0.25, 0.5, 0.75, 1.0)
TIMES = np.linspace(0, 1, 501)
ORDERS = {"independent": "independent pairs", "optimal_transport": "batch transport"}
FLOWS = {"independent": "flow of\nindependent pairs", "optimal_transport": "flow of the\noptimal coupling"}


def draw_conditional_paths() -> Figure:
    """Particles on their way to one data point along both paths, and the mean, the deviation and a particle's speed over time."""
    figure, axes = style.new_figure(3.9, rows=2, columns=3, width_ratios=[2.1, 1, 1])
    for row, (title, (colour, path)) in zip(axes, PATHS.items(), strict=True):
        _draw_particles(row[0], path, style.COLOURS[colour])
        row[0].set_title(title, loc="left")
        mean, deviation = path(TIMES)
        row[1].plot(TIMES, mean, color="#222222")
        row[1].plot(TIMES, deviation, color=style.COLOURS[colour])
        row[1].set(xlim=(0, 1), ylim=(0, 1.02), xticks=(0, 0.5, 1))
        row[2].plot((TIMES[1:] + TIMES[:-1]) / 2, _speed(path), color=style.COLOURS[colour])
        row[2].set(xlim=(0, 1), xticks=(0, 0.5, 1), ylim=(0, 1.05 * max(_speed(path).max() for _, path in PATHS.values())))
    axes[0, 1].set_title("mean (black), deviation", loc="left")
    axes[0, 2].set_title("a particle's speed", loc="left")
    for pane in axes[1, 1:]:
        pane.set_xlabel("time $t$")
    return figure


def draw_pairs(pairs: Mapping[str, Any]) -> Figure:
    """Place against time: the lines of both pairings with the points where they meet, and the trajectories of both exact flows.

    Args:
        pairs: as `theory_flow.pair_points` gives them.
    """
    figure, axes = style.new_figure(2.6, columns=4, sharey=True)
    for pane, (name, title) in zip(axes[0, :2], ORDERS.items(), strict=True):
        source, target = np.array(pairs["source"]), np.array(pairs["target"][name])
        for start, end in zip(source, target, strict=True):
            pane.plot((0, 1), (start, end), color=style.COLOURS[name], linewidth=0.9)
        _draw_ends(pane, source, target)
        meetings = find_meetings(source, target)
        pane.plot(*meetings.T, "o", color=style.COLOURS["target"], markersize=2)
        pane.set_title(f"{title},\n{len(meetings)} meetings", loc="left")
    for pane, (name, title) in zip(axes[0, 2:], FLOWS.items(), strict=True):
        trajectories = np.array(pairs["trajectories"][name])
        pane.plot(np.linspace(0, 1, len(trajectories)), trajectories, color=style.COLOURS[name], linewidth=0.9)
        _draw_ends(pane, trajectories[0], trajectories[-1])
        pane.set_title(title, loc="left")
    for pane in axes[0]:
        pane.set(xlim=(-0.04, 1.04), xlabel="time $t$", xticks=(0, 0.5, 1))
    axes[0, 0].set_ylabel("place")
    return figure


def find_meetings(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Time and place, (number, 2), at which two of the lines from source to target points meet on the way."""
    first, second = np.triu_indices(len(source), 1)
    before, after = source[first] - source[second], target[first] - target[second]
    crossing = before * after < 0
    time = before[crossing] / (before[crossing] - after[crossing])
    place = (1 - time) * source[first][crossing] + time * target[first][crossing]
    return np.column_stack([time, place])


def _draw_particles(pane: Axes, path: Path, colour: str) -> None:
    style.bare(pane)
    mean, deviation = path(TIMES)
    for start in STARTS:
        places = mean[:, None] * DATA_POINT + deviation[:, None] * start
        pane.plot(*places.T, color=style.COLOURS["source"], linewidth=0.8)
    for number, (factor, radius) in enumerate(zip(*path(np.array(SHOWN_TIMES)), strict=True)):
        share = 0.35 + 0.65 * number / (len(SHOWN_TIMES) - 1)
        pane.add_patch(Circle(tuple(factor * DATA_POINT), 1.3 * radius, fill=False, edgecolor=style.tint(colour, share), linewidth=1.3))
        pane.plot(*(factor * DATA_POINT + radius * STARTS).T, ".", color=style.tint(colour, share), markersize=4)
    pane.plot(*DATA_POINT, "o", color=style.COLOURS["target"])
    pane.annotate("$x_1$", tuple(DATA_POINT), (5, -2), textcoords="offset points")
    pane.set(xlim=(-1.6, 5.9), ylim=(-1.5, 2.4), aspect="equal")


def _speed(path: Path) -> np.ndarray:
    """Of the particle that starts furthest from the data point among those shown, between any two of the times."""
    mean, deviation = path(TIMES)
    start = STARTS[np.argmax(np.linalg.norm(STARTS - DATA_POINT, axis=1))]
    places = mean[:, None] * DATA_POINT + deviation[:, None] * start
    return np.asarray(np.linalg.norm(np.diff(places, axis=0), axis=1) / np.diff(TIMES))


def _draw_ends(pane: Axes, source: np.ndarray, target: np.ndarray) -> None:
    for time, places, colour in ((0, source, "source"), (1, target, "target")):
        pane.plot([time] * len(places), places, "o", color=style.COLOURS[colour], markersize=3)
