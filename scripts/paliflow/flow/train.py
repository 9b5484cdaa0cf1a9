"""Flow matching: fit the velocity fields of all couplings and seeds of one pair, side by side, on the same points and times."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from paliflow import checkpoint, progress
from paliflow.flow.batches import chunk_lengths, draw_batches
from paliflow.flow.couplings import pair_targets
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

    def members(self) -> list[tuple[str, int]]:
        """The coupling and the seed's number of each field, in the order of the stacked weights."""
        return [(coupling, replicate) for coupling in self.couplings for replicate in range(self.seeds)]


def train(plan: TrainingPlan, permutations: np.ndarray, work: Path) -> tuple[VelocityFields, np.ndarray]:
    """Fit the fields with Adam; a run that was killed goes on from its checkpoint in `work` and ends in the same numbers.

    Args:
        permutations: the transport of every batch, (seeds, steps, batch).

    Returns:
        The fields in the order of `plan.members()`, and the loss of each step and field, (steps, M), float32.

    Raises:
        ValueError: the permutations belong to another number of seeds, steps or points.
    """
    expected = (plan.seeds, plan.steps, plan.batch_size)
    if permutations.shape != expected:
        raise ValueError(f"the couplings are of (seeds, steps, batch) {permutations.shape}, the training of {expected}")
    run = _Run(plan)
    run.load(work)
    lengths = chunk_lengths(plan.steps)
    with progress.track(range(0), f"train {plan.pair}", total=plan.steps, unit="step") as bar:
        bar.update(run.step)
        while run.chunk < len(lengths):
            steps = lengths[run.chunk]
            run.take(*training_pairs(plan, permutations, run.chunk, steps))
            bar.update(steps)
            means = run.losses[run.step - steps : run.step].mean(0)
            bar.set_postfix_str("loss " + " ".join(f"{loss:.2f}" for loss in means), refresh=False)
            if run.chunk % CHECKPOINT_CHUNKS == 0:
                run.save(work)
    return run.fields, run.losses.numpy()


def training_pairs(plan: TrainingPlan, permutations: np.ndarray, chunk: int, steps: int) -> tuple[Tensor, Tensor]:
    """What the fields see in one chunk: inputs (steps, M, batch, 3), points then time, and velocities (steps, M, batch, 2)."""
    start = sum(chunk_lengths(plan.steps)[:chunk])
    draws = [draw_batches(plan.pair, plan.seed, replicate, chunk, steps, plan.batch_size) for replicate in range(plan.seeds)]
    inputs, velocities = [], []
    for coupling, replicate in plan.members():
        draw = draws[replicate]
        target = pair_targets(draw.target, coupling, permutations[replicate, start : start + steps])
        time = torch.from_numpy(draw.time)
        points, velocity = conditional_velocity(
            torch.from_numpy(draw.source), torch.from_numpy(target), time, torch.from_numpy(draw.noise), plan.sigma
        )
        inputs.append(torch.cat([points, time], dim=-1))
        velocities.append(velocity)
    return torch.stack(inputs, dim=1), torch.stack(velocities, dim=1)


class _Run:
    """The state of a training run between two chunks, and its way to the disk and back."""

    def __init__(self, plan: TrainingPlan) -> None:
        self.fields = VelocityFields(len(plan.members()), plan.hidden_units)
        # One seed for both couplings: paired fields begin with the same weights.
        self.fields.initialise([derive_seed(plan.seed, "flow weights", replicate) for _, replicate in plan.members()])
        self.optimiser = torch.optim.Adam([self.fields.parameters], lr=plan.learning_rate, fused=True)
        self.losses = torch.zeros(plan.steps, self.fields.models)
        self.step = self.chunk = 0

    def take(self, inputs: Tensor, velocities: Tensor) -> None:
        """Train on one chunk."""
        for points, velocity in zip(inputs, velocities, strict=True):
            self.losses[self.step] = self.fields.accumulate(points, velocity)
            self.optimiser.step()
            self.step += 1
        self.chunk += 1

    def save(self, work: Path) -> None:
        state = {"step": self.step, "chunk": self.chunk, "losses": self.losses[: self.step].clone()}
        state |= {"parameters": self.fields.parameters, "optimiser": self.optimiser.state_dict()}
        checkpoint.save(state, work / "checkpoint.pt")

    def load(self, work: Path) -> None:
        state = checkpoint.load(work / "checkpoint.pt")
        if state is None:
            return
        self.step, self.chunk = state["step"], state["chunk"]
        self.losses[: self.step] = state["losses"]
        self.fields.parameters.copy_(state["parameters"])
        self.optimiser.load_state_dict(state["optimiser"])
