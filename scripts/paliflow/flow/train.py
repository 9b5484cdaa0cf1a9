"""Flow matching: fit the velocity fields of all couplings and seeds of one pair, side by side, on the same points and times."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from paliflow import checkpoint, progress
from paliflow.errors import InputError
from paliflow.flow.batches import chunk_lengths, draw_batches
from paliflow.flow.couplings import pair_targets
from paliflow.flow.distributions import PAIRS
from paliflow.flow.engine import Engine
from paliflow.flow.network import VelocityFields
from paliflow.flow.path import conditional_velocity
from paliflow.seeds import derive_seed

CHECKPOINT_CHUNKS = 20  # 10,000 steps, about four seconds of work, the most that a killed run loses


@dataclass(frozen=True)
class TrainingPlan:
    """What one training run depends on, beside the transport of its batches."""

    pair: str
    couplings: list[str]
    seed: int
    seeds: int
    steps: int
    batch_size: int
    learning_rate: float
    hidden_units: int
    sigma: float
    path: str = "straight"
    weight_decay: float = 0.0  # 0 is Adam, above it is AdamW
    activation: str = "silu"

    def members(self) -> list[tuple[str, int]]:
        """The coupling and the seed's number of each field, in the order of the stacked weights."""
        return [(coupling, replicate) for coupling in self.couplings for replicate in range(self.seeds)]


def train(plan: TrainingPlan, indices: Mapping[str, np.ndarray], work: Path) -> tuple[VelocityFields, np.ndarray]:
    """Fit the fields with AdamW; a run that was killed goes on from its checkpoint in `work` and ends in the same numbers.

    Args:
        indices: by coupling, the pairing of every batch, (seeds, steps, batch), as `couple` gives it.

    Returns:
        The fields in the order of `plan.members()`, and the loss of each step and field, (steps, M), float32.

    Raises:
        ValueError: the indices belong to another number of seeds, steps or points.
        InputError: a loss is no longer a finite number; the sentence names pair, coupling, seed and step.
    """
    expected = (plan.seeds, plan.steps, plan.batch_size)
    for coupling in set(plan.couplings) - {"independent"}:
        if indices[coupling].shape != expected:
            raise ValueError(f"the {coupling} is of (seeds, steps, batch) {indices[coupling].shape}, the training of {expected}")
    run = _Run(plan, work)
    run.load(work)
    lengths = chunk_lengths(plan.steps)
    with progress.track(range(0), f"train {plan.pair}", total=plan.steps, unit="step") as bar:
        bar.update(run.step)
        while run.chunk < len(lengths):
            steps = lengths[run.chunk]
            run.take(*training_pairs(plan, indices, run.chunk, steps))
            _check_losses(plan, run.losses[run.step - steps : run.step], run.step - steps)
            bar.update(steps)
            means = run.losses[run.step - steps : run.step].mean(0)
            bar.set_postfix_str("loss " + " ".join(f"{loss:.2f}" for loss in means), refresh=False)
            if run.chunk % CHECKPOINT_CHUNKS == 0:
                run.save(work)
    return run.fields, run.losses.numpy()


def training_pairs(plan: TrainingPlan, indices: Mapping[str, np.ndarray], chunk: int, steps: int) -> tuple[Tensor, Tensor]:
    """What the fields see in one chunk: inputs (steps, M, batch, d + 1), points then time, and velocities (steps, M, batch, d)."""
    start = sum(chunk_lengths(plan.steps)[:chunk])
    draws = [draw_batches(plan.pair, plan.seed, replicate, chunk, steps, plan.batch_size) for replicate in range(plan.seeds)]
    members, dimension = plan.members(), PAIRS[plan.pair].dimension
    inputs = torch.empty(steps, len(members), plan.batch_size, dimension + 1)
    velocities = torch.empty(steps, len(members), plan.batch_size, dimension)
    for number, (coupling, replicate) in enumerate(members):
        draw, target = draws[replicate], draws[replicate].target
        if coupling != "independent":
            target = pair_targets(target, coupling, indices[coupling][replicate, start : start + steps])
        source, paired, time, noise = (torch.from_numpy(array) for array in (draw.source, target, draw.time, draw.noise))
        inputs[:, number, :, :-1], velocities[:, number] = conditional_velocity(plan.path, source, paired, time, noise, plan.sigma)
        inputs[:, number, :, -1:] = time
    return inputs, velocities


def _check_losses(plan: TrainingPlan, losses: Tensor, before: int) -> None:
    broken = (~torch.isfinite(losses)).nonzero()
    if len(broken):
        step, member = broken[0].tolist()
        coupling, replicate = plan.members()[member]
        raise InputError(
            f"the loss of {plan.pair} with {coupling}, seed {replicate}, is no finite number at step {before + step + 1}: "
            f"lower the learning rate, which is {plan.learning_rate:g}."
        )


class _Run:
    """The state of a training run between two chunks, and its way to the disk and back."""

    def __init__(self, plan: TrainingPlan, work: Path) -> None:
        members = plan.members()
        self.fields = VelocityFields(len(members), plan.hidden_units, PAIRS[plan.pair].dimension, plan.activation)
        # One seed for all couplings: paired fields begin with the same weights.
        self.fields.initialise([derive_seed(plan.seed, "flow weights", replicate) for _, replicate in members])
        self.engine = Engine(self.fields, plan.learning_rate, plan.weight_decay, work)
        self.losses = torch.zeros(plan.steps, self.fields.models)
        self.chunk = 0

    @property
    def step(self) -> int:
        """The steps taken so far."""
        return self.engine.taken

    def take(self, inputs: Tensor, velocities: Tensor) -> None:
        """Train on one chunk."""
        before = self.step
        losses = self.engine.take(inputs, velocities)
        self.losses[before : self.step] = losses
        self.chunk += 1

    def save(self, work: Path) -> None:
        state = {"step": self.step, "chunk": self.chunk, "losses": self.losses[: self.step].clone()}
        state |= {"parameters": self.fields.parameters, "first": self.engine.first, "second": self.engine.second}
        checkpoint.save(state, work / "checkpoint.pt")

    def load(self, work: Path) -> None:
        state = checkpoint.load(work / "checkpoint.pt")
        if state is None:
            return
        self.engine.taken, self.chunk = state["step"], state["chunk"]
        self.losses[: self.step] = state["losses"]
        self.fields.parameters.copy_(state["parameters"])
        self.engine.first.copy_(state["first"])
        self.engine.second.copy_(state["second"])
