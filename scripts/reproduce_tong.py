"""Tong et al. 2023, Table 2: the normalised path energy at their setting, ours beside theirs, and the exact fields'."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paliflow import errors, progress, provenance
from paliflow.arguments import Parser, positive_integer, positive_number
from paliflow.flow import measures
from paliflow.flow.couplings import couple
from paliflow.flow.distances import squared_wasserstein_distance
from paliflow.flow.exact import MixtureField, exact_path_energy
from paliflow.flow.measures import energy_scores, spread
from paliflow.flow.published import PATH_ENERGIES, data_forms
from paliflow.flow.sample import path_energy, solve_dopri5
from paliflow.flow.train import TrainingPlan, train
from paliflow.seeds import derive_seed

HIDDEN_UNITS, ACTIVATION = 64, "selu"
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-5  # AdamW; the decay as in the configuration that they published
BATCH_SIZE, SIGMA = 512, 0.1
KEPT_TIMES = 101
REPETITIONS = 3  # of the exact fields' energies


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pair", choices=PATH_ENERGIES, required=True, help="source and target distribution")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--seeds", type=positive_integer, required=True, help="runs; theirs were 5")
    parser.add_argument("--steps", type=positive_integer, required=True, help="of training; theirs were about 20,000")
    parser.add_argument("--energy-points", type=positive_integer, required=True, help="source and target points behind each path energy")
    parser.add_argument("--tolerance", type=positive_number, required=True, help="of dopri5, relative and absolute")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {name: value for name, value in vars(arguments).items() if name not in ("seed", "metrics")}
    stage = provenance.Stage("reproduce_tong", arguments.seed, settings)

    work = stage.work_folder(arguments.metrics.parent)
    values = reproduce(arguments.pair, arguments, work) | {"interval": measures.INTERVAL}
    values["exact_field"] = exact_energies(arguments.pair, arguments)
    stage.write_metrics(arguments.metrics, values, dict.fromkeys(("path_energy", "transport_cost"), "the data's units squared"))
    shutil.rmtree(work)


def reproduce(pair: str, arguments: Any, work: Path) -> dict[str, Any]:
    """Train a pair at their setting and measure it: by coupling ours (`normalised_path_energy`) and theirs (`paper`)."""
    plan = TrainingPlan(
        pair=pair,
        couplings=list(PATH_ENERGIES[pair]),
        seed=arguments.seed,
        seeds=arguments.seeds,
        steps=arguments.steps,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        hidden_units=HIDDEN_UNITS,
        sigma=SIGMA,
        path="straight",
        weight_decay=WEIGHT_DECAY,
        activation=ACTIVATION,
    )
    couplings = couple(pair, plan.couplings, plan.seed, plan.seeds, plan.steps, plan.batch_size, work)
    fields, _ = train(plan, couplings.indices, work)
    costs: dict[int, float] = {}  # by seed, from the source points of its path energies
    energies: dict[str, list[float]] = {coupling: [] for coupling in plan.couplings}
    for number, (coupling, replicate) in enumerate(progress.track(plan.members(), f"follow {pair}", unit="field")):
        source, target = measures.evaluation_points(pair, arguments.seed, replicate, 0, arguments.energy_points)
        if replicate not in costs:
            costs[replicate] = squared_wasserstein_distance(source, target)
        field = fields.one(number)
        energies[coupling].append(path_energy(field, solve_dopri5(field, source, arguments.tolerance, KEPT_TIMES)))
    found: dict[str, Any] = {"transport_cost": spread(list(costs.values()))}
    for coupling, runs in energies.items():
        found[coupling] = {
            **energy_scores(runs, list(costs.values())),
            "paper": PATH_ENERGIES[pair][coupling],
            "mean_squared_distance": couplings.cost[coupling],
        }
    return found


def exact_energies(pair: str, arguments: Any) -> dict[str, Any]:
    """The normalised path energy of independent pairs where training is perfect, for each form in which their code draws this pair.

    It separates what the data do from what training does.
    """
    found = {}
    for name, (source, target) in data_forms()[pair].items():
        field = MixtureField(source, target, SIGMA)
        energies, costs = [], []
        for repetition in range(REPETITIONS):
            random = np.random.default_rng(derive_seed(arguments.seed, "exact field", pair, name, repetition))
            energies.append(exact_path_energy(field, arguments.energy_points, random))
            costs.append(squared_wasserstein_distance(*(end.sample(arguments.energy_points, random) for end in (source, target))))
        found[name] = energy_scores(energies, costs)["normalised_path_energy"]
    return found


if __name__ == "__main__":
    errors.run(main)
