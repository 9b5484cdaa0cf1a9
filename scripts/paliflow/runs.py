"""The study's training runs: the one at full length, and one for each method, rank, consistency weight and seed that are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAIN = "main"
"""The run at full length, whose model the study is about; the others, at a shorter budget, are compared among themselves."""


@dataclass(frozen=True)
class Run:
    """What a run trains; `seed` is 0 for the run at full length, and `questions` 0 where it takes all there are."""

    method: str
    rank: int
    consistency: float
    seed: int
    questions: int
    epochs: int


def study_runs(vlm: Mapping[str, Any]) -> dict[str, Run]:
    """All runs by name: `main`, and of each group in the comparison one a seed, such as `qlora_rank16_seed1`.

    Args:
        vlm: the settings under `vlm`.
    """
    compared = vlm["comparison"]
    runs = {MAIN: Run("qlora", vlm["rank"], 0, 0, 0, vlm["epochs"])}
    for group, (method, rank, consistency) in _groups(vlm).items():
        for seed in range(1, compared["seeds"] + 1):
            runs[f"{group}_seed{seed}"] = Run(method, rank, consistency, seed, compared["questions"], compared["epochs"])
    return runs


def comparison_groups(vlm: Mapping[str, Any]) -> list[str]:
    """What is compared, each once: the methods at the study's rank, QLoRA's ranks, and its consistency weights above 0."""
    return list(_groups(vlm))


def comparison_runs(vlm: Mapping[str, Any]) -> list[str]:
    """The names of all runs but the one at full length."""
    return [name for name in study_runs(vlm) if name != MAIN]


def _groups(vlm: Mapping[str, Any]) -> dict[str, tuple[str, int, float]]:
    """Method, rank and consistency weight of each group by its name."""
    compared, rank = vlm["comparison"], vlm["rank"]
    found = [(method, rank, 0) for method in compared["methods"]]
    found += [("qlora", other, 0) for other in compared["ranks"]]
    found += [("qlora", rank, weight) for weight in compared["consistency"]]
    return {_name(*group): group for group in found}


def _name(method: str, rank: int, consistency: float) -> str:
    if method == "full":
        return method
    return f"{method}_rank{rank}" + (f"_consistency{consistency:g}" if consistency else "")
