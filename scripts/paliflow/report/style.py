"""The one look of all figures: sizes of an A4 page, one font, colours that mean the same thing everywhere, files with equal bytes."""

import re
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from paliflow import files
from paliflow.errors import InputError

TEXT_WIDTH = 6.3  # inches: A4 less two margins of 25 mm

COLOURS = {
    "independent": "#D55E00",
    "optimal_transport": "#0072B2",
    "pooled_transport": "#56B4E9",
    "entropic_transport": "#CC79A7",
    "diffusion": "#882255",
    "before": "#E69F00",
    "after": "#009E73",
    "prior": "#8A8A8A",
    "source": "#8A8A8A",
    "target": "#222222",
    "first": "#0072B2",
    "second": "#D55E00",
    "third": "#009E73",
    "fourth": "#CC79A7",
}
"""Okabe and Ito's palette and Tol's wine, told apart with any colour vision; `first` to `fourth` mean nothing by themselves."""

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "text.color": "#222222",
    "axes.labelcolor": "#222222",
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "paliflow",
    "path.simplify": True,
}


def new_figure(height: float, rows: int = 1, columns: int = 1, width: float = TEXT_WIDTH, **layout: Any) -> tuple[Figure, np.ndarray]:
    """A figure in the study's style and its axes.

    Args:
        height, width: of the whole figure, in inches.
        layout: passed on to `Figure.subplots`, such as `sharey=True` or `width_ratios`.

    Returns:
        The figure and its axes as an array (rows, columns), also where there is but one.
    """
    matplotlib.rcParams.update(SETTINGS)
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **layout)


def tint(colour: str, share: float) -> str:
    """A colour mixed with white, of which 1 - share is added."""
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def bare(axes: Axes) -> None:
    """Take frame, grid and ticks off, for pictures whose axes say nothing."""
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


_PATH, _LONG_NUMBER = re.compile(r' d="[^"]*"'), re.compile(r"-?\d+\.\d{3,}")


def _round(path: re.Match[str]) -> str:
    """A path of an SVG to a hundredth of a point, below what any screen or printer shows: half the bytes."""
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", path[0])


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as SVG or PNG by the name's ending, whole or not at all, with the same bytes for the same drawing.

    Raises:
        ValueError: the ending is neither .svg nor .png.
    """
    path = Path(path)
    metadata = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}.get(path.suffix)
    if metadata is None:
        raise ValueError(f"{path.name}: a figure is saved as .svg (lines) or .png (clouds)")
    with files.replacing(path) as temporary, matplotlib.rc_context(SETTINGS):
        figure.savefig(temporary, metadata=metadata)
        if path.suffix == ".svg":
            temporary.write_text(_PATH.sub(_round, temporary.read_text(encoding="utf-8")), encoding="utf-8")


def read_picture(path: Path, stage: str) -> np.ndarray:
    """A PNG that a stage wrote, as (height, width, 3 or 4) in [0, 1].

    Raises:
        InputError: it is missing or broken.
    """
    try:
        return imread(path, format="png")
    except (OSError, SyntaxError, ValueError):
        raise InputError(f"{path} is missing or no whole PNG: run the stage {stage} again.") from None
