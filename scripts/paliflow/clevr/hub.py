"""Real CLEVR pictures and questions from a data set on the hub, streamed row by row into a folder in the release's layout.

The set is one in the form of The Cauldron (Laurençon et al. 2024, arXiv:2405.02246), whose configuration `clevr` holds the 699,989 training
questions of CLEVR v1.0: a row has one picture and, for each question about it, a text in which another line asks for a short answer, and
the answer as a sentence. It has no programs and no scene graphs. A local folder of parquet files in that form is read by the same call.
"""

import contextlib
import io
import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image

from paliflow import files, progress
from paliflow.clevr import hub_stream, wording_kinds
from paliflow.clevr.hub_stream import Source
from paliflow.clevr.picture import Shape, check_picture
from paliflow.errors import InputError


def fetch(source: Source, images: int, work: Path) -> None:
    """Keep the first rows of a set in `work`, one picture and one JSON file a row; rows that are there already are not asked for again.

    Args:
        images: number of rows, and so of pictures, in the set's own order.

    Raises:
        InputError: the set cannot be reached or read, has another form, or has fewer rows; a row is not as it should be.
    """
    done = next(row for row in count() if not (work / f"{filename(row)}.json").exists())
    if done >= images:
        return
    shape = check_picture((work / filename(0)).read_bytes(), filename(0), None) if done else None
    rows = hub_stream.rows(source, done)
    record = next(rows, None)  # before the bar, for most of what can go wrong does so here
    with contextlib.closing(rows), progress.track(range(images), "fetch_clevr", unit="image") as bar:
        bar.update(done)
        for row in range(done, images):
            if record is None:
                raise InputError(f"{source} has {row} rows: ask for at most so many images.")
            place = f"{source}, row {row}"
            questions = read_questions(record, place)
            content, shape = read_picture(record, place, shape)
            with files.replacing(work / filename(row)) as temporary:
                temporary.write_bytes(content)
            files.write_text(work / f"{filename(row)}.json", json.dumps(questions))
            bar.update()
            record = next(rows, None) if row + 1 < images else None


def filename(row: int) -> str:
    """The picture's name in the release's form; a row's number need not be that of the picture in the release."""
    return f"CLEVR_train_{row:06d}.png"


def write_release(source: Source, images: int, work: Path, output: Path) -> dict[str, int]:
    """Make a folder in the release's layout of what `fetch` kept; the questions file, without which it is no release, comes last.

    The records have the release's fields but `program` and `question_family_index`, which are unknown.

    Returns:
        The number of rows, images and questions, and the bytes of the pictures.
    """
    questions = output / "questions" / "CLEVR_train_questions.json"
    pictures = output / "images" / "train"
    questions.unlink(missing_ok=True)
    if pictures.exists():
        shutil.rmtree(pictures)
    pictures.mkdir(parents=True)
    values = {"rows": images, "images": images, "questions": 0, "bytes": 0}
    info = {"split": "train", "version": "1.0", "license": "Creative Commons Attribution (CC BY 4.0)"} | source._asdict()
    with files.replacing(questions) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write(f'{{"info": {json.dumps(info)}, "questions": [')
        for row in range(images):
            values["bytes"] += shutil.copyfile(work / filename(row), pictures / filename(row)).stat().st_size
            image = {"split": "train", "image_index": row, "image_filename": filename(row)}
            for question, answer in files.read_json(work / f"{filename(row)}.json"):
                record = image | {"question_index": values["questions"], "question": question, "answer": answer}
                stream.write(("," if values["questions"] else "") + "\n" + json.dumps(record))
                values["questions"] += 1
        stream.write("\n]}\n")
    return values


def read_questions(record: Any, place: str) -> list[tuple[str, str]]:
    """The questions of a row and their answers, in CLEVR's own words.

    Raises:
        InputError: there is none, or one of them is not CLEVR's.
    """
    texts = record.get("texts")
    if not isinstance(texts, list) or not all(isinstance(text, dict) for text in texts):
        raise InputError(f"{place}: texts must be a list of user and assistant texts: choose a set in that form.")
    if not texts:
        raise InputError(f"{place} has no question: choose another revision, or fewer images.")
    return [_question(text, f"{place}, text {number}") for number, text in enumerate(texts)]


def read_picture(record: Any, place: str, expected: Shape | None) -> tuple[bytes, Shape]:
    """The one picture of a row as a PNG file, with its size and mode.

    Args:
        expected: size and mode of the pictures before it; None for the first.

    Raises:
        InputError: there is not exactly one; it is damaged or differs from `expected`.
    """
    pictures = record.get("images")
    if not isinstance(pictures, list) or not all(isinstance(picture, dict) for picture in pictures):
        raise InputError(f"{place}: images must be a list of pictures: choose a set in that form.")
    contents = [picture.get("bytes") for picture in pictures]
    if len(contents) != 1 or not contents[0]:
        raise InputError(f"{place} has {len(list(filter(None, contents)))} pictures, and must have one: choose a set in that form.")
    shape = check_picture(contents[0], f"{place}, the picture", expected)
    stream = io.BytesIO()
    with Image.open(io.BytesIO(contents[0])) as picture:
        if picture.format == "PNG":  # as the release has it; to encode it anew takes ten times as long as the rest
            return contents[0], shape
        picture.save(stream, "png")
    return stream.getvalue(), shape


def _question(text: dict[str, Any], place: str) -> tuple[str, str]:
    user, assistant = text.get("user"), text.get("assistant")
    if not isinstance(user, str) or not isinstance(assistant, str):
        raise InputError(f"{place} lacks the user's or the assistant's text: choose a set in that form.")
    lines = [line.strip() for line in user.splitlines()]
    questions = [line for line in lines if wording_kinds.recognise(line)]
    question = questions[0] if len(questions) == 1 else user.strip()
    answer = assistant.strip().removesuffix(".").lower()
    wording_kinds.kind_of(question, answer, place)
    return question, answer
