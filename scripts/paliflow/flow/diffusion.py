"""Diffusion beside the flow: the same network learns the noise in a noisy point, and sampling takes the noise away step by step.

Time runs the other way than in the flow: data at t = 0, noise at t = 1, as in the papers.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from paliflow import progress
from paliflow.errors import InputError
from paliflow.flow.batches import chunk_lengths, draw_batches
from paliflow.flow.distributions import PAIRS
from paliflow.flow.engine import Engine
from paliflow.flow.network import VelocityFields
from paliflow.flow.sample import Field, Trajectory
from paliflow.seeds import derive_seed

BETA_START, BETA_END = 0.1, 20.0
FIRST_TIME = 1e-3  # where the probability-flow ODE stops; the data are then noisy by a hundredth of their deviation
SCALE_POINTS = 50_000


@dataclass(frozen=True)
class Scale:
    """What brings a target to mean 0 and variance 1 over all its coordinates together: x → (x − mean) / deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class DiffusionPlan:
    """What one training run depends on."""

    pair: str
    seed: int
    seeds: int
    steps: int
    batch_size: int
    learning_rate: float
    hidden_units: int


def target_scale(pair: str, seed: int) -> Scale:
    """The scale of a pair's target, from 50,000 of its points."""
    points = PAIRS[pair].target.sample(SCALE_POINTS, np.random.default_rng(derive_seed(seed, "diffusion scale", pair)))
    return Scale(float(points.mean(dtype=np.float64)), float(points.std(dtype=np.float64)))


def signal_share(time: Tensor) -> Tensor:
    """ᾱ(t) = exp(−∫β), the share of the variance that is still data, for β(t) growing linearly from 0.1 to 20.

    It is the limit of many steps of the variances 0.0001 to 0.02 in 1,000 steps.

    Source: Ho et al. 2020, section 4; Song et al. 2021 (score SDE), eq. 33, the variance preserving process.
    """
    return torch.exp(-(BETA_START * time + (BETA_END - BETA_START) * time**2 / 2))


def noisy_points(data: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """The noisy points √ᾱ x + √(1 − ᾱ) ε at times (..., 1); a field trained on (these and the time, ε) predicts the noise.

    Args:
        data: at unit variance, (..., dim).
        noise: ε, standard normal, (..., dim).

    Source: Ho et al. 2020, eq. 4 and 14.
    """
    share = signal_share(time)
    return share.sqrt() * data + (1 - share).sqrt() * noise


def sample_diffusion(field: Field, noise: np.ndarray, evaluations: int, stochastic: float, random: np.random.Generator) -> Trajectory:
    """Take the noise out of standard normal points (n, dim) in equal steps of time, one evaluation of the field each.

    Args:
        stochastic: η; 1 is the ancestral sampling of DDPM, which puts fresh noise back after each step, 0 is DDIM, which puts none.

    Returns:
        The points after each step, the noise first, at unit scale.

    Source: Song et al. 2021 (DDIM), eq. 12 and 16; at η = 1 Ho et al. 2020, algorithm 2 with the posterior variance.
    """
    points = torch.from_numpy(noise)
    times = torch.linspace(1, 0, evaluations + 1)
    kept = [points]
    with torch.no_grad():
        for now, following in itertools.pairwise(times):
            share, next_share = signal_share(now), signal_share(following)
            predicted = field(now, points[None])[0]
            data = (points - (1 - share).sqrt() * predicted) / share.sqrt()
            variance = stochastic**2 * (1 - next_share) / (1 - share) * (1 - share / next_share)
            points = next_share.sqrt() * data + (1 - next_share - variance).clamp(min=0).sqrt() * predicted
            if stochastic > 0:
                points = points + variance.sqrt() * torch.from_numpy(random.standard_normal(noise.shape, dtype=np.float32))
            kept.append(points)
    return Trajectory(torch.stack(kept).numpy(), evaluations)


@dataclass(frozen=True)
class ProbabilityFlow:
    """The velocity field whose flow carries noise into data as the diffusion does, to be solved from 0 to 1 like any other field.

    With s running from 0 to 1, t = 1 − s (1 − 0.001) and dx/ds = (1 − 0.001) β(t)/2 (x − ε(x, t)/√(1 − ᾱ(t))).

    Source: Song et al. 2021 (score SDE), eq. 13, with the score −ε/√(1 − ᾱ).
    """

    noise_field: Field
    models: int = 1

    def __call__(self, time: Tensor, points: Tensor) -> Tensor:
        span = 1 - FIRST_TIME
        moment = 1 - torch.as_tensor(time, dtype=points.dtype) * span
        rate = BETA_START + (BETA_END - BETA_START) * moment
        return span * rate / 2 * (points - self.noise_field(moment, points) / (1 - signal_share(moment)).sqrt())


def train_diffusion(plan: DiffusionPlan, folder: Path) -> tuple[VelocityFields, Scale, np.ndarray]:
    """Fit one noise field a seed by Adam, from the weights, points and times that the flow of the same pair and seed begins with and sees.

    The flow's source points are the noise here, so the two differ in what they learn and in nothing else. A run is a minute's work and
    starts anew if it is killed.

    Args:
        folder: for the compiled step.

    Returns:
        The fields, the scale of the data they know, and the loss of each step and field, (steps, seeds), float32.

    Raises:
        InputError: the pair's source is no standard normal, or a loss is no longer finite.

    Source: Ho et al. 2020, algorithm 1.
    """
    both = PAIRS[plan.pair]
    if not both.source.name.startswith("gaussian"):
        raise InputError(
            f"diffusion begins at a standard normal, and the pair {plan.pair} at {both.source.name}: take a pair from a gaussian."
        )
    scale = target_scale(plan.pair, plan.seed)
    fields = VelocityFields(plan.seeds, plan.hidden_units, both.dimension)
    fields.initialise([derive_seed(plan.seed, "flow weights", replicate) for replicate in range(plan.seeds)])
    engine = Engine(fields, plan.learning_rate, 0.0, folder)
    losses = []
    with progress.track(range(0), f"diffuse {plan.pair}", total=plan.steps, unit="step") as bar:
        for chunk, steps in enumerate(chunk_lengths(plan.steps)):
            losses.append(engine.take(*noise_pairs(plan, scale, chunk, steps)))
            if not losses[-1].isfinite().all():
                step, seed = (int(place[0]) for place in (~losses[-1].isfinite()).nonzero(as_tuple=True))
                step += 1 + sum(chunk_lengths(plan.steps)[:chunk])
                raise InputError(f"the diffusion of {plan.pair}, seed {seed}, has no finite loss at step {step}: lower the learning rate.")
            bar.update(steps)
    return fields, scale, torch.cat(losses).numpy()


def noise_pairs(plan: DiffusionPlan, scale: Scale, chunk: int, steps: int) -> tuple[Tensor, Tensor]:
    """What the fields see in one chunk: inputs (steps, seeds, batch, dim + 1), noisy points then time, and the noise (…, dim)."""
    inputs, targets = [], []
    for replicate in range(plan.seeds):
        draw = draw_batches(plan.pair, plan.seed, replicate, chunk, steps, plan.batch_size)
        noise, time = torch.from_numpy(draw.source), torch.from_numpy(draw.time)
        data = (torch.from_numpy(draw.target) - scale.mean) / scale.deviation
        inputs.append(torch.cat([noisy_points(data, noise, time), time], dim=-1))
        targets.append(noise)
    return torch.stack(inputs, dim=1), torch.stack(targets, dim=1)
