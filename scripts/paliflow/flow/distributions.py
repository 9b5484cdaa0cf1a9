"""The distributions that velocity fields carry into each other, with their densities where these are known, and the pairs of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from paliflow.flow.digits import PIXELS, draw_digits

RING_RADIUS, RING_DEVIATION = 5.0, 0.1**0.5
MOONS_SCALE, MOONS_SHIFT, MOONS_DEVIATION = 3.0, -1.0, 0.2
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


def ring_of_gaussians(name: str, radius: float, deviation: float) -> Distribution:
    """Eight equal Gaussians on a ring.

    Source: the two-dimensional experiments of Tong et al. 2023.
    """
    angles = np.arange(8) * (np.pi / 4)
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        chosen = centres[random.integers(0, 8, count)]
        return (chosen + deviation * random.standard_normal((count, 2))).astype(np.float32)

    def log_density(points: np.ndarray) -> np.ndarray:
        return mixture_log_density(points, centres, deviation, np.full(8, 1 / 8))

    return Distribution(name, 2, sample, log_density, centres)


def moons() -> Distribution:
    """Two interleaved half circles with noise 0.2, scaled and shifted as x → 3x − 1.

    Source: the two-dimensional experiments of Tong et al. 2023.
    """

    def half_circle(angle: np.ndarray, lower: np.ndarray) -> np.ndarray:
        sign = 1 - 2 * lower
        return MOONS_SCALE * np.stack([lower + sign * np.cos(angle), 0.5 * lower + sign * np.sin(angle)], axis=1) + MOONS_SHIFT

    def sample(count: int, random: np.random.Generator) -> np.ndarray:
        angle, lower = np.pi * random.random(count), random.integers(0, 2, count)
        return (half_circle(angle, lower) + MOONS_SCALE * MOONS_DEVIATION * random.standard_normal((count, 2))).astype(np.float32)

    angle, weights = _quadrature(0, np.pi)
    curve = np.concatenate([half_circle(angle, np.full(len(angle), side)) for side in (0, 1)])

    def log_density(points: np.ndarray) -> np.ndarray:
        return mixture_log_density(points, curve, MOONS_SCALE * MOONS_DEVIATION, np.tile(weights, 2) / 2)

    return Distribution("moons", 2, sample, log_density)


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
    nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
    return start + (end - start) * (nodes + 1) / 2, weights / 2


DISTRIBUTIONS: dict[str, Distribution] = {
    one.name: one
    for one in (
        gaussian(2),
        gaussian(PIXELS),
        ring_of_gaussians("8gaussians", RING_RADIUS, RING_DEVIATION),
        moons(),
        scurve(),
        checkerboard(),
        Distribution("digits", PIXELS, draw_digits),
    )
}

PAIRS: dict[str, Pair] = {
    f"{source.split('_')[0]}_to_{target}": Pair(DISTRIBUTIONS[source], DISTRIBUTIONS[target])
    for source, target in (
        ("gaussian", "8gaussians"),
        ("gaussian", "moons"),
        ("moons", "8gaussians"),
        ("gaussian", "scurve"),
        ("gaussian", "checkerboard"),
        (f"gaussian_{PIXELS}", "digits"),
    )
}
"""Source and target by the pair's name."""
