"""Pair each training batch's source and target points by optimal transport, once for all models of a pair of distributions."""

import shutil
from pathlib import Path

import numpy as np

from paliflow import errors, files, provenance
from paliflow.arguments import Parser, positive_integer
from paliflow.flow.batches import draw_batches
from paliflow.flow.couplings import COUPLINGS, check_coupling, couple
from paliflow.flow.distributions import PAIRS


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pair", choices=PAIRS, required=True, help="source and target distribution")
    parser.add_argument("--couplings", nargs="+", choices=COUPLINGS, required=True, help="the ways to pair; independent costs nothing")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--seeds", type=positive_integer, required=True, help="runs of training, each with its own points")
    parser.add_argument("--steps", type=positive_integer, required=True, help="of training; one batch each")
    parser.add_argument("--batch-size", type=positive_integer, required=True, help="points of a batch, 2 to 512")
    parser.add_argument("--indices", type=Path, required=True, help="to write: which target each source goes to, by coupling, .npz")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: mean squared distances, .json")
    arguments = parser.parse_args()
    drawing = {name: getattr(arguments, name) for name in ("pair", "couplings", "seed", "seeds", "steps", "batch_size")}
    for coupling in arguments.couplings:
        check_coupling(coupling, arguments.batch_size)
    stage = provenance.Stage("couple_flow", arguments.seed, drawing)

    work = stage.work_folder(arguments.indices.parent)
    couplings = couple(**drawing, work=work)
    example = draw_batches(arguments.pair, arguments.seed, 0, 0, 1, arguments.batch_size)
    with files.replacing(arguments.indices) as temporary:
        named = {"pair": arguments.pair, "seed": arguments.seed, "example_source": example.source[0], "example_target": example.target[0]}
        np.savez(temporary, **couplings.indices, **named)
    values = {
        "mean_squared_distance": couplings.cost,
        "share_of_independent_cost": {name: cost / couplings.cost["independent"] for name, cost in couplings.cost.items()},
        "batches": arguments.seeds * arguments.steps,
    }
    units = {"mean_squared_distance": "the data's units squared", "share_of_independent_cost": "share"}
    stage.write_metrics(arguments.metrics, values, units)
    shutil.rmtree(work)


if __name__ == "__main__":
    errors.run(main)
