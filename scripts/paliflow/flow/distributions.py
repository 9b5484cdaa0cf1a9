"""The distributions that velocity fields carry into each other, with their densities where these are known, and the pairs of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from paliflow.flow.digits import PIXELS, draw_digits

RING_RADIUS, RING_DEVIATION = 5.0, 0.1**0.5
WIDE_RING_RADIUS, WIDE_RING_DEVIATION = 12.0, 1.5
MOONS_SCALE, MOONS_SHIFT, MOONS_NOISE = 3.0, -1.0, 0.2
WIDE_MOONS_NOISE = 0.1
# Without noise, all coordinates of the two moons together have mean 0.375 and variance 49/64 − 1/(2π) − 3/32; here these become 0 and 49.
WIDE_MOONS_SCALE = 7 / (49 / 64 - 1 / (2 * np.pi) - 3 / 32 + WIDE_MOONS_NOISE**2) ** 0.5
WIDE_MOONS_SHIFT = -0.375 * WIDE_MOONS_SCALE
SCURVE_SCALE, SCURVE_DEVIATION = 2.0, 0.1
QUADRATURE_NODES = 512  # on curves of length π and 3π; the log density is then right to 1e-9 (a test compares)

Sampler = Callable[[int, np.random.Generator], np.ndarray]
LogDensity = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Distribution:
    """One distribution of points with `dimension` coordinates.

    sample: count, generator → (count, dimension), float32.
    log_density: points (n, dimension) → (n,), float64, in nats; None where it is unknown.
    centres: of its equally heavy modes, (k, dimension); None where it has none.
    """

    name: str
    dimension: int
    sample: Sampler
    log_density: LogDensity | None = None
    centres: np.ndarray | None = None


@dataclass(frozen=True)
class Pair:
    """A source and the target that a field carries it to, of one dimension."""

    source: Distribution
    target: Distribution

    @property
    def dimension(self) -> int:
        return self.source.dimension


def mixture_log_density(points: np.ndarray, centres: np.ndarray, deviation: float, weights: np.ndarray) -> np.ndarray:
    """The log density of a mixture of round Gaussians of one deviation.

    Args:
        points: (n, d).
        centres, weights: (k, d) and (k,), the weights adding up to 1.

    Returns:
        (n,), float64, in nats.
    """
    dimension = centres.shape[1]
    found = np.empty(len(points))
    for start in range(0, len(points), 4096):  # bounds the memory: k is 1,024 for a curve
        place = points[start : start + 4096].astype(np.float64)
        exponent = -((place[:, None] - centres) ** 2).sum(-1) / (2 * deviation**2)
        highest = exponent.max(1)
        found[start : start + 4096] = highest + np.log(np.exp(exponent - highest[:, None]) @ weights)
    return found - dimension / 2 * np.log(2 * np.pi * deviation**2)


def gaussian(dimension: int) -> Distribution:
    """The standard normal."""

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        return random.standard_normal((count, dimension), dtype=np.float32)

    def log_density(points: np.ndarray) -> np.ndarray:
        return -(points.astype(np.float64) ** 2).sum(-1) / 2 - dimension / 2 * np.log(2 * np.pi)

    return Distribution("gaussian" if dimension == 2 else f"gaussian_{dimension}", dimension, sample, log_density)


def ring_centres(radius: float) -> np.ndarray:
    """Eight points on a ring, counter-clockwise from the right, (8, 2)."""
    angles = np.arange(8) * (np.pi / 4)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ring_of_gaussians(name: str, radius: float, deviation: float) -> Distribution:
    """Eight equal Gaussians on a ring.

    Source: the two-dimensional experiments of Tong et al. 2023.
    """
    centres = ring_centres(radius)

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        chosen = centres[random.integers(0, 8, count)]
        return (chosen + deviation * random.standard_normal((count, 2))).astype(np.float32)

    def log_density(points: np.ndarray) -> np.ndarray:
        return mixture_log_density(points, centres, deviation, np.full(8, 1 / 8))

    return Distribution(name, 2, sample, log_density, centres)


def half_moon(angle: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Points (n, 2) at angles (n,) from 0 to π of two interleaved half circles of radius 1, the upper where `lower` is 0."""
    sign = 1 - 2 * lower
    return np.stack([lower + sign * np.cos(angle), 0.5 * lower + sign * np.sin(angle)], axis=1)


def moons(name: str, scale: float, shift: float, noise: float) -> Distribution:
    """Two interleaved half circles with normal noise, scaled and shifted together with it as x → scale x + shift.

    Source: the two-dimensional experiments of Tong et al. 2023.
    """

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        angle, lower = np.pi * random.random(count), random.integers(0, 2, count)
        return (scale * (half_moon(angle, lower) + noise * random.standard_normal((count, 2))) + shift).astype(np.float32)

    angle, weights = _quadrature(0, np.pi)
    curve = scale * np.concatenate([half_moon(angle, np.full(len(angle), side)) for side in (0, 1)]) + shift

    def log_density(points: np.ndarray) -> np.ndarray:
        return mixture_log_density(points, curve, scale * noise, np.tile(weights, 2) / 2)

    return Distribution(name, 2, sample, log_density)


def scurve() -> Distribution:
    """Points uniform in the angle t ∈ [−3π/2, 3π/2] of an S, (sin t, sign(t)(cos t − 1)), with noise 0.1, all doubled in size.

    Source: scikit-learn's make_s_curve without its depth, as in the two-dimensional experiments of Tong et al. 2023.
    """

    def letter(angle: np.ndarray) -> np.ndarray:
        return SCURVE_SCALE * np.stack([np.sin(angle), np.sign(angle) * (np.cos(angle) - 1)], axis=1)

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        angle = 3 * np.pi * (random.random(count) - 0.5)
        return (letter(angle) + SCURVE_SCALE * SCURVE_DEVIATION * random.standard_normal((count, 2))).astype(np.float32)

    # Its curvature jumps at 0: each half is integrated by itself.
    halves = [_quadrature(*ends) for ends in ((-1.5 * np.pi, 0), (0, 1.5 * np.pi))]
    curve = np.concatenate([letter(angle) for angle, _ in halves])
    weights = np.concatenate([share for _, share in halves]) / 2

    def log_density(points: np.ndarray) -> np.ndarray:
        return mixture_log_density(points, curve, SCURVE_SCALE * SCURVE_DEVIATION, weights)

    return Distribution("scurve", 2, sample, log_density)


def checkerboard() -> Distribution:
    """Uniform on the eight dark squares, of side 2, of a four by four board over [−4, 4]²."""
    corners = np.arange(-3, 4, 2.0)
    centres = np.array([(x, y) for column, x in enumerate(corners) for row, y in enumerate(corners) if (column + row) % 2 == 0])

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        return (centres[random.integers(0, 8, count)] + 2 * random.random((count, 2)) - 1).astype(np.float32)

    def log_density(points: np.ndarray) -> np.ndarray:
        to_centre = np.abs(points[:, None].astype(np.float64) - centres).max(-1).min(-1)
        return np.where(to_centre <= 1, -np.log(32.0), -np.inf)

    return Distribution("checkerboard", 2, sample, log_density, centres)


def _quadrature(start: float, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes on an interval, and their weights for a mean over it, which add up to 1."""
    nodes, weights = _legendre_nodes()
    return start + (end - start) * (nodes + 1) / 2, weights / 2


@cache  # each of the four curves asks for the same eigenvalue problem
def _legendre_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [-1, 1]."""
    return np.polynomial.legendre.leggauss(QUADRATURE_NODES)


DISTRIBUTIONS: dict[str, Distribution] = {
    one.name: one
    for one in (
        gaussian(2),
        gaussian(PIXELS),
        ring_of_gaussians("8gaussians", RING_RADIUS, RING_DEVIATION),
        ring_of_gaussians("wide_8gaussians", WIDE_RING_RADIUS, WIDE_RING_DEVIATION),
        moons("moons", MOONS_SCALE, MOONS_SHIFT, MOONS_NOISE),
        moons("wide_moons", WIDE_MOONS_SCALE, WIDE_MOONS_SHIFT, WIDE_MOONS_NOISE),
        scurve(),
        checkerboard(),
        Distribution("digits", PIXELS, draw_digits),
    )
}

PAIRS: dict[str, Pair] = {
    f"{source.removesuffix(f'_{PIXELS}')}_to_{target}": Pair(DISTRIBUTIONS[source], DISTRIBUTIONS[target])
    for source, target in (
        ("gaussian", "8gaussians"),
        ("gaussian", "moons"),
        ("moons", "8gaussians"),
        ("gaussian", "scurve"),
        ("gaussian", "checkerboard"),
        ("wide_moons", "wide_8gaussians"),  # of the two-dimensional runs of Tong et al. 2023
        (f"gaussian_{PIXELS}", "digits"),
    )
}
"""Source and target by the pair's name."""
