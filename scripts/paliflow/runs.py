"""The names of the study's training runs: one for each method, rank, consistency weight and seed that its settings compare."""

from collections.abc import Mapping
from typing import Any

MAIN = "main"
"""The run at full length, whose model the study is about; the others, at a shorter budget, are compared among themselves."""


def comparison_groups(vlm: Mapping[str, Any]) -> list[str]:
    """What is compared, each once: the methods at the study's rank, QLoRA's ranks, and its consistency weights above 0.

    Args:
        vlm: the settings under `vlm`.
    """
    compared = vlm["comparison"]
    groups = ["full" if method == "full" else f"{method}_rank{vlm['rank']}" for method in compared["methods"]]
    groups += [f"qlora_rank{rank}" for rank in compared["ranks"]]
    groups += [f"qlora_rank{vlm['rank']}_consistency{weight}" for weight in compared["consistency"] if weight > 0]
    return list(dict.fromkeys(groups))


def comparison_runs(vlm: Mapping[str, Any]) -> list[str]:
    """The runs of all groups, named by group and seed, such as `qlora_rank16_seed1`."""
    seeds = range(1, vlm["comparison"]["seeds"] + 1)
    return [f"{group}_seed{seed}" for group in comparison_groups(vlm) for seed in seeds]
