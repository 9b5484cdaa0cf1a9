"""Score answers: exact match and ROUGE (Lin 2004) with 95 % bootstrap intervals, beside what the most frequent training answer scores."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from rouge_score import rouge_scorer

from paliflow.vlm.data import Question
from paliflow.vlm.statistics import Bootstrap, is_match

METRICS = ("exact_match", "rouge1", "rouge2", "rougeL", "rougeLsum")
BOTH = ("exact_match", "prior_exact_match")
LEAD = "exact_match_above_prior"
BINS = 10
DIVISIONS: dict[str, Callable[[Question], Hashable]] = {
    "by_objects": lambda question: question.objects,
    "by_program_length": lambda question: question.program_length,
}


def prior_answers(train: Sequence[Question]) -> dict[str, str]:
    """For each kind of question its most frequent training answer; of equally frequent ones the first in the alphabet."""
    counts: dict[str, Counter[str]] = {}
    for question in train:
        counts.setdefault(question.kind, Counter())[question.answer] += 1
    return {kind: min(answers, key=lambda answer: (-answers[answer], answer)) for kind, answers in counts.items()}


def score_each(answers: Sequence[str], references: Sequence[str]) -> dict[str, np.ndarray]:
    """Each metric for each pair, (n,) in 0..1: exact match, and ROUGE's F-measure with the Porter stemmer."""
    scorer = rouge_scorer.RougeScorer([name for name in METRICS if name.startswith("rouge")], use_stemmer=True)
    known: dict[tuple[str, str], list[float]] = {}  # few different pairs make up most of the answers
    for pair in set(zip(answers, references, strict=True)):
        answer, reference = pair
        rouge = scorer.score(reference, answer)
        known[pair] = [float(is_match(answer, reference)), *(rouge[name].fmeasure for name in METRICS[1:])]
    scores = np.array([known[pair] for pair in zip(answers, references, strict=True)]).reshape(len(answers), len(METRICS))
    return {name: scores[:, place] for place, name in enumerate(METRICS)}


def score(questions: Sequence[Question], answers: Sequence[str], train: Sequence[Question], resamples: int, seed: int) -> dict[str, Any]:
    """All scores of one model on the test questions, over all and in each division of them, beside those of the prior.

    Args:
        questions: the test questions.
        answers: the model's answer to each.
        train: the training questions, of which the prior is made.
        resamples: bootstrap resamples behind each interval.
        seed: of the bootstrap.

    Returns:
        `n`, each metric and each metric of the prior (`prior_...`) with value, low, high and n; `exact_match` and its prior also as the
        mean over kinds; `exact_match_above_prior`, the difference of the two question by question, likewise; under `by_kind` the same for
        each kind with the prior's answer, under `by_family` for each family; n, exact match and its prior under `by_objects` and
        `by_program_length`, and, in a compositional study, `by_condition`. What a source does not tell divides nothing: `by_family`,
        `by_objects` and `by_program_length` are then empty.
    """
    prior = prior_answers(train)
    references = [question.answer for question in questions]
    each = score_each(answers, references)
    guessed = score_each([prior.get(question.kind, "") for question in questions], references)
    each |= {f"prior_{name}": values for name, values in guessed.items()}
    each[LEAD] = each["exact_match"] - each["prior_exact_match"]
    bootstrap = Bootstrap([question.image for question in questions], resamples, seed)
    kinds = [question.kind for question in questions]
    result: dict[str, Any] = {"n": len(questions)} | {name: bootstrap.mean(values) for name, values in each.items()}
    result |= {f"{name}_mean_over_kinds": bootstrap.mean_of_means(each[name], kinds) for name in (*BOTH, LEAD)}
    by_kind = _divided(bootstrap, each, kinds)
    result["by_kind"] = {kind: {"n": scores["n"], "prior_answer": prior.get(kind, "")} | scores for kind, scores in by_kind.items()}
    result["by_family"] = _divided(bootstrap, each, [question.family for question in questions])
    both = {name: each[name] for name in BOTH}
    result |= {name: _divided(bootstrap, both, [key(question) for question in questions]) for name, key in DIVISIONS.items()}
    by_condition = _divided(bootstrap, both, [question.condition or None for question in questions])
    return result | ({"by_condition": by_condition} if by_condition else {})


def confusion(questions: Sequence[Question], answers: Sequence[str]) -> dict[str, Any]:
    """How often which answer was given where which was right.

    Returns:
        `answers`, the right ones, those of a kind side by side; `counts`, a row for each of them and a column for each as it was given,
        with one more behind for all other answers.
    """
    kind: dict[str, str] = {}
    for question in questions:
        reference = question.answer.strip().lower()
        kind[reference] = min(question.kind, kind.get(reference, question.kind))
    names = sorted(kind, key=lambda name: (kind[name], int(name) if name.isdecimal() else 0, name))
    place = {name: number for number, name in enumerate(names)}
    counts = np.zeros((len(names), len(names) + 1), int)
    for question, answer in zip(questions, answers, strict=True):
        counts[place[question.answer.strip().lower()], place.get(answer.strip().lower(), len(names))] += 1
    return {"answers": names, "counts": counts.tolist()}


def calibration(questions: Sequence[Question], hits: np.ndarray, probabilities: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """How far the probability that a model gives its answer is from how often it is right (Guo et al. 2017, eq. 3).

    Args:
        questions: the test questions.
        hits: whether the answer to each is right, (n,).
        probabilities: of each answer, (n,) in 0..1.
        resamples: bootstrap resamples behind the interval, whose noise widens every bin's gap and so leans upward.
        seed: of the bootstrap.

    Returns:
        `n`; `bins` of equal width with the number of answers, their mean probability (confidence) and the share of right ones (accuracy),
        None in an empty bin; `expected_calibration_error`, the mean distance of the two over all answers, with its interval.
    """
    place = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    bins: list[dict[str, Any]] = []
    for number in range(BINS):
        within = place == number
        n, confidence, accuracy = int(within.sum()), None, None
        if n:
            confidence, accuracy = float(probabilities[within].mean()), float(np.mean(hits[within]))
            confidence, accuracy = round(confidence, 6), round(accuracy, 6)
        bins.append({"low": number / BINS, "high": (number + 1) / BINS, "n": n, "confidence": confidence, "accuracy": accuracy})
    bootstrap = Bootstrap([question.image for question in questions], resamples, seed)
    return {"n": len(hits), "expected_calibration_error": bootstrap.mean_of_gaps(hits - probabilities, place.tolist()), "bins": bins}


def _divided(bootstrap: Bootstrap, each: dict[str, np.ndarray], groups: Sequence[Hashable]) -> dict[str, dict[str, Any]]:
    """Each metric in each group, by the group's name as text; a question of the group None is left out."""
    found = {name: bootstrap.means(values, groups) for name, values in each.items()}
    return {str(group): {"n": mean["n"]} | {name: found[name][group] for name in each} for group, mean in found[BOTH[0]].items()}
