"""Measure the trained fields of one pair: the 2-Wasserstein distance at several numbers of evaluations, its floor, and straightness."""

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paliflow import errors, files, progress, provenance
from paliflow.arguments import Parser
from paliflow.flow.measures import distance_floor, evaluation_points, spread
from paliflow.flow.network import load_fields
from paliflow.flow.sample import path_straightness, solve_dopri5, solve_euler
from paliflow.flow.transport import wasserstein_distance

KEPT_TIMES = 65
KEPT_PATHS = 256


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="to read: what train_flow wrote")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--evaluations", type=int, nargs="+", required=True, help="numbers of Euler steps")
    parser.add_argument("--sample-points", type=int, required=True, help="behind each distance")
    parser.add_argument("--draws", type=int, required=True, help="of those points, for each seed")
    parser.add_argument("--tolerance", type=float, required=True, help="of dopri5, relative and absolute")
    parser.add_argument("--samples", type=Path, required=True, help="to write: samples and paths of the first seed and draw, .npz")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: distances, floor and straightness, .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {name: getattr(arguments, name) for name in ("evaluations", "sample_points", "draws", "tolerance")}
    stage = provenance.Stage("evaluate_flow", arguments.seed, settings)

    fields, about = load_fields(arguments.model)
    distance: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    straightness, needed = defaultdict(list), defaultdict(list)
    kept: dict[str, np.ndarray] = {}
    runs = list(itertools.product(enumerate(about["fields"]), range(arguments.draws)))
    for (number, member), draw in progress.track(runs, f"evaluate {about['pair']}", unit="draw"):
        coupling, replicate = member["coupling"], member["seed"]
        source, target = evaluation_points(about["pair"], arguments.seed, replicate, draw, arguments.sample_points)
        field = fields.one(number)
        ends = {f"euler_{steps}": solve_euler(field, source, steps).points[-1] for steps in arguments.evaluations}
        adaptive = solve_dopri5(field, source, arguments.tolerance, KEPT_TIMES)
        ends["dopri5"] = adaptive.points[-1]
        for solver, points in ends.items():
            distance[coupling][solver].append(wasserstein_distance(points, target))
        straightness[coupling].append(path_straightness(field, adaptive))
        needed[coupling].append(adaptive.num_function_evaluations)
        if replicate == draw == 0:
            kept |= {f"{coupling}_{solver}": points for solver, points in ends.items()}
            kept |= {f"{coupling}_paths": adaptive.points[:, :KEPT_PATHS], "source": source, "target": target}

    values: dict[str, Any] = {
        "wasserstein": {name: {solver: spread(found) for solver, found in solvers.items()} for name, solvers in distance.items()},
        "wasserstein_runs": distance,
        "wasserstein_floor": spread(distance_floor(about["pair"], arguments.seed, arguments.sample_points)),
        "straightness": {name: spread(found) for name, found in straightness.items()},
        "dopri5_evaluations": {name: spread(found) for name, found in needed.items()},
        "interval": "range over seeds and draws; of the floor, over repetitions",
    }
    with files.replacing(arguments.samples) as temporary:
        np.savez(temporary, **kept)
    units = {"wasserstein": "the data's units", "wasserstein_floor": "the data's units", "straightness": "the data's units squared"}
    stage.write_metrics(arguments.metrics, values, units)


if __name__ == "__main__":
    errors.run(main)
