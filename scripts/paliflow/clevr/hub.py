"""Real CLEVR pictures and questions from a data set on the hub, streamed row by row into a folder in the release's layout.

The set is one in the form of The Cauldron (Laurençon et al. 2024, arXiv:2405.02246), whose configuration `clevr` holds the 699,989 training
questions of CLEVR v1.0: a row has one picture and, for each question about it, a text in which another line asks for a short answer, and
the answer as a sentence. It has no programs and no scene graphs. A local folder of parquet files in that form is read by the same call.
The hub's other copy, laion/clevr-webdataset, is not read: it has the programs, but nothing that we found published ties its pictures to
its questions, and we could not look inside it.
"""

import contextlib
import io
import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from paliflow import files, progress
from paliflow.clevr import hub_stream, wording_kinds
from paliflow.clevr.hub_stream import Source
from paliflow.clevr.picture import Shape, check_picture
from paliflow.errors import InputError

ROWS_TO_JUDGE_BY = 50


class Tally(NamedTuple):
    """What the rows read so far held.

    Attributes:
        rows: their number.
        rows_without_questions: how many of them have no question of CLEVR's, and so are kept nowhere.
        questions_skipped: texts that are no question and answer of CLEVR's.
        first_fault: what is wrong with the first row without questions; empty while there is none.
    """

    rows: int = 0
    rows_without_questions: int = 0
    questions_skipped: int = 0
    first_fault: str = ""


def fetch(source: Source, images: int, work: Path) -> None:
    """Keep the first rows that have questions in `work`, one picture and one JSON file each; those there already are not asked for again.

    Args:
        images: number of rows to keep, and so of pictures, in the set's own order.

    Raises:
        InputError: the set cannot be reached or read, has another form, or has fewer rows; a picture is not as it should be.
    """
    done = next(number for number in count() if not (work / f"{filename(number)}.json").exists())
    if done >= images:
        return
    shape = check_picture((work / filename(0)).read_bytes(), filename(0), None) if done else None
    tally = _read_kept(work, done - 1)[0] if done else Tally()
    rows = hub_stream.rows(source, tally.rows)
    record = next(rows, None)  # before the bar, for most of what can go wrong does so here
    with contextlib.closing(rows), progress.track(range(images), "fetch_clevr", unit="image") as bar:
        bar.update(done)
        while done < images:
            if record is None:
                _check_form(tally, source)
                usable = " usable" if tally.rows > done else ""
                raise InputError(f"{source} has {done}{usable} rows: ask for at most so many images.")
            place = f"{source}, row {tally.rows}"
            questions, faults = read_questions(record, place)
            tally = _count(tally, questions, faults, place)
            if tally.rows >= ROWS_TO_JUDGE_BY or (questions and done + 1 == images):
                _check_form(tally, source)
            if questions:
                content, shape = read_picture(record, place, shape)
                with files.replacing(work / filename(done)) as temporary:
                    temporary.write_bytes(content)
                files.write_text(work / f"{filename(done)}.json", json.dumps({"tally": tally._asdict(), "questions": questions}))
                done += 1
                bar.update()
            record = next(rows, None) if done < images else None


def filename(number: int) -> str:
    """The name of a picture that was kept, in the release's form; its number need not be that of the picture in the release."""
    return f"CLEVR_train_{number:06d}.png"


def write_release(source: Source, images: int, work: Path, output: Path) -> dict[str, int]:
    """Make a folder in the release's layout of what `fetch` kept; the questions file, without which it is no release, comes last.

    The records have the release's fields but `program` and `question_family_index`, which are unknown.

    Returns:
        The number of images and questions, the bytes of the pictures, and how many rows were read and what was passed over in them.
    """
    questions = output / "questions" / "CLEVR_train_questions.json"
    pictures = output / "images" / "train"
    questions.unlink(missing_ok=True)
    if pictures.exists():
        shutil.rmtree(pictures)
    pictures.mkdir(parents=True)
    tally = _read_kept(work, images - 1)[0]._asdict()
    del tally["first_fault"]
    values = {"images": images, "questions": 0, "bytes": 0} | tally
    info = {"split": "train", "version": "1.0", "license": "Creative Commons Attribution (CC BY 4.0)"} | source._asdict()
    with files.replacing(questions) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write(f'{{"info": {json.dumps(info)}, "questions": [')
        for number in range(images):
            name = filename(number)
            values["bytes"] += shutil.copyfile(work / name, pictures / name).stat().st_size
            image = {"split": "train", "image_index": number, "image_filename": name}
            for question, answer in _read_kept(work, number)[1]:
                record = image | {"question_index": values["questions"], "question": question, "answer": answer}
                stream.write(("," if values["questions"] else "") + "\n" + json.dumps(record))
                values["questions"] += 1
        stream.write("\n]}\n")
    return values


def read_questions(record: Any, place: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The questions of a row and their answers, in CLEVR's own words; and of each text that is none, what is wrong with it."""
    questions, faults = [], []
    texts = record.get("texts")
    for number, text in enumerate(texts if isinstance(texts, list) else []):
        try:
            questions.append(_question(text))
        except ValueError as error:
            faults.append(f"{place}, text {number} {error}")
    return questions, faults


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


def _question(text: Any) -> tuple[str, str]:
    user, assistant = (text.get("user"), text.get("assistant")) if isinstance(text, dict) else (None, None)
    if not isinstance(user, str) or not isinstance(assistant, str):
        raise ValueError("lacks the user's or the assistant's words")
    question = wording_kinds.find_question(user)
    if question is None:
        raise ValueError(f"asks {user.strip()[:200]!a}, which holds no single question in CLEVR's wording")
    answer = assistant.strip().removesuffix(".").lower()
    if answer not in wording_kinds.ANSWERS[str(wording_kinds.recognise(question))]:
        raise ValueError(f"answers {question[:200]!a} with {assistant[:40]!a}, as CLEVR never does")
    return question, answer


def _count(tally: Tally, questions: list[tuple[str, str]], faults: list[str], place: str) -> Tally:
    useless = not questions
    return Tally(
        tally.rows + 1,
        tally.rows_without_questions + useless,
        tally.questions_skipped + len(faults),
        tally.first_fault or (next(iter(faults), f"{place} has no list of user and assistant texts") if useless else ""),
    )


def _check_form(tally: Tally, source: Source) -> None:
    """Make sure that at least half of the rows read are of use."""
    if 2 * tally.rows_without_questions > tally.rows:
        raise InputError(
            f"{source} is not of CLEVR's form, for {tally.rows_without_questions} of its first {tally.rows} rows have no question of "
            f"CLEVR's (the first: {tally.first_fault}): choose another set, configuration or revision."
        )


def _read_kept(work: Path, number: int) -> tuple[Tally, list[tuple[str, str]]]:
    """The tally after a row that was kept, and its questions with their answers."""
    kept = files.read_json(work / f"{filename(number)}.json")
    return Tally(**kept["tally"]), kept["questions"]
