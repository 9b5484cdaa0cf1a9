"""Solvers and measures on fields whose flow is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paliflow.flow import measures, sample
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
SOURCE = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)


@settings(deadline=None)
@given(st.integers(1, 64))
def test_euler_takes_one_evaluation_a_step(steps):
    assert sample.solve_euler(GROWTH, SOURCE, steps).num_function_evaluations == steps


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_euler_on_exponential_growth_is_the_compound_product(steps):
    ends = sample.solve_euler(GROWTH, SOURCE, steps).points[-1]
    assert np.allclose(ends, SOURCE * (1 + 1 / steps) ** steps, atol=1e-5)


def test_dopri5_solves_exponential_growth():
    assert np.allclose(sample.solve_dopri5(GROWTH, SOURCE, 1e-6).points[-1], SOURCE * np.e, atol=1e-4)


def test_dopri5_counts_every_evaluation():
    calls = []
    field = KnownField(lambda time, points: calls.append(1) or points)
    assert sample.solve_dopri5(field, SOURCE, 1e-5).num_function_evaluations == len(calls)


def test_trajectory_starts_at_the_source():
    assert np.array_equal(sample.solve_dopri5(GROWTH, SOURCE, 1e-5, times=9).points[0], SOURCE)


def test_constant_field_gives_straight_paths():
    assert sample.path_straightness(SHIFT, sample.solve_dopri5(SHIFT, SOURCE, 1e-5, times=9)) == pytest.approx(0, abs=1e-6)


def test_curved_paths_are_not_straight():
    circling = KnownField(lambda time, points: 3 * torch.stack([-points[..., 1], points[..., 0]], dim=-1))
    assert sample.path_straightness(circling, sample.solve_dopri5(circling, SOURCE, 1e-5, times=33)) > 1


def test_several_fields_at_once_are_refused():
    with pytest.raises(ValueError, match="one field"):
        sample.solve_euler(VelocityFields(2, 4), SOURCE, 1)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=10))
def test_spread_is_a_mean_within_its_range(values):
    spread = measures.spread(values)
    assert spread["low"] - 1e-9 <= spread["value"] <= spread["high"] + 1e-9
    assert spread["n"] == len(values)


def test_both_couplings_are_judged_on_the_same_points():
    one, other = (measures.evaluation_points("gaussian_to_moons", 1, 0, 0, 20) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])


def test_floor_falls_with_more_points():
    few, many = (np.mean(measures.distance_floor("gaussian_to_moons", 1, count)) for count in (20, 200))
    assert many < few
