"""The vision-language study in numbers: the summary, and the tables of scores, kinds, families of questions and training."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas

Values = Mapping[str, Any]
MEASURES = {
    "Exact match": "exact_match",
    "Mean over kinds": "exact_match_mean_over_kinds",
    "ROUGE-1": "rouge1",
    "ROUGE-2": "rouge2",
    "ROUGE-L": "rougeL",
    "ROUGE-Lsum": "rougeLsum",
}
ROUGE = {title: measure for title, measure in MEASURES.items() if title.startswith("ROUGE")}
EXTREMES = 5
"""Families that the report shows from either end."""


def summarise(base: Values, main: Values, comparison: Values) -> dict[str, Any]:
    """The study's main numbers: exact match before and after tuning and of the most frequent answer, and the base's own tasks.

    Args:
        base, main: the values of evaluate_base, and of evaluate_adapter for the main run.
        comparison: those of compare_runs.
    """
    summary: dict[str, Any] = {"n": base["n"]}
    for measure in ("exact_match", "exact_match_mean_over_kinds"):
        rows = {"base": base[measure], "prior": base[f"prior_{measure}"], "tuned": main[measure]}
        summary |= {f"{name}_{measure}": _ends(score) for name, score in rows.items()}
        lead = measure.replace("exact_match", "exact_match_above_prior")
        summary |= {f"tuned_{lead}": _ends(main[lead])}
    against = comparison["against_base"]["main"]
    summary |= {"difference_exact_match": _ends(against["difference"]), "mcnemar_p_value": against["mcnemar"]["p_value"]}
    own = {"base_own_exact_match": base["own"]["exact_match"], "tuned_own_exact_match": main["own"]["exact_match"]}
    return summary | {name: _ends(score) for name, score in (own | {"tuned_own_kept": main["own"]["kept"]}).items()}


def tabulate_scores(base: Values, main: Values) -> pandas.DataFrame:
    """One row for the most frequent answer, the base and the tuned model: exact match and ROUGE with their intervals."""
    rows = []
    for name, values in {"prior": base, "base": base, "main": main}.items():
        row: dict[str, Any] = {"Answers": name}
        for title, measure in MEASURES.items():
            row |= score_columns(title, values.get(f"prior_{measure}" if name == "prior" else measure))
        rows.append(row | {"Questions": values["n"]})
    return pandas.DataFrame(rows)


def tabulate_kinds(base: Values, main: Values) -> pandas.DataFrame:
    """One row a kind of question: exact match of the most frequent answer, before and after tuning, and ROUGE before and after."""
    rows = []
    for kind, before in base["by_kind"].items():
        row: dict[str, Any] = {"Kind": kind.replace("_", " "), "Questions": before["n"], "Most frequent answer": before["prior_answer"]}
        rows.append(row | _scores(before, main["by_kind"][kind]))
    return pandas.DataFrame(rows)


def tabulate_families(base: Values, main: Values, predictions: Sequence[Mapping[str, Any]]) -> pandas.DataFrame:
    """One row a family of questions, as of a kind, with a test question of it; sorted by the tuned model's lead over the prior.

    Args:
        base, main: the values of both evaluations; `by_family` is empty for a source without families.
        predictions: the main run's lines of predictions.jsonl.
    """
    first: dict[str, Mapping[str, Any]] = {}
    for line in predictions:
        first.setdefault(str(line["family"]), line)
    rows = []
    for family, before in (base["by_family"] or {}).items():
        known = {"Family": family, "Kind": first[family]["kind"].replace("_", " "), "Example": first[family]["question"]}
        rows.append(known | {"Questions": before["n"]} | _scores(before, main["by_family"][family]))
    rows.sort(key=lambda row: row["prior"] - row["main"])
    titles = ["prior", "base", "main", *(f"{name} {title}" for name in ("base", "main") for title in ROUGE)]
    columns = [name for title in titles for name in score_columns(title, None)]
    return pandas.DataFrame(rows, columns=["Family", "Kind", "Example", "Questions", *columns])


def take_extremes(families: pandas.DataFrame) -> pandas.DataFrame:
    """The first and the last few rows of a sorted table, or all of a short one."""
    return families if len(families) <= 2 * EXTREMES else pandas.concat([families.head(EXTREMES), families.tail(EXTREMES)])


def tabulate_training(values: Values) -> pandas.DataFrame:
    """What the main run's training did and took, as one row.

    Args:
        values: those of train_adapter for the main run.
    """
    row = {
        "Steps": values["steps"],
        "First loss": values["first_loss"],
        "Final loss": values["final_loss"],
        "Trained parameters": values["trainable_parameters"],
        "Share": values["trainable_parameters"] / values["total_parameters"],
        "Adapter (KiB)": round(values["adapter_bytes"] / 2**10),
        "Base weights (KiB)": round(values["base_weight_bytes"] / 2**10),
        "Seconds": round(values["training_seconds"]),
        "Questions a second": values["questions_per_second"],
        "Peak memory (MiB)": round(values["peak_memory_mib"]),
    }
    return pandas.DataFrame([row])


def score_columns(title: str, score: Mapping[str, float] | None) -> dict[str, float | None]:
    """A score as the three columns that the report prints as one: its value, and where there is one its interval."""
    names = {title: "value", f"{title} low": "low", f"{title} high": "high"}
    return {name: score[end] if score else None for name, end in names.items()}


def _scores(before: Values, after: Values) -> dict[str, float | None]:
    """Exact match under the name of who answers, and ROUGE under the name and the measure."""
    scores = {"prior": before["prior_exact_match"], "base": before["exact_match"], "main": after["exact_match"]}
    for name, values in (("base", before), ("main", after)):
        scores |= {f"{name} {title}": values[measure] for title, measure in ROUGE.items()}
    return {name: value for title, score in scores.items() for name, value in score_columns(title, score).items()}


def _ends(score: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if score is None else {key: score[key] for key in ("value", "low", "high")}
