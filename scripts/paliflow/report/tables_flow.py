"""The tables of the flow experiments: the distance with each solver, and what the couplings do to loss and paths."""

from collections.abc import Mapping
from typing import Any

import pandas

Metrics = Mapping[str, Mapping[str, Any]]


def scores_table(evaluations: Metrics) -> pandas.DataFrame:
    """2-Wasserstein distances: a row a pair and solver, a column a coupling, beside the floor; each with its range.

    Args:
        evaluations: by pair, the values of evaluate_flow.

    Returns:
        Columns `pair`, `solver`, `evaluations` (missing for dopri5, which chooses it itself) and, for each coupling and for `floor`, the
        value, and `… low` and `… high`.
    """
    rows = []
    for pair, values in evaluations.items():
        couplings = values["wasserstein"]
        for solver in next(iter(couplings.values())):
            name, _, count = solver.partition("_")
            row = {"pair": pair, "solver": name.replace("euler", "Euler"), "evaluations": count}
            for coupling, scores in couplings.items():
                row |= _with_range(coupling, scores[solver])
            rows.append(row | _with_range("floor", values["wasserstein_floor"]))
    return pandas.DataFrame(rows)


def paths_table(couplings: Metrics, trainings: Metrics, evaluations: Metrics) -> pandas.DataFrame:
    """What a coupling changes beside the distance: a row a pair and coupling.

    Args:
        couplings, trainings, evaluations: by pair, the values of couple_flow, train_flow and evaluate_flow.

    Returns:
        Columns `pair`, `coupling`, `squared distance` of the paired points, and, with `… low` and `… high`, `final loss`,
        `straightness` and `dopri5 evaluations`.
    """
    rows = []
    for pair, values in evaluations.items():
        for coupling in values["wasserstein"]:
            row = {"pair": pair, "coupling": coupling, "squared distance": couplings[pair]["mean_squared_distance"][coupling]}
            row |= _with_range("final loss", trainings[pair]["final_loss"][coupling])
            row |= _with_range("straightness", values["straightness"][coupling])
            rows.append(row | _with_range("dopri5 evaluations", values["dopri5_evaluations"][coupling]))
    return pandas.DataFrame(rows)


def _with_range(name: str, score: Mapping[str, float]) -> dict[str, float]:
    return {name: score["value"], f"{name} low": score["low"], f"{name} high": score["high"]}
