"""Questions in plain words that none of CLEVR's families asks: of the most frequent value, of how many there are, of the outermost thing.

They teach the embedded base to answer a whole sentence with one word, before it ever reads a question of CLEVR's form.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

Scene = dict[str, Any]
Values = dict[str, list[str]]  # every value that each attribute takes
Task = tuple[str, str]  # question and answer

OUTERMOST = {  # word: place in pixel_coords (column, row, distance), and whether the largest is meant
    "leftmost": (0, False),
    "rightmost": (0, True),
    "nearest": (2, False),
    "farthest": (2, True),
}
PLURALS = {"size": "sizes", "color": "colors", "material": "materials", "shape": "shapes"}


def ask_generally(scene: Scene, values: Values, draw: random.Random) -> Task:
    """A question about a scene in the release's fields, and its answer."""
    return draw.choice(_KINDS)(scene, values, draw)


def _most_frequent(scene: Scene, values: Values, draw: random.Random) -> Task:
    for name in draw.sample(sorted(values), len(values)):
        (value, count), *others = Counter(thing[name] for thing in scene["objects"]).most_common()
        if not others or count > others[0][1]:
            return draw.choice((f"Which {name} is most common?", f"What {name} do most things have?")), value
    return _how_many_values(scene, values, draw)


def _how_many_values(scene: Scene, values: Values, draw: random.Random) -> Task:
    name = draw.choice(sorted(values))
    question = draw.choice((f"How many different {PLURALS[name]} are visible?", f"Count the {PLURALS[name]} in the picture."))
    return question, str(len({thing[name] for thing in scene["objects"]}))


def _outermost(scene: Scene, values: Values, draw: random.Random) -> Task:
    word, name = draw.choice(sorted(OUTERMOST)), draw.choice(sorted(values))
    question = draw.choice((f"What {name} is the {word} thing?", f"Name the {name} of the {word} object."))
    return question, _most(scene, word)[name]


def _outermost_has(scene: Scene, values: Values, draw: random.Random) -> Task:
    word, name = draw.choice(sorted(OUTERMOST)), draw.choice(sorted(values))
    thing = _most(scene, word)
    value = thing[name] if draw.random() < 0.5 else draw.choice(values[name])
    return f"Is {value} the {name} of the {word} thing?", _yes(thing[name] == value)


def _outermost_two(scene: Scene, values: Values, draw: random.Random) -> Task:
    name = draw.choice(sorted(values))
    one, other = draw.sample(sorted(OUTERMOST), 2)
    alike = _most(scene, one)[name] == _most(scene, other)[name]
    return f"Do the {one} and the {other} object share the {name}?", _yes(alike)


_KINDS: list[Callable[[Scene, Values, random.Random], Task]] = [
    _most_frequent,
    _how_many_values,
    _outermost,
    _outermost,
    _outermost_has,
    _outermost_two,
]


def _most(scene: Scene, word: str) -> dict[str, Any]:
    place, largest = OUTERMOST[word]
    return (max if largest else min)(scene["objects"], key=lambda thing: thing["pixel_coords"][place])


def _yes(true: bool) -> str:
    return "yes" if true else "no"
