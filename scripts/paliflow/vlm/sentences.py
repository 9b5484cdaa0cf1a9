"""Whole sentences about things named by their looks, their neighbours and what they share, which ask what none of CLEVR's families asks.

They teach the embedded base to read a sentence: a description, a set, where something is, what two things share, whether all or enough of
some things are so. It still has to learn from a study's questions what these want to know.
"""

import random
from collections.abc import Callable

from paliflow.vlm.grounding import ATTRIBUTES, Scene, Task, Values, about, full_name, location, more_or_fewer, yes
from paliflow.vlm.naming import CHAINED, PLAIN, Naming, name_one, name_some, paired


def ask_in_sentence(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """A sentence about a scene in the release's fields, and what is true."""
    return draw.choice(_KINDS)(scene, values, size, draw, PLAIN)


def ask_in_chains(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """The same, of things that are mostly named by one to three relations in a row, and more often of two things or two sets."""
    return draw.choice(_CHAINED_KINDS)(scene, values, size, draw, CHAINED)


def _describe(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one = name_one(scene, draw, naming)
    sentence = draw.choice((f"Say all about {one.words}.", f"What can be said of {one.words}?", f"Look at {one.words}: describe it."))
    return about(sentence, full_name(one.things[0]), one)


def _two_values(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one = name_one(scene, draw, naming)
    first, second = draw.sample(ATTRIBUTES, 2)
    sentence = draw.choice(
        (f"Give both the {first} and the {second} of {one.words}.", f"Of what {first} and what {second} is {one.words}?")
    )
    return about(sentence, f"{one.things[0][first]} {one.things[0][second]}", one)


def _where(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one = name_one(scene, draw, naming)
    return about(draw.choice((f"Where is {one.words}?", f"Find {one.words}.")), location(one.things[0], size), one)


def _list(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = name_some(scene, values, draw, naming)
    things = sorted(some.things, key=lambda thing: thing["pixel_coords"][0])
    sentence = draw.choice((f"Tell the {some.words} from left to right.", f"Which are the {some.words}?"))
    return about(sentence, " ; ".join(f"{thing['color']} {thing['shape']}" for thing in things) or "none", some)


def _in_common(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (name_one(scene, draw, paired(naming)) for _ in range(2))
    (first,), (second,) = one.things, other.things
    if first is second:
        return _describe(scene, values, size, draw, naming)
    shared = [name for name in ATTRIBUTES if first[name] == second[name]]
    return about(f"What do {one.words} and {other.words} have in common?", " ; ".join(shared) or "nothing", one, other)


def _differ(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (name_one(scene, draw, paired(naming)) for _ in range(2))
    (first,), (second,) = one.things, other.things
    name = draw.choice(ATTRIBUTES)
    if first is second or (first[name] != second[name] and draw.random() < 0.4):  # chance alone would make most of them differ
        return _in_common(scene, values, size, draw, naming)
    return about(f"Do {one.words} and {other.words} differ in {name}?", yes(first[name] != second[name]), one, other)


def _all(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = name_some(scene, values, draw, naming)
    if not some.things:
        return _number_of_rest(scene, values, size, draw, naming)
    name = draw.choice(ATTRIBUTES)
    value = draw.choice(values[name]) if draw.random() < 0.3 else draw.choice(some.things)[name]
    return about(f"Is {value} the {name} of all {some.words}?", yes(all(thing[name] == value for thing in some.things)), some)


def _enough(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = name_some(scene, values, draw, naming)
    count = len(some.things)
    if draw.random() < 0.4:
        number = max(1, count + draw.choice((-2, -1, 0, 1)))
        return about(f"Do you see no more than {number} {some.words}?", yes(count <= number), some)
    number = max(2, count + draw.choice((-1, 0, 1, 2)))  # at least 1 would be CLEVR's question whether there is any
    return about(f"Do you see at least {number} {some.words}?", yes(count >= number), some)


def _how_different(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = name_some(scene, values, draw, naming)
    name = draw.choice(ATTRIBUTES)
    return about(f"In how many ways do the {some.words} differ in {name}?", str(len({thing[name] for thing in some.things})), some)


def _share_of_all(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = name_some(scene, values, draw, naming)
    share = len(some.things) / len(scene["objects"])
    answer = "more" if share > 0.5 else "fewer" if share < 0.5 else "equal"
    return about(f"Are the {some.words} more or fewer than half of the scene?", answer, some)


def _number_of_rest(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = name_some(scene, values, draw, naming)
    return about(f"Without the {some.words}, how many things are left over?", str(len(scene["objects"]) - len(some.things)), some)


def _more(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (name_some(scene, values, draw, paired(naming)) for _ in range(2))
    sentence = draw.choice(
        (f"Are the {one.words} more or fewer than the {other.words}?", f"Count the {one.words} beside the {other.words}.")
    )
    return about(sentence, more_or_fewer(one, other), one, other)


def _altogether(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (name_some(scene, values, draw, paired(naming)) for _ in range(2))
    sentence = f"Count the {one.words}, then count the {other.words}."
    return about(sentence, f"{len(one.things)} {len(other.things)}", one, other)


_Kind = Callable[[Scene, Values, int, random.Random, Naming], Task]

_KINDS: list[_Kind] = [
    _describe,
    _describe,
    _two_values,
    _two_values,
    _where,
    _list,
    _in_common,
    _in_common,
    _all,
    _enough,
    _enough,
    _how_different,
    _share_of_all,
    _number_of_rest,
]

_CHAINED_KINDS: list[_Kind] = [
    _two_values,
    _two_values,
    _two_values,
    _in_common,
    _differ,
    _differ,
    _differ,
    _enough,
    _enough,
    _number_of_rest,
    _number_of_rest,
    _more,
    _more,
    _altogether,
    _altogether,
]
