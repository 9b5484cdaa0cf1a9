"""The numbers that a stage takes on its command line, and a parser that tells of a wrong argument as of any other mistake of the user's."""

import argparse
import math
from collections.abc import Callable
from typing import NoReturn

from paliflow.errors import InputError


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is an InputError."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and with which argument.

        Raises:
            InputError: always.
        """
        raise InputError(f"{message.removeprefix('argument ')}; see {self.prog} --help.")


def positive_integer(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        ArgumentTypeError: the text is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!a} must be a whole number of at least 1")
    return int(text)


def whole_number(text: str) -> int:
    """A whole number of at least 0.

    Raises:
        ArgumentTypeError: the text is none.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text[:40]!a} must be a whole number of at least 0")
    return int(text)


def positive_number(text: str) -> float:
    """A finite number above 0.

    Raises:
        ArgumentTypeError: the text is none.
    """
    return _number(text, lambda value: 0 < value < math.inf, "a number above 0")


def number_from_zero(text: str) -> float:
    """A finite number of at least 0.

    Raises:
        ArgumentTypeError: the text is none.
    """
    return _number(text, lambda value: 0 <= value < math.inf, "a number of at least 0")


def share_from_zero(text: str) -> float:
    """A number from 0 to 1.

    Raises:
        ArgumentTypeError: the text is none.
    """
    return _number(text, lambda value: 0 <= value <= 1, "a number from 0 to 1")


def share(text: str) -> float:
    """A number above 0 and at most 1.

    Raises:
        ArgumentTypeError: the text is none.
    """
    return _number(text, lambda value: 0 < value <= 1, "a number above 0 and at most 1")


def proper_share(text: str) -> float:
    """A number above 0 and below 1: there is something left.

    Raises:
        ArgumentTypeError: the text is none.
    """
    return _number(text, lambda value: 0 < value < 1, "a number above 0 and below 1")


def _number(text: str, allowed: Callable[[float], bool], words: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan  # which lies between no bounds
    if not allowed(value):
        raise argparse.ArgumentTypeError(f"{text[:40]!a} must be {words}")
    return value
