"""Score answers: exact match and ROUGE (Lin 2004) with 95 % bootstrap intervals, and what the most frequent training answer would score."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rouge_score import rouge_scorer

from paliflow.vlm.data import Question

METRICS = ("exact_match", "rouge1", "rouge2", "rougeL")

Score = dict[str, float | int]


def prior_answers(train: Sequence[Question]) -> dict[str, str]:
    """For each kind of question its most frequent training answer; of equally frequent ones the first in the alphabet."""
    counts: dict[str, Counter[str]] = {}
    for question in train:
        counts.setdefault(question.kind, Counter())[question.answer] += 1
    return {kind: min(answers, key=lambda answer: (-answers[answer], answer)) for kind, answers in counts.items()}


def score_each(answers: Sequence[str], references: Sequence[str]) -> dict[str, np.ndarray]:
    """Each metric for each pair, (n,) in 0..1: exact match of the lower-cased texts, and ROUGE's F-measure with the Porter stemmer."""
    scorer = rouge_scorer.RougeScorer([name for name in METRICS if name.startswith("rouge")], use_stemmer=True)
    scores = {name: np.zeros(len(answers)) for name in METRICS}
    for index, (answer, reference) in enumerate(zip(answers, references, strict=True)):
        scores["exact_match"][index] = answer.strip().lower() == reference.strip().lower()
        for name, rouge in scorer.score(reference, answer).items():
            scores[name][index] = rouge.fmeasure
    return scores


def score(questions: Sequence[Question], answers: Sequence[str], train: Sequence[Question], resamples: int, seed: int) -> dict[str, object]:
    """All scores of one model on the test questions, by kind and over all, beside those of the prior.

    Args:
        questions: the test questions.
        answers: the model's answer to each.
        train: the training questions, of which the prior is made.
        resamples: bootstrap resamples behind each interval; whole pictures are drawn, since their questions belong together.
        seed: of the bootstrap.

    Returns:
        `n`, each metric and each metric of the prior (`prior_...`) with value, low, high and n; `exact_match` and its prior also as the
        mean over kinds; under `by_kind` the same for each kind with the prior's answer; and, where the questions are divided into
        conditions, exact match and its prior under `by_condition`.
    """
    prior = prior_answers(train)
    references = [question.answer for question in questions]
    each = score_each(answers, references)
    guessed = score_each([prior.get(question.kind, "") for question in questions], references)
    each |= {f"prior_{name}": values for name, values in guessed.items()}
    bootstrap = _Bootstrap(questions, resamples, seed)
    result: dict[str, object] = {"n": len(questions)} | {name: bootstrap.over_all(values) for name, values in each.items()}
    for name in ("exact_match", "prior_exact_match"):
        result[f"{name}_mean_over_kinds"] = bootstrap.over_kinds(each[name])
    by_kind: dict[str, dict[str, object]] = {}
    for column, kind in enumerate(bootstrap.kinds):
        scores = {name: bootstrap.of_kind(values, column) for name, values in each.items()}
        by_kind[kind] = {"n": int(bootstrap.counts[:, column].sum()), "prior_answer": prior.get(kind, "")} | scores
    conditions = sorted({question.condition for question in questions} - {""})
    by_condition = {name: _of_condition(name, questions, each, resamples, seed) for name in conditions}
    return result | {"by_kind": by_kind} | ({"by_condition": by_condition} if by_condition else {})


def _of_condition(
    condition: str, questions: Sequence[Question], each: dict[str, np.ndarray], resamples: int, seed: int
) -> dict[str, Score]:
    chosen = [index for index, question in enumerate(questions) if question.condition == condition]
    bootstrap = _Bootstrap([questions[index] for index in chosen], resamples, seed)
    return {name: bootstrap.over_all(each[name][chosen]) for name in ("exact_match", "prior_exact_match")}


class _Bootstrap:
    """Percentile intervals from resampled pictures (Efron and Tibshirani 1993, chapter 13)."""

    def __init__(self, questions: Sequence[Question], resamples: int, seed: int) -> None:
        self.kinds = sorted({question.kind for question in questions})
        pictures = sorted({question.image for question in questions})
        row = {picture: place for place, picture in enumerate(pictures)}
        self._row = np.array([row[question.image] for question in questions])
        self._column = np.array([self.kinds.index(question.kind) for question in questions])
        self.counts = self._table(np.ones(len(questions)))
        draws = np.random.default_rng(seed).multinomial(len(pictures), np.full(len(pictures), 1 / len(pictures)), size=resamples)
        self._draws = np.vstack([np.ones(len(pictures)), draws])  # the first row is the data itself

    def over_all(self, values: np.ndarray) -> Score:
        return self._score(self._sums(values).sum(1), self._weights().sum(1), len(values))

    def over_kinds(self, values: np.ndarray) -> Score:
        weights = self._weights()
        means = np.where(weights > 0, self._sums(values) / np.maximum(weights, 1), np.nan)
        return self._score(np.nanmean(means, axis=1), np.ones(len(means)), len(values))

    def of_kind(self, values: np.ndarray, column: int) -> Score:
        return self._score(self._sums(values)[:, column], self._weights()[:, column], int(self.counts[:, column].sum()))

    def _table(self, values: np.ndarray) -> np.ndarray:
        """Sums by picture and kind."""
        table = np.zeros((self._row.max() + 1, len(self.kinds)))
        np.add.at(table, (self._row, self._column), values)
        return table

    def _sums(self, values: np.ndarray) -> np.ndarray:
        return self._draws @ self._table(values)

    def _weights(self) -> np.ndarray:
        return self._draws @ self.counts

    @staticmethod
    def _score(sums: np.ndarray, weights: np.ndarray, n: int) -> Score:
        means = sums[weights > 0] / weights[weights > 0]
        low, high = np.percentile(means[1:], [2.5, 97.5]) if len(means) > 1 else (means[0], means[0])
        return {"value": round(float(means[0]), 6), "low": round(float(low), 6), "high": round(float(high), 6), "n": n}
