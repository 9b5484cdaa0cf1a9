"""The numbers behind the theory of flow matching, in one dimension, where everything has a closed form or a sum: conditional paths, the
two losses and their gradients, pairs that cross, and how near a batch's transport comes to that of the laws."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

BETA = (0.1, 20.0)
"""First and last rate of the variance-preserving diffusion whose path is shown, growing linearly."""
PAIRS, MODES, MODE_DEVIATION = 12, (-2.0, 2.0), 0.35
"""How many pairs are shown, and the target: two Gaussians of equal weight."""
SOLVER_STEPS = 100
TARGET_DEVIATION = 2.0
"""Of the normal to which the gradients are taken; the source is standard."""
SLOPES = (-1.0, 0.0, 1.0)
DRAWS = 1_000_000
BATCHES = (1, 4, 16, 64, 256, 1024)

cumulative = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))


def compute_flow(seed: int) -> dict[str, Any]:
    """All of it; the seed is that of the pairs and of the drawn gradients."""
    return {
        "gradients": compare_gradients(np.random.default_rng([seed, 1])),
        "pairs": pair_points(np.random.default_rng([seed, 2])),
        "batch_excess": {str(size): batch_excess(size) for size in BATCHES},
    }


def straight_path(time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factors of x_1 and of x_0 on the conditional-OT path in the limit of no noise left."""
    return time, 1 - time


def variance_preserving_path(time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factors of x_1 and of the noise on the path of a diffusion with linear rate, read from noise (0) to data (1)."""
    back, (first, last) = 1 - time, BETA
    signal = np.exp(-0.5 * (first * back + 0.5 * (last - first) * back**2))
    return signal, np.sqrt(1 - signal**2)


def compare_gradients(draw: np.random.Generator) -> dict[str, Any]:
    """Both losses of the field v(t, x) = θ x and their derivatives: of flow matching by quadrature, of the conditional form by drawing.

    The source is N(0, 1), the target N(0, s²), the pairs are independent and the path is straight.

    Returns:
        target_deviation, draws, the constant π s / 2 between the losses, and under "slopes" a row for each θ: both losses, both
        derivatives, the half-width of the 95 % interval of what was drawn, and the deviation of one draw's derivative in either form.
    """
    scale = TARGET_DEVIATION
    time = (np.arange(20_000) + 0.5) / 20_000
    variance = (1 - time) ** 2 + (time * scale) ** 2
    factor = (time * scale**2 - (1 - time)) / variance  # the marginal field is factor · x
    source, target, moment = draw.standard_normal(DRAWS), scale * draw.standard_normal(DRAWS), draw.random(DRAWS)
    point, velocity = (1 - moment) * source + moment * target, target - source
    exact = (moment * scale**2 - (1 - moment)) / ((1 - moment) ** 2 + (moment * scale) ** 2) * point
    rows = []
    for slope in SLOPES:
        squares, derivative = (slope * point - velocity) ** 2, 2 * point * (slope * point - velocity)
        rows.append(
            {
                "slope": slope,
                "flow_matching_loss": float(np.mean((slope - factor) ** 2 * variance)),
                "conditional_loss": float(squares.mean()),
                "conditional_loss_half": float(1.96 * squares.std() / DRAWS**0.5),
                "flow_matching_gradient": float(np.mean(2 * (slope - factor) * variance)),
                "conditional_gradient": float(derivative.mean()),
                "conditional_gradient_half": float(1.96 * derivative.std() / DRAWS**0.5),
                "flow_matching_deviation": float((2 * point * (slope * point - exact)).std()),
                "conditional_deviation": float(derivative.std()),
            }
        )
    return {"target_deviation": scale, "draws": DRAWS, "constant": math.pi * scale / 2, "slopes": rows}


def pair_points(draw: np.random.Generator) -> dict[str, Any]:
    """Points of N(0, 1) paired with points of the target as drawn and by the batch's transport, and the flows of both exact couplings.

    Returns:
        source and both orders of target; for each order the mean squared distance and how many pairs of lines meet; and the trajectories
        of the source points at SOLVER_STEPS + 1 even times under the marginal field of independent pairs, and under the optimal map.
    """
    source = np.sort(draw.standard_normal(PAIRS))
    target = draw.choice(MODES, PAIRS) + MODE_DEVIATION * draw.standard_normal(PAIRS)
    orders = {"independent": target, "optimal_transport": np.sort(target)}
    return {
        "source": source.tolist(),
        "target": {name: order.tolist() for name, order in orders.items()},
        "squared_distance": {name: float(np.mean((order - source) ** 2)) for name, order in orders.items()},
        "crossings": {name: count_crossings(source, order) for name, order in orders.items()},
        "trajectories": {
            "independent": follow(source, _marginal_velocity).tolist(),
            "optimal_transport": _displace(source, _optimal_map(source)).tolist(),
        },
    }


def count_crossings(source: np.ndarray, target: np.ndarray) -> int:
    """How many pairs of the lines from source to target points meet at one time in between."""
    order = (source[:, None] - source) * (target[:, None] - target)
    return int((order < 0).sum() // 2)


def follow(start: np.ndarray, velocity: Callable[[float, np.ndarray], np.ndarray]) -> np.ndarray:
    """Trajectories from time 0 to 1 by the classical Runge-Kutta method, (SOLVER_STEPS + 1, points)."""
    step, places = 1 / SOLVER_STEPS, [start]
    for number in range(SOLVER_STEPS):
        time, place = number * step, places[-1]
        first = velocity(time, place)
        second = velocity(time + step / 2, place + step / 2 * first)
        third = velocity(time + step / 2, place + step / 2 * second)
        fourth = velocity(time + step, place + step * third)
        places.append(place + step / 6 * (first + 2 * second + 2 * third + fourth))
    return np.array(places)


def batch_excess(size: int) -> float:
    """The mean squared distance of pairs by the transport of a batch above that of the laws, as a share of what independent pairs have.

    For any two normals this is the mean variance of the order statistics of `size` standard normal points: 1 for a batch of one.
    """
    grid = np.linspace(-9, 9, 6001)
    density = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    low, high = np.log(cumulative(grid)), np.log(cumulative(-grid))
    squares = 0.0
    for rank in range(1, size + 1):
        count = math.lgamma(size + 1) - math.lgamma(rank) - math.lgamma(size - rank + 1)
        mean = float(np.trapezoid(grid * density * np.exp(count + (rank - 1) * low + (size - rank) * high), grid))
        squares += mean**2
    return 1 - squares / size


def _marginal_velocity(time: float, place: np.ndarray) -> np.ndarray:
    """E[X_1 − X_0 | X_t = x] of independent pairs: that of each Gaussian of the target, by its share among those that pass here."""
    variance = (1 - time) ** 2 + (time * MODE_DEVIATION) ** 2
    factor = (time * MODE_DEVIATION**2 - (1 - time)) / variance
    beside = np.array([place - time * mode for mode in MODES])
    shares = np.exp(-(beside**2 - (beside**2).min(0)) / (2 * variance))
    speeds = np.array(MODES)[:, None] + factor * beside
    return np.asarray((shares * speeds).sum(0) / shares.sum(0))


def _optimal_map(place: np.ndarray) -> np.ndarray:
    """The monotone map from N(0, 1) to the target, by bisection of the target's distribution function."""
    share, low, high = cumulative(place), np.full(len(place), -9.0), np.full(len(place), 9.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = np.mean([cumulative((middle - mode) / MODE_DEVIATION) for mode in MODES], 0) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _displace(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    time = np.linspace(0, 1, SOLVER_STEPS + 1)[:, None]
    return np.asarray((1 - time) * source + time * target)
