"""Parts of sentences that set scores beside each other, true whatever the numbers are."""

import re
from dataclasses import dataclass

from paliflow.report.markdown import Markdown
from paliflow.report.values import print_range, print_value
from paliflow.report.words import Words

Score = dict[str, float]


@dataclass(frozen=True)
class Sentences:
    """The parts of sentences in one language; the examples below are in English."""

    words: Words

    def compare(self, score: Score, other: Score) -> Markdown:
        """How one score stands to another, "above" or "below" or "equal to", whatever the numbers are."""
        if score["value"] == other["value"]:
            return Markdown(self.words.equal)
        return Markdown(self.words.above if score["value"] > other["value"] else self.words.below)

    def intervals_of(self, score: Score, other: Score) -> Markdown:
        """Whether the intervals of two scores "overlap" or "do not touch"."""
        apart = score["low"] > other["high"] or score["high"] < other["low"]
        return Markdown(self.words.apart if apart else self.words.touch)

    def standing(self, score: Score, other: Score, what: str, form: str = "points") -> Markdown:
        """The end of a sentence that sets a score beside another, such as "is 27.0 points above the prior, and the intervals do not touch".

        Args:
            what: the other score in words, as Markdown.
            form: of the difference: "points" (percentage points), or a format of `values.FORMATS`.
        """
        size = abs(score["value"] - other["value"])
        printed, least = (self._size(number, form) for number in (size, 0.001))
        if not re.search("[1-9]", printed):
            printed = self.words.less_than.format(size=least)
        told = self._lying(score["value"] - other["value"], printed, what)
        if size == 0 or score["low"] is None or other["low"] is None:  # without an interval: of one seed
            return Markdown(told)
        return Markdown(told + self.words.and_intervals.format(relation=self.intervals_of(score, other)))

    def difference(self, score: Score, what: str) -> Markdown:
        """The end of a sentence about a paired difference in exact match, "is 2.1 points below LoRA's (−3.0 to −1.2)".

        Args:
            score: the difference with its interval, as a share.
            what: the other score in words, as Markdown.
        """
        told = self._lying(score["value"], self._size(abs(score["value"]), "points"), what)
        held = self.words.zero_inside if score["low"] <= 0 <= score["high"] else ""
        return Markdown(f"{told} ({print_range(score['low'], score['high'], 'points', self.words)}{held})")

    def nearer(self, score: Score, form: str = "decimal3") -> Markdown:
        """How much nearer one model is than another run by run, "is nearer by 1.20 (1.10–1.30)", or farther; and whether by chance.

        Args:
            score: the other's distance less this one's, with its interval over paired runs.
            form: one of `values.FORMATS`.
        """
        near, size = score["value"] >= 0, print_value(abs(score["value"]), form)
        if score["low"] <= 0 <= score["high"]:
            told = self.words.unsurely_nearer if near else self.words.unsurely_farther
            return Markdown(told.format(size=size, ends=print_range(score["low"], score["high"], form, self.words)))
        low, high = sorted((abs(score["low"]), abs(score["high"])))
        told = self.words.is_nearer if near else self.words.is_farther
        return Markdown(told.format(size=size, ends=print_range(low, high, form, self.words)))

    def listed(self, words: list[str]) -> Markdown:
        """Words one after another, "a, b and c"."""
        return Markdown(self.words.and_last.join([self.words.comma.join(words[:-1]), words[-1]] if len(words) > 1 else words))

    def _lying(self, by: float, size: str, what: str) -> str:
        if by == 0:
            return self.words.is_level.format(what=what)
        return (self.words.is_above if by > 0 else self.words.is_below).format(size=size, what=what)

    def _size(self, size: float, form: str) -> str:
        return self.words.points.format(number=f"{100 * size:.1f}") if form == "points" else print_value(size, form)


def clearly_above(score: Score, other: Score) -> bool:
    """Whether a score's whole interval lies above another's; never for scores of one seed, which have none."""
    return score["low"] is not None and other["high"] is not None and score["low"] > other["high"]
