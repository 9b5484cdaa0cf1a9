"""Train the velocity fields of one pair of distributions, all couplings and seeds side by side on the same points and times."""

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas
import torch

from paliflow import errors, files, provenance
from paliflow.arguments import Parser, number_from_zero, positive_integer, positive_number
from paliflow.errors import InputError
from paliflow.flow.couplings import COUPLINGS, check_coupling
from paliflow.flow.distributions import PAIRS
from paliflow.flow.measures import INTERVAL, spread
from paliflow.flow.network import ACTIVATIONS, save_fields
from paliflow.flow.path import PATHS
from paliflow.flow.train import TrainingPlan, train

FINAL_SHARE = 0.05


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pair", choices=PAIRS, required=True, help="source and target distribution")
    parser.add_argument("--indices", type=Path, required=True, help="to read: what couple_flow wrote")
    parser.add_argument(
        "--couplings", nargs="+", choices=COUPLINGS, required=True, help="how batches are paired, one field a seed for each"
    )
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument(
        "--seeds", type=positive_integer, required=True, help="runs of each coupling, of the same weights and points in all"
    )
    parser.add_argument("--steps", type=positive_integer, required=True, help="of training")
    parser.add_argument("--batch-size", type=positive_integer, required=True, help="points a step")
    parser.add_argument("--learning-rate", type=positive_number, required=True, help="Adam's")
    parser.add_argument("--weight-decay", type=number_from_zero, default=0.0, help="AdamW's; 0 is Adam")
    parser.add_argument("--hidden-units", type=positive_integer, required=True, help="in each of three hidden layers")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="silu", help="between the layers")
    parser.add_argument("--path", choices=PATHS, default="straight", help="from a source point to its target point")
    parser.add_argument("--sigma", type=number_from_zero, required=True, help="standard deviation around the path; see its description")
    parser.add_argument("--model", type=Path, required=True, help="to write: all fields, .safetensors")
    parser.add_argument("--log", type=Path, required=True, help="to write: the loss of every step, .parquet")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: first and final losses, .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plan = TrainingPlan(**{name: getattr(arguments, name) for name in TrainingPlan.__dataclass_fields__})
    for coupling in plan.couplings:
        check_coupling(coupling, plan.batch_size)
    stage = provenance.Stage("train_flow", plan.seed, asdict(plan) | {"indices_sha256": files.sha256(arguments.indices)})

    indices = read_indices(arguments.indices, plan)
    work = stage.work_folder(arguments.model.parent)
    fields, losses = train(plan, indices, work)

    members = [{"coupling": coupling, "seed": replicate} for coupling, replicate in plan.members()]
    save_fields(fields, {"pair": plan.pair, "fields": members}, arguments.model)
    with files.replacing(arguments.log) as temporary:
        loss_table(losses, plan).to_parquet(temporary, index=False)
    stage.write_metrics(arguments.metrics, summary(losses, plan) | {"parameters_per_field": fields.parameters.numel() // fields.models})
    shutil.rmtree(work, ignore_errors=True)


def read_indices(path: Path, plan: TrainingPlan) -> dict[str, np.ndarray]:
    """The pairings that a plan needs, by coupling, (seeds, steps, batch) each.

    Raises:
        InputError: the file holds no pairing of that name or of that size, or pairs the points of another pair or seed.
    """
    needed = [coupling for coupling in plan.couplings if coupling != "independent"]
    with np.load(path) as stored:
        indices = {coupling: stored[coupling] for coupling in needed if coupling in stored}
        drawn_for = str(stored["pair"]), int(stored["seed"])
    if drawn_for != (plan.pair, plan.seed):
        raise InputError(
            f"{path} pairs the points of {drawn_for[0]} from seed {drawn_for[1]}, and the training draws those of {plan.pair} from seed "
            f"{plan.seed}: run couple_flow with the same settings."
        )
    expected = (plan.seeds, plan.steps, plan.batch_size)
    for coupling in needed:
        if coupling not in indices or indices[coupling].shape != expected:
            found = f"of {indices[coupling].shape}" if coupling in indices else "missing"
            raise InputError(
                f"the {coupling} in {path} is {found}, not of (seeds, steps, batch) {expected}: run couple_flow with the same settings."
            )
    return indices


def loss_table(losses: np.ndarray, plan: TrainingPlan) -> pandas.DataFrame:
    """The losses (steps, M) as one row a step, coupling and seed."""
    members = plan.members()
    couplings = [coupling for coupling, _ in members]
    columns = {
        "step": np.tile(np.arange(1, plan.steps + 1, dtype=np.int32), len(members)),
        "coupling": pandas.Categorical(np.repeat(couplings, plan.steps), categories=plan.couplings),
        "seed": np.repeat(np.array([replicate for _, replicate in members], np.int8), plan.steps),
        "loss": losses.T.reshape(-1),
    }
    return pandas.DataFrame(columns)


def summary(losses: np.ndarray, plan: TrainingPlan) -> dict[str, object]:
    """First and final loss of each coupling over its seeds; the final one is the mean of the last 5 % of the steps."""
    last = max(1, round(FINAL_SHARE * plan.steps))
    by_coupling = losses.reshape(plan.steps, len(plan.couplings), plan.seeds)
    return {
        "steps": plan.steps,
        "first_loss": {name: spread(by_coupling[0, n].tolist()) for n, name in enumerate(plan.couplings)},
        "final_loss": {name: spread(by_coupling[-last:, n].mean(0).tolist()) for n, name in enumerate(plan.couplings)},
        "interval": INTERVAL,
    }


if __name__ == "__main__":
    errors.run(main)
