"""Particles on their way from source to target: a short animation for the screen, and stills of it for paper."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from paliflow import files
from paliflow.report import pairs
from paliflow.report.names import NAMES
from paliflow.report.pairs import TARGET_BEHIND, Arrays, cloud, couplings_in, extent
from paliflow.report.style import COLOURS, tint

SHOWN_PARTICLES = 256
TAIL = 6  # stored times behind a particle
STILLS = 5
FRAMES = 33
FRAME_TIME, PAUSE = 70, 1800  # milliseconds
DOTS_PER_INCH = 180
SHADES = 12


def draw_stills(samples: Mapping[str, Arrays]) -> Figure:
    """The particles of every coupling at five times, a column a time and a row a coupling, before the target in grey.

    Args:
        samples: by pair, with `target` and by coupling `…_paths` (times, n, 2), from which one or two pairs are shown.
    """
    couplings = couplings_in(samples, "paths")
    shown = _shown(samples, couplings)
    figure, places = pairs.blocks(_extents(shown, couplings), len(couplings), STILLS, 1)
    for pair, stored in shown.items():
        for row, coupling in zip(places[pair], couplings, strict=True):
            path = stored[f"{coupling}_paths"]
            for place, at in zip(row, np.linspace(0, len(path) - 1, STILLS).round().astype(int), strict=True):
                cloud(place, stored["target"][:SHOWN_PARTICLES], TARGET_BEHIND, size=1.5)
                cloud(place, path[at, :SHOWN_PARTICLES], COLOURS[coupling], size=2.5)
                if coupling == couplings[0]:
                    place.set_title(_time(at, len(path)), fontsize=7.5)
            pairs.name_row(row[0], coupling)
    return figure


def write_animation(samples: Mapping[str, Arrays], path: Path) -> None:
    """The same particles as a GIF that begins again after a pause: a panel a coupling, with the last bit of way behind each particle.

    The same samples give the same bytes.
    """
    couplings = couplings_in(samples, "paths")
    shown = _shown(samples, couplings)
    figure, places = pairs.blocks(_extents(shown, couplings), 1, len(couplings), len(shown))
    figure.set_dpi(DOTS_PER_INCH)
    moving = []
    for pair, stored in shown.items():
        for place, coupling in zip(places[pair][0], couplings, strict=True):
            cloud(place, stored["target"][:SHOWN_PARTICLES], TARGET_BEHIND, size=3)
            dots = place.scatter([], [], s=5, color=COLOURS[coupling], linewidths=0, zorder=4)
            tails = place.add_collection(LineCollection([], colors=COLOURS[coupling], linewidths=0.6, alpha=0.5))
            place.set_title(NAMES[coupling], fontsize=7.5)
            moving.append((dots, tails, stored[f"{coupling}_paths"][:, :SHOWN_PARTICLES]))
    count = len(moving[0][2])
    clock = figure.text(0.01, 0.99, "", ha="left", va="top", fontsize=7.5)
    figure.canvas.draw()
    figure.set_layout_engine("none")  # what is laid out once stays
    palette = _palette([COLOURS["target"], TARGET_BEHIND, *(COLOURS[coupling] for coupling in couplings)])
    frames = []
    for at in np.linspace(0, count - 1, min(FRAMES, count)).round().astype(int):
        for dots, tails, way in moving:
            dots.set_offsets(way[at])
            tails.set_segments(list(way[max(0, at - TAIL) : at + 1].swapaxes(0, 1)))
        clock.set_text(_time(at, count))
        figure.canvas.draw()
        frames.append(_indexed(np.asarray(figure.canvas.buffer_rgba())[..., :3], palette))  # type: ignore[attr-defined]
    durations = [*itertools.repeat(FRAME_TIME, len(frames) - 1), PAUSE]
    with files.replacing(path) as temporary:
        frames[0].save(temporary, save_all=True, append_images=frames[1:], duration=durations, loop=0)


def _shown(samples: Mapping[str, Arrays], couplings: list[str]) -> dict[str, Arrays]:
    """The first two pairs, or the first alone where there are more than two couplings, so that all stand in one row."""
    return dict(itertools.islice(samples.items(), pairs.ABREAST if len(couplings) <= pairs.ABREAST else 1))


def _extents(shown: Mapping[str, Arrays], couplings: list[str]) -> dict[str, pairs.Extent]:
    """By pair, what holds target, source and ends."""
    return {
        pair: extent(stored["target"], *(stored[f"{name}_paths"][end] for name in couplings for end in (0, -1)))
        for pair, stored in shown.items()
    }


def _palette(colours: Sequence[str]) -> np.ndarray:
    """White and its mixtures with each colour, which is all that smooth edges on white need, (n, 3) from 0 to 255."""
    mixed = [to_rgb(tint(colour, share)) for colour in colours for share in np.linspace(0, 1, SHADES)]
    return np.unique(np.round(255 * np.array(mixed)).astype(np.uint8), axis=0)


def _indexed(picture: np.ndarray, palette: np.ndarray) -> Image.Image:
    """A picture (height, width, 3) in the nearest colours of a palette."""
    red, green, blue = picture.astype(np.int32).transpose(2, 0, 1)
    codes, places = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    seen = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    nearest = ((seen[:, None] - palette.astype(np.int32)) ** 2).sum(-1).argmin(1).astype(np.uint8)
    image = Image.fromarray(nearest[places].reshape(red.shape))
    image.putpalette(palette.tobytes())
    return image


def _time(at: int, count: int) -> str:
    return f"t = {at / (count - 1):.2f}"
