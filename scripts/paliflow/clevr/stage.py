"""CLEVR's stage: its floor, backdrop, lamps and surfaces, each figure fitted to genuine pictures of the release.

The lamps' places, colours and strengths come from a fit of the floor's shade over 160 pictures with their cameras known; their size and
the backdrop's height from what metal spheres and lids reflect; the surfaces from the colour of objects under that light.
"""

from dataclasses import dataclass

import numpy as np

from paliflow.clevr.vocabulary import RGB

FLOOR = 0.6  # share of light that it reflects
BACKDROP = (27.0, 34.0, 0.137)  # distance behind the middle of the floor, height, and the radiance that it shows in metal
BEHIND = (-0.7545, 0.6563, 0.0)  # CLEVR's direction away from its camera at rest
LAMP_HALF_WIDTH = 0.5
LAMP_JITTER = 1.0  # along each axis, uniform to either side
CAMERA_JITTER = 0.5


@dataclass(frozen=True)
class Lamp:
    """A square lamp that faces the middle of the floor: its place before jitter, and its radiance in red, green and blue."""

    place: tuple[float, float, float]
    radiance: tuple[float, float, float]


LAMPS: dict[str, Lamp] = {
    "key": Lamp((6.22, -2.59, 4.15), (26.9, 25.0, 21.6)),
    "fill": Lamp((-4.72, -3.68, 2.70), (5.76, 6.25, 7.83)),
    "back": Lamp((-1.45, 2.69, 4.46), (9.26, 9.22, 9.17)),
}
SUN_DIRECTION = (11.66, -6.63, 25.82)
SUN_HALF_WIDTH = 0.13  # of its side over its distance
SUN_ON_FLOOR = 0.129  # radiance of the floor where the sun alone shines

METAL_ROUGHNESS = 0.05


def rubber_color(color: str) -> list[float]:
    """Shares of red, green and blue light that matte rubber reflects: somewhat less than its colour, and a little of any light."""
    return [float(value) for value in 0.74 * _share(color) + 0.012]


def metal_color(color: str) -> list[float]:
    """Shares of red, green and blue light that polished metal reflects."""
    return [float(value) for value in 0.95 * _share(color)]


def _share(color: str) -> np.ndarray:
    # the official generator hands these numbers to its renderer as they are, as if they were linear: hence CLEVR's pale colours
    return np.array(RGB[color]) / 255
