"""How far one sample is from another: Wasserstein, sliced Wasserstein, energy and Fréchet distance, shares of modes, nearest neighbours."""

import numpy as np
import ot
from scipy.spatial.distance import cdist

from paliflow.errors import InputError
from paliflow.flow.transport import squared_distances

SOLVER_ITERATIONS = 10_000_000  # 5,000 points take about 100,000
DIRECTIONS = 256


def squared_wasserstein_distance(one: np.ndarray, other: np.ndarray, iterations: int = SOLVER_ITERATIONS) -> float:
    """The squared 2-Wasserstein distance of two samples (n, dim) and (m, dim) of equal weights, in the data's units squared.

    Args:
        iterations: the most that the network simplex may take.

    Raises:
        InputError: it needs more; POT itself only warns, and its answer would be too small.

    Source: Bonneel et al. 2011, the solver behind POT.
    """
    cost = squared_distances(one, other)
    weights = [np.full(size, 1 / size) for size in cost.shape]
    squared, report = ot.emd2(*weights, cost, numItermax=iterations, log=True, check_marginals=False)
    if report["warning"] is not None:
        raise InputError(
            f"the transport between {len(one):,} and {len(other):,} points was not solved within {iterations:,} iterations: "
            "compare fewer points, or see whether they are finite and of one scale."
        )
    return max(float(squared), 0.0)


def wasserstein_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The 2-Wasserstein distance of two samples (n, dim) and (m, dim) of equal weights, in the data's units; errors as above."""
    return squared_wasserstein_distance(one, other) ** 0.5


def sliced_wasserstein_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The 2-Wasserstein distance of two samples (n, dim) of one size along lines, as the root of the mean square over 256 directions.

    The directions are the same in every call: evenly spread in the plane, drawn at random from a fixed seed in more dimensions.

    Raises:
        ValueError: the samples differ in shape.

    Source: Bonneel et al. 2015.
    """
    if one.shape != other.shape:
        raise ValueError(f"samples of one size are compared along lines, and these are of {one.shape} and {other.shape}")
    directions = _directions(one.shape[1])
    ranked = [np.sort(cloud.astype(np.float64) @ directions.T, axis=0) for cloud in (one, other)]
    return float(np.sqrt(np.mean((ranked[0] - ranked[1]) ** 2)))


def energy_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The energy distance 2 E|X − Y| − E|X − X'| − E|Y − Y'| of two samples (n, dim) and (m, dim), in the data's units, never negative.

    Each mean is over all pairs of points, a point with itself among them, so that two samples of one distribution differ a little.

    Source: Székely and Rizzo 2013.
    """
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(max(2 * cdist(one, other).mean() - cdist(one, one).mean() - cdist(other, other).mean(), 0.0))


def mode_shares(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The share of points (n, dim) that lie nearest each centre (k, dim): (k,), adding up to 1."""
    nearest = squared_distances(points, centres).argmin(axis=1)
    return np.bincount(nearest, minlength=len(centres)) / len(points)


def mode_deviation(points: np.ndarray, centres: np.ndarray) -> float:
    """The largest deviation of a mode's share of points from 1/k, what each of k equally heavy modes should hold."""
    return float(np.abs(mode_shares(points, centres) - 1 / len(centres)).max())


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The Fréchet distance |μ − ν|² + tr(Σ + Τ − 2 (Σ Τ)^½) of the Gaussians fitted to features (n, dim) and (m, dim).

    Source: Dowson and Landau 1982; as a distance of images, Heusel et al. 2017 (FID).
    """
    one, other = one.astype(np.float64), other.astype(np.float64)
    shift = one.mean(0) - other.mean(0)
    covariances = [np.atleast_2d(np.cov(features, rowvar=False)) for features in (one, other)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    # (Σ Τ)^½ has the trace of (Σ^½ Τ Σ^½)^½, which is symmetric and so has real eigenvalues.
    product = np.linalg.eigvalsh(root @ covariances[1] @ root)
    trace = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(np.maximum(product, 0)).sum()
    return float(max(shift @ shift + trace, 0.0))


def nearest_distances(points: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The Euclidean distance of each point (n, dim) from the nearest reference (m, dim): (n,), float64."""
    return cdist(points.astype(np.float64), references.astype(np.float64)).min(axis=1)


def _directions(dimension: int) -> np.ndarray:
    if dimension == 2:
        angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    drawn = np.random.default_rng(0).standard_normal((DIRECTIONS, dimension))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
