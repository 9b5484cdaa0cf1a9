"""Train the diffusion models of one pair of distributions, one a seed, with the flow's network, points and budget."""

import shutil
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas
import torch

from paliflow import errors, files, provenance
from paliflow.arguments import Parser, positive_integer, positive_number
from paliflow.flow import measures
from paliflow.flow.diffusion import DiffusionPlan, train_diffusion
from paliflow.flow.distributions import PAIRS
from paliflow.flow.network import save_fields

FINAL_SHARE = 0.05


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pair", choices=PAIRS, required=True, help="the target's; its source must be a standard normal")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--seeds", type=positive_integer, required=True, help="runs, each with the flow's weights and points of its number")
    parser.add_argument("--steps", type=positive_integer, required=True, help="of training")
    parser.add_argument("--batch-size", type=positive_integer, required=True, help="points a step")
    parser.add_argument("--learning-rate", type=positive_number, required=True, help="Adam's")
    parser.add_argument("--hidden-units", type=positive_integer, required=True, help="in each of three hidden layers")
    parser.add_argument("--model", type=Path, required=True, help="to write: all noise fields, .safetensors")
    parser.add_argument("--log", type=Path, required=True, help="to write: the loss of every step, .parquet")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: first and final losses, .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plan = DiffusionPlan(**{name: getattr(arguments, name) for name in DiffusionPlan.__dataclass_fields__})
    stage = provenance.Stage("train_diffusion", plan.seed, asdict(plan))

    started = time.perf_counter()
    work = stage.work_folder(arguments.model.parent)
    fields, scale, losses = train_diffusion(plan, work)
    seconds = time.perf_counter() - started
    about = {"pair": plan.pair, "fields": [{"seed": replicate} for replicate in range(plan.seeds)], "scale": asdict(scale)}
    save_fields(fields, about, arguments.model)
    columns = {
        "step": np.tile(np.arange(1, plan.steps + 1, dtype=np.int32), plan.seeds),
        "seed": np.repeat(np.arange(plan.seeds, dtype=np.int8), plan.steps),
        "loss": losses.T.reshape(-1),
    }
    with files.replacing(arguments.log) as temporary:
        pandas.DataFrame(columns).to_parquet(temporary, index=False)
    last = max(1, round(FINAL_SHARE * plan.steps))
    values = {
        "steps": plan.steps,
        "first_loss": measures.spread(losses[0].tolist()),
        "final_loss": measures.spread(losses[-last:].mean(0).tolist()),
        "parameters_per_field": fields.parameters.numel() // fields.models,
        "interval": measures.INTERVAL,
    }
    stage.write_metrics(arguments.metrics, values, measured={"microseconds_per_model_and_step": seconds / plan.steps / plan.seeds * 1e6})
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    errors.run(main)
