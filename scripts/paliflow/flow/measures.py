"""What a trained field is judged by: intervals over seeds, the points it is judged on, and the floors below which no field can fall."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.special import stdtrit

from paliflow.flow.distances import (
    energy_distance,
    mode_deviation,
    sliced_wasserstein_distance,
    wasserstein_distance,
)
from paliflow.flow.distributions import PAIRS
from paliflow.seeds import derive_seed

INTERVAL = "95 % for the mean over seeds by Student's t; the range where there are fewer than three"
FLOOR_REPETITIONS = 10

Interval = dict[str, float | int]
Distance = Callable[[np.ndarray, np.ndarray], float]

DISTANCES: dict[str, Distance] = {
    "wasserstein": wasserstein_distance,
    "sliced_wasserstein": sliced_wasserstein_distance,
    "energy_distance": energy_distance,
}


def spread(values: Sequence[float], lowest: float = -np.inf) -> Interval:
    """The mean of independent runs with its interval: {value, low, high, n}.

    From three runs on, `low` and `high` bound the 95 % confidence interval of the mean by Student's t with n − 1 degrees of freedom,
    which takes the runs for normally distributed. Of one or two runs they are the smallest and the largest: an interval from two would
    be twelve times as wide as they lie apart, and say nothing. An interval ends at `lowest`, below which no value can lie.

    Source: Student 1908.
    """
    mean, count = float(np.mean(values)), len(values)
    if count < 3:
        return {"value": mean, "low": float(min(values)), "high": float(max(values)), "n": count}
    half = float(stdtrit(count - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(count))
    return {"value": mean, "low": max(lowest, mean - half), "high": mean + half, "n": count}


def evaluation_points(pair: str, seed: int, replicate: int, draw: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Source points to carry and target points to compare with, both (count, dimension); in one draw all couplings of a seed share them."""
    random = np.random.default_rng(derive_seed(seed, "flow evaluation", pair, replicate, draw))
    return PAIRS[pair].source.sample(count, random), PAIRS[pair].target.sample(count, random)


def sample_measures(pair: str, points: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """What samples of a model score against as many target points: every distance by name, and where there are modes `mode_deviation`."""
    scores = {name: distance(points, target) for name, distance in DISTANCES.items()}
    centres = PAIRS[pair].target.centres
    return scores if centres is None else scores | {"mode_deviation": mode_deviation(points, centres)}


def distance_floor(pair: str, seed: int, count: int, distance: Distance = wasserstein_distance) -> list[float]:
    """Distances of two independent target samples of `count` points, again and again: what a perfect field would score."""
    return [distance(*points) for points in _target_pairs(pair, seed, count, FLOOR_REPETITIONS)]


def measure_floors(pair: str, seed: int, count: int) -> dict[str, Interval]:
    """The floor of each of `sample_measures`, under the measure's name: what as many true target points score in a model's place."""
    runs = [sample_measures(pair, one, other) for one, other in _target_pairs(pair, seed, count, FLOOR_REPETITIONS)]
    return {name: spread([run[name] for run in runs]) for name in runs[0]}


def energy_scores(energies: Sequence[float], costs: Sequence[float]) -> dict[str, Interval]:
    """Path energies of several runs set beside the least that transport costs for the points of the same run.

    Args:
        energies: of each run's paths, see `sample.path_energy`.
        costs: the squared 2-Wasserstein distance from each run's source points to as many target points, in the same units.

    Returns:
        `path_energy`; `path_energy_excess`, (energy − cost) / cost, below 0 where paths fall short of the target; and its size run by run,
        `normalised_path_energy`, which is 0 for the flow of optimal transport, and of which no interval reaches below 0.

    Source: Tong et al. 2023, section 6.
    """
    excess = [(energy - cost) / cost for energy, cost in zip(energies, costs, strict=True)]
    sizes = [abs(share) for share in excess]
    return {"path_energy": spread(energies), "path_energy_excess": spread(excess), "normalised_path_energy": spread(sizes, lowest=0)}


def _target_pairs(pair: str, seed: int, count: int, repetitions: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    sample = PAIRS[pair].target.sample
    random = np.random.default_rng(derive_seed(seed, "flow floor", pair))
    for _ in range(repetitions):
        yield sample(count, random), sample(count, random)
