"""How a batch's source and target points are paired: as they were drawn, or by optimal transport in one of three ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paliflow import files, progress
from paliflow.errors import InputError
from paliflow.flow.batches import Batches, chunk_lengths, draw_batches
from paliflow.flow.distributions import PAIRS
from paliflow.flow.transport import MOST_POINTS, Transport
from paliflow.seeds import derive_seed

COUPLINGS = ("independent", "optimal_transport", "pooled_transport", "entropic_transport")
"""As drawn; the exact transport of the batch; that of a pool of 256 points; Sinkhorn's plan of the batch, pairs drawn from it."""

POOL = 256
ANCHORS = 256
BLOCK_CHUNKS = 20  # 10,000 batches, about half a second of exact transport, the most that a killed run loses


@dataclass(frozen=True)
class Couplings:
    """The pairing of every batch of a training run.

    indices: by coupling, which target point each source point goes to, counted from the beginning of its pool; (seeds, steps, batch),
        uint8 or, for pools of more than 256 points, uint16. The independent coupling needs none and has none.
    cost: by coupling, the squared distance of a pair, mean over all batches, in the data's units squared; the independent one always.
    """

    indices: dict[str, np.ndarray]
    cost: dict[str, float]


def check_coupling(coupling: str, batch_size: int) -> None:
    """See that a coupling exists and that batches can be paired by it.

    Raises:
        InputError: they cannot.
    """
    if coupling not in COUPLINGS:
        raise InputError(f"there is no coupling {coupling!r}: take {', '.join(COUPLINGS[:-1])} or {COUPLINGS[-1]}.")
    if not 2 <= batch_size <= MOST_POINTS:
        raise InputError(f"the batch size is {batch_size}: give 2 to {MOST_POINTS} points, for a single one has nothing to be paired with.")


def pool_steps(coupling: str, batch_size: int) -> int:
    """The consecutive batches whose points are matched together; a chunk's last pool may hold fewer."""
    return -(-POOL // batch_size) if coupling == "pooled_transport" else 1


def couple(pair: str, couplings: Sequence[str], seed: int, seeds: int, steps: int, batch_size: int, work: Path) -> Couplings:
    """Pair the points of every step of every seed; blocks already in the folder `work` are read and not solved again.

    Raises:
        InputError: a coupling does not exist, the batch is too small or too large, or a transport was not solved.

    Source: Tong et al. 2023 (OT-CFM and SB-CFM with minibatch optimal transport).
    """
    for coupling in couplings:
        check_coupling(coupling, batch_size)
    names = [coupling for coupling in couplings if coupling != "independent"]
    indices = {name: np.empty((seeds, steps, batch_size), index_type(name, batch_size)) for name in names}
    sums = np.zeros(1 + len(names))
    all_lengths = chunk_lengths(steps)
    solver = None
    with progress.track(range(0), f"couple {pair}", total=seeds * steps, unit="batch") as bar:
        for replicate in range(seeds):
            done = 0
            for first in range(0, len(all_lengths), BLOCK_CHUNKS):
                lengths = all_lengths[first : first + BLOCK_CHUNKS]
                path = work / f"{replicate}_{first}.npz"
                if not path.exists():
                    solver = solver or _solver(pair, seed, work)
                    chunks = [
                        _chunk(solver, names, pair, seed, replicate, first + n, length, batch_size) for n, length in enumerate(lengths)
                    ]
                    _write_block(path, names, chunks)
                with np.load(path) as content:
                    for name in names:
                        indices[name][replicate, done : done + sum(lengths)] = content[name]
                    sums += content["sums"]
                done += sum(lengths)
                bar.update(sum(lengths))
    mean = sums / (seeds * steps * batch_size)
    return Couplings(indices, dict(zip(["independent", *names], mean.tolist(), strict=True)))


def index_type(coupling: str, batch_size: int) -> type[np.unsignedinteger]:
    """The smallest type that numbers the points of a pool."""
    return np.uint8 if pool_steps(coupling, batch_size) * batch_size <= 256 else np.uint16


def pair_targets(target: np.ndarray, coupling: str, indices: np.ndarray) -> np.ndarray:
    """Put the target points (steps, batch, dim) of one chunk in the order of their source points under a coupling.

    Args:
        indices: of these steps, (steps, batch), as in `Couplings`; the independent coupling leaves it aside.

    Raises:
        ValueError: the coupling has no such name.
    """
    if coupling not in COUPLINGS:
        raise ValueError(f"coupling is {coupling!r}: it must be one of {', '.join(COUPLINGS)}")
    if coupling == "independent":
        return target
    steps, batch_size, dimension = target.shape
    together = pool_steps(coupling, batch_size)
    beginnings = np.arange(steps) // together * together * batch_size
    return target.reshape(-1, dimension)[beginnings[:, None] + indices]


Chunk = tuple[list[np.ndarray], list[float]]


def _solver(pair: str, seed: int, work: Path) -> Transport:
    random = np.random.default_rng(derive_seed(seed, "flow anchors", pair))
    return Transport(work, PAIRS[pair].source.sample(ANCHORS, random), PAIRS[pair].target.sample(ANCHORS, random))


def _chunk(solver: Transport, names: list[str], pair: str, seed: int, replicate: int, chunk: int, steps: int, batch_size: int) -> Chunk:
    """The indices of one chunk by coupling, and the sums of squared distances, the independent one's first."""
    batches = draw_batches(pair, seed, replicate, chunk, steps, batch_size)
    found, sums = [], [float(((batches.source.astype(np.float64) - batches.target) ** 2).sum())]
    for name in names:
        if name == "entropic_transport":
            random = np.random.default_rng(derive_seed(seed, "flow entropic draws", pair, replicate, chunk))
            indices, costs = solver.spread(batches.source, batches.target, random.random((steps, batch_size)))
        else:
            indices, costs = _match_pools(solver, batches, pool_steps(name, batch_size))
        found.append(indices.astype(index_type(name, batch_size)))
        sums.append(float(costs.sum()))
    return found, sums


def _match_pools(solver: Transport, batches: Batches, together: int) -> tuple[np.ndarray, np.ndarray]:
    """Match `together` batches at a time, and what is left over at the chunk's end by itself."""
    steps, batch_size, dimension = batches.source.shape
    indices, costs = np.empty((steps, batch_size), np.intp), []
    full = steps // together * together
    for first, last, size in ((0, full, together), (full, steps, steps - full)):
        if first < last:
            clouds = [cloud[first:last].reshape(-1, size * batch_size, dimension) for cloud in (batches.source, batches.target)]
            found, cost = solver.match(*clouds)
            indices[first:last] = found.reshape(last - first, batch_size)
            costs.append(cost)
    return indices, np.concatenate(costs)


def _write_block(path: Path, names: list[str], chunks: list[Chunk]) -> None:
    arrays: dict[str, Any] = {name: np.concatenate([found[number] for found, _ in chunks]) for number, name in enumerate(names)}
    with files.replacing(path) as temporary:
        np.savez(temporary, **arrays, sums=np.sum([sums for _, sums in chunks], axis=0))
