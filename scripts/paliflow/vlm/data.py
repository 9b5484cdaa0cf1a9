"""The subset as the model's programs need it: the pictures, and the questions as records."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import datasets
from PIL import Image

from paliflow.errors import InputError

datasets.disable_progress_bars()


@dataclass(frozen=True)
class Question:
    """One question; `image` is the index of its picture in the subset's file."""

    image: int
    image_filename: str
    question_index: int
    kind: str
    question: str
    answer: str
    condition: str = ""  # "A" or "B" of CLEVR-CoGenT where the study is compositional


@dataclass(frozen=True)
class Subset:
    """One side of the subset: its pictures in order, and all questions about them."""

    pictures: list[Image.Image]
    questions: list[Question]


def read_subset(path: Path) -> Subset:
    """Read a parquet file that `subset_clevr` wrote.

    Raises:
        InputError: the file is missing or broken, or holds no question.
    """
    try:
        with tempfile.TemporaryDirectory() as cache:
            rows = datasets.load_dataset("parquet", data_files=str(path), split="train", cache_dir=cache, keep_in_memory=True)
            rows = list(rows)
    except (OSError, ValueError, datasets.exceptions.DatasetGenerationError) as error:
        raise InputError(f"{path} cannot be read as a subset ({type(error).__name__}): run subset_clevr again.") from None
    fields = ("question_index", "kind", "question", "answer")
    questions = [
        Question(image, row["image_filename"], condition=row["condition"], **{field: record[field] for field in fields})
        for image, row in enumerate(rows)
        for record in row["questions"]
    ]
    if not questions:
        raise InputError(f"{path} holds no question: raise the share of the data that is used.")
    return Subset([row["image"] for row in rows], questions)
