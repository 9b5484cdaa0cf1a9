"""Distributions and batches: right moments, densities that fit the samples, the same points for the same seed, chunks apart."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from paliflow.flow import batches, distributions
from paliflow.flow.digits import load_digits
from paliflow.flow.distributions import DISTRIBUTIONS, PAIRS

PLANE = [name for name, one in DISTRIBUTIONS.items() if one.dimension == 2]


def draw(name: str, count: int = 20_000) -> np.ndarray:
    return DISTRIBUTIONS[name].sample(count, np.random.default_rng(0))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_samples_have_the_stated_dimension(name):
    points = draw(name, 7)
    assert points.shape == (7, DISTRIBUTIONS[name].dimension)
    assert points.dtype == np.float32


@pytest.mark.parametrize("pair", PAIRS)
def test_source_and_target_of_a_pair_have_one_dimension(pair):
    assert PAIRS[pair].source.dimension == PAIRS[pair].target.dimension == PAIRS[pair].dimension


def test_gaussian_is_standard():
    points = draw("gaussian")
    assert np.allclose(points.mean(0), 0, atol=0.03)
    assert np.allclose(np.cov(points.T), np.eye(2), atol=0.05)


def test_8gaussians_lie_on_their_ring_in_equal_shares():
    points = draw("8gaussians")
    sector = np.round(np.arctan2(points[:, 1], points[:, 0]) / (np.pi / 4)).astype(int) % 8
    assert np.abs(np.bincount(sector, minlength=8) / len(points) - 1 / 8).max() < 0.01
    for number in range(8):
        centre = 5 * np.array([np.cos(number * np.pi / 4), np.sin(number * np.pi / 4)])
        assert np.allclose(points[sector == number].mean(0), centre, atol=0.05)


def test_moons_keep_their_noise_about_two_half_circles():
    points = (draw("moons") + 1) / 3
    to_upper = np.abs(np.hypot(points[:, 0], points[:, 1]) - 1)
    to_lower = np.abs(np.hypot(points[:, 0] - 1, points[:, 1] - 0.5) - 1)
    assert np.minimum(to_upper, to_lower).mean() < 0.2


def test_checkerboard_fills_only_squares_of_one_colour():
    points = draw("checkerboard")
    assert np.unique(np.floor(points / 2).sum(1) % 2).tolist() == [0]
    assert np.abs(points).max() <= 4


def size_of(name):
    return 3 if name.startswith("wide_") else 1


@pytest.mark.parametrize("name", PLANE)
def test_density_adds_up_to_one(name):
    cell, reach = 0.05 * size_of(name), 9 * size_of(name)
    line = np.arange(-reach + cell / 2, reach, cell)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    assert np.exp(DISTRIBUTIONS[name].log_density(grid)).sum() * cell**2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", PLANE)
def test_density_fits_the_share_of_samples_in_each_part_of_the_plane(name):
    line = size_of(name) * np.linspace(-8, 8, 9)
    fine = size_of(name) * np.arange(-7.98, 8, 0.04)
    grid = np.stack(np.meshgrid(fine, fine, indexing="ij"), axis=-1).reshape(-1, 2)
    expected, _, _ = np.histogram2d(
        *grid.T, bins=(line, line), weights=np.exp(DISTRIBUTIONS[name].log_density(grid)) * (0.04 * size_of(name)) ** 2
    )
    points = draw(name, 100_000)
    found, _, _ = np.histogram2d(*points.T, bins=(line, line), weights=np.full(len(points), 1 / len(points)))
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.125 / len(points))


coordinates = st.floats(-8, 8)


@settings(deadline=None, max_examples=10)
@given(coordinates, coordinates)
def test_moons_density_is_the_integral_along_both_half_circles(x, y):
    deviation = 0.6

    def along(angle):
        upper, lower = 3 * np.array([[np.cos(angle), np.sin(angle)], [1 - np.cos(angle), 0.5 - np.sin(angle)]]) - 1
        return sum(np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * deviation**2) + 200) for cx, cy in (upper, lower))

    integral = quad(along, 0, np.pi, limit=400, epsabs=0, epsrel=1e-10, points=np.linspace(0.1, 3.1, 31))[0]
    expected = np.log(integral) - 200 - np.log(2 * np.pi) - np.log(2 * np.pi * deviation**2)
    assert DISTRIBUTIONS["moons"].log_density(np.array([[x, y]]))[0] == pytest.approx(expected, abs=1e-7)


@settings(deadline=None, max_examples=10)
@given(coordinates, coordinates)
def test_scurve_density_is_the_integral_along_the_letter(x, y):
    def along(angle):
        cx, cy = 2 * np.sin(angle), 2 * np.sign(angle) * (np.cos(angle) - 1)
        return np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 0.2**2) + shift)

    nodes = np.linspace(-1.5 * np.pi, 1.5 * np.pi, 2001)
    nearest = np.min((x - 2 * np.sin(nodes)) ** 2 + (y - 2 * np.sign(nodes) * (np.cos(nodes) - 1)) ** 2)
    shift = nearest / (2 * 0.2**2)
    breaks = np.linspace(-1.5 * np.pi, 1.5 * np.pi, 61)
    integral = sum(quad(along, *ends, epsabs=0, epsrel=1e-10)[0] for ends in itertools.pairwise(breaks))
    expected = np.log(integral / (3 * np.pi)) - shift - np.log(2 * np.pi * 0.2**2)
    assert DISTRIBUTIONS["scurve"].log_density(np.array([[x, y]]))[0] == pytest.approx(expected, abs=1e-7)


def test_density_of_gaussian_in_64_dimensions_is_the_product_of_its_coordinates():
    points = draw("gaussian_64", 5).astype(np.float64)
    expected = np.log(np.exp(-(points**2) / 2) / np.sqrt(2 * np.pi)).sum(1)
    assert np.allclose(DISTRIBUTIONS["gaussian_64"].log_density(points), expected)


def test_digits_are_split_without_overlap_and_with_each_digit_in_both_parts():
    digits = load_digits()
    assert (len(digits.train_images), len(digits.held_out_images)) == (1347, 450)
    together = np.concatenate([digits.train_images, digits.held_out_images])
    assert len(np.unique(together, axis=0)) == 1797
    for digit in range(10):
        held_out = (digits.held_out_labels == digit).sum()
        assert held_out == pytest.approx((held_out + (digits.train_labels == digit).sum()) / 4, abs=1)


def test_drawn_digits_are_training_images_within_their_range():
    points = draw("digits", 50)
    assert (points[:, None] == load_digits().train_images[None]).all(-1).any(1).all()
    assert points.min() >= -1 and points.max() <= 1


@pytest.mark.parametrize("pair", distributions.PAIRS)
def test_same_seed_gives_same_batches(pair):
    one, other = (batches.draw_batches(pair, 1, 0, 3, 20, 16) for _ in range(2))
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("source", "target", "time", "noise"))
    assert one.source.shape == one.target.shape == one.noise.shape == (20, 16, PAIRS[pair].dimension)


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
