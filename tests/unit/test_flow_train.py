"""Fields and their training: the path's formula, the hand-written gradient, batched against separate, interrupted against whole."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paliflow.flow import train as training
from paliflow.flow.couplings import couple
from paliflow.flow.network import VelocityFields, load_fields, save_fields
from paliflow.flow.path import conditional_velocity

PLAN = training.TrainingPlan(
    pair="gaussian_to_moons",
    couplings=["independent", "optimal_transport"],
    seed=1,
    seeds=2,
    steps=40,
    batch_size=16,
    learning_rate=0.001,
    hidden_units=8,
    sigma=0.1,
)


@pytest.fixture(scope="module")
def permutations(tmp_path_factory) -> np.ndarray:
    return couple(PLAN.pair, PLAN.seed, PLAN.seeds, PLAN.steps, PLAN.batch_size, tmp_path_factory.mktemp("work")).permutations


def random_points(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("time", [0.0, 1.0])
def test_path_runs_from_source_to_target(time):
    source, target, noise = (random_points(n, 5, 2) for n in range(3))
    points, _ = conditional_velocity(source, target, torch.full((5, 1), time), noise, sigma=0.0)
    assert torch.equal(points, target if time else source)


@given(st.floats(0, 0.99), st.floats(0, 2))
def test_velocity_is_the_derivative_of_the_path(time, sigma):
    source, target, noise = (random_points(n, 5, 2).double() for n in range(3))
    moment = torch.full((5, 1), time, dtype=torch.float64)
    before, velocity = conditional_velocity(source, target, moment, noise, sigma)
    after, _ = conditional_velocity(source, target, moment + 1e-4, noise, sigma)
    assert torch.allclose((after - before) / 1e-4, velocity, atol=1e-6)


def test_sigma_is_the_deviation_around_the_line():
    source, target, noise = random_points(0, 20_000, 2), random_points(1, 20_000, 2), random_points(2, 20_000, 2)
    points, _ = conditional_velocity(source, target, torch.full((20_000, 1), 0.5), noise, sigma=0.3)
    assert (points - (source + target) / 2).std().item() == pytest.approx(0.3, rel=0.02)


def test_negative_sigma_is_refused():
    with pytest.raises(ValueError, match="sigma"):
        conditional_velocity(*(random_points(n, 5, 2) for n in range(2)), torch.zeros(5, 1), random_points(2, 5, 2), sigma=-0.1)


def test_unequal_batches_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        conditional_velocity(random_points(0, 5, 2), random_points(1, 6, 2), torch.zeros(5, 1), random_points(2, 5, 2), sigma=0.1)


def test_written_gradient_equals_autograd():
    fields = VelocityFields(3, 8)
    fields.initialise([1, 2, 3])
    inputs, velocity = random_points(0, 3, 16, 3), random_points(1, 3, 16, 2)
    loss = fields.accumulate(inputs, velocity)
    weights = [weight.clone().requires_grad_() for weight in fields.weights]
    biases = [bias.clone().requires_grad_() for bias in fields.biases]
    hidden = inputs
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        hidden = (torch.nn.functional.silu(hidden) if layer else hidden) @ weight + bias
    expected = (hidden - velocity).square().mean((1, 2))
    gradient = torch.autograd.grad(expected.sum(), weights + biases)
    assert torch.allclose(loss, expected, atol=1e-6)
    assert torch.allclose(fields.gradient, torch.cat([part.flatten() for part in gradient]), atol=1e-6)


def test_paired_fields_begin_with_the_same_weights():
    first = training._Run(PLAN).fields.weights[1]
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[0], first[1])


def test_paired_fields_see_the_same_points_in_another_pairing(permutations):
    inputs, velocities = training.training_pairs(dataclasses.replace(PLAN, sigma=0.0), permutations, 0, PLAN.steps)
    points, time = inputs[..., :2], inputs[..., 2:]
    source = points - time * velocities
    target = points + (1 - time) * velocities
    assert torch.allclose(source[:, 0], source[:, 2], atol=1e-5)
    assert torch.allclose(target[:, 0].sum(1), target[:, 2].sum(1), atol=1e-3)
    assert velocities[:, 2].square().sum() < velocities[:, 0].square().sum()


def test_same_seed_gives_same_fields(tmp_path, permutations):
    for name in ("one", "two"):
        fields, _ = training.train(PLAN, permutations, tmp_path / name)
        save_fields(fields, {"pair": PLAN.pair}, tmp_path / f"{name}.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def test_fields_together_equal_fields_alone(tmp_path, permutations):
    together, losses = training.train(PLAN, permutations, tmp_path / "together")
    for number, coupling in enumerate(PLAN.couplings):
        plan = dataclasses.replace(PLAN, couplings=[coupling], seeds=1)
        alone, loss = training.train(plan, permutations[:1], tmp_path / coupling)
        member = number * PLAN.seeds
        assert torch.allclose(together.one(member).parameters, alone.parameters, atol=1e-5)
        assert np.allclose(losses[:, member], loss[:, 0], atol=1e-5)


def test_interrupted_training_equals_uninterrupted(tmp_path, monkeypatch):
    plan = dataclasses.replace(PLAN, steps=1300, hidden_units=4, batch_size=8)
    permutations = couple(plan.pair, plan.seed, plan.seeds, plan.steps, plan.batch_size, tmp_path / "couplings").permutations
    monkeypatch.setattr(training, "CHECKPOINT_CHUNKS", 1)
    whole, losses = training.train(plan, permutations, tmp_path / "whole")

    def stop_at_last_chunk(plan, permutations, chunk, steps):
        if chunk == 2:
            raise KeyboardInterrupt
        return pairs(plan, permutations, chunk, steps)

    pairs = training.training_pairs
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "training_pairs", stop_at_last_chunk)
        training.train(plan, permutations, tmp_path / "stopped")
    resumed, resumed_losses = training.train(plan, permutations, tmp_path / "stopped")
    assert torch.equal(whole.parameters, resumed.parameters)
    assert np.array_equal(losses, resumed_losses)


def test_training_lowers_the_loss(tmp_path):
    plan = dataclasses.replace(PLAN, steps=400, hidden_units=16, batch_size=32, learning_rate=0.01)
    permutations = couple(plan.pair, plan.seed, plan.seeds, plan.steps, plan.batch_size, tmp_path / "couplings").permutations
    _, losses = training.train(plan, permutations, tmp_path / "run")
    assert (losses[-100:].mean(0) < losses[:20].mean(0)).all()


def test_couplings_of_another_length_are_refused(tmp_path, permutations):
    with pytest.raises(ValueError, match="40"):
        training.train(PLAN, permutations[:, :-1], tmp_path)


def test_saved_fields_read_back_equal(tmp_path):
    fields = VelocityFields(2, 8)
    fields.initialise([1, 2])
    save_fields(fields, {"pair": "x", "fields": [1, 2]}, tmp_path / "model.safetensors")
    again, about = load_fields(tmp_path / "model.safetensors")
    assert torch.equal(fields.parameters, again.parameters)
    assert about == {"pair": "x", "fields": [1, 2]}
