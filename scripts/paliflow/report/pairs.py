"""How the pairs of distributions share a figure: charts or blocks of pictures, at most two pairs in a row; and clouds of points."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from paliflow.report.names import COUPLINGS, NAMES
from paliflow.report.style import COLOURS, SETTINGS, TEXT_WIDTH, bare, new_figure

ABREAST = 2
PAGE, HIGHEST_PANEL, HEADER, LABEL = 9.2, 2.0, 0.42, 0.25  # inches
SHORT_AXIS, LONG_AXIS = 0.8, 2.2
"""Decades of a logarithmic axis: a shorter one is marked at every digit that reads well, a longer one at 1 alone, others at 1, 2 and 5."""

LOWEST = 0.8
"""Where a logarithmic axis begins, as a share of the lowest value."""

TARGET_BEHIND = "#C8C8C8"
"""The colour of target points behind what moves towards them."""

Arrays = Mapping[str, np.ndarray]
Extent = tuple[np.ndarray, np.ndarray]


def couplings_in(samples: Mapping[str, Arrays], ending: str) -> list[str]:
    """The couplings that left an array of this ending, in the order in which they are always shown."""
    stored = next(iter(samples.values()))
    return [coupling for coupling in COUPLINGS if f"{coupling}_{ending}" in stored]


def charts(pairs: Sequence[str], height: float, legend: float) -> tuple[Figure, dict[str, Axes]]:
    """A chart a pair, its name above; each row `height` inches high, and `legend` beneath them all."""
    columns = min(ABREAST, len(pairs))
    rows = -(-len(pairs) // columns)
    figure, axes = new_figure(height * rows + legend, rows, columns)
    for place in axes.flat[len(pairs) :]:
        place.remove()
    places = dict(zip(pairs, axes.flat, strict=False))
    for pair, place in places.items():
        place.set_title(NAMES[pair])
    return figure, places


def blocks(extents: Mapping[str, Extent], rows: int, columns: int, abreast: int) -> tuple[Figure, dict[str, np.ndarray]]:
    """A block of pictures a pair, its name above, `abreast` blocks beside each other; never higher than a page.

    Args:
        extents: by pair, what its pictures show; it gives them their shape.
        rows, columns: of each block.

    Returns:
        The figure, and by pair its axes (rows, columns), already framed.
    """
    matplotlib.rcParams.update(SETTINGS)
    panels = panel_heights(extents, columns, abreast)
    scale = min(1, (PAGE - HEADER * len(panels)) / (rows * sum(panels)))
    heights = [scale * rows * panel + HEADER for panel in panels]
    figure = Figure(figsize=(TEXT_WIDTH, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(len(heights), abreast, squeeze=False, height_ratios=heights)
    places = {}
    for (pair, shown), part in zip(extents.items(), parts.flat, strict=False):
        part.suptitle(NAMES[pair], fontsize=8.5)
        places[pair] = part.subplots(rows, columns, squeeze=False)
        for place in places[pair].flat:
            frame(place, shown)
    return figure, places


def panel_heights(extents: Mapping[str, Extent], columns: int, abreast: int) -> list[float]:
    """How high one row of pictures is in each band of blocks, in inches, where they are as wide as they can be."""
    width = (TEXT_WIDTH / abreast - LABEL) / columns
    natural = [min(width * half[1] / half[0], HIGHEST_PANEL) for _, half in extents.values()]
    return [max(natural[first : first + abreast]) for first in range(0, len(natural), abreast)]


def abreast_for(extents: Mapping[str, Extent], rows: int, columns: int) -> int:
    """How many blocks stand beside each other: one as long as a page holds them all beneath each other."""
    panels = panel_heights(extents, columns, 1)
    return 1 if rows * sum(panels) + HEADER * len(panels) <= PAGE else ABREAST


def name_row(place: Axes, coupling: str, low: bool = False) -> None:
    """Write a coupling's name up the left side of a row, in two lines wherever a low row asks for it."""
    name = "inde-\npendent" if low and coupling == "independent" else NAMES[coupling].replace(" ", "\n")
    place.set_ylabel(name, fontsize=6.5)


def cloud(place: Axes, points: np.ndarray, colour: str, size: float = 0.8, **look: Any) -> None:
    """Points (n, 2) as dots of `size` square points."""
    place.scatter(points[:, 0], points[:, 1], s=size, color=colour, linewidths=0, **{"zorder": 3} | look)


def extent(*clouds: np.ndarray, margin: float = 1.06) -> Extent:
    """The middle (2,) of the clouds and half their widths (2,), these `margin` times as large."""
    points = np.concatenate(clouds)
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, (high - low) / 2 * margin


def frame(place: Axes, shown: Extent) -> None:
    """Show this part of the plane, both coordinates at one scale, and no axes."""
    (low_x, low_y), (high_x, high_y) = shown[0] - shown[1], shown[0] + shown[1]
    bare(place)
    place.set(xlim=(low_x, high_x), ylim=(low_y, high_y), aspect="equal", anchor="N")


def evaluations_axis(place: Axes, counts: Sequence[int]) -> None:
    """Evaluations of the field along a logarithmic axis, marked where they were measured."""
    place.set(xlabel="evaluations of the field", xscale="log")
    place.set_xticks(sorted(counts), [str(count) for count in sorted(counts)])
    place.minorticks_off()


def distance_axis(place: Axes, values: Iterable[float]) -> None:
    """Distances up a logarithmic axis, in plain numbers, as far down as these values; what reaches further is cut off."""
    place.set(yscale="log", ylim=(LOWEST * min(values), None))
    decades = np.log10(place.get_ylim()[1] / place.get_ylim()[0])
    marks = (1, 1.5, 2, 3, 4, 6, 8) if decades < SHORT_AXIS else (1, 2, 5) if decades < LONG_AXIS else (1,)
    place.yaxis.set_major_locator(LogLocator(subs=marks))
    place.yaxis.set_major_formatter(lambda distance, _: f"{distance:,.0f}" if distance >= 10 else f"{distance:g}")
    place.minorticks_off()


def bars(place: Axes, at: Sequence[float], scores: Sequence[Mapping[str, float]], lying: bool = False, **look: Any) -> None:
    """Marks at the scores' values with bars from low to high, upright or `lying`; `look` is `Axes.errorbar`'s."""
    value = np.array([score["value"] for score in scores])
    ends = np.array([[score["value"] - score["low"] for score in scores], [score["high"] - score["value"] for score in scores]])
    reach = np.maximum(ends, 0)
    look = {"capsize": 2, "elinewidth": 0.8} | look
    if lying:
        place.errorbar(value, at, xerr=reach, **look)
    else:
        place.errorbar(at, value, yerr=reach, **look)


def floor_band(place: Axes, floor: Mapping[str, float], label: str) -> None:
    """The interval and the mean of what perfect samples would score."""
    place.axhspan(floor["low"], floor["high"], color="#DDDDDD", linewidth=0, label=label, zorder=0.6)  # above the grid
    place.axhline(floor["value"], color=COLOURS["prior"], linewidth=0.8, zorder=0.7)
