"""The tables of the flow experiments over all pairs: the distance by solver, loss and paths, and further measures of the samples.

Each score stands in a column of its name, its interval's ends in `… low` and `… high` beside it.
"""

from collections.abc import Mapping
from typing import Any

import pandas

Values = Mapping[str, Any]
Metrics = Mapping[str, Values]

MEASURES = {
    "wasserstein": "distance",
    "sliced_wasserstein": "sliced distance",
    "energy_distance": "energy distance",
    "mode_deviation": "mode deviation",
}
OF_MODEL = {"wasserstein_large": "large distance", "negative_log_likelihood": "negative log-likelihood", "kl_target_model": "divergence"}

NOTHING: dict[str, Any] = dict.fromkeys(("value", "low", "high"))


def scores_table(evaluations: Metrics) -> pandas.DataFrame:
    """2-Wasserstein distances: a row a pair and solver, a column a coupling, beside the floor; each with its interval.

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
                row |= interval(coupling, scores[solver])
            rows.append(row | interval("floor", values["wasserstein_floor"]))
    return pandas.DataFrame(rows)


def paths_table(couplings: Metrics, trainings: Metrics, evaluations: Metrics) -> pandas.DataFrame:
    """What a coupling changes beside the distance: a row a pair and coupling.

    Args:
        couplings, trainings, evaluations: by pair, the values of couple_flow, train_flow and evaluate_flow.

    Returns:
        Columns `pair`, `coupling`, `squared distance` of the paired points, and, with `… low` and `… high`, `final loss`,
        `straightness`, `normalised path energy` and `dopri5 evaluations`.
    """
    rows = []
    for pair, values in evaluations.items():
        for coupling in values["wasserstein"]:
            row = {"pair": pair, "coupling": coupling, "squared distance": couplings[pair]["mean_squared_distance"][coupling]}
            row |= interval("final loss", trainings[pair]["final_loss"][coupling])
            for measure in ("straightness", "normalised_path_energy", "dopri5_evaluations"):
                row |= interval(measure.replace("_", " "), values[measure][coupling])
            rows.append(row)
    return pandas.DataFrame(rows)


def measures_table(evaluations: Metrics, diffusions: Metrics) -> pandas.DataFrame:
    """Measures of the samples that the adaptive solver draws: a row a pair and model, and one of what perfect samples score.

    Args:
        evaluations, diffusions: by pair, the values of evaluate_flow and, where there are any, of evaluate_diffusion.

    Returns:
        Columns `pair`, `model` (a coupling, `probability_flow` or `floor`) and, with `… low` and `… high` and missing where nothing of the
        kind was measured, `distance`, `sliced distance`, `energy distance`, `mode deviation`, `large distance`, `negative log-likelihood`
        and `divergence`.
    """
    rows = []
    for pair, values in evaluations.items():
        for coupling in values["wasserstein"]:
            rows.append({"pair": pair, "model": coupling})
            rows[-1] |= _scores(MEASURES, {measure: values.get(measure, {}).get(coupling, {}).get("dopri5") for measure in MEASURES})
            rows[-1] |= _scores(OF_MODEL, {measure: values.get(measure, {}).get(coupling) for measure in OF_MODEL})
        if diffusion := diffusions.get(pair):
            rows.append({"pair": pair, "model": "probability_flow"})
            rows[-1] |= _scores(MEASURES, {measure: diffusion.get(measure, {}).get("probability_flow_dopri5") for measure in MEASURES})
            rows[-1] |= _scores(OF_MODEL, {measure: diffusion.get(measure, {}).get("probability_flow") for measure in OF_MODEL})
        floors = {measure: values.get(f"{measure}_floor") for measure in (*MEASURES, *OF_MODEL)}
        floors["negative_log_likelihood"] = values["negative_log_likelihood_reference"]
        rows.append({"pair": pair, "model": "floor"} | _scores(MEASURES | OF_MODEL, floors))
    columns = [name for measure in (MEASURES | OF_MODEL).values() for name in interval(measure, NOTHING)]
    return pandas.DataFrame(rows, columns=["pair", "model", *columns])


def interval(name: str, score: Mapping[str, Any]) -> dict[str, Any]:
    """A score in the three columns of its name."""
    return {name: score["value"], f"{name} low": score["low"], f"{name} high": score["high"]}


def _scores(names: Mapping[str, str], scores: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """The columns of those scores that there are."""
    return {column: cell for measure, name in names.items() if (score := scores[measure]) for column, cell in interval(name, score).items()}
