"""What the embedded base learns before any question of CLEVR's: grounded tasks in short prompts, after PaliGemma's own detection prefixes,
and a few general questions in plain words.

Each task reads a scene graph in the CLEVR release's fields and gives a prefix and the suffix that is true of it. Places are PaliGemma's
`<locYYYY><locXXXX>` tokens (Beyer et al. 2024, section 3.2), rounded to 32 bins a side.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from paliflow.errors import InputError
from paliflow.vlm.general_questions import ask_generally

ATTRIBUTES = ("size", "color", "material", "shape")
SYNONYMS = {"large": "big", "small": "tiny", "rubber": "matte", "metal": "shiny", "cube": "block", "sphere": "ball"}
LOCATION_BINS = 32
MOST_HOPS = 2  # relations in a row by which one object is named

Scene = dict[str, Any]
Thing = dict[str, Any]
Values = dict[str, list[str]]  # every value that each attribute takes


class Group(NamedTuple):
    """Words for some things, these things, and those by which the words name them."""

    words: str
    things: list[Thing]
    passed: list[Thing]


class Task(NamedTuple):
    """A prefix, the suffix that is true of it, and what the prefix means, where that is known.

    `asked` are the things that it asks about (None: not known), `compared` those that it sets beside these, `passed` the others by whose
    place or looks it names them.
    """

    prefix: str
    suffix: str
    asked: list[Thing] | None = None
    compared: list[Thing] | None = None
    passed: Sequence[Thing] = ()


Table = list[tuple[Callable[[Scene, Values, int, random.Random], Task], float]]  # kinds of task and how often each is drawn


def sample_task(scene: Scene, values: Values, image_size: int, draw: random.Random) -> Task:
    """One grounded task on a scene.

    Args:
        scene: a scene graph in the release's fields.
        values: every value that each attribute takes in the collection, for descriptions that fit nothing.
        image_size: pixels a side, to which `pixel_coords` refer.
        draw: the source of randomness.
    """
    return sample_from(TASKS, scene, values, image_size, draw)


def kind_of(prompt: str) -> str:
    """The kind of a task that `sample_task` gave: its first word, or "general" for a question in plain words."""
    word = prompt.split()[0]
    return "general" if word[0].isupper() else word


def attribute_values(scenes: list[Scene]) -> Values:
    """Every value that each attribute takes in these scenes, sorted.

    Raises:
        InputError: there is no object at all.
    """
    found = {name: sorted({thing[name] for scene in scenes for thing in scene["objects"]}) for name in ATTRIBUTES}
    if not all(found.values()):
        raise InputError("the scenes to pretrain on hold no object: render some first.")
    return found


def mirrored(scene: Scene, image_size: int) -> Scene:
    """The scene as a mirror shows it: columns run backwards, left is right."""
    things = [thing | {"pixel_coords": [image_size - thing["pixel_coords"][0], *thing["pixel_coords"][1:]]} for thing in scene["objects"]]
    related = scene["relationships"]
    return scene | {"objects": things, "relationships": related | {"left": related["right"], "right": related["left"]}}


def moved(scene: Scene, columns: float, rows: float) -> Scene:
    """The scene in a picture that was shifted by so many pixels to the right and down."""
    things = []
    for thing in scene["objects"]:
        column, row, *rest = thing["pixel_coords"]
        things.append(thing | {"pixel_coords": [column + columns, row + rows, *rest]})
    return scene | {"objects": things}


def location(thing: Thing, image_size: int) -> str:
    """The object's middle as PaliGemma's location tokens, row before column."""
    column, row = (min(max(value / image_size, 0), 0.999) for value in thing["pixel_coords"][:2])
    width = 1024 // LOCATION_BINS
    return "".join(f"<loc{int(value * LOCATION_BINS) * width + width // 2:04d}>" for value in (row, column))


def sample_from(table: Table, scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """As `sample_task`, from another table."""
    tasks, weights = zip(*table, strict=True)
    return draw.choices(tasks, weights)[0](scene, values, size, draw)


def about(prefix: str, suffix: str, group: Group, other: Group | None = None) -> Task:
    """A task about one group of things, or about one beside another."""
    if other is None:
        return Task(prefix, suffix, group.things, None, group.passed)
    return Task(prefix, suffix, group.things, other.things, group.passed + other.passed)


def more_or_fewer(group: Group, other: Group) -> str:
    here, there = len(group.things), len(other.things)
    return "equal" if here == there else "more" if here > there else "fewer"


def yes(true: bool) -> str:
    return "yes" if true else "no"


def _describe(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    thing = draw.choice(scene["objects"])
    one = _refer(scene, thing, size, draw)
    return about(f"describe {one.words}", full_name(thing), one)


def _read(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    thing, name = draw.choice(scene["objects"]), draw.choice(ATTRIBUTES)
    one = _refer(scene, thing, size, draw, without=name)
    return about(f"{name} of {one.words}", thing[name], one)


def _detect(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    wanted = random_description(scene, values, draw, present=0.85)
    some = described(scene, wanted, draw)
    found = sorted(some.things, key=lambda thing: thing["pixel_coords"][0])
    return about(f"detect {some.words}", " ; ".join(location(thing, size) for thing in found) or "none", some)


def _list(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    things = sorted(scene["objects"], key=lambda thing: thing["pixel_coords"][0])
    return Task("list", " ; ".join(map(full_name, things)), things)


def _count(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    some = group(scene, values, size, draw, present=0.85)
    return about(f"count {some.words}", str(len(some.things)), some)


def _present(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    some = group(scene, values, size, draw, present=0.45)
    return about(f"any {some.words}", yes(bool(some.things)), some)


def _list_beside(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    place = _place(scene, size, draw)
    place.things.sort(key=lambda thing: thing["pixel_coords"][0])
    names = " ; ".join(f"{thing['color']} {thing['shape']}" for thing in place.things)
    return about(f"list {place.words}", names or "none", place)


def _same(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    if len(scene["objects"]) < 2:
        return _describe(scene, values, size, draw)
    things = draw.sample(scene["objects"], 2)
    name = draw.choice(ATTRIBUTES)
    one, other = (_refer(scene, thing, size, draw, without=name) for thing in things)
    return about(f"same {name} {one.words} ; {other.words}", yes(things[0][name] == things[1][name]), one, other)


def _compare(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    one, other = (group(scene, values, size, draw, present=0.85) for _ in range(2))
    return about(f"compare {one.words} ; {other.words}", more_or_fewer(one, other), one, other)


def _general(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    return Task(*ask_generally(scene, values, draw))


# short answers weigh more, for the long ones hold most of the tokens on which the loss is a mean
TASKS: Table = [
    (_describe, 0.10),
    (_read, 0.28),
    (_detect, 0.04),
    (_list, 0.04),
    (_list_beside, 0.04),
    (_count, 0.18),
    (_present, 0.09),
    (_same, 0.09),
    (_compare, 0.07),
    (_general, 0.07),
]


def _refer(scene: Scene, thing: Thing, size: int, draw: random.Random, without: str | None = None, depth: int = 0) -> Group:
    """An object by its place, by a description that fits it alone, or by one that does so beside another object; `without` an attribute."""
    names = [name for name in ATTRIBUTES if name != without]
    way = draw.random()
    if way < 0.4:
        for length in range(draw.randint(1, len(names)), len(names) + 1):
            wanted = {name: thing[name] for name in draw.sample(names, length)}
            if len(matching(scene, wanted)) == 1:
                return Group(say(wanted, draw), [thing], [])
    elif way < 0.75 and depth < MOST_HOPS:
        for _ in range(8):
            place = _place(scene, size, draw, depth + 1, without)
            wanted = {name: thing[name] for name in draw.sample(names, draw.choice((0, 1, 1, 2)))}
            if [each for each in place.things if fits(each, wanted)] == [thing]:
                return Group(f"{say(wanted, draw)} {place.words}", [thing], place.passed)
    return Group(location(thing, size), [thing], [])


def _place(scene: Scene, size: int, draw: random.Random, depth: int = 0, without: str | None = None) -> Group:
    """Words for a relation to one object, such as "left red cube" or "same color <loc…>", and the things that stand in it."""
    index = draw.randrange(len(scene["objects"]))
    anchor = scene["objects"][index]
    name = draw.choice(ATTRIBUTES)
    if draw.random() < 0.25 and name != without:
        there = [other for other in scene["objects"] if other is not anchor and other[name] == anchor[name]]
        one = _refer(scene, anchor, size, draw, depth=depth)
        return Group(f"same {name} {one.words}", there, [anchor, *one.passed])
    relation = draw.choice(sorted(scene["relationships"]))
    there = [scene["objects"][other] for other in scene["relationships"][relation][index]]
    one = _refer(scene, anchor, size, draw, depth=depth)
    return Group(f"{relation} {one.words}", there, [anchor, *one.passed])


def group(scene: Scene, values: Values, size: int, draw: random.Random, present: float) -> Group:
    """Words for a set of things, by description, place, two places, or either of two such sets; and those things."""
    way = draw.random()
    if way < 0.12:
        one, other = (group(scene, values, size, draw, present) for _ in range(2))
        if " or " not in one.words + other.words:
            things = [thing for thing in scene["objects"] if thing in one.things or thing in other.things]
            return Group(f"{one.words} or {other.words}", things, one.passed + other.passed)
    if way < 0.55:
        return described(scene, random_description(scene, values, draw, present), draw)
    words, there, passed = _place(scene, size, draw)
    if way > 0.85:
        other = _place(scene, size, draw)
        words, passed = f"{words} and {other.words}", passed + other.passed
        there = [thing for thing in there if thing in other.things]
    wanted = {}
    if draw.random() < 0.7:
        wanted = random_description({"objects": there} if there and draw.random() < 0.6 else scene, values, draw, present, (1, 1, 2))
    return Group(f"{say(wanted, draw)} {words}", [thing for thing in there if fits(thing, wanted)], passed)


def described(scene: Scene, wanted: dict[str, str], draw: random.Random) -> Group:
    """Words for what has these attributes, and those things."""
    return Group(say(wanted, draw), matching(scene, wanted), [])


def full_name(thing: Thing) -> str:
    return " ".join(thing[name] for name in ATTRIBUTES)


def random_description(
    scene: Scene, values: Values, draw: random.Random, present: float, lengths: tuple[int, ...] = (1, 1, 2, 2, 3)
) -> dict[str, str]:
    """One to three attribute values, with probability `present` those of an object of the scene, otherwise drawn at random."""
    names = draw.sample(ATTRIBUTES, draw.choice(lengths))
    if draw.random() < present:
        thing = draw.choice(scene["objects"])
        return {name: thing[name] for name in names}
    return {name: draw.choice(values[name]) for name in names}


def matching(scene: Scene, wanted: dict[str, str]) -> list[Thing]:
    return [thing for thing in scene["objects"] if fits(thing, wanted)]


def fits(thing: Thing, wanted: dict[str, str]) -> bool:
    return all(thing[name] == value for name, value in wanted.items())


def say(wanted: dict[str, str], draw: random.Random) -> str:
    words = [wanted[name] for name in ATTRIBUTES if name in wanted]
    words = [SYNONYMS[word] if word in SYNONYMS and draw.random() < 0.3 else word for word in words]
    return " ".join(words if "shape" in wanted else [*words, "thing"])
