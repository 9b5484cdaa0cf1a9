"""Drawing from a trained field: solve dx/dt = v(t, x) from the source at t = 0 to the target at t = 1 with torchdiffeq."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torchdiffeq import odeint

EVALUATIONS_PER_STEP = {"euler": 1, "midpoint": 2, "rk4": 4}
"""The solvers of fixed step, and how often each evaluates the field in one."""


class Field(Protocol):
    """What is solved: `models` velocity fields, together a map of a time and points (models, n, dim) to velocities of that shape."""

    @property
    def models(self) -> int: ...

    def __call__(self, time: Tensor, points: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Trajectory:
    """A solved flow: points (times, n, dim) at equally spaced times from 0 to 1, and how often the field was evaluated on the way."""

    points: np.ndarray
    num_function_evaluations: int


@dataclass(frozen=True)
class Likelihood:
    """Log densities (n,) in nats, float64, and how often the field and its Jacobian were evaluated for them."""

    log_density: np.ndarray
    num_function_evaluations: int


def solve_fixed(field: Field, source: np.ndarray, solver: str, evaluations: int) -> Trajectory:
    """Carry source points (n, dim) along one field by equal steps; all steps are kept.

    Args:
        solver: a name in EVALUATIONS_PER_STEP: Euler's rule, the midpoint rule, or the 3/8 rule of Kutta (order 4).
        evaluations: of the field in all; the number of steps follows from it.

    Raises:
        ValueError: no such solver, or no whole number of steps takes that many evaluations.
    """
    if solver not in EVALUATIONS_PER_STEP:
        raise ValueError(f"solver is {solver!r}: it must be one of {', '.join(EVALUATIONS_PER_STEP)}")
    steps, rest = divmod(evaluations, EVALUATIONS_PER_STEP[solver])
    if steps < 1 or rest:
        raise ValueError(f"{solver} evaluates a field {EVALUATIONS_PER_STEP[solver]} times a step, so it cannot do it {evaluations} times")
    return _solve(field, source, steps + 1, method=solver)


def solve_dopri5(field: Field, source: np.ndarray, tolerance: float, times: int = 2) -> Trajectory:
    """Carry source points (n, dim) along one field by the adaptive Runge-Kutta method of Dormand and Prince (1980).

    Args:
        tolerance: relative and absolute; the error is judged, and the step chosen, for all points together.
        times: how many equally spaced times are kept, 0 and 1 among them.
    """
    return _solve(field, source, times, **_adaptive(tolerance))


def path_energy(field: Field, trajectory: Trajectory) -> float:
    """The kinetic energy of the flow, E ∫ |v(t, x_t)|² dt, by the trapezoid rule over the trajectory's times; the data's units squared.

    It is at least the mean squared distance travelled, and for the exact optimal flow the squared 2-Wasserstein distance.

    Source: Benamou and Brenier 2000; Tong et al. 2023, section 6.
    """
    return float(torch.trapezoid(_velocities(field, trajectory).square().sum(-1).mean(-1), dx=1 / (len(trajectory.points) - 1)))


def path_straightness(field: Field, trajectory: Trajectory) -> float:
    """How far paths are from straight lines: E ∫ |v(t, x_t) − (x_1 − x_0)|² dt, 0 for straight ones at even speed.

    The integral is taken by the trapezoid rule over the trajectory's times, in the data's units squared.

    Source: Liu et al. 2022 (rectified flow), the measure of straightness.
    """
    travelled = torch.from_numpy(trajectory.points[-1] - trajectory.points[0])
    deviation = (_velocities(field, trajectory) - travelled).square().sum(-1).mean(-1)
    return float(torch.trapezoid(deviation, dx=1 / (len(trajectory.points) - 1)))


def log_likelihood(
    field: Field, points: np.ndarray, source_log_density: Callable[[np.ndarray], np.ndarray], tolerance: float
) -> Likelihood:
    """The log density of the field's own samples at target points (n, dim), exactly up to the solver's tolerance.

    It solves the flow backwards together with d log p/dt = −tr ∂v/∂x. The trace is exact: one forward-mode derivative a coordinate.

    Args:
        source_log_density: of points (n, dim) at t = 0, in nats.
        tolerance: of dopri5, relative and absolute.

    Raises:
        ValueError: more than one field.

    Source: Chen et al. 2018 (neural ODEs), eq. 8; Grathwohl et al. 2019 (FFJORD), whose estimate of the trace is not needed here.
    """
    _require_one(field)
    evaluations = 0

    def backwards(time: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        nonlocal evaluations
        evaluations += 1
        velocity, divergence = _velocity_and_divergence(field, 1 - time, state[0])
        return -velocity, -divergence

    end = torch.from_numpy(points)[None]
    with torch.no_grad():
        state = end, torch.zeros(1, len(points), dtype=end.dtype)
        start, gained = odeint(backwards, state, torch.tensor([0.0, 1.0]), **_adaptive(tolerance))
    return Likelihood(source_log_density(start[-1, 0].numpy()) + gained[-1, 0].double().numpy(), evaluations)


def _velocity_and_divergence(field: Field, time: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """The velocity (1, n, dim) and the trace of its Jacobian in the points, (1, n)."""
    divergence = torch.zeros(points.shape[:-1], dtype=points.dtype)
    for coordinate in range(points.shape[-1]):
        direction = torch.zeros_like(points)
        direction[..., coordinate] = 1
        velocity, change = torch.func.jvp(lambda place: field(time, place), (points,), (direction,))[:2]
        divergence += change[..., coordinate]
    return velocity, divergence


def _velocities(field: Field, trajectory: Trajectory) -> Tensor:
    """The field along a trajectory, (times, n, dim)."""
    points = torch.from_numpy(trajectory.points)
    times = torch.linspace(0, 1, len(points))
    return torch.stack([field(time, place[None])[0] for time, place in zip(times, points, strict=True)])


def _adaptive(tolerance: float) -> dict[str, Any]:
    # A step ends at 1: by itself the method would look beyond and interpolate, where a diffusion's field does not exist.
    return {"method": "dopri5", "rtol": tolerance, "atol": tolerance, "options": {"step_t": torch.ones(1)}}


def _solve(field: Field, source: np.ndarray, times: int, **solver: Any) -> Trajectory:
    _require_one(field)
    evaluations = 0

    def velocity(time: Tensor, points: Tensor) -> Tensor:
        nonlocal evaluations
        evaluations += 1
        return field(time, points)

    with torch.no_grad():
        points = odeint(velocity, torch.from_numpy(source)[None], torch.linspace(0, 1, times), **solver)
    return Trajectory(points[:, 0].numpy(), evaluations)


def _require_one(field: Field) -> None:
    if field.models != 1:
        raise ValueError(f"one field is solved at a time, for the adaptive step is its own; here are {field.models}")
