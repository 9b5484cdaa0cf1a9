"""The numbers of flow matching's theory against closed forms and brute force."""

import math
from itertools import permutations

import numpy as np
import pytest

from paliflow.report import theory_flow

RESULT = theory_flow.compare_gradients(np.random.default_rng(1))


@pytest.mark.parametrize("row", RESULT["slopes"])
def test_the_losses_differ_by_the_constant(row):
    difference = row["conditional_loss"] - row["flow_matching_loss"]
    assert difference == pytest.approx(RESULT["constant"], abs=2 * row["conditional_loss_half"])


@pytest.mark.parametrize("row", RESULT["slopes"])
def test_the_gradients_agree(row):
    assert row["conditional_gradient"] == pytest.approx(row["flow_matching_gradient"], abs=2 * row["conditional_gradient_half"])


@pytest.mark.parametrize("row", RESULT["slopes"])
def test_the_conditional_gradient_has_the_variance_that_the_law_of_total_variance_adds(row):
    more = row["conditional_deviation"] ** 2 - row["flow_matching_deviation"] ** 2
    assert more == pytest.approx(4 * RESULT["target_deviation"] ** 2, rel=0.02)


def test_the_pairs_of_a_batch_are_the_cheapest_of_all_permutations():
    source, target = np.random.default_rng(2).standard_normal((2, 6))
    costs = [np.mean((target[list(order)] - np.sort(source)) ** 2) for order in permutations(range(6))]
    assert np.mean((np.sort(target) - np.sort(source)) ** 2) == pytest.approx(min(costs))


def test_sorted_pairs_never_cross():
    pairs = theory_flow.pair_points(np.random.default_rng(3))
    assert pairs["crossings"]["optimal_transport"] == 0 < pairs["crossings"]["independent"]


def test_both_flows_end_in_the_same_places_in_one_dimension():
    trajectories = theory_flow.pair_points(np.random.default_rng(4))["trajectories"]
    assert trajectories["independent"][-1] == pytest.approx(trajectories["optimal_transport"][-1], abs=1e-3)


def test_a_batch_of_two_leaves_what_two_ordered_normal_points_vary():
    assert theory_flow.batch_excess(2) == pytest.approx(1 - 1 / math.pi, abs=1e-6)


def test_a_larger_batch_comes_nearer_to_the_laws():
    excess = [theory_flow.batch_excess(size) for size in theory_flow.BATCHES]
    assert excess[0] == pytest.approx(1) and excess == sorted(excess, reverse=True) and excess[-1] < 0.01


@pytest.mark.parametrize("time", [0.1, 0.5, 0.9])
def test_the_variance_preserving_path_keeps_the_sum_of_squares(time):
    signal, deviation = theory_flow.variance_preserving_path(np.array([time]))
    assert signal**2 + deviation**2 == pytest.approx(1)


def test_the_variance_preserving_path_begins_at_what_the_diffusion_reports():
    assert 1 / theory_flow.variance_preserving_path(np.array([0.0]))[0][0] == pytest.approx(152, abs=0.5)
