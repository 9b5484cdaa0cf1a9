"""Exact optimal transport between two clouds of equally many points, by POT's network simplex."""

import os

os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")  # only arrays go in, and importing torch costs a second

import numpy as np
import ot


def squared_distances(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of clouds (..., n, dim) and (..., m, dim): (..., n, m) in float64, never negative."""
    source, target = source.astype(np.float64), target.astype(np.float64)
    squares = (source**2).sum(-1)[..., :, None] + (target**2).sum(-1)[..., None, :]
    return np.maximum(squares - 2 * source @ np.swapaxes(target, -1, -2), 0)


def transport_permutation(cost: np.ndarray) -> np.ndarray:
    """The cheapest one-to-one matching under a square cost matrix (n, n).

    Returns:
        permutation (n,): source i goes to target permutation[i].

    Raises:
        ValueError: the matrix is not square.

    With equal weights an optimal plan at a vertex of the polytope is a permutation matrix (Birkhoff 1946), and the simplex ends at a
    vertex.
    """
    if cost.ndim != 2 or cost.shape[0] != cost.shape[1]:
        raise ValueError(f"a matching needs a square cost matrix, not one of shape {cost.shape}")
    weights = np.full(len(cost), 1 / len(cost))
    return ot.emd(weights, weights, cost, center_dual=False, check_marginals=False).argmax(axis=1)


def wasserstein_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The 2-Wasserstein distance of two samples (n, dim) and (m, dim) taken as equal weights, in the data's units."""
    cost = squared_distances(one, other)
    weights = [np.full(size, 1 / size) for size in cost.shape]
    squared = ot.emd2(weights[0], weights[1], cost, numItermax=10_000_000)
    return float(np.sqrt(max(float(squared), 0.0)))
