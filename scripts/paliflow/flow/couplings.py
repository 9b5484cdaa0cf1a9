"""How a batch's source and target points are paired: as they were drawn, or by exact optimal transport within the batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paliflow import files, progress
from paliflow.flow.batches import Batches, chunk_lengths, draw_batches
from paliflow.flow.transport import squared_distances, transport_permutation

BLOCK_CHUNKS = 20  # 10,000 batches, about three seconds of work, the most that a killed run loses


@dataclass(frozen=True)
class Couplings:
    """The transport of every batch of a training run.

    permutations: source i of a batch goes to target permutations[..., i]; (seeds, steps, batch), uint8.
    cost_independent, cost_transport: squared distance of a pair, mean over all batches, in the data's units squared.
    """

    permutations: np.ndarray
    cost_independent: float
    cost_transport: float


def couple(pair: str, seed: int, seeds: int, steps: int, batch_size: int, work: Path) -> Couplings:
    """Solve the transport of every step of every seed; blocks already in the folder `work` are read and not solved again.

    Raises:
        ValueError: a batch of more than 256 points, whose numbers do not fit a byte.

    Source: Tong et al. 2023 (OT-CFM with minibatch optimal transport).
    """
    if batch_size > 256:
        raise ValueError(f"batch_size is {batch_size}; permutations are kept in bytes, which number 256 points at most")
    permutations = np.empty((seeds, steps, batch_size), np.uint8)
    costs = np.zeros(2)
    all_lengths = chunk_lengths(steps)
    with progress.track(range(0), f"couple {pair}", total=seeds * steps, unit="batch") as bar:
        for replicate in range(seeds):
            done = 0
            for first in range(0, len(all_lengths), BLOCK_CHUNKS):
                lengths = all_lengths[first : first + BLOCK_CHUNKS]
                path = work / f"{replicate}_{first}.npz"
                if not path.exists():
                    draws = (draw_batches(pair, seed, replicate, first + n, length, batch_size) for n, length in enumerate(lengths))
                    _write_block(path, draws)
                with np.load(path) as content:
                    permutations[replicate, done : done + sum(lengths)] = content["permutations"]
                    costs += content["costs"]
                done += sum(lengths)
                bar.update(sum(lengths))
    mean = costs / permutations.size
    return Couplings(permutations, float(mean[0]), float(mean[1]))


def _write_block(path: Path, draws: Iterable[Batches]) -> None:
    permutations, costs = [], np.zeros(2)
    for batches in draws:
        for source, target in zip(batches.source, batches.target, strict=True):
            cost = squared_distances(source, target)
            permutation = transport_permutation(cost)
            permutations.append(permutation.astype(np.uint8))
            costs += np.trace(cost), cost[np.arange(len(cost)), permutation].sum()
    with files.replacing(path) as temporary:
        np.savez(temporary, permutations=np.stack(permutations), costs=costs)


def pair_targets(target: np.ndarray, coupling: str, permutations: np.ndarray) -> np.ndarray:
    """Put the target points (steps, batch, 2) in the order of their source points under a coupling.

    Args:
        permutations: the transport of these steps, (steps, batch); the independent coupling leaves it aside.

    Raises:
        ValueError: the coupling has no such name.
    """
    if coupling == "independent":
        return target
    if coupling == "optimal_transport":
        return np.take_along_axis(target, permutations[..., None].astype(np.intp), axis=1)
    raise ValueError(f"coupling is {coupling!r}: it must be independent or optimal_transport")
