"""Markdown that is safe to print: what the project wrote passes as it is, all other text is escaped."""

import re
import string

NO_BREAK_SPACE = "\u00a0"
_HARMLESS = ",;?%/"
_SPECIAL = re.compile("([" + re.escape("".join(sorted(set(string.punctuation) - set(_HARMLESS)))) + "])")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ue000-\uf8ff\ufeff\ud800-\udfff]")


class Markdown(str):
    """Text that is Markdown already; anything else that a template prints goes through `escape`."""

    __slots__ = ()


def escape(text: object) -> Markdown:
    r"""The Markdown that shows `text` letter by letter: no markup, maths, link, HTML or new block can come of it.

    Line breaks become spaces; control characters and those that turn the direction of what follows become U+FFFD.

    >>> str(escape("a <b> & $x$"))
    'a \\<b\\> \\& \\$x\\$'
    """
    if isinstance(text, Markdown):
        return text
    return Markdown(_SPECIAL.sub(r"\\\1", make_visible(text)))


def make_visible(text: object) -> str:
    """Text on one line, with U+FFFD for control characters and those that turn the direction of what follows."""
    return _INVISIBLE.sub("\ufffd", " ".join(str(text).split()))


def escape_plain(value: object) -> Markdown:
    """What a template's `{{ … }}` prints: numbers as they are, all text that is not Markdown yet escaped."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Markdown(value)
    return escape(value)
