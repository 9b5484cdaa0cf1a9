"""The conditional paths: where they begin and end, their velocity as their derivative, their spread."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paliflow.flow.path import PATHS, conditional_velocity


def random_points(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SOURCE, TARGET, NOISE = (random_points(n, 5, 3) for n in range(3))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("time", [0.0, 1.0])
def test_path_without_noise_runs_from_source_to_target(path, time):
    points, _ = conditional_velocity(path, SOURCE, TARGET, torch.full((5, 1), time, dtype=torch.float64), NOISE, sigma=0.0)
    assert torch.allclose(points, TARGET if time else SOURCE, atol=1e-12)


@pytest.mark.parametrize("path", PATHS)
@given(time=st.floats(0, 1), sigma=st.floats(0, 2))
def test_velocity_is_the_derivative_of_the_path(path, time, sigma):
    half = 1e-5
    moment = torch.full((5, 1), time, dtype=torch.float64)
    _, velocity = conditional_velocity(path, SOURCE, TARGET, moment, NOISE, sigma)
    before, after = (conditional_velocity(path, SOURCE, TARGET, moment + step, NOISE, sigma)[0] for step in (-half, half))
    assert torch.allclose((after - before) / (2 * half), velocity, atol=1e-6)


@pytest.mark.parametrize("path", ["straight", "variance_preserving"])
def test_sigma_is_the_deviation_around_the_path(path):
    source, target, noise = (random_points(n, 20_000, 2) for n in range(3))
    time = torch.full((20_000, 1), 0.5)
    middle, _ = conditional_velocity(path, source, target, time, noise, sigma=0.0)
    points, _ = conditional_velocity(path, source, target, time, noise, sigma=0.3)
    assert (points - middle).std().item() == pytest.approx(0.3, rel=0.02)


def test_lipman_path_ends_in_the_target_with_sigma_of_the_noise_left():
    points, _ = conditional_velocity("lipman", SOURCE, TARGET, torch.ones(5, 1), NOISE, sigma=0.1)
    assert torch.allclose(points, TARGET + 0.1 * SOURCE)


def test_lipman_velocity_is_that_of_the_conditional_field_at_the_point():
    time, sigma = torch.full((5, 1), 0.3, dtype=torch.float64), 0.1
    points, velocity = conditional_velocity("lipman", SOURCE, TARGET, time, NOISE, sigma)
    assert torch.allclose(velocity, (TARGET - (1 - sigma) * points) / (1 - (1 - sigma) * time))


def test_trigonometric_path_keeps_the_variance_of_independent_points():
    source, target = random_points(0, 50_000, 1), random_points(1, 50_000, 1)
    points, _ = conditional_velocity("variance_preserving", source, target, torch.full((50_000, 1), 0.37), source, sigma=0.0)
    assert points.std().item() == pytest.approx(1, abs=0.02)


def test_trigonometric_path_starts_towards_the_target_alone():
    _, velocity = conditional_velocity("variance_preserving", SOURCE, TARGET, torch.zeros(5, 1), NOISE, sigma=0.0)
    assert torch.allclose(velocity, math.pi / 2 * TARGET)


@pytest.mark.parametrize("path", PATHS)
def test_negative_sigma_is_refused(path):
    with pytest.raises(ValueError, match="sigma"):
        conditional_velocity(path, SOURCE, TARGET, torch.zeros(5, 1), NOISE, sigma=-0.1)


def test_unequal_batches_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        conditional_velocity("straight", SOURCE, TARGET[:4], torch.zeros(5, 1), NOISE, sigma=0.1)


def test_unknown_path_is_refused():
    with pytest.raises(ValueError, match="curly"):
        conditional_velocity("curly", SOURCE, TARGET, torch.zeros(5, 1), NOISE, sigma=0.1)
