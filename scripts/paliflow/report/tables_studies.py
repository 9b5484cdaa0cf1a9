"""The tables of the flow's further studies: diffusion, drawn digits, the transport's settings, and the paper's energies.

Each score stands in a column of its name, its interval's ends in `… low` and `… high` beside it.
"""

from collections.abc import Mapping
from typing import Any

import pandas

from paliflow.report.figures_digits import few_and_many
from paliflow.report.names import NAMES
from paliflow.report.tables_flow import NOTHING, Metrics, Values, interval

DIGIT_MEASURES = {
    "frechet": "Fréchet distance",
    "class_deviation": "class deviation",
    "nearest_training": "nearest training image",
    "near_copies": "near copies",
}
TRANSPORT_MEASURES = {
    "straightness": "straightness",
    "normalised_path_energy": "normalised path energy",
    "wasserstein_one_step": "distance of one step",
    "wasserstein_dopri5": "distance",
    "dopri5_evaluations": "dopri5 evaluations",
}


def diffusion_table(evaluations: Metrics, diffusions: Metrics, times: Metrics) -> pandas.DataFrame:
    """Flow beside diffusion at few and many evaluations: a row a pair, model, sampler and number of evaluations.

    Args:
        evaluations: by pair, the values of evaluate_flow.
        diffusions: by pair, the values of evaluate_diffusion; other pairs are left out.
        times: by pair, the provenance of evaluate_flow and evaluate_diffusion together, with the seconds that one draw took.

    Returns:
        Columns `pair`, `model` (a coupling or `diffusion`), `sampler`, `evaluations` (of an adaptive solver the mean over seeds, rounded),
        with `… low` and `… high` `distance` (2-Wasserstein), and `seconds` of drawing the samples of one distance.
    """
    rows: list[dict[str, Any]] = []
    for pair, diffusion in diffusions.items():
        flow = evaluations[pair]
        for coupling, scores in flow["wasserstein"].items():
            for sampler in chosen(scores):
                needed = flow["dopri5_evaluations"][coupling]["value"] if sampler == "dopri5" else int(sampler.rpartition("_")[2])
                rows.append(_drawn(pair, coupling, sampler, needed, scores[sampler]))
                rows[-1] |= {"seconds": times[pair][f"seconds_of_{coupling}_{sampler}"]}
        for sampler in chosen(diffusion["wasserstein"]):
            row = _drawn(pair, "diffusion", sampler, diffusion["evaluations"][sampler]["value"], diffusion["wasserstein"][sampler])
            rows.append(row | {"seconds": times[pair][f"seconds_of_{sampler}"]})
    columns = ["pair", "model", "sampler", "evaluations", *interval("distance", NOTHING), "seconds"]
    return pandas.DataFrame(rows, columns=columns)


def digits_table(values: Values) -> pandas.DataFrame:
    """The drawn digits at few and many evaluations, and what real images score: a row a model and sampler.

    Args:
        values: of evaluate_digits.

    Returns:
        Columns `model` (a coupling, `diffusion`, `training_images` or `held_out_images`), `sampler`, `evaluations` (of dopri5 the mean
        over seeds, rounded) and, with `… low` and `… high`, those of `DIGIT_MEASURES`.
    """
    rows = []
    for model, samplers in values["frechet"].items():
        for sampler in chosen(samplers):
            scores = {measure: values[measure][model][sampler] for measure in DIGIT_MEASURES}
            rows.append({"model": model} | _named(sampler) | _columns(DIGIT_MEASURES, scores))
            if sampler == "dopri5":
                rows[-1]["evaluations"] = f"{values['dopri5_evaluations'][model]['dopri5']['value']:.0f}"
    rows.append({"model": "training_images"} | _columns(DIGIT_MEASURES, values["training_images"]))
    alone = {name: NOTHING | {"value": score} for name, score in values["held_out_images"].items()}
    rows.append({"model": "held_out_images"} | _columns(DIGIT_MEASURES, alone))
    return pandas.DataFrame(rows)


def transport_table(values: Values, provenance: Mapping[str, Any]) -> pandas.DataFrame:
    """What the transport's batch, the kind of coupling and the conditional path do: a row a setting and coupling.

    Args:
        values, provenance: of compare_transport.

    Returns:
        Columns `setting`, `coupling`, `squared distance` of a pair, `share` of independent pairs' distance at the same setting, with
        `… low` and `… high` those of `TRANSPORT_MEASURES`, and `microseconds` of pairing one batch (missing for independent pairs, and
        for the paths, which are paired alike).
    """
    studies = {f"batch_{size}": values["batch"][size] for size in sorted(values["batch"], key=int)}
    studies |= {"coupling_all": values["coupling"]} | {f"path_{path}": by for path, by in values["path"].items()}
    rows = []
    for study, by_coupling in studies.items():
        kind, _, setting = study.partition("_")
        named = "kinds of coupling" if kind == "coupling" else f"{kind}: {NAMES.get(setting, setting)}"
        for coupling, scores in by_coupling.items():
            distance = scores["mean_squared_distance"]
            row = {"setting": named, "coupling": coupling, "squared distance": distance}
            row |= {"share": distance / by_coupling["independent"]["mean_squared_distance"]} | _columns(TRANSPORT_MEASURES, scores)
            rows.append(row | {"microseconds": provenance.get(f"microseconds_of_{coupling}_{study}")})
    return pandas.DataFrame(rows)


def paper_table(reproductions: Metrics) -> pandas.DataFrame:
    """Normalised path energies at the paper's setting, ours beside theirs, and those of the exact field for each form of its data.

    Args:
        reproductions: by pair, the values of reproduce_tong.

    Returns:
        Columns `pair`, `field` (a coupling whose field was trained, or the form of the data for which the field is exact), with
        `… low` and `… high` `energy`, and `paper` (missing for exact fields).
    """
    rows = []
    for pair, values in reproductions.items():
        trained = {name: scores for name, scores in values.items() if isinstance(scores, dict) and "paper" in scores}
        for coupling, scores in trained.items():
            rows.append(
                {"pair": pair, "field": coupling} | interval("energy", scores["normalised_path_energy"]) | {"paper": scores["paper"]}
            )
        for form, score in values["exact_field"].items():
            rows.append({"pair": pair, "field": f"exact, {form}"} | interval("energy", score) | {"paper": None})
    return pandas.DataFrame(rows)


def chosen(samplers: Mapping[str, Any]) -> list[str]:
    """Of a sampler's numbers of evaluations the smallest, a middle one and the largest; samplers that choose it themselves all."""
    counts: dict[str, list[int]] = {}
    for name in samplers:
        start, _, count = name.rpartition("_")
        if count.isdecimal():
            counts.setdefault(start, []).append(int(count))
    kept = [f"{start}_{count}" for start, found in counts.items() for count in few_and_many(sorted(found))]
    return kept + [name for name in samplers if not name.rpartition("_")[2].isdecimal()]


def _drawn(pair: str, model: str, sampler: str, evaluations: float, distance: Values) -> dict[str, Any]:
    named = {"pair": pair, "model": model, "sampler": _named(sampler)["sampler"]}
    return named | {"evaluations": round(evaluations)} | interval("distance", distance)


def _named(sampler: str) -> dict[str, str]:
    """The columns `sampler` and `evaluations` of "probability_flow_euler_4"."""
    start, _, count = sampler.rpartition("_")
    name, count = (start, count) if count.isdecimal() else (sampler, "")
    through = name.startswith("probability_flow_")
    solver = name.removeprefix("probability_flow_")
    return {"sampler": NAMES["probability_flow"] + ", " + NAMES[solver] if through else NAMES[solver], "evaluations": count}


def _columns(names: Mapping[str, str], scores: Mapping[str, Values]) -> dict[str, Any]:
    return {column: cell for measure, name in names.items() for column, cell in interval(name, scores[measure]).items()}
