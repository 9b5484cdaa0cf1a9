"""Read a folder in the layout of the CLEVR v1.0 release, and take a share of it, divided by image into training and test questions."""

import io
import random
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from paliflow import files, progress
from paliflow.clevr import program
from paliflow.errors import InputError
from paliflow.seeds import derive_seed

QUESTION_FIELDS = ("question", "answer", "image_filename", "image_index", "question_index", "program")

Row = dict[str, Any]  # one image: its bytes, names, and the list of its questions


def read_questions(path: Path) -> dict[str, list[Row]]:
    """The questions of a release's file by image file name, each with its kind.

    Raises:
        InputError: the file is missing, truncated, or a record lacks a field.
    """
    document = files.read_json(path)
    records = document.get("questions") if isinstance(document, dict) else None
    if not isinstance(records, list) or not records:
        raise InputError(
            f"{path} holds no questions: it should be a JSON object with a list under 'questions', as in the CLEVR v1.0 release."
        )
    by_image: dict[str, list[Row]] = {}
    for number, record in enumerate(records):
        missing = [field for field in QUESTION_FIELDS if not isinstance(record, dict) or field not in record]
        if missing:
            raise InputError(
                f"{path}, question {number} lacks '{missing[0]}': only splits with answers and programs can be used (train, val)."
            )
        name = record["image_filename"]
        if not isinstance(name, str) or Path(name).name != name:
            raise InputError(f"{path}, question {number}: image_filename {name!r} is no plain file name: correct the file.")
        question = {field: record[field] for field in ("question", "answer", "question_index")}
        question["answer"] = str(question["answer"])
        question["kind"] = _kind(record["program"], f"{path}, question {number}")
        family = record.get("question_family_index")
        question["question_family_index"] = family if isinstance(family, int) else -1
        by_image.setdefault(name, []).append(question)
    return by_image


def read_scene_names(path: Path) -> set[str]:
    """The image file names that a release's scenes file describes.

    Raises:
        InputError: the file is missing, truncated or of another form.
    """
    document = files.read_json(path)
    try:
        return {scene["image_filename"] for scene in document["scenes"]}
    except (TypeError, KeyError):
        raise InputError(f"{path} is no scenes file: it should hold a list under 'scenes', each with its 'image_filename'.") from None


def divide(names: list[str], share: float, test_share: float, seed: int) -> tuple[list[str], list[str]]:
    """Draw a share of the images and divide it, so that no image is on both sides.

    Args:
        names: image file names, in any order.
        share: of the images to take, in (0, 1].
        test_share: of those taken, for the test side, in (0, 1).
        seed: the source of randomness.

    Returns:
        The training names and the test names, each sorted.

    Raises:
        InputError: one of the two sides would be empty.
    """
    shuffled = sorted(names)
    random.Random(derive_seed(seed, "divide")).shuffle(shuffled)
    taken = shuffled[: round(share * len(shuffled))]
    test = round(test_share * len(taken))
    if test == 0 or test == len(taken):
        raise InputError(
            f"a share of {share} of {len(names)} images leaves {len(taken)}, too few for training and test: "
            "raise data.*.share or data.test_share."
        )
    return sorted(taken[test:]), sorted(taken[:test])


def read_rows(names: list[str], questions: dict[str, list[Row]], images: Path, label: str) -> list[Row]:
    """The chosen images with their bytes and questions, each picture decoded once to be sure that it is whole.

    Raises:
        InputError: a picture is missing or cannot be read; the sentence names it and the first question about it.
    """
    rows = []
    for name in progress.track(names, label, unit="image"):
        path = images / name
        first = questions[name][0]["question_index"]
        try:
            content = path.read_bytes()
            with Image.open(io.BytesIO(content)) as picture:
                picture.load()
        except FileNotFoundError:
            raise InputError(f"{path} is missing, to which question {first} refers: complete the images folder.") from None
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            why = "no format that is known" if isinstance(error, UnidentifiedImageError) else str(error)
            raise InputError(f"{path} cannot be read as a picture ({why}), question {first} needs it: fetch or make it again.") from None
        rows.append({"image": {"bytes": content, "path": name}, "image_filename": name, "questions": questions[name]})
    return rows


def _kind(steps: Any, place: str) -> str:
    try:
        return program.kind(steps)
    except (TypeError, KeyError, IndexError):
        raise InputError(f"{place}: its program is no list of steps with a 'function' each: correct the file.") from None
