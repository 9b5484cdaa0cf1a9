"""Intervals over seeds, shared evaluation points, floors, and the cost of transport between known distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paliflow.flow import distributions, measures

numbers = st.floats(-100, 100)


@given(st.lists(numbers, min_size=1, max_size=10))
def test_spread_holds_the_mean(values):
    spread = measures.spread(values)
    assert spread["low"] - 1e-9 <= spread["value"] <= spread["high"] + 1e-9
    assert spread["value"] == pytest.approx(np.mean(values), abs=1e-9)
    assert spread["n"] == len(values)


@given(st.lists(numbers, min_size=3, max_size=10, unique=True))
def test_interval_of_several_runs_is_students(values):
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    spread = measures.spread(values)
    assert (spread["low"], spread["high"]) == pytest.approx((low, high), abs=1e-8)


def test_interval_of_two_runs_is_their_range():
    assert measures.spread([3.0, 1.0]) == {"value": 2.0, "low": 1.0, "high": 3.0, "n": 2}


def test_interval_ends_where_no_value_can_lie():
    assert measures.spread([0.0, 0.0, 0.06], lowest=0)["low"] == 0 > measures.spread([0.0, 0.0, 0.06])["low"]


def test_interval_covers_the_truth_in_95_of_100_cases():
    random = np.random.default_rng(0)
    spreads = [measures.spread(random.standard_normal(5)) for _ in range(2000)]
    assert np.mean([spread["low"] <= 0 <= spread["high"] for spread in spreads]) == pytest.approx(0.95, abs=0.015)


def test_all_couplings_are_judged_on_the_same_points():
    one, other = (measures.evaluation_points("gaussian_to_moons", 1, 0, 0, 20) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])


def test_floor_falls_with_more_points():
    few, many = (np.mean(measures.distance_floor("gaussian_to_moons", 1, count)) for count in (20, 200))
    assert many < few


def test_path_energy_is_set_beside_the_cost_of_its_own_run():
    found = measures.energy_scores([15.0, 9.0, 12.0], [12.0, 12.0, 10.0])
    assert found["path_energy"]["value"] == pytest.approx(12.0)
    assert found["path_energy_excess"]["value"] == pytest.approx((0.25 - 0.25 + 0.2) / 3)
    assert found["normalised_path_energy"]["value"] == pytest.approx((0.25 + 0.25 + 0.2) / 3)


def test_no_interval_of_a_size_reaches_below_nothing():
    found = measures.energy_scores([10.1, 10.0, 14.0], [10.0, 10.0, 10.0])
    assert found["path_energy_excess"]["low"] < 0
    assert found["normalised_path_energy"]["low"] == 0


def test_floor_of_each_measure_is_what_true_points_score():
    floors = measures.measure_floors("gaussian_to_8gaussians", 1, 100)
    assert set(floors) == {"wasserstein", "sliced_wasserstein", "energy_distance", "mode_deviation"}
    expected = measures.spread(measures.distance_floor("gaussian_to_8gaussians", 1, 100))
    assert floors["wasserstein"] == expected
    assert floors["wasserstein"]["value"] > floors["sliced_wasserstein"]["value"] > 0


def test_samples_without_modes_have_no_deviation_of_shares():
    points = distributions.DISTRIBUTIONS["moons"].sample(50, np.random.default_rng(0))
    scores = measures.sample_measures("gaussian_to_moons", points, points + 1)
    assert "mode_deviation" not in scores
    assert scores["wasserstein"] == pytest.approx(np.sqrt(2), abs=1e-5)
