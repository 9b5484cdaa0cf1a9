"""A bar on anything that lasts: a live one on a terminal, a line every few seconds in a log or under Snakemake."""

import sys
from collections.abc import Iterable, Iterator
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
