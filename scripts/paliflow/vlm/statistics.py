"""Intervals and tests for scores: the bootstrap by picture, intervals over seeds, and McNemar's test."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy import stats

Score = dict[str, Any]  # value, low and high (the ends of a 95 % interval), n


def is_match(answer: str, reference: str) -> bool:
    """Exact match: whether two answers are the same text but for case and outer blanks."""
    return answer.strip().lower() == reference.strip().lower()


class Bootstrap:
    """Percentile intervals from resampled pictures, whose questions belong together (Efron and Tibshirani 1993, chapter 13).

    Every mean that one object gives rests on the same draws, and these hang on the pictures alone and not on the order of the questions.

    Args:
        pictures: of each question its picture.
        resamples: how many times as many pictures as there are get drawn.
        seed: of the draws.
    """

    def __init__(self, pictures: Sequence[Any], resamples: int, seed: int) -> None:
        names, self._rows = np.unique(np.asarray(pictures), return_inverse=True)
        draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        self._draws = np.vstack([np.ones(len(names)), draws])  # the first row is the data itself

    def mean(self, values: np.ndarray) -> Score:
        """The mean of a value of each question, (n,)."""
        return next(iter(self.means(values, [""] * len(values)).values()))

    def means(self, values: np.ndarray, groups: Sequence[Hashable]) -> dict[Any, Score]:
        """The mean in each group of questions, in the groups' order; a question of the group None is in none.

        Args:
            values: of each question, (n,).
            groups: of each question.
        """
        names, sums, weights = self._tables(values, groups)
        return {name: _score(sums[:, place], weights[:, place], int(weights[0, place])) for place, name in enumerate(names)}

    def mean_of_means(self, values: np.ndarray, groups: Sequence[Hashable]) -> Score:
        """The mean over the groups of their means, each group with the same weight."""
        _, sums, weights = self._tables(values, groups)
        means = np.where(weights > 0, sums / np.maximum(weights, 1), np.nan)
        return _score(np.nanmean(means, axis=1), np.ones(len(means)), len(values))

    def mean_of_gaps(self, values: np.ndarray, groups: Sequence[Hashable]) -> Score:
        """The mean over the questions of how far the mean of their group is from zero."""
        _, sums, weights = self._tables(values, groups)
        return _score(np.abs(sums).sum(axis=1), weights.sum(axis=1), len(values))

    def _tables(self, values: np.ndarray, groups: Sequence[Hashable]) -> tuple[list[Any], np.ndarray, np.ndarray]:
        """The groups, and in each resample the sum of the values and the number of questions in each, (1 + resamples, groups)."""
        names: list[Any] = sorted(set(groups) - {None})
        column = {name: place for place, name in enumerate(names)}
        within = [index for index, group in enumerate(groups) if group is not None]
        places = self._rows[within], np.array([column[groups[index]] for index in within], int)
        tables = np.zeros((2, self._draws.shape[1], len(names)))
        np.add.at(tables[0], places, np.asarray(values, float)[within])
        np.add.at(tables[1], places, 1.0)
        return names, self._draws @ tables[0], self._draws @ tables[1]


def over_seeds(values: Sequence[float]) -> Score:
    """The mean of one figure over seeds with Student's 95 % interval, which one seed alone does not have: then low and high are None."""
    mean, n = float(np.mean(values)), len(values)
    if n == 1:
        return {"value": round(mean, 6), "low": None, "high": None, "n": n}
    half = float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return {"value": round(mean, 6), "low": round(mean - half, 6), "high": round(mean + half, 6), "n": n}


def mcnemar(only_base: int, only_tuned: int) -> dict[str, float]:
    """Whether two models that answered the same questions are right equally often (McNemar 1947).

    Args:
        only_base: questions that the first alone answers rightly.
        only_tuned: those that the second alone does.

    Returns:
        Both counts; `statistic`, McNemar's chi-squared, (only_base - only_tuned)² / (only_base + only_tuned); and the two-sided `p_value`,
        exact, from the binomial distribution.
    """
    together = only_base + only_tuned
    statistic = (only_base - only_tuned) ** 2 / together if together else 0.0
    p_value = float(stats.binomtest(only_tuned, together, 0.5).pvalue) if together else 1.0
    counts = {"only_base": only_base, "only_tuned": only_tuned}
    return counts | {"statistic": round(statistic, 4), "p_value": float(f"{p_value:.4g}")}


def _score(sums: np.ndarray, weights: np.ndarray, n: int) -> Score:
    means = sums[weights > 0] / weights[weights > 0]
    low, high = np.percentile(means[1:], [2.5, 97.5]) if len(means) > 1 else (means[0], means[0])
    return {"value": round(float(means[0]), 6), "low": round(float(low), 6), "high": round(float(high), 6), "n": n}
