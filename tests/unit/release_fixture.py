"""A small release that is right in every detail, as a folder or as a zip, for the tests that then spoil one of them."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

Record = dict[str, Any]

DIRECTIONS = {
    "left": [-1.0, 0.0, 0.0],
    "right": [1.0, 0.0, 0.0],
    "front": [0.0, -1.0, 0.0],
    "behind": [0.0, 1.0, 0.0],
    "above": [0.0, 0.0, 1.0],
    "below": [0.0, 0.0, -1.0],
}
PLACES = [(0, 0), (1, 2), (2, 1)]  # of the sphere, the cube and the cylinder, from left to right
RELATIONSHIPS = {
    "left": [[], [0], [0, 1]],
    "right": [[1, 2], [2], []],
    "front": [[], [0, 2], [0]],
    "behind": [[1, 2], [], [1]],
}


def step(function: str, *inputs: int, words: tuple[str, ...] = ()) -> Record:
    return {"function": function, "inputs": list(inputs), "value_inputs": list(words)}


ASKED = [
    ("How many things are there?", "3", [step("scene"), step("count", 0)]),
    ("Are there any red things?", "yes", [step("scene"), step("filter_color", 0, words=("red",)), step("exist", 1)]),
    (
        "What shape is the thing that is left of the cube?",
        "sphere",
        [
            step("scene"),
            step("filter_shape", 0, words=("cube",)),
            step("unique", 1),
            step("relate", 2, words=("left",)),
            step("unique", 3),
            step("query_shape", 4),
        ],
    ),
]


def picture_name(image: int, split: str = "train") -> str:
    return f"CLEVR_{split}_{image:06d}.png"


def scene(image: int, split: str = "train") -> Record:
    objects = [
        {"shape": shape, "color": color, "size": "large", "material": "metal", "3d_coords": [float(x), float(y), 0.7], "rotation": 0.0}
        for shape, color, (x, y) in zip(("sphere", "cube", "cylinder"), ("red", "cyan", "gray"), PLACES, strict=True)
    ]
    named = {"image_index": image, "image_filename": picture_name(image, split), "split": split}
    return json.loads(json.dumps(named | {"objects": objects, "relationships": RELATIONSHIPS, "directions": DIRECTIONS}))


def questions(image: int, split: str = "train") -> list[Record]:
    """Three questions about one picture."""
    named = {"image_index": image, "image_filename": picture_name(image, split), "split": split}
    return [
        named
        | {"question": text, "answer": answer, "program": program, "question_index": 3 * image + family, "question_family_index": family}
        for family, (text, answer, program) in enumerate(ASKED)
    ]


def write_release(folder: Path, images: range = range(4), split: str = "train") -> Path:
    """Write a split of one scene, three questions and one picture for each image number."""
    for kind, records in (
        ("questions", [question for image in images for question in questions(image, split)]),
        ("scenes", [scene(image, split) for image in images]),
    ):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"CLEVR_{split}_{kind}.json").write_text(json.dumps({"info": {"split": split}, kind: records}))
    (folder / "images" / split).mkdir(parents=True, exist_ok=True)
    for image in images:
        Image.new("RGB", (12, 8), (image, 100, 200)).save(folder / "images" / split / picture_name(image, split))
    return folder


def spoil(folder: Path, kind: str, change: Callable[[list[Record]], object], split: str = "train") -> Path:
    """Change the list of records of one JSON file in place."""
    path = folder / kind / f"CLEVR_{split}_{kind}.json"
    document = json.loads(path.read_text())
    change(document[kind])
    path.write_text(json.dumps(document))
    return path


def pack(folder: Path, path: Path, top: str = "CLEVR_v1.0") -> Path:
    """The folder as a zip with one top folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{top}/{file.relative_to(folder).as_posix()}")
    return path
