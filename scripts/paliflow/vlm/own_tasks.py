"""The tasks that a base could do before any fine-tuning, on which forgetting is measured.

The embedded base keeps its own beside its weights. For a published one they are prefixes that PaliGemma was pretrained with (Beyer et al.
2024, section 3.2), asked about test pictures; nobody knows the right answers, so the base's own stand in for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, List, Value
from datasets import Image as ImageFeature
from PIL import Image, UnidentifiedImageError

from paliflow import files
from paliflow.errors import InputError

NAME = "own_tasks.parquet"
PALIGEMMA_PROMPTS = ("caption en", "detect cube ; sphere ; cylinder", "answer en what is in the image")
PALIGEMMA_PICTURES = 50

FEATURES = Features(
    {
        "image": ImageFeature(),
        "image_filename": Value("string"),
        "tasks": List({"prompt": Value("string"), "answer": Value("string"), "kind": Value("string")}),
    }
)


@dataclass(frozen=True)
class OwnTask:
    """One task; `picture` is the index of its picture, and `answer` is None where the right one is not known."""

    picture: int
    kind: str
    prompt: str
    answer: str | None


def own_tasks(base: str, test_pictures: Sequence[Image.Image]) -> tuple[list[Image.Image], list[OwnTask]]:
    """The pictures and the tasks of a base: those in its folder, or else PaliGemma's prefixes on the first test pictures.

    Raises:
        InputError: the folder's file of tasks is broken.
    """
    path = Path(base) / NAME
    if path.is_file():
        return _read_parquet(path)
    pictures = list(test_pictures[:PALIGEMMA_PICTURES])
    return pictures, [OwnTask(picture, prompt.split()[0], prompt, None) for picture in range(len(pictures)) for prompt in PALIGEMMA_PROMPTS]


def write_own_tasks(path: Path, pictures: list[Path], tasks: list[list[dict[str, str]]]) -> None:
    """Write a base's own tasks beside its weights.

    Args:
        path: the file, named `NAME` in the base's folder.
        pictures: picture files, whose bytes are kept as they are.
        tasks: those of each picture, as {prompt, answer, kind}.
    """
    rows = [
        {"image": {"bytes": picture.read_bytes(), "path": picture.name}, "image_filename": picture.name, "tasks": asked}
        for picture, asked in zip(pictures, tasks, strict=True)
    ]
    with files.replacing(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=FEATURES.arrow_schema), temporary)


def write_task_list(path: Path, tasks: list[OwnTask]) -> None:
    """Write tasks as one JSON record a line."""
    files.write_json_lines(path, [vars(task) for task in tasks])


def read_task_list(path: Path) -> list[OwnTask]:
    """Read what `write_task_list` wrote.

    Raises:
        InputError: the file is missing, or a line of it is no task.
    """
    try:
        return [OwnTask(**record) for record in files.read_json_lines(path)]
    except TypeError as error:
        raise InputError(f"{path} holds a record that is no task ({error}): run encode_images again.") from None


def _read_parquet(path: Path) -> tuple[list[Image.Image], list[OwnTask]]:
    try:
        rows = pq.read_table(path, columns=list(FEATURES)).to_pylist()
        pictures = [Image.open(BytesIO(row["image"]["bytes"])).convert("RGB") for row in rows]
    except (OSError, ValueError, KeyError, pa.ArrowException, UnidentifiedImageError) as error:
        raise InputError(f"{path} cannot be read as a base's own tasks ({type(error).__name__}): take the base's folder whole.") from None
    tasks = [OwnTask(index, task["kind"], task["prompt"], task["answer"]) for index, row in enumerate(rows) for task in row["tasks"]]
    return pictures, tasks
