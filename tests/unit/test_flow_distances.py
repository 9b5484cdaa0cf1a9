"""Distances between samples, each against what is known in closed form."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from paliflow.errors import InputError
from paliflow.flow import distances

coordinates = st.floats(-10, 10, width=32)
shifts = st.tuples(coordinates, coordinates)
CLOUD = np.random.default_rng(0).standard_normal((40, 2)).astype(np.float32)


def clouds(dimension: int = 2) -> st.SearchStrategy[np.ndarray]:
    return st.integers(3, 24).flatmap(lambda count: arrays(np.float32, (count, dimension), elements=coordinates))


@settings(deadline=None)
@given(clouds(), shifts)
def test_wasserstein_distance_of_a_shifted_sample_is_the_shift(cloud, shift):
    assert distances.wasserstein_distance(cloud, cloud[::-1] + np.float64(shift)) == pytest.approx(np.hypot(*shift), abs=1e-5)


def test_wasserstein_distance_on_a_line_pairs_points_by_rank():
    one, other = (np.random.default_rng(seed).standard_normal((30, 1)) for seed in (1, 2))
    expected = np.sqrt(np.mean((np.sort(one[:, 0]) - np.sort(other[:, 0])) ** 2))
    assert distances.wasserstein_distance(one, other) == pytest.approx(expected, abs=1e-9)


def test_unsolved_transport_is_refused_with_its_limit(recwarn):
    random = np.random.default_rng(0)
    with pytest.raises(InputError, match="within 3 iterations"):
        distances.squared_wasserstein_distance(random.random((60, 2)), random.random((60, 2)), iterations=3)


@settings(deadline=None)
@given(clouds(), shifts)
def test_sliced_distance_of_a_shift_is_its_root_mean_square_projection(cloud, shift):
    # E over directions of (u·s)² is |s|²/2 in the plane
    found = distances.sliced_wasserstein_distance(cloud, cloud[::-1] + np.float64(shift))
    assert found == pytest.approx(np.hypot(*shift) / np.sqrt(2), abs=1e-5)


def test_sliced_distance_agrees_with_pot_along_the_same_directions():
    one, other = (np.random.default_rng(seed).standard_normal((50, 5)) + seed for seed in (0, 1))
    expected = ot.sliced_wasserstein_distance(one, other, projections=distances._directions(5).T)
    assert distances.sliced_wasserstein_distance(one, other) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)
@given(clouds(3))
def test_sliced_distance_never_exceeds_the_whole_one(cloud):
    other = np.random.default_rng(0).standard_normal(cloud.shape)
    assert distances.sliced_wasserstein_distance(cloud, other) <= distances.wasserstein_distance(cloud, other) + 1e-6


def test_sliced_distance_refuses_samples_of_two_sizes():
    with pytest.raises(ValueError, match="size"):
        distances.sliced_wasserstein_distance(CLOUD, CLOUD[:-1])


@given(st.floats(0, 50))
def test_energy_distance_of_two_points_is_twice_their_distance(apart):
    one, other = np.zeros((1, 2)), np.array([[0.0, apart]])
    assert distances.energy_distance(one, other) == pytest.approx(2 * apart, abs=1e-9)


@settings(deadline=None)
@given(clouds(), clouds())
def test_energy_distance_is_symmetric_and_never_negative(one, other):
    assert distances.energy_distance(one, other) == pytest.approx(distances.energy_distance(other, one), abs=1e-9)
    assert distances.energy_distance(one, other) >= 0
    assert distances.energy_distance(one, one[::-1]) == pytest.approx(0, abs=1e-6)


def test_energy_distance_on_a_line_is_twice_the_integral_of_the_squared_difference_of_the_distribution_functions():
    one, other = np.array([[0.0], [1.0], [2.0]]), np.array([[0.5], [3.0]])
    places = np.sort(np.concatenate([one, other])[:, 0])
    below = [np.searchsorted(np.sort(cloud[:, 0]), places[:-1], side="right") / len(cloud) for cloud in (one, other)]
    expected = 2 * np.sum((below[0] - below[1]) ** 2 * np.diff(places))
    assert distances.energy_distance(one, other) == pytest.approx(expected, abs=1e-12)


def test_mode_shares_count_the_points_nearest_each_centre():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [20.0, 20.0]])
    points = np.array([[1, 1], [9, 1], [8, 0], [1, 9], [0, 0], [1, 0], [0, 1], [10, 0]], np.float32)
    assert distances.mode_shares(points, centres).tolist() == [0.5, 0.375, 0.125, 0]
    assert distances.mode_deviation(points, centres) == 0.25


def test_frechet_distance_of_gaussians_along_the_axes_is_that_of_their_moments():
    random = np.random.default_rng(0)
    one = random.standard_normal((500, 3))
    one = (one - one.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(one.T))).T  # mean 0 and covariance 1 exactly
    other = one * np.array([1.0, 2.0, 0.5]) + np.array([1.0, 0.0, 2.0])
    assert distances.frechet_distance(one, other) == pytest.approx(1 + 4 + 0 + 1 + 0.25, abs=1e-9)


def test_frechet_distance_does_not_see_a_rotation_of_both():
    random = np.random.default_rng(1)
    one, other = random.standard_normal((200, 4)), random.standard_normal((200, 4)) @ random.standard_normal((4, 4))
    turn, _ = np.linalg.qr(random.standard_normal((4, 4)))
    assert distances.frechet_distance(one @ turn, other @ turn) == pytest.approx(distances.frechet_distance(one, other), abs=1e-8)
    assert distances.frechet_distance(other, other) == pytest.approx(0, abs=1e-8)


def test_frechet_distance_of_one_feature_and_of_constant_ones():
    one, other = np.array([[0.0], [2.0]]), np.array([[5.0], [5.0]])
    assert distances.frechet_distance(one, other) == pytest.approx(16 + 2)


def test_nearest_distances_are_those_of_the_definition():
    references = CLOUD + 1
    expected = [min(np.linalg.norm(point - reference) for reference in references) for point in CLOUD]
    assert np.allclose(distances.nearest_distances(CLOUD, references), expected, atol=1e-6)
    assert np.allclose(distances.nearest_distances(CLOUD[:5], CLOUD), 0)
