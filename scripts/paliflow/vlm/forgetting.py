"""What tuning leaves of the base's own tasks: how many answers are still the base's, and how many are right."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paliflow import files
from paliflow.errors import InputError
from paliflow.vlm.own_tasks import OwnTask
from paliflow.vlm.statistics import Bootstrap, is_match


def score_own(tasks: Sequence[OwnTask], answers: Sequence[str], base_answers: Sequence[str], resamples: int, seed: int) -> dict[str, Any]:
    """Score the answers to the base's own tasks.

    Args:
        tasks: the tasks; not each needs a right answer.
        answers: the model's.
        base_answers: the base's; of the base itself the same ones.
        resamples, seed: of the bootstrap, which draws whole pictures.

    Returns:
        `n`; `kept`, the share of answers that are the base's; `exact_match` over the tasks whose right answer is known, None where there
        is none; and the same under `by_kind`.
    """
    bootstrap = Bootstrap([task.picture for task in tasks], resamples, seed)
    kept = np.array([is_match(answer, before) for answer, before in zip(answers, base_answers, strict=True)], float)
    right = np.array([is_match(answer, task.answer or "") for answer, task in zip(answers, tasks, strict=True)], float)
    known = [task.kind if task.answer is not None else None for task in tasks]
    kept_by_kind, right_by_kind = bootstrap.means(kept, [task.kind for task in tasks]), bootstrap.means(right, known)
    by_kind = {kind: {"n": share["n"], "kept": share, "exact_match": right_by_kind.get(kind)} for kind, share in kept_by_kind.items()}
    over_all = bootstrap.means(right, [None if kind is None else "all" for kind in known]).get("all")
    return {"n": len(tasks), "kept": bootstrap.mean(kept), "exact_match": over_all, "by_kind": by_kind}


def read_base_answers(path: Path, tasks: Sequence[OwnTask]) -> list[str]:
    """The base's answers to its own tasks, as evaluate_base wrote them.

    Raises:
        InputError: the file is missing, or answers other tasks.
    """
    records = files.read_json_lines(path)
    try:
        if [(record["picture"], record["prompt"]) for record in records] == [(task.picture, task.prompt) for task in tasks]:
            return [record["prediction"] for record in records]
    except (KeyError, TypeError):
        raise InputError(f"{path} holds a record without picture, prompt and prediction: run evaluate_base again.") from None
    raise InputError(f"{path} answers other tasks than the base's own ones are now: run evaluate_base again.")
