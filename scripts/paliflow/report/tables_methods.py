"""The compared runs in numbers: methods, ranks and weights of the consistency term, each a mean over seeds."""

from collections.abc import Mapping
from typing import Any

import pandas

from paliflow.report.groups import Groups
from paliflow.report.tables_vlm import score_columns

QUALITY = {
    "Exact match": "exact_match",
    "ROUGE-1": "rouge1",
    "ROUGE-2": "rouge2",
    "ROUGE-L": "rougeL",
    "ROUGE-Lsum": "rougeLsum",
    "Own answers kept": "kept",
    "Own exact match": "own_exact_match",
}


def tabulate_groups(groups: Groups, against: Mapping[str, Any]) -> pandas.DataFrame:
    """One row a group: what was compared, quality with intervals over seeds, the paired difference from QLoRA, and cost.

    Args:
        groups: by label, as compare_runs wrote them.
        against: its `against_qlora` by label; a group that is not there has no difference.
    """
    rows = []
    for label, group in groups.items():
        row: dict[str, Any] = {
            "Method": group["method"],
            "Rank": group["rank"],
            "Weight": f"{group['consistency']:g}",
            "Seeds": group["seeds"],
        }
        for title, measure in QUALITY.items():
            row |= score_columns(title, group[measure])
        row |= score_columns("Against QLoRA", against[label]["difference"] if label in against else None)
        tests = against[label]["mcnemar_by_seed"] if label in against else []
        row["p by seed"] = ", ".join(f"{test['p_value']:.2g}" if test["p_value"] >= 0.001 else "<0.001" for test in tests)
        row["Trained parameters"] = group["trainable_parameters"]
        row["Kept file (KiB)"] = round(group["adapter_bytes"] / 2**10)
        row["Training seconds"] = round(group["training_seconds"])
        row["Questions a second"] = group["questions_per_second"]
        row["Peak memory (MiB)"] = round(group["peak_memory_mib"])
        rows.append(row)
    return pandas.DataFrame(rows).astype({"Rank": "Int64"})  # which may be missing, and is whole all the same
