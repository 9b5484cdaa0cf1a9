"""The vision-language study in numbers: the summary, and the tables of scores, kinds of question and training."""

from collections.abc import Mapping
from typing import Any

import pandas

from paliflow.report.names import METHODS

Values = Mapping[str, Any]
MAIN_METHOD = "qlora"


def summarise(base: Values, tuned: Mapping[str, Values]) -> dict[str, Any]:
    """Exact match before and after tuning and of the most frequent answer, over all questions and as a mean over kinds.

    Args:
        base: the values of evaluate_base.
        tuned: those of evaluate_adapter by method; the summary speaks of `MAIN_METHOD`.
    """
    summary: dict[str, Any] = {"n": base["n"]}
    for measure in ("exact_match", "exact_match_mean_over_kinds"):
        rows = {"base": base[measure], "prior": base[f"prior_{measure}"], "tuned": tuned[MAIN_METHOD][measure]}
        summary |= {f"{name}_{measure}": {key: score[key] for key in ("value", "low", "high")} for name, score in rows.items()}
    return summary


def tabulate_scores(base: Values, tuned: Mapping[str, Values]) -> pandas.DataFrame:
    """One row for the most frequent answer, the base and each method: exact match and ROUGE with their intervals."""
    measures = {"Exact match": "exact_match", "Mean over kinds": "exact_match_mean_over_kinds"}
    measures |= {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}
    rows = []
    for name, values in {"prior": base, "base": base, **tuned}.items():
        row: dict[str, Any] = {"Answers": name}
        for title, measure in measures.items():
            row |= _score(title, values.get(f"prior_{measure}" if name == "prior" else measure))
        rows.append(row | {"Questions": values["n"]})
    return pandas.DataFrame(rows)


def tabulate_kinds(base: Values, tuned: Mapping[str, Values]) -> pandas.DataFrame:
    """One row a kind of question: exact match of the most frequent answer, before, and after tuning with each method."""
    rows = []
    for kind, before in base["by_kind"].items():
        row: dict[str, Any] = {"Kind": kind.replace("_", " "), "Questions": before["n"], "Most frequent answer": before["prior_answer"]}
        row |= _score("prior", before["prior_exact_match"]) | _score("base", before["exact_match"])
        for method, values in tuned.items():
            row |= _score(method, values["by_kind"][kind]["exact_match"])
        rows.append(row)
    return pandas.DataFrame(rows)


def tabulate_training(metrics: Mapping[str, Mapping[str, Any]]) -> pandas.DataFrame:
    """One row a method: what its training did and took.

    Args:
        metrics: the whole metrics file of train_adapter by method.
    """
    rows = []
    for method, document in metrics.items():
        values, provenance = document["values"], document["provenance"]
        rows.append(
            {
                "Method": METHODS[method],
                "Steps": values["steps"],
                "First loss": values["first_loss"],
                "Final loss": values["final_loss"],
                "Trained parameters": values["trainable_parameters"],
                "Share": values["trainable_parameters"] / values["total_parameters"],
                "Adapter (KiB)": round(values["adapter_bytes"] / 2**10),
                "Base weights (KiB)": round(values["base_weight_bytes"] / 2**10),
                "Questions a second": values["questions_per_second"],
                "Peak memory (MiB)": round(provenance["peak_memory_mib"]),
            }
        )
    return pandas.DataFrame(rows)


def _score(title: str, score: Mapping[str, float] | None) -> dict[str, float | None]:
    names = {title: "value", f"{title} low": "low", f"{title} high": "high"}
    return {name: score[end] if score else None for name, end in names.items()}
