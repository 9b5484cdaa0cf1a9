"""The compared runs in groups, as compare_runs wrote them: which belong to the comparison of methods, of ranks and of weights."""

from collections.abc import Mapping
from typing import Any

Groups = dict[str, Mapping[str, Any]]


def compared_methods(comparison: Mapping[str, Any], rank: int) -> Groups:
    """One group a method, at the study's rank and without the consistency term.

    Args:
        comparison: the values of compare_runs.
        rank: the study's own.
    """
    return {
        label: group
        for label, group in _shorter(comparison).items()
        if group["consistency"] == 0 and (group["method"] == "full" or group["rank"] == rank)
    }


def compared_ranks(comparison: Mapping[str, Any]) -> Groups:
    """QLoRA without the consistency term, by rank."""
    groups = {label: group for label, group in _shorter(comparison).items() if group["method"] == "qlora" and group["consistency"] == 0}
    return dict(sorted(groups.items(), key=lambda item: item[1]["rank"]))


def compared_weights(comparison: Mapping[str, Any], rank: int) -> Groups:
    """QLoRA at the study's rank, by the weight of the consistency term, 0 included."""
    groups = {label: group for label, group in _shorter(comparison).items() if group["method"] == "qlora" and group["rank"] == rank}
    return dict(sorted(groups.items(), key=lambda item: item[1]["consistency"]))


def _shorter(comparison: Mapping[str, Any]) -> Groups:
    """All but the main run, which trained for longer."""
    return {label: group for label, group in comparison["groups"].items() if label != "main"}
