"""What the embedded base learns before any question of CLEVR's: grounded tasks in short prompts, after PaliGemma's own detection prefixes.

Each task reads a scene graph in the CLEVR release's fields and gives a prefix and the suffix that is true of it. Places are PaliGemma's
`<locYYYY><locXXXX>` tokens (Beyer et al. 2024, section 3.2), rounded to 32 bins a side.
"""

import random
from collections.abc import Callable
from typing import Any

from paliflow.errors import InputError

ATTRIBUTES = ("size", "color", "material", "shape")
SYNONYMS = {"large": "big", "small": "tiny", "rubber": "matte", "metal": "shiny", "cube": "block", "sphere": "ball"}
LOCATION_BINS = 32
TASK_WORDS = ("describe", "detect", "list", "count", *ATTRIBUTES, "at", "match", ":", "any", "left", "right", "front", "behind")

Scene = dict[str, Any]
Thing = dict[str, Any]


def sample_task(scene: Scene, values: dict[str, list[str]], image_size: int, draw: random.Random) -> tuple[str, str]:
    """One grounded task on a scene, as (prefix, suffix).

    Args:
        scene: a scene graph in the release's fields.
        values: every value that each attribute takes in the collection, for descriptions that fit nothing.
        image_size: pixels a side, to which `pixel_coords` refer.
        draw: the source of randomness.
    """
    tasks, weights = zip(*_TASKS, strict=True)
    return draw.choices(tasks, weights)[0](scene, values, image_size, draw)


def attribute_values(scenes: list[Scene]) -> dict[str, list[str]]:
    """Every value that each attribute takes in these scenes, sorted.

    Raises:
        InputError: there is no object at all.
    """
    found = {name: sorted({thing[name] for scene in scenes for thing in scene["objects"]}) for name in ATTRIBUTES}
    if not all(found.values()):
        raise InputError("the scenes to pretrain on hold no object: render some first.")
    return found


def location(thing: Thing, image_size: int) -> str:
    """The object's middle as PaliGemma's location tokens, row before column."""
    column, row = (min(max(value / image_size, 0), 0.999) for value in thing["pixel_coords"][:2])
    width = 1024 // LOCATION_BINS
    return "".join(f"<loc{int(value * LOCATION_BINS) * width + width // 2:04d}>" for value in (row, column))


def _describe(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    thing = draw.choice(scene["objects"])
    return f"describe {location(thing, size)}", _full_name(thing)


def _detect(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    wanted = _description(scene, values, draw, present=0.85)
    found = sorted(_matching(scene, wanted), key=lambda thing: thing["pixel_coords"][0])
    return f"detect {_say(wanted, draw)}", " ; ".join(location(thing, size) for thing in found) or "none"


def _list(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    things = sorted(scene["objects"], key=lambda thing: thing["pixel_coords"][0])
    return "list", " ; ".join(map(_full_name, things))


def _count(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    wanted = _description(scene, values, draw, present=0.85)
    return f"count {_say(wanted, draw)}", str(len(_matching(scene, wanted)))


def _read_at(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    thing, name = draw.choice(scene["objects"]), draw.choice(ATTRIBUTES)
    return f"{name} at {location(thing, size)}", thing[name]


def _read(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    """An attribute of the one object that a partial description fits, the attribute itself left out of the description."""
    for _ in range(20):
        thing, name = draw.choice(scene["objects"]), draw.choice(ATTRIBUTES)
        others = [other for other in ATTRIBUTES if other != name]
        wanted = {other: thing[other] for other in draw.sample(others, draw.randint(1, 3))}
        if len(_matching(scene, wanted)) == 1:
            return f"{name} : {_say(wanted, draw)}", thing[name]
    return _read_at(scene, values, size, draw)


def _beside(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    index, relation = draw.randrange(len(scene["objects"])), draw.choice(sorted(scene["relationships"]))
    there = [scene["objects"][other] for other in scene["relationships"][relation][index]]
    place = location(scene["objects"][index], size)
    if draw.random() < 0.4:
        return f"count {relation} {place}", str(len(there))
    there.sort(key=lambda thing: thing["pixel_coords"][0])
    return f"list {relation} {place}", " ; ".join(f"{thing['color']} {thing['shape']}" for thing in there) or "none"


def _compare(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    if len(scene["objects"]) < 2:
        return _describe(scene, values, size, draw)
    one, other = draw.sample(scene["objects"], 2)
    name = draw.choice(ATTRIBUTES)
    return f"{name} match {location(one, size)} {location(other, size)}", "yes" if one[name] == other[name] else "no"


def _present(scene: Scene, values: dict[str, list[str]], size: int, draw: random.Random) -> tuple[str, str]:
    wanted = _description(scene, values, draw, present=0.45)
    return f"any {_say(wanted, draw)}", "yes" if _matching(scene, wanted) else "no"


_TASKS: list[tuple[Callable[[Scene, dict[str, list[str]], int, random.Random], tuple[str, str]], float]] = [
    (_describe, 0.20),
    (_detect, 0.13),
    (_list, 0.10),
    (_count, 0.15),
    (_read_at, 0.05),
    (_read, 0.15),
    (_beside, 0.10),
    (_compare, 0.05),
    (_present, 0.07),
]


def _full_name(thing: Thing) -> str:
    return " ".join(thing[name] for name in ATTRIBUTES)


def _description(scene: Scene, values: dict[str, list[str]], draw: random.Random, present: float) -> dict[str, str]:
    """One to three attribute values, with probability `present` those of an object of the scene, otherwise drawn at random."""
    names = draw.sample(ATTRIBUTES, draw.choice((1, 1, 2, 2, 3)))
    if draw.random() < present:
        thing = draw.choice(scene["objects"])
        return {name: thing[name] for name in names}
    return {name: draw.choice(values[name]) for name in names}


def _matching(scene: Scene, wanted: dict[str, str]) -> list[Thing]:
    return [thing for thing in scene["objects"] if all(thing[name] == value for name, value in wanted.items())]


def _say(wanted: dict[str, str], draw: random.Random) -> str:
    words = [wanted[name] for name in ATTRIBUTES if name in wanted]
    words = [SYNONYMS[word] if word in SYNONYMS and draw.random() < 0.3 else word for word in words]
    return " ".join(words if "shape" in wanted else [*words, "thing"])
