"""The table of the flow experiments: what each coupling scores with each solver, and the least that can be scored."""

from collections.abc import Mapping
from typing import Any

import pandas

from paliflow.report.style import LABELS


def scores_table(metrics: Mapping[str, Mapping[str, Any]]) -> pandas.DataFrame:
    """One row a pair and solver, one column a coupling: mean 2-Wasserstein distance with its range over seeds, beside the floor.

    Args:
        metrics: by pair, the values of evaluate_flow.

    Returns:
        Text cells, `mean (low–high)`, three decimals.
    """
    rows = []
    for pair, values in metrics.items():
        couplings = values["wasserstein"]
        for solver in next(iter(couplings.values())):
            row = {"Pair": LABELS[pair], "Solver": "dopri5", "Evaluations": ""}
            if solver == "dopri5":
                row["Evaluations"] = " / ".join(f"{values['dopri5_evaluations'][name]['value']:.0f}" for name in couplings)
            else:
                row |= {"Solver": "Euler", "Evaluations": solver.removeprefix("euler_")}
            row |= {LABELS[name].capitalize(): _cell(scores[solver]) for name, scores in couplings.items()}
            rows.append(row | {"Floor": _cell(values["wasserstein_floor"])})
    return pandas.DataFrame(rows)


def _cell(score: Mapping[str, float]) -> str:
    return f"{score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})"
