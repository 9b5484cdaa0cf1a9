"""What a trained field is judged by: the distance of its samples from the target, and the least that such a distance can be."""

from collections.abc import Sequence

import numpy as np

from paliflow.flow.distributions import PAIRS
from paliflow.flow.transport import wasserstein_distance
from paliflow.seeds import derive_seed

FLOOR_REPETITIONS = 10


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """The mean of repeated runs with their range: {value, low, high, n}.

    `low` and `high` are the smallest and the largest run, not a confidence interval: a few runs carry none worth the name.
    """
    return {"value": float(np.mean(values)), "low": float(min(values)), "high": float(max(values)), "n": len(values)}


def evaluation_points(pair: str, seed: int, replicate: int, draw: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Source points to carry and target points to compare with, both (count, dimension); in one draw all couplings of a seed share them."""
    random = np.random.default_rng(derive_seed(seed, "flow evaluation", pair, replicate, draw))
    return PAIRS[pair].source.sample(count, random), PAIRS[pair].target.sample(count, random)


def distance_floor(pair: str, seed: int, count: int) -> list[float]:
    """2-Wasserstein distances of two independent target samples of `count` points: what a perfect field would score."""
    sample_target = PAIRS[pair].target.sample
    random = np.random.default_rng(derive_seed(seed, "flow floor", pair))
    return [wasserstein_distance(sample_target(count, random), sample_target(count, random)) for _ in range(FLOOR_REPETITIONS)]
