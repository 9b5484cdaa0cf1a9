"""What the batch of the transport, the kind of coupling and the conditional path do to straightness, cost and one-step samples."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from paliflow import errors, progress, provenance
from paliflow.arguments import Parser, number_from_zero, positive_integer, positive_number
from paliflow.flow import measures
from paliflow.flow.couplings import COUPLINGS, check_coupling, couple
from paliflow.flow.distances import wasserstein_distance
from paliflow.flow.distributions import PAIRS
from paliflow.flow.measures import spread
from paliflow.flow.path import PATHS
from paliflow.flow.sample import path_energy, path_straightness, solve_dopri5, solve_fixed
from paliflow.flow.train import TrainingPlan, train

KEPT_TIMES = 65
TIMED_BATCHES = 500


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
    cost = spread(measures.transport_cost(plan.pair, plan.seed, arguments.sample_points, measures.FLOOR_REPETITIONS))
    values: dict[str, Any] = {"batch": {}, "coupling": {}, "path": {}}
    seconds = {}
    for (kind, name), one in plans.items():
        progress.say(f"{kind} {name}: {len(one.members())} fields at batch {one.batch_size}, path {one.path}")
        found, seconds[f"microseconds_of_coupling_a_batch_{kind}_{name}"] = measure(one, cost["value"], arguments, work / f"{kind}_{name}")
        values[kind] |= found if kind == "coupling" else {name: found}
    floor = measures.distance_floor(plan.pair, plan.seed, arguments.sample_points)
    values |= {"transport_cost": cost, "wasserstein_floor": spread(floor), "interval": measures.INTERVAL}
    squares = dict.fromkeys(("mean_squared_distance", "straightness", "path_energy", "transport_cost"), "the data's units squared")
    stage.write_metrics(arguments.metrics, values, squares | {"wasserstein": "the data's units"}, measured=seconds)
    shutil.rmtree(work)


def measure(plan: TrainingPlan, cost: float, arguments: Any, work: Path) -> tuple[dict[str, Any], float]:
    """Train one setting and judge it: by coupling its measures over seeds; and the microseconds that pairing one batch took.

    `mean_squared_distance` is that of a pair under the coupling, the cost that transport lowers.
    """
    work.mkdir(parents=True, exist_ok=True)
    took = time_coupling(plan, work / "timed")
    couplings = couple(plan.pair, plan.couplings, plan.seed, plan.seeds, plan.steps, plan.batch_size, work)
    fields, _ = train(plan, couplings.indices, work)
    runs: dict[str, dict[str, list[float]]] = {coupling: {} for coupling in plan.couplings}
    for number, (coupling, replicate) in enumerate(plan.members()):
        field = fields.one(number)
        source, target = measures.evaluation_points(plan.pair, plan.seed, replicate, 0, arguments.sample_points)
        flow = solve_dopri5(field, source, arguments.tolerance, KEPT_TIMES)
        energy = path_energy(field, flow)
        scores = {
            "straightness": path_straightness(field, flow),
            "path_energy": energy,
            "normalised_path_energy": measures.normalised_path_energy(energy, cost),
            "wasserstein_one_step": wasserstein_distance(solve_fixed(field, source, "euler", 1).points[-1], target),
            "wasserstein_dopri5": wasserstein_distance(flow.points[-1], target),
            "dopri5_evaluations": float(flow.num_function_evaluations),
        }
        for name, score in scores.items():
            runs[coupling].setdefault(name, []).append(score)
    found: dict[str, Any] = {coupling: {name: spread(scores) for name, scores in by.items()} for coupling, by in runs.items()}
    for coupling in plan.couplings:
        found[coupling]["mean_squared_distance"] = couplings.cost[coupling]
    return found, took


def time_coupling(plan: TrainingPlan, work: Path) -> float:
    """The microseconds of drawing and pairing one batch, over batches of their own: the plan's may come from a run that was killed."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    couple(plan.pair, plan.couplings, plan.seed, 1, 1, plan.batch_size, work)  # which compiles
    for block in work.glob("*.npz"):
        block.unlink()
    started = time.perf_counter()
    couple(plan.pair, plan.couplings, plan.seed, 1, TIMED_BATCHES, plan.batch_size, work)
    return (time.perf_counter() - started) / TIMED_BATCHES * 1e6


if __name__ == "__main__":
    errors.run(main)
