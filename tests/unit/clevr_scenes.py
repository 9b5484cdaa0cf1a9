"""Scene graphs of random objects at random places: all that a question needs to know, without rendering anything."""

import random
from typing import Any

from paliflow.clevr.vocabulary import ATTRIBUTES, VALUES


def random_scene(number: int, fewest: int = 3, most: int = 6, look: dict[str, str] | None = None) -> dict[str, Any]:
    """A scene graph in the release's fields; `look` fixes attributes of all its objects."""
    draw = random.Random(number)
    count = draw.randint(fewest, most)
    objects = [{name: draw.choice(VALUES[name]) for name in ATTRIBUTES} | (look or {}) for _ in range(count)]
    places = [[draw.random() for _ in objects] for _ in range(2)]
    related = {}
    for axis, (lesser, greater) in zip(places, (("left", "right"), ("behind", "front")), strict=True):
        related[lesser] = [[j for j, there in enumerate(axis) if there < here - 0.02] for here in axis]
        related[greater] = [[j for j, there in enumerate(axis) if there > here + 0.02] for here in axis]
    names = {"image_index": number, "image_filename": f"CLEVR_train_{number:06d}.png", "split": "train"}
    return names | {"objects": objects, "relationships": related}


def random_scenes(count: int, fewest: int = 3, most: int = 6) -> list[dict[str, Any]]:
    """So many scene graphs of different pictures."""
    return [random_scene(number, fewest, most) for number in range(count)]
