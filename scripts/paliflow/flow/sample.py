"""Drawing from a trained field: solve dx/dt = v(t, x) from the source at t = 0 to the target at t = 1 with torchdiffeq."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchdiffeq import odeint

from paliflow.flow.network import VelocityFields


@dataclass(frozen=True)
class Trajectory:
    """A solved flow: points (times, n, 2) at the given times, and how often the field was evaluated on the way."""

    points: np.ndarray
    num_function_evaluations: int


def solve_euler(field: VelocityFields, source: np.ndarray, steps: int) -> Trajectory:
    """Carry source points (n, 2) along one field by `steps` equal Euler steps, one evaluation each; all steps are kept."""
    return _solve(field, source, np.linspace(0, 1, steps + 1), method="euler")


def solve_dopri5(field: VelocityFields, source: np.ndarray, tolerance: float, times: int = 2) -> Trajectory:
    """Carry source points (n, 2) along one field by the adaptive Runge-Kutta method of Dormand and Prince (1980).

    Args:
        tolerance: relative and absolute; the error is judged, and the step chosen, for all points together.
        times: how many equally spaced times are kept, 0 and 1 among them.
    """
    return _solve(field, source, np.linspace(0, 1, times), method="dopri5", rtol=tolerance, atol=tolerance)


def path_straightness(field: VelocityFields, trajectory: Trajectory) -> float:
    """How far paths are from straight lines: E ∫ |v(t, x_t) − (x_1 − x_0)|² dt, 0 for straight ones at even speed.

    The integral is taken by the trapezoid rule over the trajectory's times, in the data's units squared.

    Source: Liu et al. 2022 (rectified flow), the measure of straightness.
    """
    points = torch.from_numpy(trajectory.points)
    times = torch.linspace(0, 1, len(points))
    velocity = torch.stack([field(time, place[None])[0] for time, place in zip(times, points, strict=True)])
    deviation = (velocity - (points[-1] - points[0])).square().sum(-1).mean(-1)
    return float(torch.trapezoid(deviation, times))


def _solve(field: VelocityFields, source: np.ndarray, times: np.ndarray, **solver: object) -> Trajectory:
    if field.models != 1:
        raise ValueError(f"one field is solved at a time, for the adaptive step is its own; here are {field.models}")
    evaluations = 0

    def velocity(time: Tensor, points: Tensor) -> Tensor:
        nonlocal evaluations
        evaluations += 1
        return field(time, points)

    with torch.no_grad():
        points = odeint(velocity, torch.from_numpy(source)[None], torch.from_numpy(times.astype(np.float32)), **solver)
    return Trajectory(points[:, 0].numpy(), evaluations)
