"""Parts of sentences that set scores beside each other, true whatever the numbers are."""

import re

from paliflow.report.markdown import NO_BREAK_SPACE, Markdown
from paliflow.report.values import print_range, print_value


def compare(score: dict[str, float], other: dict[str, float]) -> Markdown:
    """How one score stands to another, "above" or "below" or "equal to", whatever the numbers are."""
    if score["value"] == other["value"]:
        return Markdown("equal to")
    return Markdown("above" if score["value"] > other["value"] else "below")


def intervals_of(score: dict[str, float], other: dict[str, float]) -> Markdown:
    """Whether the intervals of two scores "overlap" or "do not touch"."""
    apart = score["low"] > other["high"] or score["high"] < other["low"]
    return Markdown("do not touch" if apart else "overlap")


def standing(score: dict[str, float], other: dict[str, float], what: str, form: str = "points") -> Markdown:
    """The end of a sentence that sets a score beside another, such as "is 27.0 points above the prior, and the intervals do not touch".

    Args:
        what: the other score in words, as Markdown.
        form: of the difference: "points" (percentage points), or a format of `values.FORMATS`.
    """
    if score["value"] == other["value"]:
        return Markdown(f"is level with {what}")
    size = abs(score["value"] - other["value"])
    printed, least = (_points(size), _points(0.001)) if form == "points" else (print_value(size, form), print_value(0.001, form))
    if not re.search("[1-9]", printed):
        printed = Markdown(f"less than {least}")
    words = f"is {printed} {compare(score, other)} {what}"
    if score["low"] is None or other["low"] is None:  # of one seed
        return Markdown(words)
    return Markdown(f"{words}, and the intervals {intervals_of(score, other)}")


def difference(score: dict[str, float], what: str) -> Markdown:
    """The end of a sentence about a paired difference in exact match, "is 2.1 points below LoRA's (−3.0 to −1.2)".

    Args:
        score: the difference with its interval, as a share.
        what: the other score in words, as Markdown.
    """
    size = score["value"]
    held = "; zero lies in the interval" if score["low"] <= 0 <= score["high"] else ""
    words = f"is {_points(size)} {'above' if size > 0 else 'below'} {what}" if size else f"is level with {what}"
    return Markdown(f"{words} ({print_range(score['low'], score['high'], 'points')}{held})")


def nearer(score: dict[str, float], form: str = "decimal3") -> Markdown:
    """How much nearer one model is than another run by run, "is nearer by 1.20 (1.10–1.30)", or farther; and whether that could be chance.

    Args:
        score: the other's distance less this one's, with its interval over paired runs.
        form: one of `values.FORMATS`.
    """
    way = "nearer" if score["value"] >= 0 else "farther"
    near, far = sorted((abs(score["low"]), abs(score["high"])))
    if score["low"] <= 0 <= score["high"]:
        return Markdown(
            f"is {way} by {print_value(abs(score['value']), form)}, which its interval "
            f"({print_range(score['low'], score['high'], form)}) does not tell from zero"
        )
    return Markdown(f"is {way} by {print_value(abs(score['value']), form)} ({print_range(near, far, form)})")


def clearly_above(score: dict[str, float], other: dict[str, float]) -> bool:
    """Whether a score's whole interval lies above another's; never for scores of one seed, which have none."""
    return score["low"] is not None and other["high"] is not None and score["low"] > other["high"]


def _points(difference: float) -> Markdown:
    return Markdown(f"{abs(100 * difference):.1f}{NO_BREAK_SPACE}points")
