"""Pair each training batch's source and target points by exact optimal transport, once for all models of a pair of distributions."""

import shutil
from pathlib import Path

import numpy as np

from paliflow import errors, files, provenance
from paliflow.arguments import Parser
from paliflow.flow.batches import draw_batches
from paliflow.flow.couplings import couple
from paliflow.flow.distributions import PAIRS


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--pair", choices=PAIRS, required=True, help="source and target distribution")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--seeds", type=int, required=True, help="runs of training, each with its own points")
    parser.add_argument("--steps", type=int, required=True, help="of training; one batch each")
    parser.add_argument("--batch-size", type=int, required=True, help="points of a batch, 256 at most")
    parser.add_argument("--couplings", type=Path, required=True, help="to write: the permutations, .npz")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: mean squared distances, .json")
    arguments = parser.parse_args()
    drawing = {name: getattr(arguments, name) for name in ("pair", "seed", "seeds", "steps", "batch_size")}
    stage = provenance.Stage("couple_flow", arguments.seed, drawing)

    work = stage.work_folder(arguments.couplings.parent)
    couplings = couple(**drawing, work=work)
    example = draw_batches(arguments.pair, arguments.seed, 0, 0, 1, arguments.batch_size)
    with files.replacing(arguments.couplings) as temporary:
        np.savez(
            temporary,
            permutations=couplings.permutations,
            example_source=example.source[0],
            example_target=example.target[0],
        )
    cost = {"independent": couplings.cost_independent, "optimal_transport": couplings.cost_transport}
    values = {
        "mean_squared_distance": cost,
        "transport_share_of_cost": couplings.cost_transport / couplings.cost_independent,
        "batches": arguments.seeds * arguments.steps,
    }
    stage.write_metrics(
        arguments.metrics, values, {"mean_squared_distance": "the data's units squared", "transport_share_of_cost": "share"}
    )
    shutil.rmtree(work)


if __name__ == "__main__":
    errors.run(main)
