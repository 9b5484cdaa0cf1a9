"""What the batch of the transport, the kind of coupling and the conditional path do to straightness, cost and one-step samples."""

import shutil
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paliflow import errors, progress, provenance
from paliflow.arguments import Parser, number_from_zero, positive_integer, positive_number
from paliflow.flow import measures
from paliflow.flow.couplings import COUPLINGS, check_coupling, couple
from paliflow.flow.distances import squared_wasserstein_distance, wasserstein_distance
from paliflow.flow.distributions import PAIRS
from paliflow.flow.measures import spread
from paliflow.flow.path import PATHS
from paliflow.flow.sample import path_energy, path_straightness, solve_dopri5, solve_fixed
from paliflow.flow.train import TrainingPlan, train

KEPT_TIMES = 65
TIMED_BATCHES, TIMED_ROUNDS = 200, 5


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pair", choices=PAIRS, required=True, help="source and target distribution")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--seeds", type=positive_integer, required=True, help="runs of each setting")
    parser.add_argument("--steps", type=positive_integer, required=True, help="of each training, the same in all settings")
    parser.add_argument("--batch-sizes", type=positive_integer, nargs="+", required=True, help="of training and transport, 2 to 512")
    parser.add_argument("--batch-size", type=positive_integer, required=True, help="where couplings and paths are compared")
    parser.add_argument("--learning-rate", type=positive_number, required=True, help="Adam's")
    parser.add_argument("--hidden-units", type=positive_integer, required=True, help="in each of three hidden layers")
    parser.add_argument("--sigma", type=number_from_zero, required=True, help="of every path; at 0 lipman is straight")
    parser.add_argument("--sample-points", type=positive_integer, required=True, help="behind each distance")
    parser.add_argument("--energy-points", type=positive_integer, required=True, help="source and target points behind each path energy")
    parser.add_argument("--tolerance", type=positive_number, required=True, help="of dopri5, relative and absolute")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {name: value for name, value in vars(arguments).items() if name not in ("seed", "metrics")}
    stage = provenance.Stage("compare_transport", arguments.seed, settings)
    for batch_size in (*arguments.batch_sizes, arguments.batch_size):
        check_coupling("optimal_transport", batch_size)

    plan = TrainingPlan(
        pair=arguments.pair,
        couplings=["independent", "optimal_transport"],
        seed=arguments.seed,
        seeds=arguments.seeds,
        steps=arguments.steps,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate,
        hidden_units=arguments.hidden_units,
        sigma=arguments.sigma,
    )
    plans = {("batch", str(size)): replace(plan, batch_size=size) for size in arguments.batch_sizes}
    plans[("coupling", "all")] = replace(plan, couplings=list(COUPLINGS))
    plans |= {("path", path): replace(plan, path=path) for path in PATHS}

    work = stage.work_folder(arguments.metrics.parent)
    points = [measures.evaluation_points(plan.pair, plan.seed, replicate, 1, arguments.energy_points) for replicate in range(plan.seeds)]
    costs = [squared_wasserstein_distance(source, target) for source, target in points]
    values: dict[str, Any] = {"batch": {}, "coupling": {}, "path": {}}
    seconds: dict[str, float] = {}
    for (kind, name), one in plans.items():
        progress.say(f"{kind} {name}: {len(one.members())} fields at batch {one.batch_size}, path {one.path}")
        found = measure(one, [source for source, _ in points], costs, arguments, work / f"{kind}_{name}")
        if kind != "path":
            took = {coupling: time_coupling(one, coupling, work / "timed") for coupling in one.couplings if coupling != "independent"}
            seconds |= {f"microseconds_of_{coupling}_{kind}_{name}": microseconds for coupling, microseconds in took.items()}
        values[kind] |= found if kind == "coupling" else {name: found}
    floor = measures.distance_floor(plan.pair, plan.seed, arguments.sample_points)
    values |= {"transport_cost": spread(costs), "wasserstein_floor": spread(floor), "interval": measures.INTERVAL}
    squares = dict.fromkeys(("mean_squared_distance", "straightness", "path_energy", "transport_cost"), "the data's units squared")
    stage.write_metrics(arguments.metrics, values, squares | {"wasserstein": "the data's units"}, measured=seconds)
    shutil.rmtree(work)


def measure(plan: TrainingPlan, begins: list[np.ndarray], costs: list[float], arguments: Any, work: Path) -> dict[str, Any]:
    """Train one setting and judge it: by coupling its measures over seeds.

    Path energies begin at each seed's points of `begins`, whose least transport cost is in `costs`.

    `mean_squared_distance` is that of a pair under the coupling, the cost that transport lowers.
    """
    work.mkdir(parents=True, exist_ok=True)
    couplings = couple(plan.pair, plan.couplings, plan.seed, plan.seeds, plan.steps, plan.batch_size, work)
    fields, _ = train(plan, couplings.indices, work)
    runs: dict[str, dict[str, list[float]]] = {coupling: {} for coupling in plan.couplings}
    energies: dict[str, list[float]] = {coupling: [] for coupling in plan.couplings}
    for number, (coupling, replicate) in enumerate(plan.members()):
        field = fields.one(number)
        source, target = measures.evaluation_points(plan.pair, plan.seed, replicate, 0, arguments.sample_points)
        flow = solve_dopri5(field, source, arguments.tolerance, KEPT_TIMES)
        energies[coupling].append(path_energy(field, solve_dopri5(field, begins[replicate], arguments.tolerance, KEPT_TIMES)))
        scores = {
            "straightness": path_straightness(field, flow),
            "wasserstein_one_step": wasserstein_distance(solve_fixed(field, source, "euler", 1).points[-1], target),
            "wasserstein_dopri5": wasserstein_distance(flow.points[-1], target),
            "dopri5_evaluations": float(flow.num_function_evaluations),
        }
        for name, score in scores.items():
            runs[coupling].setdefault(name, []).append(score)
    found: dict[str, Any] = {coupling: {name: spread(scores) for name, scores in by.items()} for coupling, by in runs.items()}
    for coupling in plan.couplings:
        found[coupling] |= measures.energy_scores(energies[coupling], costs)
        found[coupling]["mean_squared_distance"] = couplings.cost[coupling]
    return found


def time_coupling(plan: TrainingPlan, coupling: str, work: Path) -> float:
    """The microseconds of drawing and pairing one batch, the median of several rounds over batches that no killed run left behind."""
    work.mkdir(exist_ok=True)
    rounds = []
    for batches in (1, *[TIMED_BATCHES] * TIMED_ROUNDS):  # the first compiles
        for block in work.glob("*.npz"):
            block.unlink()
        started = time.perf_counter()
        couple(plan.pair, [coupling], plan.seed, 1, batches, plan.batch_size, work)
        rounds.append((time.perf_counter() - started) / batches * 1e6)
    return statistics.median(rounds[1:])


if __name__ == "__main__":
    errors.run(main)
