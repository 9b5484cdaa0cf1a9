"""Read one list of a JSON file record by record, so that memory does not grow with the file.

The text is decoded in windows and each record is parsed on its own by the standard library's scanner. That is twice as fast as an
incremental parser, knows the exact byte of a fault, and puts a bound on a single record too.
"""

import codecs
import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any, NoReturn, Protocol

from paliflow.errors import InputError

WINDOW = 2**18  # bytes read at a time
LONGEST_RECORD = 2**20  # characters; a question of the release has about a thousand, a scene graph a few thousand
_SPACE = re.compile(r"[ \t\n\r]*")
_CURABLE = 16  # characters: a fault nearer to the end of the window (half an escape, half a literal) may vanish with more text
_WORDS = ("true", "false", "null", "-", ".", "e+", "e-", "E+", "E-")  # what the end of a file may break off
_AGAIN = "fetch or make it again"


class Readable(Protocol):
    """Something that gives bytes from the front."""

    def read(self, amount: int, /) -> bytes:
        """Up to `amount` bytes, none at the end."""


def records(stream: Readable, key: str, place: str) -> Iterator[Any]:
    """The elements of the list under `key` of a JSON object, in order, each parsed when it is asked for.

    Args:
        stream: the file's bytes, read once from the front.
        key: "questions" or "scenes".
        place: the file's name for error messages.

    Raises:
        InputError: the file is cut short, no JSON or no UTF-8 (the sentence names the byte), a record is absurdly long or deep,
            or there is no such list.
    """
    text = _Text(stream, place)
    form = f"it should be a JSON object with one list under '{key}', as in the CLEVR v1.0 release"
    if text.peek() not in ("{", ""):
        raise InputError(f"{place} holds no {key}: {form}.")
    found = False
    for name in text.members():
        if name != key:
            text.skip()
        elif found:
            raise InputError(f"{place} holds '{key}' twice: {form}.")
        elif text.peek() not in ("[", ""):
            raise InputError(f"{place} holds no list under '{key}': {form}.")
        else:
            found = True
            yield from text.elements(key.removesuffix("s"))
    if text.peek():
        text.fail("there is text after the end", text.position)
    if not found:
        raise InputError(f"{place} holds no {key}: {form}.")


class _Text:
    """A window on a JSON text, which moves on over the file; `position` is where in the window we are."""

    def __init__(self, stream: Readable, place: str) -> None:
        self._stream, self._place = stream, place
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._scan = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self._window, self._window_starts, self._bytes_read, self._ended = "", 0, 0, False
        self.position = 0

    def peek(self) -> str:
        """The next character that is no white space, or nothing at the end of the file."""
        while True:
            self.position = _SPACE.match(self._window, self.position).end()  # type: ignore[union-attr]  # it always matches
            if self.position < len(self._window):
                return self._window[self.position]
            if self._ended:
                return ""
            self._read_on(WINDOW)

    def take(self, wanted: str) -> None:
        """Step over one character, which must be the next."""
        if self.peek() != wanted:
            self.fail(f"'{wanted}' is expected", self.position)
        self.position += 1

    def members(self) -> Iterator[Any]:
        """The keys of the object that begins here; whoever takes one must step over its value before the next."""
        self.take("{")
        if self.peek() != "}":
            while True:
                if self.peek() not in ('"', ""):
                    self.fail("a key in quotes is expected", self.position)
                name = self.value("a key")
                self.take(":")
                yield name
                if self.peek() != ",":
                    break
                self.position += 1
        self.take("}")

    def elements(self, noun: str) -> Iterator[Any]:
        """The elements of the list that begins here."""
        self.take("[")
        if self.peek() != "]":
            for number in count():
                yield self.value(f"{noun} {number}")
                if self.peek() != ",":
                    break
                self.position += 1
        self.take("]")

    def skip(self) -> None:
        """Step over the value that begins here; a list may be of any length."""
        if self.peek() == "[":
            for _ in self.elements("element"):
                pass
        else:
            self.value("a value")

    def value(self, what: str) -> Any:
        """Parse the value that begins here, reading on as far as it reaches."""
        self.peek()
        amount = WINDOW
        while True:
            try:
                found, end = self._scan(self._window, self.position)
                if self._ended or isinstance(found, dict | list | str) or end < len(self._window) - _CURABLE:
                    self.position = end
                    return found
                reason, where, unfinished = "", end, True  # a number may go on
            except json.JSONDecodeError as error:
                reason, where = error.msg, error.pos
                unfinished = where > len(self._window) - _CURABLE or reason.startswith("Unterminated")
            except RecursionError:
                raise InputError(f"{self._place}, {what}: it is nested too deeply to be one: {_AGAIN}.") from None
            except ValueError as error:  # a constant such as NaN, or an integer of thousands of digits
                start = self._byte(self.position)
                raise InputError(
                    f"{self._place}, {what}, which starts at byte {start}: {_first_clause(error)}: correct the file."
                ) from None
            if not unfinished or self._ended:
                self.fail(reason, where, what)
            if len(self._window) - self.position > LONGEST_RECORD:
                start = self._byte(self.position)
                raise InputError(f"{self._place}, {what}, which starts at byte {start}, is longer than 1 MiB: {_AGAIN}.")
            self._read_on(amount)
            amount *= 2  # so that parsing a long record again and again stays linear

    def fail(self, reason: str, where: int, what: str = "") -> NoReturn:
        """Raise the sentence for a fault at a place in the window."""
        inside = f" in {what}" if what else ""
        rest = self._window[where:].rstrip()
        broken_off = reason.startswith("Unterminated") or ("escape" in reason and '"' not in rest)
        if self._ended and (broken_off or any(word.startswith(rest) for word in _WORDS)):
            raise InputError(f"{self._place} ends at byte {self._bytes_read}{inside}, before the JSON does: it was cut short; {_AGAIN}.")
        raise InputError(f"{self._place} is no valid JSON at byte {self._byte(where)}{inside} ({reason}): {_AGAIN}.")

    def _byte(self, where: int) -> int:
        return self._window_starts + _bytes(self._window[:where])

    def _read_on(self, amount: int) -> None:
        """Drop what lies behind us and append up to `amount` bytes of the file."""
        self._window_starts = self._byte(self.position)
        content = self._stream.read(amount)
        pending = len(self._decode.getstate()[0])
        try:
            text = self._decode.decode(content, final=not content)
        except UnicodeDecodeError as error:
            byte = self._bytes_read - pending + error.start
            raise InputError(f"{self._place} is no UTF-8 at byte {byte} ({error.reason}): {_AGAIN}.") from None
        self._bytes_read += len(content)
        self._ended = not content
        self._window, self.position = self._window[self.position :] + text, 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which JSON does not know")


def _first_clause(error: ValueError) -> str:
    return str(error).split(";")[0].split(":")[0]
