"""The exact field of a mixture: it carries the normal into the mixture, and is the mean velocity of the paths through a point."""

import numpy as np
import pytest
import torch

from paliflow.flow.distances import energy_distance
from paliflow.flow.distributions import DISTRIBUTIONS, RING_DEVIATION
from paliflow.flow.exact import Mixture, MixtureField, exact_path_energy
from paliflow.flow.published import PATH_ENERGIES, data_forms
from paliflow.flow.sample import log_likelihood, path_energy, solve_dopri5

RING = DISTRIBUTIONS["8gaussians"]
NORMAL = Mixture(np.zeros((1, 2)), 1.0)
FIELD = MixtureField(NORMAL, Mixture(RING.centres, RING_DEVIATION))


def test_likelihood_of_the_exact_field_is_the_density_of_the_mixture():
    points = RING.sample(40, np.random.default_rng(0)).astype(np.float64)
    found = log_likelihood(FIELD, points, DISTRIBUTIONS["gaussian"].log_density, 1e-6)
    assert np.allclose(found.log_density, RING.log_density(points), atol=1e-3)


def test_exact_field_draws_from_the_mixture():
    random = np.random.default_rng(0)
    ends = solve_dopri5(FIELD, DISTRIBUTIONS["gaussian"].sample(1500, random), 1e-5).points[-1]
    others = [RING.sample(1500, random) for _ in range(3)]
    assert energy_distance(ends, others[0]) < 3 * energy_distance(others[1], others[2]) + 0.02


def test_exact_field_of_one_gaussian_is_that_of_the_linear_flow():
    # x_t = s_t x_0 + t c, so that v = s'_t / s_t (x − t c) + c
    centre = torch.tensor([2.0, -1.0], dtype=torch.float64)
    field = MixtureField(NORMAL, Mixture(centre[None].numpy(), 0.5))
    points, time = torch.randn(1, 10, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64), 0.3
    slope = (time * 0.25 - 0.7) / (0.49 + 0.09 * 0.25)
    assert torch.allclose(field(time, points), slope * (points - time * centre) + centre)


def test_exact_field_is_the_mean_velocity_of_the_paths_near_a_point():
    random = np.random.default_rng(1)
    source, target = (DISTRIBUTIONS[name].sample(400_000, random).astype(np.float64) for name in ("gaussian", "8gaussians"))
    place = np.array([1.5, 0.5])
    near = np.linalg.norm(0.6 * source + 0.4 * target - place, axis=1) < 0.1
    velocity = FIELD(0.4, torch.from_numpy(place)[None, None])[0, 0].numpy()
    assert (target - source)[near].mean(0) == pytest.approx(velocity, abs=0.25)


@pytest.mark.parametrize("form", ["one", "other"])
def test_exact_field_between_two_mixtures_is_the_mean_velocity_near_a_point(form):
    """The points of both ends are drawn and paired at random; near a place at t = 0.5 their mean velocity is the field's."""
    random = np.random.default_rng(2)
    source = Mixture(np.array([[0.0, 0.0], [3.0, 0.0]]), 0.5 if form == "one" else 0.0)
    target = Mixture(np.array([[0.0, 4.0], [3.0, 4.0], [-2.0, 2.0]]), 0.4)
    field = MixtureField(source, target, sigma=0.1 if form == "one" else 0.4)
    begin, end = (mixture.sample(400_000, random).astype(np.float64) for mixture in (source, target))
    place = np.array([1.4, 1.8])
    between = 0.5 * begin + 0.5 * end + field.sigma * random.standard_normal(begin.shape)
    near = np.linalg.norm(between - place, axis=1) < 0.1
    velocity = field(0.5, torch.from_numpy(place)[None, None])[0, 0].numpy()
    assert near.sum() > 1000
    assert (end - begin)[near].mean(0) == pytest.approx(velocity, abs=0.15)


def test_times_may_differ_from_point_to_point():
    points = torch.randn(1, 3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    times = torch.tensor([[0.1, 0.5, 0.9]], dtype=torch.float64)
    apart = torch.cat([FIELD(float(time), points[:, place : place + 1]) for place, time in enumerate(times[0])], dim=1)
    assert torch.allclose(FIELD(times, points), apart)


def test_path_energy_without_solving_is_that_along_the_solved_paths():
    random = np.random.default_rng(0)
    solved = path_energy(FIELD, solve_dopri5(FIELD, NORMAL.sample(4000, random), 1e-5, 101))
    assert exact_path_energy(FIELD, 20_000, random) == pytest.approx(solved, rel=0.03)


@pytest.mark.parametrize("pair", PATH_ENERGIES)
def test_our_data_are_among_the_published_forms(pair):
    """Each end's mean and spread is those of the distribution of that name in one of the forms."""
    random = np.random.default_rng(0)
    ends = [DISTRIBUTIONS[name].sample(40_000, random) for name in pair.split("_to_")]
    close = [
        all(np.allclose(one.mean(0), other.mean(0), atol=0.15) and np.allclose(one.std(0), other.std(0), rtol=0.02) for one, other in both)
        for form in data_forms()[pair].values()
        if (both := [(mixture.sample(40_000, random), end) for mixture, end in zip(form, ends, strict=True)])
    ]
    assert any(close) and not all(close)
