"""Fields and their training: the hand-written gradient, batched against separate, interrupted against whole."""

import dataclasses
import math
from pathlib import Path

import couple_flow
import numpy as np
import pytest
import torch
import train_flow

from paliflow.errors import InputError
from paliflow.flow import train as training
from paliflow.flow.couplings import couple
from paliflow.flow.network import VelocityFields, load_fields, save_fields

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


def coupled(plan: training.TrainingPlan, work: Path) -> dict[str, np.ndarray]:
    return couple(plan.pair, plan.couplings, plan.seed, plan.seeds, plan.steps, plan.batch_size, work).indices


@pytest.fixture(scope="module")
def indices(tmp_path_factory) -> dict[str, np.ndarray]:
    return coupled(PLAN, tmp_path_factory.mktemp("work"))


def random_points(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("activation", ["silu", "selu"])
def test_written_gradient_equals_autograd(activation):
    fields = VelocityFields(3, 8, activation=activation)
    fields.initialise([1, 2, 3])
    inputs, velocity = random_points(0, 3, 16, 3), random_points(1, 3, 16, 2)
    loss = fields.accumulate(inputs, velocity)
    weights = [weight.clone().requires_grad_() for weight in fields.weights]
    biases = [bias.clone().requires_grad_() for bias in fields.biases]
    hidden = inputs
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        hidden = (getattr(torch.nn.functional, activation)(hidden) if layer else hidden) @ weight + bias
    expected = (hidden - velocity).square().mean((1, 2))
    gradient = torch.autograd.grad(expected.sum(), weights + biases)
    assert torch.allclose(loss, expected, atol=1e-6)
    assert torch.allclose(fields.gradient, torch.cat([part.flatten() for part in gradient]), atol=1e-6)


def test_paired_fields_begin_with_the_same_weights(tmp_path):
    first = training._Run(PLAN, tmp_path).fields.weights[1]
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[0], first[1])


def test_paired_fields_see_the_same_points_in_another_pairing(indices):
    inputs, velocities = training.training_pairs(dataclasses.replace(PLAN, sigma=0.0), indices, 0, PLAN.steps)
    points, time = inputs[..., :2], inputs[..., 2:]
    source = points - time * velocities
    target = points + (1 - time) * velocities
    assert torch.allclose(source[:, 0], source[:, 2], atol=1e-5)
    assert torch.allclose(target[:, 0].sum(1), target[:, 2].sum(1), atol=1e-3)
    assert velocities[:, 2].square().sum() < velocities[:, 0].square().sum()


def test_same_seed_gives_same_fields(tmp_path, indices):
    for name in ("one", "two"):
        fields, _ = training.train(PLAN, indices, tmp_path / name)
        save_fields(fields, {"pair": PLAN.pair}, tmp_path / f"{name}.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def test_fields_together_equal_fields_alone(tmp_path, indices):
    together, losses = training.train(PLAN, indices, tmp_path / "together")
    for number, coupling in enumerate(PLAN.couplings):
        plan = dataclasses.replace(PLAN, couplings=[coupling], seeds=1)
        alone, loss = training.train(plan, {name: found[:1] for name, found in indices.items()}, tmp_path / coupling)
        member = number * PLAN.seeds
        assert torch.allclose(together.one(member).parameters, alone.parameters, atol=1e-5)
        assert np.allclose(losses[:, member], loss[:, 0], atol=1e-5)


def test_interrupted_training_equals_uninterrupted(tmp_path, monkeypatch):
    plan = dataclasses.replace(PLAN, steps=1300, hidden_units=4, batch_size=8)
    indices = coupled(plan, tmp_path / "couplings")
    monkeypatch.setattr(training, "CHECKPOINT_CHUNKS", 1)
    whole, losses = training.train(plan, indices, tmp_path / "whole")

    def stop_at_last_chunk(plan, indices, chunk, steps):
        if chunk == 2:
            raise KeyboardInterrupt
        return pairs(plan, indices, chunk, steps)

    pairs = training.training_pairs
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "training_pairs", stop_at_last_chunk)
        training.train(plan, indices, tmp_path / "stopped")
    resumed, resumed_losses = training.train(plan, indices, tmp_path / "stopped")
    assert torch.equal(whole.parameters, resumed.parameters)
    assert np.array_equal(losses, resumed_losses)


def test_training_lowers_the_loss(tmp_path):
    plan = dataclasses.replace(PLAN, steps=400, hidden_units=16, batch_size=32, learning_rate=0.01)
    indices = coupled(plan, tmp_path / "couplings")
    _, losses = training.train(plan, indices, tmp_path / "run")
    assert (losses[-100:].mean(0) < losses[:20].mean(0)).all()


def test_couplings_of_another_length_are_refused(tmp_path, indices):
    with pytest.raises(ValueError, match="40"):
        training.train(PLAN, {name: found[:, :-1] for name, found in indices.items()}, tmp_path)


def test_saved_fields_read_back_equal(tmp_path):
    fields = VelocityFields(2, 8)
    fields.initialise([1, 2])
    save_fields(fields, {"pair": "x", "fields": [1, 2]}, tmp_path / "model.safetensors")
    again, about = load_fields(tmp_path / "model.safetensors")
    assert torch.equal(fields.parameters, again.parameters)
    assert about == {"pair": "x", "fields": [1, 2]}


def test_fields_of_another_dimension_and_activation_read_back_equal(tmp_path):
    fields = VelocityFields(2, 8, dimension=5, activation="selu")
    fields.initialise([1, 2])
    save_fields(fields, {}, tmp_path / "model.safetensors")
    again, _ = load_fields(tmp_path / "model.safetensors")
    assert (again.dimension, again.activation) == (5, "selu")
    assert torch.equal(again.one(1)(0.5, torch.ones(1, 3, 5)), fields.one(1)(0.5, torch.ones(1, 3, 5)))


def test_loss_that_is_no_number_stops_and_names_where(tmp_path, indices, monkeypatch):
    def broken(plan, indices, chunk, steps):
        inputs, velocities = pairs(plan, indices, chunk, steps)
        velocities[6, 3] = math.nan
        return inputs, velocities

    pairs = training.training_pairs
    monkeypatch.setattr(training, "training_pairs", broken)
    with pytest.raises(InputError, match="gaussian_to_moons with optimal_transport, seed 1, is no finite number at step 7"):
        training.train(PLAN, indices, tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


def arguments(tmp_path: Path, **changed: str) -> list[str]:
    given = {"pair": PLAN.pair, "couplings": "independent", "seed": "1", "seeds": "1", "steps": "2", "batch-size": "8"}
    given |= {name: str(tmp_path / name) for name in ("indices", "metrics")} | changed
    return [text for name, value in given.items() for text in (f"--{name}", value)]


WRONG = [
    ({"pair": "moons_to_mars"}, "moons_to_mars"),
    ({"couplings": "partial"}, "partial"),
    ({"batch-size": "1"}, "batch size is 1"),
    ({"steps": "0"}, "steps"),
]
TRAINING = {"learning-rate": "0.001", "hidden-units": "4", "sigma": "0"}


@pytest.mark.parametrize(("changed", "said"), WRONG)
def test_couple_flow_names_a_wrong_setting_and_writes_nothing(tmp_path, monkeypatch, changed, said):
    monkeypatch.setattr("sys.argv", ["couple_flow.py", *arguments(tmp_path, **changed)])
    with pytest.raises(InputError, match=said):
        couple_flow.main()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("changed", "said"), [*WRONG, ({"sigma": "-0.1"}, "sigma"), ({"path": "crooked"}, "crooked")])
def test_train_flow_names_a_wrong_setting_and_writes_nothing(tmp_path, monkeypatch, changed, said):
    outputs = {name: str(tmp_path / name) for name in ("model", "log")}
    monkeypatch.setattr("sys.argv", ["train_flow.py", *arguments(tmp_path, **(TRAINING | outputs | changed))])
    with pytest.raises(InputError, match=said):
        train_flow.main()
    assert list(tmp_path.iterdir()) == []


def test_couplings_of_other_settings_are_refused_by_name(tmp_path, indices):
    np.savez(tmp_path / "indices.npz", **indices, pair=PLAN.pair, seed=PLAN.seed)
    assert set(train_flow.read_indices(tmp_path / "indices.npz", PLAN)) == {"optimal_transport"}
    with pytest.raises(InputError, match="run couple_flow with the same settings"):
        train_flow.read_indices(tmp_path / "indices.npz", dataclasses.replace(PLAN, steps=41))
    with pytest.raises(InputError, match=r"the pooled_transport in .* is missing"):
        train_flow.read_indices(tmp_path / "indices.npz", dataclasses.replace(PLAN, couplings=["pooled_transport"]))


@pytest.mark.parametrize("other", [{"pair": "gaussian_to_scurve"}, {"seed": 12345}])
def test_pairings_of_other_points_are_refused(tmp_path, indices, other):
    np.savez(tmp_path / "indices.npz", **indices, pair=PLAN.pair, seed=PLAN.seed)
    with pytest.raises(InputError, match=r"pairs the points of .* run couple_flow"):
        train_flow.read_indices(tmp_path / "indices.npz", dataclasses.replace(PLAN, **other))
