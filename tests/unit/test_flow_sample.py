"""Solvers, path measures and likelihoods on fields whose flow is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paliflow.flow import sample
from paliflow.flow.network import VelocityFields


class KnownField:
    """A stand-in for a trained field: M = 1 and a velocity given by a formula."""

    models = 1

    def __init__(self, velocity):
        self.velocity = velocity

    def __call__(self, time, points):
        return self.velocity(torch.as_tensor(time), points)


GROWTH = KnownField(lambda time, points: points)
SHIFT = KnownField(lambda time, points: torch.ones_like(points))
CIRCLING = KnownField(lambda time, points: 2 * np.pi / 3 * torch.stack([-points[..., 1], points[..., 0]], dim=-1))
SOURCE = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)


@settings(deadline=None)
@given(st.sampled_from(sorted(sample.EVALUATIONS_PER_STEP)), st.integers(1, 16))
def test_fixed_solvers_take_the_stated_evaluations(solver, steps):
    calls = []
    field = KnownField(lambda time, points: calls.append(1) or points)
    evaluations = steps * sample.EVALUATIONS_PER_STEP[solver]
    assert sample.solve_fixed(field, SOURCE, solver, evaluations).num_function_evaluations == evaluations == len(calls)


@pytest.mark.parametrize(("solver", "series"), [("euler", [1, 1]), ("midpoint", [1, 1, 1 / 2]), ("rk4", [1, 1, 1 / 2, 1 / 6, 1 / 24])])
@pytest.mark.parametrize("steps", [1, 2, 10])
def test_step_on_exponential_growth_is_its_taylor_polynomial(solver, series, steps):
    factor = sum(term / steps**power for power, term in enumerate(series)) ** steps
    ends = sample.solve_fixed(GROWTH, SOURCE, solver, steps * sample.EVALUATIONS_PER_STEP[solver]).points[-1]
    assert np.allclose(ends, SOURCE * factor, atol=1e-5)


@pytest.mark.parametrize(("solver", "evaluations"), [("midpoint", 3), ("rk4", 2), ("euler", 0)])
def test_evaluations_that_make_no_whole_steps_are_refused(solver, evaluations):
    with pytest.raises(ValueError, match=solver):
        sample.solve_fixed(GROWTH, SOURCE, solver, evaluations)


def test_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="heun"):
        sample.solve_fixed(GROWTH, SOURCE, "heun", 2)


def test_dopri5_solves_exponential_growth():
    assert np.allclose(sample.solve_dopri5(GROWTH, SOURCE, 1e-6).points[-1], SOURCE * np.e, atol=1e-4)


def test_dopri5_counts_every_evaluation():
    calls = []
    field = KnownField(lambda time, points: calls.append(1) or points)
    assert sample.solve_dopri5(field, SOURCE, 1e-5).num_function_evaluations == len(calls)


def test_dopri5_asks_for_no_time_beyond_the_end():
    asked = []
    field = KnownField(lambda time, points: asked.append(time.item()) or points / 10)
    sample.solve_dopri5(field, SOURCE, 1e-3)
    sample.log_likelihood(field, SOURCE, log_normal, 1e-3)
    assert min(asked) >= 0
    assert max(asked) <= 1


def test_trajectory_starts_at_the_source():
    assert np.array_equal(sample.solve_dopri5(GROWTH, SOURCE, 1e-5, times=9).points[0], SOURCE)


def test_constant_field_gives_straight_paths():
    assert sample.path_straightness(SHIFT, sample.solve_dopri5(SHIFT, SOURCE, 1e-5, times=9)) == pytest.approx(0, abs=1e-6)


def test_straightness_of_a_turn_is_its_speed_beyond_its_chord():
    # a third of a turn at angular speed 2π/3: |v|² = (2π/3)² |x|², and the chord is √3 |x|
    straightness = sample.path_straightness(CIRCLING, sample.solve_dopri5(CIRCLING, SOURCE, 1e-6, times=257))
    assert straightness == pytest.approx((SOURCE**2).sum(1).mean() * ((2 * np.pi / 3) ** 2 - 3), rel=1e-3)


def test_energy_of_exponential_growth_is_its_integral():
    # |v|² = |x_0|² e^{2t}, whose integral is |x_0|² (e² − 1)/2
    energy = sample.path_energy(GROWTH, sample.solve_dopri5(GROWTH, SOURCE, 1e-6, times=129))
    assert energy == pytest.approx((SOURCE**2).sum(1).mean() * (np.e**2 - 1) / 2, rel=1e-4)


def test_energy_is_straightness_and_the_squared_distance_travelled():
    trajectory = sample.solve_dopri5(CIRCLING, SOURCE, 1e-6, times=257)
    travelled = ((trajectory.points[-1] - trajectory.points[0]) ** 2).sum(1).mean()
    energy, straightness = sample.path_energy(CIRCLING, trajectory), sample.path_straightness(CIRCLING, trajectory)
    assert energy == pytest.approx(straightness + travelled, rel=1e-3)


def log_normal(points):
    return -(points.astype(np.float64) ** 2).sum(1) / 2 - np.log(2 * np.pi)


@settings(deadline=None, max_examples=5)
@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4), st.floats(-2, 2))
def test_likelihood_under_a_linear_field_is_that_of_the_carried_gaussian(entries, shift):
    # dx/dt = A x + b carries N(0, I) into N(m, M Mᵀ) with M = exp(A)
    matrix = torch.tensor(entries, dtype=torch.float64).reshape(2, 2)
    field = KnownField(lambda time, points: points @ matrix.T + shift)
    points = np.random.default_rng(1).standard_normal((20, 2))
    carried = torch.linalg.matrix_exp(matrix)
    whole = torch.zeros(3, 3, dtype=torch.float64)
    whole[:2, :2], whole[:2, 2] = matrix, shift
    mean = torch.linalg.matrix_exp(whole)[:2, 2]
    expected = torch.distributions.MultivariateNormal(mean, carried @ carried.T).log_prob(torch.from_numpy(points))
    found = sample.log_likelihood(field, points, log_normal, 1e-6)
    assert np.allclose(found.log_density, expected.numpy(), atol=1e-4)


def test_likelihood_of_a_network_adds_up_to_one():
    field = VelocityFields(1, 8)
    field.initialise([3])
    line = np.arange(-8, 8, 0.16, dtype=np.float32)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    found = sample.log_likelihood(field, grid, log_normal, 1e-5)
    assert np.exp(found.log_density).sum() * 0.16**2 == pytest.approx(1, abs=1e-3)


def test_likelihood_of_samples_that_went_nowhere_is_that_of_the_source():
    still = KnownField(lambda time, points: torch.zeros_like(points))
    assert np.allclose(sample.log_likelihood(still, SOURCE, log_normal, 1e-5).log_density, log_normal(SOURCE), atol=1e-6)


def test_several_fields_at_once_are_refused():
    several = VelocityFields(2, 4)
    with pytest.raises(ValueError, match="one field"):
        sample.solve_fixed(several, SOURCE, "euler", 1)
    with pytest.raises(ValueError, match="one field"):
        sample.log_likelihood(several, SOURCE, log_normal, 1e-5)
