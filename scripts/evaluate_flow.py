"""Measure the trained fields of one pair in the plane: distances at several numbers of evaluations, their floors, paths, likelihoods."""

import contextlib
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paliflow import errors, files, progress, provenance
from paliflow.arguments import Parser, positive_integer, positive_number
from paliflow.errors import InputError
from paliflow.flow import measures
from paliflow.flow.distances import mode_shares, squared_wasserstein_distance, wasserstein_distance
from paliflow.flow.distributions import PAIRS
from paliflow.flow.measures import spread
from paliflow.flow.network import VelocityFields, load_fields
from paliflow.flow.sample import EVALUATIONS_PER_STEP, log_likelihood, path_energy, path_straightness, solve_dopri5, solve_fixed

KEPT_TIMES = 65
KEPT_PATHS = 256
VELOCITY_TIMES, VELOCITY_POINTS = (0.0, 0.33, 0.67, 1.0), 21

Runs = dict[str, dict[str, list[float]]]  # by coupling and solver (or measure), one number a seed


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="to read: what train_flow wrote")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument(
        "--evaluations", type=positive_integer, nargs="+", required=True, help="numbers of evaluations of the fixed solvers"
    )
    parser.add_argument("--sample-points", type=positive_integer, required=True, help="behind each distance")
    parser.add_argument("--draws", type=positive_integer, required=True, help="of those points, for each seed; their mean counts")
    parser.add_argument("--large-points", type=positive_integer, required=True, help="behind one more distance, of the energy points")
    parser.add_argument("--energy-points", type=positive_integer, required=True, help="source and target points behind each path energy")
    parser.add_argument("--likelihood-points", type=positive_integer, required=True, help="target points behind each likelihood")
    parser.add_argument("--tolerance", type=positive_number, required=True, help="of dopri5, relative and absolute")
    parser.add_argument("--samples", type=Path, required=True, help="to write: samples and paths of the first seed and draw, .npz")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: distances, floors, paths and likelihoods, .json")
    arguments = parser.parse_args()
    if arguments.large_points > arguments.energy_points:
        raise InputError("--large-points are more than --energy-points, of which they are the first: raise the one or lower the other.")
    torch.set_num_threads(1)
    settings = {name: value for name, value in vars(arguments).items() if name not in ("model", "seed", "samples", "metrics")}
    stage = provenance.Stage("evaluate_flow", arguments.seed, settings)

    fields, about = load_fields(arguments.model)
    pair = about["pair"]
    if PAIRS[pair].dimension != 2:
        raise InputError(f"{arguments.model} holds fields of {pair}, which do not lie in the plane: use evaluate_digits.")
    members = [(fields.one(number), member["coupling"], member["seed"]) for number, member in enumerate(about["fields"])]
    distances, kept, seconds = measure_samples(members, pair, arguments)
    values = tell_distances(distances, pair, arguments) | measure_flows(members, pair, arguments)
    with files.replacing(arguments.samples) as temporary:
        np.savez(temporary, **kept | velocity_grid(members, kept["target"]))
    stage.write_metrics(arguments.metrics, values | {"interval": measures.INTERVAL}, units(), measured=seconds)


def measure_samples(members: list, pair: str, arguments: Any) -> tuple[dict[str, Runs], dict[str, np.ndarray], dict[str, float]]:
    """Every measure of the samples of every solver, one number a field; samples and paths of the first; and what a draw took on average."""
    found: dict[str, Runs] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    kept: dict[str, np.ndarray] = {}
    seconds: dict[str, list[float]] = defaultdict(list)
    budgets = [
        (solver, count) for solver in EVALUATIONS_PER_STEP for count in arguments.evaluations if not count % EVALUATIONS_PER_STEP[solver]
    ]
    for field, coupling, replicate in progress.track(members, f"evaluate {pair}", unit="field"):
        draws: dict[tuple[str, str], list[float]] = defaultdict(list)
        for draw in range(arguments.draws):
            source, target = measures.evaluation_points(pair, arguments.seed, replicate, draw, arguments.sample_points)
            ends = {}
            for solver, count in budgets:
                with timed(seconds[f"{coupling}_{solver}_{count}"]):
                    ends[f"{solver}_{count}"] = solve_fixed(field, source, solver, count).points[-1]
            with timed(seconds[f"{coupling}_dopri5"]):
                adaptive = solve_dopri5(field, source, arguments.tolerance, KEPT_TIMES)
            ends["dopri5"] = adaptive.points[-1]
            for solver, points in ends.items():
                for name, score in measures.sample_measures(pair, points, target).items():
                    draws[name, solver].append(score)
            draws["straightness", "dopri5"].append(path_straightness(field, adaptive))
            draws["evaluations", "dopri5"].append(adaptive.num_function_evaluations)
            if replicate == draw == 0:
                kept |= {f"{coupling}_{solver}": points for solver, points in ends.items()}
                kept |= {f"{coupling}_paths": adaptive.points[:, :KEPT_PATHS], "source": source, "target": target}
        for (name, solver), scores in draws.items():
            found[name][coupling][solver].append(float(np.mean(scores)))
    return found, kept, {f"seconds_of_{draw}": float(np.mean(runs)) for draw, runs in seconds.items()}


@contextlib.contextmanager
def timed(runs: list[float]) -> Iterator[None]:
    """Add the seconds that the block takes."""
    started = time.perf_counter()
    yield
    runs.append(time.perf_counter() - started)


def tell_distances(found: dict[str, Runs], pair: str, arguments: Any) -> dict[str, Any]:
    """The measures with their intervals over seeds, floors, and what each coupling scores less or more than independent pairs."""
    floors = measures.measure_floors(pair, arguments.seed, arguments.sample_points)
    values: dict[str, Any] = {f"{name}_floor": floor for name, floor in floors.items()}
    for name in floors:
        values[name] = {coupling: _spreads(solvers, ("euler", "dopri5")) for coupling, solvers in found[name].items()}
        values[f"{name}_other_solvers"] = {coupling: _spreads(solvers, ("midpoint", "rk4")) for coupling, solvers in found[name].items()}
    values["wasserstein_runs"] = {
        coupling: {solver: runs for solver, runs in solvers.items() if solver.startswith(("euler", "dopri5"))}
        for coupling, solvers in found["wasserstein"].items()
    }
    values["straightness"] = {coupling: spread(solvers["dopri5"]) for coupling, solvers in found["straightness"].items()}
    values["dopri5_evaluations"] = {coupling: spread(solvers["dopri5"]) for coupling, solvers in found["evaluations"].items()}
    values["less_than_independent"] = {
        name: paired_differences(found[name]) for name in (*floors, "straightness", "evaluations") if "independent" in found[name]
    }
    return values


def measure_flows(members: list, pair: str, arguments: Any) -> dict[str, Any]:
    """What needs points of its own: the large distance, shares of modes, likelihoods, and path energies beside the transport cost."""
    source, target = PAIRS[pair].source, PAIRS[pair].target
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    energies: dict[str, list[float]] = defaultdict(list)
    costs: dict[int, float] = {}  # by seed, from the source points of its path energies
    large, count = slice(arguments.large_points), max(arguments.energy_points, arguments.likelihood_points)
    for field, coupling, replicate in progress.track(members, f"follow {pair}", unit="field"):
        begin, end = measures.evaluation_points(pair, arguments.seed, replicate, arguments.draws, count)
        flow = solve_dopri5(field, begin[: arguments.energy_points], arguments.tolerance, KEPT_TIMES)
        if replicate not in costs:
            costs[replicate] = squared_wasserstein_distance(begin[: arguments.energy_points], end[: arguments.energy_points])
        energies[coupling].append(path_energy(field, flow))
        found["wasserstein_large"][coupling].append(wasserstein_distance(flow.points[-1, large], end[large]))
        if target.centres is not None:
            found["mode_share"][coupling].append(mode_shares(flow.points[-1], target.centres))
        if source.log_density is not None and target.log_density is not None:
            points = end[: arguments.likelihood_points]
            likelihood = log_likelihood(field, points, source.log_density, arguments.tolerance)
            entropy = -float(target.log_density(points).mean())
            nll = -float(likelihood.log_density.mean())
            scores = {"negative_log_likelihood": nll, "kl_target_model": nll - entropy}
            scores["likelihood_evaluations"] = likelihood.num_function_evaluations
            for name, score in scores.items():
                found[name][coupling].append(score)
            found["target_entropy"][coupling].append(entropy)
    shares = found.pop("mode_share", {})
    entropies = found.pop("target_entropy", {})
    values: dict[str, Any] = {name: {coupling: spread(runs) for coupling, runs in by.items()} for name, by in found.items()}
    values["mode_share"] = {coupling: [spread(mode) for mode in np.array(runs).T] for coupling, runs in shares.items()}
    values["mode_share_reference"] = None if target.centres is None else 1 / len(target.centres)
    values["negative_log_likelihood_reference"] = spread(next(iter(entropies.values()))) if entropies else None
    for coupling, runs in energies.items():
        for name, score in measures.energy_scores(runs, list(costs.values())).items():
            values.setdefault(name, {})[coupling] = score
    values["transport_cost"] = spread(list(costs.values()))
    floor = measures.distance_floor(pair, arguments.seed, arguments.large_points)
    return values | {"wasserstein_large_floor": spread(floor)}


def paired_differences(runs: Runs) -> dict[str, dict[str, Any]]:
    """By coupling and solver, how much less a coupling scores than independent pairs with the same seed, points and first weights."""
    return {
        coupling: {
            solver: spread([beside - score for beside, score in zip(runs["independent"][solver], scores, strict=True)])
            for solver, scores in solvers.items()
        }
        for coupling, solvers in runs.items()
        if coupling != "independent"
    }


def velocity_grid(members: list[tuple[VelocityFields, str, int]], target: np.ndarray) -> dict[str, np.ndarray]:
    """Each coupling's first field at four times on a grid over the target: times (4,), grid (n, 2) and velocities (4, n, 2)."""
    low, high = target.min(0) - 0.5, target.max(0) + 0.5
    lines = [np.linspace(*ends, VELOCITY_POINTS, dtype=np.float32) for ends in zip(low, high, strict=True)]
    grid = np.array(list(itertools.product(*lines)), np.float32)
    found = {"velocity_times": np.array(VELOCITY_TIMES), "velocity_grid": grid}
    for field, coupling, replicate in members:
        if replicate == 0:
            found[f"{coupling}_velocity"] = np.stack([field(moment, torch.from_numpy(grid)[None])[0].numpy() for moment in VELOCITY_TIMES])
    return found


def units() -> dict[str, str]:
    length = dict.fromkeys(("wasserstein", "wasserstein_large", "sliced_wasserstein", "energy_distance"), "the data's units")
    squares = dict.fromkeys(("straightness", "path_energy", "transport_cost"), "the data's units squared")
    shares = dict.fromkeys(("mode_deviation", "mode_share"), "share of the samples")
    return length | squares | shares | dict.fromkeys(("negative_log_likelihood", "kl_target_model"), "nats")


def _spreads(solvers: dict[str, list[float]], names: tuple[str, ...]) -> dict[str, Any]:
    return {solver: spread(runs, lowest=0) for solver, runs in solvers.items() if solver.startswith(names)}


if __name__ == "__main__":
    errors.run(main)
