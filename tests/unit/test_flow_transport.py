"""Exact transport: matchings that cost least, distances with the properties of a metric, couplings that survive an interruption."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from paliflow.flow import couplings, transport

coordinates = st.floats(-10, 10, width=32)


def clouds(least: int = 2, most: int = 24) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    def pair(count: int) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
        cloud = arrays(np.float32, (count, 2), elements=coordinates)
        return st.tuples(cloud, cloud)

    return st.integers(least, most).flatmap(pair)


def total(cost: np.ndarray, permutation: np.ndarray) -> float:
    return cost[np.arange(len(cost)), permutation].sum()


@settings(deadline=None)
@given(clouds())
def test_transport_is_a_permutation(pair):
    permutation = transport.transport_permutation(transport.squared_distances(*pair))
    assert sorted(permutation) == list(range(len(permutation)))


@settings(deadline=None)
@given(clouds())
def test_transport_never_costs_more_than_the_order_drawn(pair):
    cost = transport.squared_distances(*pair)
    assert total(cost, transport.transport_permutation(cost)) <= np.trace(cost) + 1e-6


@settings(deadline=None, max_examples=30)
@given(clouds(most=6))
def test_transport_is_the_cheapest_of_all_permutations(pair):
    cost = transport.squared_distances(*pair)
    cheapest = min(total(cost, np.array(order)) for order in itertools.permutations(range(len(cost))))
    assert total(cost, transport.transport_permutation(cost)) == pytest.approx(cheapest, abs=1e-6)


def test_matching_refuses_clouds_of_different_size():
    with pytest.raises(ValueError, match="square"):
        transport.transport_permutation(np.zeros((3, 4)))


@settings(deadline=None)
@given(clouds())
def test_squared_distances_are_those_of_the_definition(pair):
    source, target = (cloud.astype(np.float64) for cloud in pair)
    expected = ((source[:, None] - target[None]) ** 2).sum(-1)
    assert np.allclose(transport.squared_distances(*pair), expected, atol=1e-9)


@settings(deadline=None)
@given(clouds())
def test_sample_is_at_no_distance_from_itself(pair):
    assert transport.wasserstein_distance(pair[0], pair[0][::-1]) == pytest.approx(0, abs=1e-5)


@settings(deadline=None)
@given(clouds(), st.tuples(coordinates, coordinates))
def test_distance_of_a_shifted_sample_is_the_shift(pair, shift):
    moved = pair[0].astype(np.float64) + shift
    assert transport.wasserstein_distance(pair[0], moved) == pytest.approx(np.hypot(*shift), abs=1e-5)


@settings(deadline=None)
@given(clouds())
def test_distance_is_symmetric(pair):
    assert transport.wasserstein_distance(*pair) == pytest.approx(transport.wasserstein_distance(*pair[::-1]), abs=1e-5)


def test_couplings_cost_less_than_independent_pairs(tmp_path):
    coupled = couplings.couple("gaussian_to_moons", 1, 2, 20, 16, tmp_path)
    assert coupled.cost_transport < coupled.cost_independent


def test_interrupted_couplings_equal_uninterrupted_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(couplings, "BLOCK_CHUNKS", 1)
    whole = couplings.couple("gaussian_to_moons", 1, 2, 520, 8, tmp_path / "whole")
    stopped = iter(range(3))

    def stop_at_third_block(*arguments):
        if next(stopped) == 2:
            raise KeyboardInterrupt
        return write_block(*arguments)

    write_block = couplings._write_block
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(couplings, "_write_block", stop_at_third_block)
        couplings.couple("gaussian_to_moons", 1, 2, 520, 8, tmp_path / "stopped")
    resumed = couplings.couple("gaussian_to_moons", 1, 2, 520, 8, tmp_path / "stopped")
    assert np.array_equal(whole.permutations, resumed.permutations)
    assert (whole.cost_independent, whole.cost_transport) == (resumed.cost_independent, resumed.cost_transport)


def test_batch_beyond_a_byte_is_refused(tmp_path):
    with pytest.raises(ValueError, match="256"):
        couplings.couple("gaussian_to_moons", 1, 1, 1, 257, tmp_path)


def test_independent_coupling_keeps_the_order():
    target = np.arange(12, dtype=np.float32).reshape(1, 6, 2)
    assert couplings.pair_targets(target, "independent", np.zeros((1, 6), np.uint8)) is target


def test_transport_coupling_follows_the_permutation():
    target = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
    paired = couplings.pair_targets(target, "optimal_transport", np.array([[2, 0, 1]], np.uint8))
    assert np.array_equal(paired[0], target[0, [2, 0, 1]])


def test_unknown_coupling_is_refused():
    with pytest.raises(ValueError, match="partial"):
        couplings.pair_targets(np.zeros((1, 3, 2), np.float32), "partial", np.zeros((1, 3), np.uint8))
