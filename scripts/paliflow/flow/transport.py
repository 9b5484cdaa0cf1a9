"""Optimal transport between clouds of equally many points, many batches at a time: exact, as a permutation, and entropic."""

import os
from pathlib import Path

os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")  # only arrays go in, and importing torch costs a second

import numpy as np
import ot

from paliflow.errors import InputError
from paliflow.flow import kernels

MOST_POINTS = 512  # of a batch in the compiled solver
SIMPLEX_ITERATIONS = 1_000_000
SINKHORN_ITERATIONS, SINKHORN_TOLERANCE = 100_000, 1e-4  # of the mean error of a row's share; batches of 64 take under 1,000
ENTROPY = 0.05  # the strength of the entropy, as a share of the batch's mean cost


def squared_distances(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of clouds (..., n, dim) and (..., m, dim): (..., n, m) in float64, never negative."""
    source, target = source.astype(np.float64), target.astype(np.float64)
    squares = (source**2).sum(-1)[..., :, None] + (target**2).sum(-1)[..., None, :]
    return np.maximum(squares - 2 * source @ np.swapaxes(target, -1, -2), 0)


def transport_permutation(cost: np.ndarray, iterations: int = SIMPLEX_ITERATIONS) -> np.ndarray:
    """The cheapest one-to-one matching under a square cost matrix (n, n), by POT's network simplex.

    Returns:
        permutation (n,): source i goes to target permutation[i].

    Raises:
        ValueError: the matrix is not square.
        InputError: the simplex needs more iterations; POT itself only warns.

    With equal weights an optimal plan at a vertex of the polytope is a permutation matrix (Birkhoff 1946), and the simplex ends at a
    vertex.
    """
    if cost.ndim != 2 or cost.shape[0] != cost.shape[1]:
        raise ValueError(f"a matching needs a square cost matrix, not one of shape {cost.shape}")
    weights = np.full(len(cost), 1 / len(cost))
    plan, report = ot.emd(weights, weights, cost, numItermax=iterations, log=True, center_dual=False, check_marginals=False)
    if report["warning"] is not None:
        raise _unsolved(len(cost), iterations)
    return plan.argmax(axis=1)


class Transport:
    """Solves batches of one pair, with the compiled solver or, where none compiles, with POT.

    The compiled solver begins near its end: the duals of one larger problem, solved first, say for any target point about what it costs
    to reach it, which saves a third of the work and changes no result.
    """

    def __init__(self, folder: Path, anchor_source: np.ndarray | None = None, anchor_target: np.ndarray | None = None) -> None:
        """Load the compiled solver from `folder`, or compile it there, and solve the larger problem, (k, dim) points each, if given."""
        self._library = kernels.load(folder)
        self._anchors, self._duals = np.zeros((0, 1), np.float32), np.zeros(0)
        if anchor_source is not None and anchor_target is not None and self._library is not None:
            duals = np.zeros(len(anchor_source))
            self._match(anchor_source[None], anchor_target[None], duals)
            self._anchors, self._duals = np.ascontiguousarray(anchor_source, np.float32), duals

    def match(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Match each batch of source points with its target points, one to one, at the least sum of squared distances.

        Args:
            source, target: (batches, n, dim), float32.

        Returns:
            permutations (batches, n), source i of a batch going to target permutations[., i], and the sums (batches,) in float64.

        Raises:
            ValueError: the clouds differ in shape, have more than 512 points, or hold what is no finite number.
        """
        _check(source, target)
        if self._library is not None:
            return self._match(source, target, None)
        costs = squared_distances(source, target)
        found = np.stack([transport_permutation(cost) for cost in costs])
        return found, np.take_along_axis(costs, found[..., None], axis=2).sum((1, 2))

    def spread(self, source: np.ndarray, target: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Let each source point draw a target point from its row of the batch's entropic plan.

        The plan minimises cost − ε entropy with ε 0.05 of the batch's mean cost. Source points are each taken once; a target point may be
        drawn twice or never, and once on average.

        Args:
            source, target: (batches, n, dim), float32.
            draws: uniform in [0, 1), (batches, n).

        Returns:
            indices (batches, n) into each batch's targets, and the sums of squared distances (batches,).

        Raises:
            ValueError: as in `match`.
            InputError: a plan is not found within 100,000 iterations.

        Source: Cuturi 2013 (Sinkhorn's algorithm); Tong et al. 2023 (pairs drawn from the plan).
        """
        _check(source, target)
        if self._library is None:
            costs = squared_distances(source, target)
            found = np.stack([_entropic_draws(cost, draw) for cost, draw in zip(costs, draws, strict=True)])
            return found, np.take_along_axis(costs, found[..., None], axis=2).sum((1, 2))
        batches, n, dimension = source.shape
        found, sums = np.empty((batches, n), np.intc), np.empty(batches)
        arrays = [np.ascontiguousarray(source, np.float32), np.ascontiguousarray(target, np.float32)]
        limits = (ENTROPY, SINKHORN_TOLERANCE, SINKHORN_ITERATIONS)
        outcome = [np.ascontiguousarray(draws, np.float64), found, sums]
        if self._library.spread(batches, n, dimension, *map(_address, arrays), *limits, *map(_address, outcome)):
            raise _unsolved(n, SINKHORN_ITERATIONS)
        return found, sums

    def _match(self, source: np.ndarray, target: np.ndarray, duals: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        batches, n, dimension = source.shape
        found, sums = np.empty((batches, n), np.intc), np.empty(batches)
        arrays = [np.ascontiguousarray(source, np.float32), np.ascontiguousarray(target, np.float32)]
        anchors: list[np.ndarray] = [self._anchors, self._duals, found, sums]
        assert self._library is not None
        code = self._library.match(
            batches,
            n,
            dimension,
            *map(_address, arrays),
            len(self._anchors),
            *map(_address, anchors),
            None if duals is None else _address(duals),
        )
        if code:
            raise MemoryError("there is no memory for one batch of points")
        return found, sums


def _entropic_draws(cost: np.ndarray, draws: np.ndarray) -> np.ndarray:
    weights = np.full(len(cost), 1 / len(cost))
    plan, report = ot.sinkhorn(
        weights,
        weights,
        cost - cost.min(axis=1, keepdims=True),  # which changes no plan, and no number grows too small
        ENTROPY * cost.mean(),
        numItermax=SINKHORN_ITERATIONS,
        stopThr=SINKHORN_TOLERANCE / len(cost) ** 0.5,
        log=True,
        warn=False,
    )
    if not report["err"][-1] <= SINKHORN_TOLERANCE / len(cost) ** 0.5:
        raise _unsolved(len(cost), SINKHORN_ITERATIONS)
    reached = plan.cumsum(axis=1)
    return np.minimum((reached <= draws[:, None] * reached[:, -1:]).sum(axis=1), len(cost) - 1)


def _check(source: np.ndarray, target: np.ndarray) -> None:
    if source.shape != target.shape or source.ndim != 3 or source.shape[1] > MOST_POINTS:
        raise ValueError(f"clouds of one size and at most {MOST_POINTS} points are matched, not {source.shape} with {target.shape}")
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise ValueError("some points to be matched hold what is no finite number")


def _unsolved(points: int, iterations: int) -> InputError:
    return InputError(
        f"the transport of a batch of {points} points was not solved within {iterations:,} iterations: "
        "take another coupling or batch size, or see whether the points are of one scale."
    )


def _address(array: np.ndarray) -> int:
    return array.ctypes.data
