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
SHOWN_PAIRS = 2
TAIL = 6  # stored times behind a particle
STILLS = 5
FRAMES = 33
FRAME_TIME, PAUSE = 70, 1800  # milliseconds
DOTS_PER_INCH = 180
SHADES = 12


def draw_stills(samples: Mapping[str, Arrays]) -> Figure:
    """The particles of every coupling at five times, a column a time and a row a coupling, before the target in grey.

    Args:
        samples: by pair, with `target` and by coupling `…_paths` (times, n, 2), from which the first two pairs are shown.
    """
    shown = _shown(samples)
    couplings = couplings_in(samples, "paths")
    figure, places = pairs.blocks(_extents(shown, couplings), len(couplings), STILLS, 1)
    for pair, stored in shown.items():
        for row, coupling in zip(places[pair], couplings, strict=True):
            path = stored[f"{coupling}_paths"]
            for place, at in zip(row, np.linspace(0, len(path) - 1, STILLS).round().astype(int), strict=True):
                cloud(place, stored["target"][:SHOWN_PARTICLES], TARGET_BEHIND, size=1.5)
                cloud(place, path[at, :SHOWN_PARTICLES], COLOURS[coupling], size=2.5)
                if coupling == couplings[0]:
                    place.set_title(_time(at, len(path)), fontsize=7.5)
            row[0].set_ylabel(NAMES[coupling].replace(" ", "\n"), fontsize=7)
    return figure


def write_animation(samples: Mapping[str, Arrays], path: Path) -> None:
    """The same particles as a GIF that begins again after a pause: a panel a coupling, with the last bit of way behind each particle.

    The same samples give the same bytes.
    """
    shown = _shown(samples)
    couplings = couplings_in(samples, "paths")
    abreast = pairs.ABREAST if len(shown) > 1 and len(couplings) <= pairs.ABREAST else 1
    figure, places = pairs.blocks(_extents(shown, couplings), 1, len(couplings), abreast)
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
    pictures = []
    for at in np.linspace(0, count - 1, min(FRAMES, count)).round().astype(int):
        for dots, tails, way in moving:
            dots.set_offsets(way[at])
            tails.set_segments(list(way[max(0, at - TAIL) : at + 1].swapaxes(0, 1)))
        clock.set_text(_time(at, count))
        figure.canvas.draw()
        pictures.append(Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()))  # type: ignore[attr-defined]
    palette = _palette([COLOURS["target"], TARGET_BEHIND, *(COLOURS[coupling] for coupling in couplings)])
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [*itertools.repeat(FRAME_TIME, len(frames) - 1), PAUSE]
    with files.replacing(path) as temporary:
        frames[0].save(temporary, save_all=True, append_images=frames[1:], duration=durations, loop=0)


def _shown(samples: Mapping[str, Arrays]) -> dict[str, Arrays]:
    return dict(itertools.islice(samples.items(), SHOWN_PAIRS))


def _extents(shown: Mapping[str, Arrays], couplings: list[str]) -> dict[str, pairs.Extent]:
    """By pair, what holds target, source and ends."""
    return {
        pair: extent(stored["target"], *(stored[f"{name}_paths"][end] for name in couplings for end in (0, -1)))
        for pair, stored in shown.items()
    }


def _palette(colours: Sequence[str]) -> Image.Image:
    """White and its mixtures with each colour, which is all that smooth edges on white need."""
    mixed = [tint(colour, share) for colour in colours for share in np.linspace(0, 1, SHADES)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(bytes(round(255 * part) for colour in mixed for part in to_rgb(colour)))
    return palette


def _time(at: int, count: int) -> str:
    return f"t = {at / (count - 1):.2f}"
