"""The subset as the model's programs need it: the questions as records, and the pictures, each decoded when it is asked for."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from paliflow import files
from paliflow.errors import InputError


@dataclass(frozen=True)
class Question:
    """One question; `image` is the index of its picture in the subset's file. What a source does not tell is None."""

    image: int
    image_filename: str
    question_index: int
    kind: str
    question: str
    answer: str
    condition: str = ""  # "A" or "B" of CLEVR-CoGenT where the study is compositional
    family: int | None = None
    objects: int | None = None  # in its picture
    program_length: int | None = None  # steps


class Pictures(Sequence[Image.Image]):
    """The pictures of a subset, kept as files and decoded on each access, so that memory holds few of them at a time."""

    def __init__(self, contents: list[bytes]) -> None:
        self._contents = contents

    def __len__(self) -> int:
        return len(self._contents)

    @overload
    def __getitem__(self, place: int) -> Image.Image: ...

    @overload
    def __getitem__(self, place: slice) -> list[Image.Image]: ...

    def __getitem__(self, place: int | slice) -> Image.Image | list[Image.Image]:
        if isinstance(place, slice):
            return [_decode(content) for content in self._contents[place]]
        return _decode(self._contents[place])


@dataclass(frozen=True)
class Subset:
    """One side of the subset: its pictures in order, and all questions about them."""

    pictures: Sequence[Image.Image]
    questions: list[Question]


def write_png(picture: Image.Image, path: Path) -> None:
    """Write a picture as RGB, whole or not at all."""
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "png")
    with files.replacing(path) as temporary:
        temporary.write_bytes(stream.getvalue())


def read_subset(path: Path) -> Subset:
    """Read a parquet file that `subset_clevr` wrote.

    Raises:
        InputError: the file is missing or broken, lacks a column, or holds no question.
    """
    contents = [row["image"]["bytes"] for row in _rows(path, ["image"])]
    return Subset(Pictures(contents), read_questions(path))


def read_questions(path: Path) -> list[Question]:
    """Read the questions of a parquet file that `subset_clevr` wrote, and leave its pictures alone.

    Raises:
        InputError: see `read_subset`.
    """
    rows = _rows(path, ["image_filename", "condition", "objects", "questions"])
    questions = [_question(image, row, record) for image, row in enumerate(rows) for record in row["questions"]]
    if not questions:
        raise InputError(f"{path} holds no question: raise the share of the data that is used.")
    return questions


def read_predictions(path: Path, test: Path, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Read the answers of a model, one record for each test question in their order, as an evaluation wrote them.

    Args:
        path: predictions.jsonl.
        test: where the questions come from, for the message.
        questions: the test questions.

    Raises:
        InputError: the file is missing or broken, lacks a field, or answers other questions.
    """
    records: list[dict[str, Any]] = files.read_json_lines(path)
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or not isinstance(record.get("prediction"), str) or "question_index" not in record:
            raise InputError(f"{path}, line {number} has no question_index or no prediction: evaluate again.")
    asked = [(question.question_index, question.answer) for question in questions]
    if [(record["question_index"], record.get("answer")) for record in records] != asked:
        raise InputError(f"{path} answers other questions than {test} holds: evaluate again.")
    return records


def _rows(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    try:
        missing = [name for name in columns if name not in pq.read_schema(path).names]
        if not missing:
            return pq.read_table(path, columns=columns).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as a subset ({type(error).__name__}): run subset_clevr again.") from None
    raise InputError(f"{path} lacks the column '{missing[0]}', so another version made it: run subset_clevr again.")


def _question(image: int, row: dict[str, Any], record: dict[str, Any]) -> Question:
    family, objects = record["question_family_index"], row["objects"]
    return Question(
        image,
        row["image_filename"],
        **{field: record[field] for field in ("question_index", "kind", "question", "answer")},
        condition=row["condition"],
        family=None if family < 0 else family,
        objects=None if objects < 0 else objects,
        program_length=len(json.loads(record["program"])) if record["program"] else None,
    )


def _decode(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture
