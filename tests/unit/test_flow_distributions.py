"""Distributions and batches: right moments, the same points for the same seed, chunks that do not depend on one another."""

import numpy as np
import pytest

from paliflow.flow import batches, distributions


def draw(pair: str, end: int, count: int = 20_000) -> np.ndarray:
    return distributions.PAIRS[pair][end](count, np.random.default_rng(0))


def test_gaussian_is_standard():
    points = draw("gaussian_to_moons", 0)
    assert np.allclose(points.mean(0), 0, atol=0.03)
    assert np.allclose(np.cov(points.T), np.eye(2), atol=0.05)


def test_8gaussians_lie_on_their_ring_in_equal_shares():
    points = draw("gaussian_to_8gaussians", 1)
    sector = np.round(np.arctan2(points[:, 1], points[:, 0]) / (np.pi / 4)).astype(int) % 8
    assert np.abs(np.bincount(sector, minlength=8) / len(points) - 1 / 8).max() < 0.01
    for number in range(8):
        centre = 5 * np.array([np.cos(number * np.pi / 4), np.sin(number * np.pi / 4)])
        assert np.allclose(points[sector == number].mean(0), centre, atol=0.05)


def test_moons_keep_their_noise_about_two_half_circles():
    points = (draw("gaussian_to_moons", 1) + 1) / 3
    to_upper = np.abs(np.hypot(points[:, 0], points[:, 1]) - 1)
    to_lower = np.abs(np.hypot(points[:, 0] - 1, points[:, 1] - 0.5) - 1)
    assert np.minimum(to_upper, to_lower).mean() < 0.2


@pytest.mark.parametrize("pair", distributions.PAIRS)
def test_same_seed_gives_same_batches(pair):
    one, other = (batches.draw_batches(pair, 1, 0, 3, 20, 16) for _ in range(2))
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("source", "target", "time", "noise"))


@pytest.mark.parametrize("changed", [(2, 0, 3), (1, 1, 3), (1, 0, 4)])
def test_another_seed_replicate_or_chunk_gives_other_points(changed):
    one, other = (batches.draw_batches("gaussian_to_moons", *numbers, 20, 16) for numbers in [(1, 0, 3), changed])
    assert not np.isin(one.source, other.source).any()


def test_shorter_chunk_begins_the_longer_one():
    short, long = (batches.draw_batches("gaussian_to_moons", 1, 0, 0, steps, 16) for steps in (7, 50))
    assert np.array_equal(short.target, long.target[:7])


@pytest.mark.parametrize("steps", [1, 499, 500, 501, 1700])
def test_chunks_add_up_to_the_steps(steps):
    assert sum(batches.chunk_lengths(steps)) == steps
