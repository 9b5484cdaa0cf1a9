"""Diffusion against Gaussian data, for which the best noise prediction and every sampler's outcome are known."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paliflow.errors import InputError
from paliflow.flow import diffusion, sample
from paliflow.flow.batches import draw_batches
from paliflow.flow.diffusion import ProbabilityFlow, noisy_points, sample_diffusion, signal_share

DEVIATION = 0.5
NOISE = np.random.default_rng(0).standard_normal((4000, 2)).astype(np.float32)


class GaussianNoise:
    """The best prediction E[ε | x_t] where the data are N(0, DEVIATION²)."""

    models = 1

    def __call__(self, time, points):
        share = signal_share(torch.as_tensor(time))
        return (1 - share).sqrt() * points / (share * DEVIATION**2 + 1 - share)


def test_signal_falls_from_one_to_almost_nothing():
    share = signal_share(torch.linspace(0, 1, 50, dtype=torch.float64))
    assert share[0] == 1
    assert (share.diff() < 0).all()
    assert share[-1].item() == pytest.approx(np.exp(-10.05))


def test_schedule_is_the_limit_of_a_thousand_steps_of_ho():
    discrete = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    share = signal_share(torch.arange(1, 1001) / 1000).numpy()
    assert np.abs(share - discrete).max() < 0.002


@given(st.floats(0, 1))
def test_noisy_points_keep_unit_variance(time):
    data, noise = (torch.randn(20_000, 1, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    points = noisy_points(data, noise, torch.full((20_000, 1), time))
    assert points.std().item() == pytest.approx(1, abs=0.03)


def test_target_is_brought_to_unit_variance():
    scale = diffusion.target_scale("gaussian_to_8gaussians", 1)
    assert scale.mean == pytest.approx(0, abs=0.05)
    assert scale.deviation == pytest.approx(np.sqrt(12.5 + 0.1), rel=0.01)


def test_probability_flow_carries_noise_into_the_gaussian_of_the_data():
    ends = sample.solve_dopri5(ProbabilityFlow(GaussianNoise()), NOISE, 1e-5).points[-1]
    begin, end = signal_share(torch.tensor([1.0, diffusion.FIRST_TIME]))
    factor = ((end * DEVIATION**2 + 1 - end) / (begin * DEVIATION**2 + 1 - begin)).sqrt().item()
    assert np.allclose(ends, NOISE * factor, atol=1e-3)


def test_ddim_in_many_steps_is_the_probability_flow():
    ends = sample_diffusion(GaussianNoise(), NOISE, 1000, 0.0, np.random.default_rng(0)).points[-1]
    assert np.allclose(ends, NOISE * DEVIATION, atol=0.02)


def test_ddim_in_one_step_is_the_predicted_data():
    share = signal_share(torch.tensor(1.0))
    ends = sample_diffusion(GaussianNoise(), NOISE, 1, 0.0, np.random.default_rng(0)).points[-1]
    expected = (share.sqrt() * DEVIATION**2 / (share * DEVIATION**2 + 1 - share)).item() * NOISE  # E[x_0 | x_1]
    assert np.allclose(ends, expected, atol=1e-3)


def test_ddpm_draws_from_the_gaussian_of_the_data():
    ends = sample_diffusion(GaussianNoise(), NOISE, 400, 1.0, np.random.default_rng(1)).points[-1]
    assert ends.std() == pytest.approx(DEVIATION, rel=0.03)
    assert np.abs(np.corrcoef(ends[:, 0], NOISE[:, 0])[0, 1]) < 0.06


@given(st.integers(1, 12), st.sampled_from([0.0, 1.0]))
def test_samplers_take_one_evaluation_a_step(evaluations, stochastic):
    calls = []

    class Counting(GaussianNoise):
        def __call__(self, time, points):
            calls.append(1)
            return super().__call__(time, points)

    found = sample_diffusion(Counting(), NOISE[:5], evaluations, stochastic, np.random.default_rng(0))
    assert found.num_function_evaluations == len(calls) == len(found.points) - 1 == evaluations


def test_same_generator_gives_the_same_samples():
    one, other = (sample_diffusion(GaussianNoise(), NOISE, 5, 1.0, np.random.default_rng(3)).points for _ in range(2))
    assert np.array_equal(one, other)


PLAN = diffusion.DiffusionPlan("gaussian_to_moons", seed=1, seeds=2, steps=600, batch_size=32, learning_rate=0.005, hidden_units=16)


def test_training_sees_the_flows_source_as_noise_and_predicts_it():
    scale = diffusion.Scale(0.5, 2.0)
    inputs, targets = diffusion.noise_pairs(PLAN, scale, chunk=0, steps=3)
    draw = draw_batches("gaussian_to_moons", 1, 1, 0, 3, 32)
    share = signal_share(torch.from_numpy(draw.time))
    expected = share.sqrt() * (torch.from_numpy(draw.target) - 0.5) / 2 + (1 - share).sqrt() * torch.from_numpy(draw.source)
    assert torch.equal(targets[:, 1], torch.from_numpy(draw.source))
    assert torch.allclose(inputs[:, 1, :, :2], expected, atol=1e-6)
    assert torch.equal(inputs[:, 1, :, 2:], torch.from_numpy(draw.time))


def test_training_lowers_the_error_below_that_of_predicting_nothing(tmp_path):
    _, _, losses = diffusion.train_diffusion(PLAN, tmp_path)
    assert losses.shape == (600, 2)
    assert (losses[-100:].mean(0) < 0.6).all()  # noise has variance 1


def test_source_that_is_no_noise_is_refused(tmp_path):
    with pytest.raises(InputError, match="moons_to_8gaussians"):
        diffusion.train_diffusion(dataclasses.replace(PLAN, pair="moons_to_8gaussians"), tmp_path)


def test_training_that_diverges_is_stopped_with_its_step(tmp_path):
    with pytest.raises(InputError, match="step"):
        diffusion.train_diffusion(dataclasses.replace(PLAN, learning_rate=1e20), tmp_path)
