"""Transport: matchings that cost least, compiled and not, with and without a head start, and plans that keep their entropy's promise."""

import itertools

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from paliflow.errors import InputError
from paliflow.flow import kernels, transport

coordinates = st.floats(-10, 10, width=32)


def clouds(least: int = 2, most: int = 24) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    def pair(shape: tuple[int, int]) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
        cloud = arrays(np.float32, shape, elements=coordinates)
        return st.tuples(cloud, cloud)

    return st.tuples(st.integers(least, most), st.integers(1, 3)).flatmap(pair)


def total(cost: np.ndarray, permutation: np.ndarray) -> float:
    return cost[np.arange(len(cost)), permutation].sum()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(params=["compiled", "POT"])
def way(request, monkeypatch, folder):
    """Both ways to solve; the first is left out where no compiler is found."""
    if request.param == "POT":
        monkeypatch.setattr(kernels, "load", lambda folder: None)
    elif kernels.load(folder) is None:
        pytest.skip("no C compiler here")
    return request.param


def random_clouds(batches: int, points: int, dimension: int = 2) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(points)
    shape = (batches, points, dimension)
    return random.standard_normal(shape, dtype=np.float32), 3 * random.standard_normal(shape, dtype=np.float32) + 1


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


def test_simplex_that_does_not_end_is_an_error_that_names_its_limit():
    cost = np.random.default_rng(0).random((60, 60))
    with pytest.raises(InputError, match="within 3 iterations"):
        transport.transport_permutation(cost, iterations=3)


@settings(deadline=None)
@given(clouds())
def test_squared_distances_are_those_of_the_definition(pair):
    source, target = (cloud.astype(np.float64) for cloud in pair)
    expected = ((source[:, None] - target[None]) ** 2).sum(-1)
    assert np.allclose(transport.squared_distances(*pair), expected, atol=1e-9)


@settings(deadline=None)
@given(clouds(most=40))
def test_compiled_matching_is_a_permutation_at_the_least_cost(folder, pair):
    (permutation,), (found,) = transport.Transport(folder).match(pair[0][None], pair[1][None])
    cost = ((pair[0][:, None].astype(float) - pair[1][None]) ** 2).sum(-1)
    assert sorted(permutation) == list(range(len(permutation)))
    assert total(cost, permutation) == pytest.approx(cost[linear_sum_assignment(cost)].sum(), rel=1e-9, abs=1e-9)
    assert found == pytest.approx(total(cost, permutation), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("points", "dimension"), [(64, 2), (256, 2), (64, 64)])
def test_matching_agrees_with_pot_and_scipy(folder, points, dimension):
    source, target = random_clouds(3, points, dimension)
    permutations, costs = transport.Transport(folder, *(cloud[0] for cloud in random_clouds(1, 100, dimension))).match(source, target)
    for one, other, permutation, found in zip(source, target, permutations, costs, strict=True):
        cost = transport.squared_distances(one, other)
        assert np.array_equal(permutation, linear_sum_assignment(cost)[1])
        assert np.array_equal(permutation, transport.transport_permutation(cost))
        assert found == pytest.approx(ot.emd2([], [], cost) * points, rel=1e-9)


def test_head_start_changes_no_matching(folder):
    source, target = random_clouds(20, 64)
    anchored = transport.Transport(folder, source[0], target[0])
    assert np.array_equal(anchored.match(source, target)[0], transport.Transport(folder).match(source, target)[0])


def test_points_that_are_all_alike_are_matched(way, folder):
    same = np.ones((2, 16, 2), np.float32)
    permutations, costs = transport.Transport(folder).match(same, same)
    assert (np.sort(permutations, axis=1) == np.arange(16)).all()
    assert np.allclose(costs, 0)


@pytest.mark.parametrize("method", ["match", "spread"])
def test_points_that_are_no_numbers_are_refused(way, folder, method):
    source, target = random_clouds(2, 8)
    source[1, 3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        getattr(transport.Transport(folder), method)(source, target, *[np.zeros((2, 8))] * (method == "spread"))


def test_more_points_than_the_solver_holds_are_refused(folder):
    with pytest.raises(ValueError, match="512"):
        transport.Transport(folder).match(*random_clouds(1, 513))


def test_entropic_draws_follow_the_plan(way, folder):
    """The frequencies of many draws from one batch's plan are the plan of POT."""
    source, target = (np.repeat(cloud, 400, axis=0) for cloud in random_clouds(1, 8))
    found, _ = transport.Transport(folder).spread(source, target, np.random.default_rng(0).random((400, 8)))
    cost = transport.squared_distances(source[0], target[0])
    plan = ot.sinkhorn(np.full(8, 1 / 8), np.full(8, 1 / 8), cost, transport.ENTROPY * cost.mean(), method="sinkhorn_log") * 8
    shares = np.stack([np.bincount(found[:, row], minlength=8) / 400 for row in range(8)])
    assert np.abs(shares - plan).max() < 5 * (0.25 / 400) ** 0.5


def test_entropic_draws_are_the_same_both_ways(folder, monkeypatch):
    if kernels.load(folder) is None:
        pytest.skip("no C compiler here")
    source, target = random_clouds(5, 32)
    draws = np.random.default_rng(0).random((5, 32))
    compiled, _ = transport.Transport(folder).spread(source, target, draws)
    monkeypatch.setattr(kernels, "load", lambda folder: None)
    by_pot, _ = transport.Transport(folder).spread(source, target, draws)
    assert (compiled == by_pot).mean() > 0.98


def test_entropic_transport_that_does_not_converge_is_an_error_that_names_its_limit(way, folder, monkeypatch):
    monkeypatch.setattr(transport, "SINKHORN_ITERATIONS", 2)
    with pytest.raises(InputError, match="within 2 iterations"):
        transport.Transport(folder).spread(*random_clouds(2, 16), np.zeros((2, 16)))
