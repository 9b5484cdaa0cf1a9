"""The pairs of two-dimensional distributions that the velocity fields carry into each other."""

from collections.abc import Callable

import numpy as np

Sampler = Callable[[int, np.random.Generator], np.ndarray]

RING_RADIUS = 5.0
RING_DEVIATION = 0.1**0.5
MOONS_DEVIATION = 0.2


def sample_gaussian(count: int, random: np.random.Generator) -> np.ndarray:
    """Draw from the standard normal in the plane: (count, 2), float32."""
    return random.standard_normal((count, 2), dtype=np.float32)


def sample_8gaussians(count: int, random: np.random.Generator) -> np.ndarray:
    """Draw from eight equal Gaussians (variance 0.1) on a ring of radius 5: (count, 2), float32.

    Source: the two-dimensional experiments of Tong et al. 2023.
    """
    angle = random.integers(0, 8, count) * (np.pi / 4)
    centre = RING_RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (centre + RING_DEVIATION * random.standard_normal((count, 2))).astype(np.float32)


def sample_moons(count: int, random: np.random.Generator) -> np.ndarray:
    """Draw from two interleaved half circles with noise 0.2, scaled and shifted as x → 3x − 1: (count, 2), float32.

    Source: the two-dimensional experiments of Tong et al. 2023.
    """
    angle = np.pi * random.random(count)
    lower = random.integers(0, 2, count)
    sign = 1 - 2 * lower
    moons = np.stack([lower + sign * np.cos(angle), 0.5 * lower + sign * np.sin(angle)], axis=1)
    return (3 * (moons + MOONS_DEVIATION * random.standard_normal((count, 2))) - 1).astype(np.float32)


PAIRS: dict[str, tuple[Sampler, Sampler]] = {
    "gaussian_to_8gaussians": (sample_gaussian, sample_8gaussians),
    "gaussian_to_moons": (sample_gaussian, sample_moons),
}
"""Source and target by the pair's name."""
