"""A bar on anything that lasts: a live one on a terminal, a line every few seconds in a log or under Snakemake."""

import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 5.0


def track(items: Iterable[Item], label: str, total: int | None = None, unit: str = "it") -> "tqdm[Item]":
    """Wrap `items` in a progress bar on stderr; `.set_postfix_str("loss 0.41", refresh=False)` adds live figures.

    On a terminal it is a moving bar; elsewhere (a log file, a pipe) it prints a whole line at most every five seconds, so that the
    lines of jobs that run side by side never mix.
    """
    if sys.stderr.isatty():
        return tqdm(items, desc=label, total=total, unit=unit, dynamic_ncols=True)
    return tqdm(items, desc=label, total=total, unit=unit, file=_Lines(), ascii=" #", ncols=100, mininterval=SECONDS_BETWEEN_LINES)


def curve(values: Sequence[float], width: int = 16) -> str:
    """A curve in one line of characters, to stand behind a bar: the mean of each of `width` parts, from the lowest to the highest."""
    levels = " ▁▂▃▄▅▆▇█" if sys.stderr.isatty() else " .:-=+*#"
    parts = min(width, len(values))
    means = [statistics.fmean(values[len(values) * part // parts : len(values) * (part + 1) // parts]) for part in range(parts)]
    low, high = (min(means), max(means)) if means else (0.0, 0.0)
    steps = len(levels) - 2
    return "".join(levels[1 + round((mean - low) / (high - low) * steps)] if high > low else levels[1] for mean in means)


def say(message: str) -> None:
    """Print one line for the reader of the log, above any bar."""
    tqdm.write(message, file=sys.stderr)


class _Lines:
    """A text stream that turns tqdm's carriage returns into whole lines on stderr and drops the empty ones."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def write(self, text: str) -> int:
        line = text.strip("\r\n ")
        if line:
            self._stream.write(line + "\n")
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def __iter__(self) -> Iterator[str]:
        return iter(())
