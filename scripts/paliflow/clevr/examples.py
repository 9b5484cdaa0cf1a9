"""A few test questions with their pictures, for people to look at."""

import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from paliflow import files
from paliflow.clevr.release import Release
from paliflow.clevr.subset import Row
from paliflow.seeds import derive_seed

EXAMPLES = 6


def draw_examples(rows: list[Row], seed: int) -> list[tuple[str, dict[str, Any]]]:
    """Draw questions about different pictures, of as many different kinds as there are; fewer where there are fewer pictures.

    Returns:
        Pairs of a picture's name and one question about it.
    """
    generator = random.Random(derive_seed(seed, "examples"))
    waiting = generator.sample(rows, len(rows))
    pictures = Counter(kind for row in rows for kind in {question["kind"] for question in row["questions"]})
    # rare kinds first, while there are still many pictures to choose from; then any, should a kind have found none
    wanted = sorted(generator.sample(sorted(pictures), min(EXAMPLES, len(pictures))), key=pictures.__getitem__)
    drawn: list[tuple[str, dict[str, Any]]] = []
    for kind in [*wanted, *[None] * EXAMPLES]:
        for row in waiting if len(drawn) < EXAMPLES else []:
            if candidates := [question for question in row["questions"] if kind in (None, question["kind"])]:
                drawn.append((row["image_filename"], generator.choice(candidates)))
                waiting.remove(row)
                break
    return drawn


def write_examples(release: Release, split: str, rows: list[Row], seed: int, path: Path) -> None:
    """Write the drawn questions with their programs as JSON to `path`, and their pictures as PNG into a folder of its name beside it."""
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    examples = []
    for number, (name, question) in enumerate(draw_examples(rows, seed), 1):
        place = folder / f"example_{number:02d}.png"
        with Image.open(io.BytesIO(release.read_image(split, name, question["question_index"]))) as picture:
            picture.convert("RGB").save(place)
        shown = {field: question[field] for field in ("kind", "question", "answer")}
        program = json.loads(question["program"]) if question["program"] else None
        examples.append({"image": place.as_posix(), "image_filename": name} | shown | {"program": program})
    files.write_json(path, examples)
