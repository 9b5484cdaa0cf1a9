"""Compare runs that answered the same questions: with the base, with the most frequent answer, and groups of runs with one another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paliflow.errors import InputError
from paliflow.vlm.statistics import Bootstrap, Score, mcnemar, over_seeds

MAIN = "main"
COSTS = ("trainable_parameters", "training_seconds", "peak_memory_mib", "adapter_bytes", "questions_per_second")
QUALITY = ("exact_match", "rouge1", "rouge2", "rougeL", "rougeLsum")


@dataclass(frozen=True)
class Run:
    """One run: its name, which of the test questions it answers rightly, (n,) bool, and the values of its evaluation and training."""

    name: str
    hits: np.ndarray
    evaluation: Mapping[str, Any]
    training: Mapping[str, Any]

    @property
    def group(self) -> str:
        """The run's name without its seed."""
        return re.sub(r"_seed\d+$", "", self.name)

    def prior_answer(self, kind: str) -> str:
        """The most frequent training answer to a kind of question.

        Raises:
            InputError: the evaluation does not tell.
        """
        try:
            return str(self.evaluation["by_kind"][kind]["prior_answer"])
        except (KeyError, TypeError):
            raise InputError(f"the metrics of the run {self.name} tell no prior_answer of {kind}: evaluate it again.") from None


def compare(runs: Sequence[Run], base: np.ndarray, prior: np.ndarray, bootstrap: Bootstrap) -> dict[str, Any]:
    """All comparisons; in each the other side (the base, the prior, the QLoRA group) is called the base.

    Args:
        runs: what is compared.
        base, prior: which questions the base and the most frequent answer answer rightly, (n,) bool.
        bootstrap: over the pictures of the questions.

    Returns:
        `against_base` and `against_prior` by run, each {difference, mcnemar}; `against_qlora` by group, {difference, mcnemar_by_seed};
        `groups` by group, quality with its interval over seeds, and the mean cost.

    Raises:
        InputError: a run's metrics lack a value.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.group, []).append(run)
    return {
        "against_base": {run.name: _paired(base, run.hits, bootstrap) for run in runs},
        "against_prior": {run.name: _paired(prior, run.hits, bootstrap) for run in runs},
        "groups": {label: _summary(members) for label, members in groups.items()},
        "against_qlora": _against_qlora(groups, bootstrap),
    }


def _against_qlora(groups: Mapping[str, Sequence[Run]], bootstrap: Bootstrap) -> dict[str, Any]:
    """Each other group against QLoRA at the main run's rank without the consistency term, by the seeds that both have."""
    if MAIN not in groups:
        return {}
    rank = groups[MAIN][0].training["rank"]
    label = f"qlora_rank{rank}"
    found = {}
    for other in groups.keys() - {MAIN, label} if label in groups else ():
        hits = [{run.name.removeprefix(run.group): run.hits for run in groups[name]} for name in (label, other)]
        seeds = sorted(hits[0].keys() & hits[1].keys())
        if seeds:
            found[other] = _paired_seeds([hits[0][seed] for seed in seeds], [hits[1][seed] for seed in seeds], bootstrap)
    return {other: found[other] for other in groups if other in found}


def _paired(base: np.ndarray, tuned: np.ndarray, bootstrap: Bootstrap) -> dict[str, Any]:
    """The difference of two runs in exact match, and McNemar's test."""
    return {"difference": bootstrap.mean(tuned.astype(int) - base.astype(int)), "mcnemar": _mcnemar(base, tuned)}


def _paired_seeds(base: Sequence[np.ndarray], tuned: Sequence[np.ndarray], bootstrap: Bootstrap) -> dict[str, Any]:
    """The difference as a mean over paired seeds, and a test for each: seeds answer the same questions, so their counts do not add up."""
    ahead = np.array(tuned, int) - np.array(base, int)
    return {"difference": bootstrap.mean(ahead.mean(0)), "mcnemar_by_seed": [_mcnemar(*pair) for pair in zip(base, tuned, strict=True)]}


def _mcnemar(base: np.ndarray, tuned: np.ndarray) -> dict[str, float]:
    return mcnemar(int((base & ~tuned).sum()), int((tuned & ~base).sum()))


def _summary(members: Sequence[Run]) -> dict[str, Any]:
    first = members[0]
    try:
        shared = {name: first.training[name] for name in ("method", "rank", "consistency")}
        quality: dict[str, Score | None] = {name: over_seeds([run.evaluation[name]["value"] for run in members]) for name in QUALITY}
        quality["kept"] = over_seeds([run.evaluation["own"]["kept"]["value"] for run in members])
        own = [run.evaluation["own"]["exact_match"] for run in members]
        quality["own_exact_match"] = None if None in own else over_seeds([score["value"] for score in own])
        costs = {name: _mean([run.training[name] for run in members]) for name in COSTS}
    except (KeyError, TypeError) as error:
        raise InputError(f"the metrics of the runs {first.group} lack a value ({error}): train and evaluate them again.") from None
    return shared | {"seeds": len(members)} | quality | costs


def _mean(values: Sequence[float]) -> float:
    """The mean, a whole number where it is one."""
    mean = float(np.mean(values))
    return int(mean) if mean.is_integer() else round(mean, 3)
