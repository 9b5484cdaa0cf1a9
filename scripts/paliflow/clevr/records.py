"""One record of the release, question or scene graph, checked before anyone relies on it."""

import math
import re
from dataclasses import dataclass
from typing import Any

from paliflow.clevr import program, wording_kinds
from paliflow.clevr.vocabulary import ATTRIBUTES, RELATIONS, VALUES
from paliflow.errors import InputError

MOST_OBJECTS = 100  # the release has 3 to 10 in a scene
_PLAIN_NAME = re.compile(r"\w[\w .+-]{0,199}")
_LARGEST_INDEX = 2**63 - 1  # the integers of a parquet file


class ProgramError(InputError):
    """A question's program cannot be executed, whatever the scene."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; the fields have the release's names and `kind` is the last function of its program.

    Attributes:
        image_index: the picture's number, or None where the release gives none.
        question_family_index: -1 where the release gives none.
        program: the checked steps, or None where the release gives none.
    """

    question: str
    answer: str
    image_filename: str
    image_index: int | None
    question_index: int
    question_family_index: int
    kind: str
    program: list[program.Step] | None


def read_question(record: Any, place: str) -> Question:
    """Check one record of a questions file.

    Args:
        record: what the JSON holds there, of whatever form.
        place: file and number of the record, for the message.

    Raises:
        ProgramError: only its program is wrong.
        InputError: a field is missing or of a wrong type, the picture's name leads elsewhere, or there is no program and the wording
            is none of CLEVR's.
    """
    text = text_of(record, "question", place)
    if "answer" not in record:
        raise InputError(f"{place} lacks 'answer': only splits with answers can be used (train, val).")
    answer = text_of(record, "answer", place)
    steps = record.get("program")
    name = file_name(record, place)
    image = None if record.get("image_index") is None else _integer(record, "image_index", place)
    index = _integer(record, "question_index", place)
    family = -1 if record.get("question_family_index") is None else _integer(record, "question_family_index", place)
    if steps is None:
        kind = wording_kinds.kind_of(text, answer, place)
    else:
        try:
            program.check(steps)
        except program.InvalidProgramError as error:
            raise ProgramError(f"{place}: {error}; correct the file.") from None
        kind = program.kind(steps)
    return Question(text, answer, name, image, index, family, kind, steps)


def read_scene(record: Any, place: str) -> dict[str, Any]:
    """Check one record of a scenes file: names, attributes, coordinates, directions and relations; return it as it is.

    Args:
        record: what the JSON holds there, of whatever form.
        place: file and number of the record, for the message.

    Raises:
        InputError: a field is missing, of a wrong type or none of CLEVR's values.
    """
    file_name(record, place)
    _integer(record, "image_index", place)
    objects = record.get("objects")
    if not isinstance(objects, list) or len(objects) > MOST_OBJECTS:
        raise InputError(f"{place}: 'objects' must be a list of at most {MOST_OBJECTS} objects: correct the file.")
    for number, thing in enumerate(objects):
        _check_object(thing, f"{place}, object {number}")
    directions = record.get("directions")
    if not isinstance(directions, dict) or not all(_is_point(directions.get(name)) for name in RELATIONS):
        raise InputError(f"{place}: 'directions' must give three finite numbers for each of {', '.join(RELATIONS)}: correct the file.")
    related = record.get("relationships")
    if not isinstance(related, dict) or not all(_is_relation(related.get(name), len(objects)) for name in RELATIONS):
        raise InputError(
            f"{place}: 'relationships' must give, for each of {', '.join(RELATIONS)} and for each object, a list of other objects' "
            "indices: correct the file."
        )
    return record


def file_name(record: Any, place: str) -> str:
    """The `image_filename` of a record: a plain name that leads nowhere else.

    Raises:
        InputError: there is none, or it is no plain name.
    """
    name = text_of(record, "image_filename", place)
    if not _PLAIN_NAME.fullmatch(name):
        raise InputError(f"{place}: image_filename {name[:100]!a} is no plain file name: correct the file.")
    return name


def text_of(record: Any, field: str, place: str) -> str:
    """A field of a record that must hold text.

    Raises:
        InputError: the record is no JSON object, has no such field or something else in it, or text that cannot be written as UTF-8.
    """
    value = _field(record, field, place)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{place}: '{field}' must be text, and is {shown(value)}: correct the file.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(f"{place}: '{field}' holds half a surrogate pair, which is no character: correct the file.") from None
    return value


def _integer(record: Any, field: str, place: str) -> int:
    value = _field(record, field, place)
    if type(value) is not int or not 0 <= value <= _LARGEST_INDEX:
        raise InputError(f"{place}: '{field}' must be a whole number from 0, and is {shown(value)}: correct the file.")
    return value


def _field(record: Any, field: str, place: str) -> Any:
    if not isinstance(record, dict):
        raise InputError(f"{place} is {shown(record)}, no JSON object: correct the file.")
    if field not in record:
        raise InputError(f"{place} lacks '{field}': it should have the fields of the CLEVR v1.0 release.")
    return record[field]


def _check_object(thing: Any, place: str) -> None:
    for attribute in ATTRIBUTES:
        value = _field(thing, attribute, place)
        if not isinstance(value, str) or value not in VALUES[attribute]:
            raise InputError(
                f"{place}: '{attribute}' must be one of {', '.join(VALUES[attribute])}, and is {shown(value)}: correct the file."
            )
    if not _is_point(_field(thing, "3d_coords", place)):
        raise InputError(f"{place}: '3d_coords' must be three finite numbers: correct the file.")


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(_is_finite(number) for number in value)


def _is_finite(value: Any) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < 2**53)


def _is_relation(rows: Any, count: int) -> bool:
    """Whether it has one row for each object, of different indices of other objects."""
    return isinstance(rows, list) and len(rows) == count and all(_is_row(row, index, count) for index, row in enumerate(rows))


def _is_row(row: Any, index: int, count: int) -> bool:
    if not isinstance(row, list) or not all(type(other) is int and 0 <= other < count for other in row):
        return False
    return len(set(row)) == len(row) and index not in row


def shown(value: Any) -> str:
    """A few characters on a value of whatever form, for a message; nothing is walked through, for it may be nested deeply."""
    if isinstance(value, str):
        return ascii(value[:40])
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**12 else "a huge number"
    return {dict: "an object", list: "a list", float: "a number"}[type(value)]
