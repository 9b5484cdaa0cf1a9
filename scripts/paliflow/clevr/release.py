"""Read CLEVR v1.0, or anything in its layout, from a folder or from the release's zip where it lies; nothing of it is trusted.

The layout: questions/CLEVR_<split>_questions.json, scenes/CLEVR_<split>_scenes.json and images/<split>/*.png.
"""

import hashlib
import re
from collections.abc import Container, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from paliflow.clevr import records, stream
from paliflow.clevr.archive import Folder, Zip, open_files
from paliflow.clevr.records import Question
from paliflow.errors import InputError

LARGEST_PICTURE = 2**24  # bytes of the file; a picture of the release has about 200,000

Kind = Literal["questions", "scenes"]


class Release:
    """A folder in the release's layout, or a zip of one; use it in a `with` statement.

    Its iterators read the files from the front, one record at a time, and any number of them may be under way at once.
    """

    def __init__(self, path: Path, files: Folder | Zip) -> None:
        self.path = path
        self._files = files

    @classmethod
    def open(cls, path: Path) -> "Release":
        """Open a release.

        Raises:
            InputError: the path is neither a folder nor a zip that can be trusted, or holds no questions file.
        """
        path = Path(path)
        release = cls(path, open_files(path))
        if not release.splits():
            release._files.close()
            raise InputError(f"{path} is no CLEVR release: it holds no questions/CLEVR_<split>_questions.json.")
        return release

    def __enter__(self) -> "Release":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.close()

    def splits(self) -> list[str]:
        """The splits that have a questions file, sorted."""
        found = (re.fullmatch(r"CLEVR_(\w+)_questions\.json", name) for name in self._files.names("questions"))
        return [match.group(1) for match in found if match]

    def has_scenes(self, split: str) -> bool:
        """Whether there is a scenes file of the split."""
        return self._files.has(_json_name("scenes", split))

    def records(self, kind: Kind, split: str) -> Iterator[tuple[str, Any]]:
        """The records of a questions or scenes file as the JSON has them, unchecked, each with its place for messages.

        Raises:
            InputError: the file is missing, cut short or malformed.
        """
        place = self.place_of(kind, split)
        with self._files.open(_json_name(kind, split)) as source:
            for number, record in enumerate(stream.records(source, kind, place)):
                yield f"{place}, {kind.removesuffix('s')} {number}", record

    def questions(self, split: str) -> Iterator[Question]:
        """The split's questions, each checked, with its program.

        Raises:
            InputError: the file cannot be read to its end or holds no question; a record is not as it should be.
        """
        nothing = True
        for place, record in self.records("questions", split):
            nothing = False
            yield records.read_question(record, place)
        if nothing:
            raise InputError(f"{self.place_of('questions', split)} holds no question: fetch or make it again.")

    def scenes(self, split: str, chosen: Container[str] | None = None) -> Iterator[dict[str, Any]]:
        """The split's scene graphs, each checked.

        Args:
            split: "train" or "val".
            chosen: the pictures whose graphs are given; of the others only the name is looked at. None is all.

        Raises:
            InputError: the file cannot be read to its end; a record is not as it should be; two describe one picture.
        """
        seen: set[str] = set()
        for place, record in self.records("scenes", split):
            name = records.file_name(record, place)
            _check_new(name, seen, place)
            if chosen is None or name in chosen:
                yield records.read_scene(record, place)

    def scene_names(self, split: str) -> Iterator[str]:
        """The pictures that the split's scene graphs describe; of the graphs nothing else is checked.

        Raises:
            InputError: the file cannot be read to its end; a name is missing or no plain one; two graphs describe one picture.
        """
        seen: set[str] = set()
        for place, record in self.records("scenes", split):
            name = records.file_name(record, place)
            _check_new(name, seen, place)
            yield name

    def image_names(self, split: str) -> list[str]:
        """The file names of the split's pictures, sorted; hidden files are none."""
        names = self._files.names(f"images/{split}")
        return [name for name in names if name.lower().endswith((".png", ".jpg", ".jpeg")) and not name.startswith(".")]

    def read_image(self, split: str, name: str, question_index: int | None = None) -> bytes:
        """A picture's bytes as they are in the release; `picture.check_picture` says whether they are a picture.

        Args:
            question_index: the question that needs it, for the message.

        Raises:
            InputError: the picture is missing, cannot be read or is absurdly large.
        """
        path = f"images/{split}/{name}"
        if not self._files.has(path):
            needed = "" if question_index is None else f", to which question {question_index} refers"
            raise InputError(f"{self._files.place(path)} is missing{needed}: complete the pictures.")
        if self._files.size(path) > LARGEST_PICTURE:
            raise InputError(
                f"{self._files.place(path)} has more than {LARGEST_PICTURE >> 20} MiB, too much for a picture: fetch it again."
            )
        with self._files.open(path) as source:
            return source.read(LARGEST_PICTURE)

    def image_place(self, split: str, name: str) -> str:
        """How to call a picture in a message."""
        return self._files.place(f"images/{split}/{name}")

    def digest(self, kind: Kind, split: str) -> str:
        """SHA-256 of a questions or scenes file, as hexadecimal digits.

        Raises:
            InputError: the file is missing or cannot be read.
        """
        self.place_of(kind, split)
        digest = hashlib.sha256()
        with self._files.open(_json_name(kind, split)) as source:
            while content := source.read(2**20):
                digest.update(content)
        return digest.hexdigest()

    def place_of(self, kind: Kind, split: str) -> str:
        """How to call a questions or scenes file in a message.

        Raises:
            InputError: it is missing.
        """
        place = self._files.place(_json_name(kind, split))
        if not self._files.has(_json_name(kind, split)):
            raise InputError(f"{place} is missing: complete the release, or choose another split ({', '.join(self.splits())}).")
        return place


def _json_name(kind: Kind, split: str) -> str:
    return f"{kind}/CLEVR_{split}_{kind}.json"


def _check_new(name: str, seen: set[str], place: str) -> None:
    if name in seen:
        raise InputError(f"{place} describes {name}, which a scene before it describes too: keep one of the two.")
    seen.add(name)
