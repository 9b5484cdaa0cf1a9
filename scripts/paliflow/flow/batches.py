"""The points and times of every training step, drawn again from the seed wherever they are needed, always the same."""

from dataclasses import dataclass

import numpy as np

from paliflow.flow.distributions import PAIRS
from paliflow.seeds import derive_seed

CHUNK_STEPS = 500


@dataclass(frozen=True)
class Batches:
    """What a run of consecutive steps sees, before any coupling; float32.

    source, target: points in the order they were drawn, (steps, batch, dimension).
    time: in [0, 1), (steps, batch, 1).
    noise: standard normal, around the path, (steps, batch, dimension).
    """

    source: np.ndarray
    target: np.ndarray
    time: np.ndarray
    noise: np.ndarray


def chunk_lengths(steps: int) -> list[int]:
    """The steps of each chunk of a training run: all full but perhaps the last."""
    full, rest = divmod(steps, CHUNK_STEPS)
    return [CHUNK_STEPS] * full + [rest] * (rest > 0)


def draw_batches(pair: str, seed: int, replicate: int, chunk: int, steps: int, batch_size: int) -> Batches:
    """Draw the first `steps` steps of one chunk.

    Each chunk has a generator of its own, so that a stopped run goes on at any chunk without drawing what came before, and a longer
    run begins with the steps of a shorter one.

    Args:
        seed, replicate: the study's seed and the number of the run; both couplings share them, and so the points.
    """
    both = PAIRS[pair]
    random = np.random.default_rng(derive_seed(seed, "flow batches", pair, replicate, chunk))
    shape = (CHUNK_STEPS, batch_size, both.dimension)
    count = CHUNK_STEPS * batch_size
    source, target = both.source.sample(count, random).reshape(shape), both.target.sample(count, random).reshape(shape)
    time = random.random((CHUNK_STEPS, batch_size, 1), dtype=np.float32)
    noise = random.standard_normal(shape, dtype=np.float32)
    return Batches(source[:steps], target[:steps], time[:steps], noise[:steps])
