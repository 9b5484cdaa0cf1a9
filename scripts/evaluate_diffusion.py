"""Measure the diffusion models of one pair in the plane: the distances of the flow, on its points, for three ways of sampling."""

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paliflow import errors, files, progress, provenance
from paliflow.arguments import Parser, positive_integer, positive_number
from paliflow.errors import InputError
from paliflow.flow import measures
from paliflow.flow.diffusion import ProbabilityFlow, sample_diffusion
from paliflow.flow.distances import wasserstein_distance
from paliflow.flow.distributions import PAIRS
from paliflow.flow.measures import spread
from paliflow.flow.network import VelocityFields, load_fields
from paliflow.flow.sample import log_likelihood, solve_dopri5, solve_fixed
from paliflow.seeds import derive_seed

SIGNED = ("negative_log_likelihood", "kl_target_model")  # the estimate of a divergence can fall below 0


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="to read: what train_diffusion wrote")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--evaluations", type=positive_integer, nargs="+", required=True, help="numbers of evaluations of the field")
    parser.add_argument("--sample-points", type=positive_integer, required=True, help="behind each distance, the same as the flow's")
    parser.add_argument("--draws", type=positive_integer, required=True, help="of those points, for each seed; their mean counts")
    parser.add_argument("--large-points", type=positive_integer, required=True, help="behind one more distance, of dopri5")
    parser.add_argument("--likelihood-points", type=positive_integer, required=True, help="target points behind each likelihood")
    parser.add_argument("--tolerance", type=positive_number, required=True, help="of dopri5, relative and absolute")
    parser.add_argument("--samples", type=Path, required=True, help="to write: samples of the first seed and draw, .npz")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: distances, floors and likelihoods, .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {name: value for name, value in vars(arguments).items() if name not in ("model", "seed", "samples", "metrics")}
    stage = provenance.Stage("evaluate_diffusion", arguments.seed, settings)

    fields, about = load_fields(arguments.model)
    pair = about["pair"]
    if PAIRS[pair].dimension != 2:
        raise InputError(f"{arguments.model} holds models of {pair}, which do not lie in the plane: use evaluate_digits.")
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))  # by measure and sampler, one number a seed
    seconds: dict[str, list[float]] = defaultdict(list)
    kept: dict[str, np.ndarray] = {}
    for number, member in progress.track(list(enumerate(about["fields"])), f"evaluate diffusion {pair}", unit="model"):
        field, replicate = fields.one(number), member["seed"]
        scores: dict[tuple[str, str], list[float]] = defaultdict(list)
        for draw in range(arguments.draws):
            noise, target = measures.evaluation_points(pair, arguments.seed, replicate, draw, arguments.sample_points)
            random = np.random.default_rng(derive_seed(arguments.seed, "diffusion sampling", pair, replicate, draw))
            drawn = draw_samples(field, noise, arguments.evaluations, arguments.tolerance, random)
            for sampler, (points, evaluations, took) in drawn.items():
                points = rescale(points, about)
                for name, score in measures.sample_measures(pair, points, target).items():
                    scores[name, sampler].append(score)
                scores["evaluations", sampler].append(evaluations)
                seconds[sampler].append(took)
                if replicate == draw == 0:
                    kept |= {sampler: points, "target": target}
        for (name, sampler), runs in scores.items():
            found[name][sampler].append(float(np.mean(runs)))
        for name, score in flow_scores(field, about, arguments, replicate).items():
            found[name]["probability_flow"].append(score)

    floors = measures.measure_floors(pair, arguments.seed, arguments.sample_points)
    values: dict[str, Any] = {f"{name}_floor": floor for name, floor in floors.items()}
    values |= {
        name: {sampler: spread(runs, lowest=-np.inf if name in SIGNED else 0) for sampler, runs in samplers.items()}
        for name, samplers in found.items()
    }
    with files.replacing(arguments.samples) as temporary:
        np.savez(temporary, **kept)
    units = dict.fromkeys((*measures.DISTANCES, "wasserstein_large"), "the data's units") | dict.fromkeys(
        ("negative_log_likelihood", "kl_target_model"), "nats"
    )
    times = {f"seconds_of_{sampler}": float(np.mean(runs)) for sampler, runs in seconds.items()}
    stage.write_metrics(arguments.metrics, values | {"interval": measures.INTERVAL}, units, measured=times)


def draw_samples(
    field: VelocityFields, noise: np.ndarray, budgets: list[int], tolerance: float, random: np.random.Generator
) -> dict[str, tuple[np.ndarray, int, float]]:
    """Samples of every sampler and budget at unit scale, with the evaluations and the seconds they took."""
    flow = ProbabilityFlow(field)
    samplers = {}
    for budget in budgets:
        samplers[f"ddpm_{budget}"] = lambda budget=budget: sample_diffusion(field, noise, budget, 1.0, random)
        samplers[f"ddim_{budget}"] = lambda budget=budget: sample_diffusion(field, noise, budget, 0.0, random)
        samplers[f"probability_flow_euler_{budget}"] = lambda budget=budget: solve_fixed(flow, noise, "euler", budget)
    samplers["probability_flow_dopri5"] = lambda: solve_dopri5(flow, noise, tolerance)
    drawn = {}
    for sampler, draw in samplers.items():
        started = time.perf_counter()
        trajectory = draw()
        drawn[sampler] = trajectory.points[-1], trajectory.num_function_evaluations, time.perf_counter() - started
    return drawn


def flow_scores(field: VelocityFields, about: dict[str, Any], arguments: Any, replicate: int) -> dict[str, float]:
    """Of the probability flow: the large distance, the negative log-likelihood of target points, and its excess over the target's own."""
    flow, (source, target) = ProbabilityFlow(field), (PAIRS[about["pair"]].source, PAIRS[about["pair"]].target)
    count = max(arguments.large_points, arguments.likelihood_points)
    noise, points = measures.evaluation_points(about["pair"], arguments.seed, replicate, arguments.draws, count)
    large = slice(arguments.large_points)
    samples = rescale(solve_dopri5(flow, noise[large], arguments.tolerance).points[-1], about)
    scores = {"wasserstein_large": wasserstein_distance(samples, points[large])}
    if target.log_density is None:
        return scores
    points = points[: arguments.likelihood_points]
    mean, deviation = about["scale"]["mean"], about["scale"]["deviation"]
    scaled = ((points - mean) / deviation).astype(np.float32)
    assert source.log_density is not None  # a gaussian's is known
    likelihood = log_likelihood(flow, scaled, source.log_density, arguments.tolerance)
    nll = -float(likelihood.log_density.mean()) + target.dimension * float(np.log(deviation))
    return scores | {"negative_log_likelihood": nll, "kl_target_model": nll + float(target.log_density(points).mean())}


def rescale(points: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """Samples at unit scale in the data's."""
    return points * np.float32(about["scale"]["deviation"]) + np.float32(about["scale"]["mean"])


if __name__ == "__main__":
    errors.run(main)
