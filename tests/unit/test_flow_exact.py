"""The exact field of a mixture: it carries the normal into the mixture, and is the mean velocity of the paths through a point."""

import numpy as np
import pytest
import torch

from paliflow.flow.distances import energy_distance
from paliflow.flow.distributions import DISTRIBUTIONS, RING_DEVIATION
from paliflow.flow.exact import MixtureField
from paliflow.flow.sample import log_likelihood, solve_dopri5

RING = DISTRIBUTIONS["8gaussians"]
FIELD = MixtureField(torch.from_numpy(RING.centres), RING_DEVIATION)


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
    field = MixtureField(torch.tensor([[2.0, -1.0]], dtype=torch.float64), 0.5)
    points, time = torch.randn(1, 10, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64), 0.3
    slope = (time * 0.25 - 0.7) / (0.49 + 0.09 * 0.25)
    expected = slope * (points - time * field.centres) + field.centres
    assert torch.allclose(field(time, points), expected)


def test_exact_field_is_the_mean_velocity_of_the_paths_near_a_point():
    random = np.random.default_rng(1)
    source, target = (DISTRIBUTIONS[name].sample(400_000, random).astype(np.float64) for name in ("gaussian", "8gaussians"))
    place = np.array([1.5, 0.5])
    near = np.linalg.norm(0.6 * source + 0.4 * target - place, axis=1) < 0.1
    velocity = FIELD(0.4, torch.from_numpy(place)[None, None])[0, 0].numpy()
    assert (target - source)[near].mean(0) == pytest.approx(velocity, abs=0.25)
