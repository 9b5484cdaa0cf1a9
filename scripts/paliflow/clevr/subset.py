"""The subset as two parquet files: the chosen pictures with their questions, taken from a release of any size streamed from its front."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Image, List, Value

from paliflow import files, progress
from paliflow.clevr import program
from paliflow.clevr.picture import Shape, check_picture
from paliflow.clevr.records import Question
from paliflow.clevr.release import Release
from paliflow.errors import InputError

Row = dict[str, Any]  # one picture: image_filename, condition, objects, and the list of its questions

FEATURES = Features(
    {
        "image": Image(),
        "image_filename": Value("string"),
        "condition": Value("string"),
        "objects": Value("int64"),
        "questions": List(
            {
                "question": Value("string"),
                "answer": Value("string"),
                "question_index": Value("int64"),
                "kind": Value("string"),
                "question_family_index": Value("int64"),
                "program": Value("string"),
            }
        ),
    }
)
PICTURES_PER_GROUP = 64  # of the parquet file; that many are in memory at a time


def collect(release: Release, split: str, chosen: Collection[str], conditions: Mapping[str, str]) -> list[Row]:
    """The questions about the chosen pictures, in one pass over all of the split's; a chosen picture without any is left out.

    Where the release has scenes, a pass over them comes first, and each of these questions is held against its picture's scene.

    Args:
        release: where the questions are.
        split: "train" or "val".
        chosen: names of pictures.
        conditions: of every picture there is, by name.

    Returns:
        A row for each picture with questions, in the order of their names; `objects` is how many its scene has, -1 where no scene is told.

    Raises:
        InputError: a question is about a picture that is not there, or it and its scene do not belong together.
    """
    scenes = _scenes(release, split, frozenset(chosen)) if release.has_scenes(split) else {}
    place = release.place_of("questions", split)
    asked: dict[str, list[dict[str, Any]]] = {name: [] for name in chosen}
    for number, question in enumerate(progress.track(release.questions(split), "subset_clevr questions", unit="question")):
        if question.image_filename in asked:
            if question.image_filename in scenes:
                _check_scene(question, *scenes[question.image_filename], f"{place}, question {number}")
            asked[question.image_filename].append(_record(question))
        elif question.image_filename not in conditions:
            raise InputError(
                f"{release.path}, question {question.question_index} of the split {split} is about {question.image_filename}, "
                f"which {'no scene describes' if release.has_scenes(split) else 'is missing'}: the two do not belong together."
            )
    objects = {name: sets.everything.bit_count() for name, (sets, _) in scenes.items()}
    return [
        {"image_filename": name, "condition": conditions[name], "objects": objects.get(name, -1), "questions": asked[name]}
        for name in sorted(asked)
        if asked[name]
    ]


def digest_pictures(release: Release, split: str, rows: list[Row]) -> tuple[dict[str, str], Shape]:
    """The SHA-256 of each row's picture by name, and the size and mode that all of them have; each is decoded to be sure that it is whole.

    Raises:
        InputError: a picture is missing, cannot be read or differs in size or mode from the others; the sentence names it and a question.
    """
    digests: dict[str, str] = {}
    shape: Shape | None = None
    for row in progress.track(rows, "subset_clevr pictures", unit="picture"):
        name, first = row["image_filename"], row["questions"][0]["question_index"]
        content = release.read_image(split, name, first)
        shape = check_picture(content, f"{release.image_place(split, name)}, which question {first} needs,", shape)
        digests[name] = hashlib.sha256(content).hexdigest()
    if shape is None:
        raise InputError(f"{release.path}: no chosen picture has a question: raise data.*.share, or complete the release.")
    return digests, shape


def write_rows(release: Release, split: str, rows: list[Row], path: Path) -> str:
    """Write rows with their pictures as parquet that `datasets` reads; return the file's SHA-256.

    Raises:
        InputError: a picture has gone since it was checked.
    """
    with files.replacing(path) as temporary, pq.ParquetWriter(temporary, FEATURES.arrow_schema) as writer:
        for start in range(0, len(rows), PICTURES_PER_GROUP):
            group = [_with_picture(release, split, row) for row in rows[start : start + PICTURES_PER_GROUP]]
            writer.write_table(pa.Table.from_pylist(group, schema=FEATURES.arrow_schema))
    return files.sha256(path)


def _scenes(release: Release, split: str, chosen: frozenset[str]) -> dict[str, tuple[program.ObjectSets, int]]:
    """What programs ask of the chosen pictures' scenes, and their image_index; some kilobytes for each."""
    scenes = progress.track(release.scenes(split, chosen), "subset_clevr scenes of the chosen pictures", unit="scene")
    return {scene["image_filename"]: (program.ObjectSets(scene), scene["image_index"]) for scene in scenes}


def _check_scene(question: Question, sets: program.ObjectSets, image_index: int, place: str) -> None:
    """That a question is about this scene: both give the same image_index, and its program has its answer there."""
    fault = ""
    if question.image_index not in (None, image_index):
        fault = f"has the image_index {question.image_index}, and the scene of {question.image_filename} has {image_index}"
    elif question.program:
        try:
            answer = program.execute(question.program, sets)
            if answer != question.answer:
                fault = f"gives {answer!a} on the scene of {question.image_filename} where the file says {question.answer[:40]!a}"
        except program.InvalidProgramError as error:
            fault = f"gives no answer on the scene of {question.image_filename} ({error})"
    if fault:
        raise InputError(f"{place} {fault}: scene and question do not belong together, correct the one that is wrong.")


def _with_picture(release: Release, split: str, row: Row) -> Row:
    name = row["image_filename"]
    content = release.read_image(split, name, row["questions"][0]["question_index"])
    return row | {"image": {"bytes": content, "path": name}}


def _record(question: Question) -> dict[str, Any]:
    """A question as the parquet file holds it: its program as compact JSON, for steps differ in form and nobody reads single ones."""
    return {
        "question": question.question,
        "answer": question.answer,
        "question_index": question.question_index,
        "kind": question.kind,
        "question_family_index": question.question_family_index,
        "program": json.dumps(question.program, separators=(",", ":")) if question.program else "",
    }
