"""Whole sentences about things named by their looks, their neighbours and what they share, which ask what none of CLEVR's families asks.

They teach the embedded base to read a sentence: a description, a set, where something is, what two things share, whether all or enough of
some things are so. It still has to learn from a study's questions what these want to know.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from paliflow.vlm.grounding import (
    ATTRIBUTES,
    Group,
    Scene,
    Task,
    Values,
    about,
    fits,
    full_name,
    location,
    matching,
    more_or_fewer,
    random_description,
    yes,
)

WORDS = {
    "large": ("large", "big"),
    "small": ("small", "tiny"),
    "rubber": ("rubber", "matte"),
    "metal": ("metal", "metallic", "shiny"),
    "cube": ("cube", "block"),
    "sphere": ("sphere", "ball"),
    "thing": ("thing", "object"),
}
RELATIONS = {
    "left": ("left of", "to the left of", "on the left side of"),
    "right": ("right of", "to the right of", "on the right side of"),
    "front": ("in front of",),
    "behind": ("behind",),
}
SHARED = (" that ha", " of the same", " with the same")  # how words begin that say what is shared


@dataclass(frozen=True)
class Naming:
    """How things are named by others: up to `hops` relations in a row, each of two things up to `paired_hops`, and how often another."""

    hops: int
    paired_hops: int
    share: float
    needed: bool  # without its relations a name would fit other things too


PLAIN = Naming(hops=2, paired_hops=2, share=0.5, needed=False)
CHAINED = Naming(hops=3, paired_hops=1, share=0.65, needed=True)


def ask_in_sentence(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """A sentence about a scene in the release's fields, and what is true."""
    return draw.choice(_KINDS)(scene, values, size, draw, PLAIN)


def ask_in_chains(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """The same, of things that are mostly named by one to three relations in a row, and more often of two things or two sets."""
    return draw.choice(_CHAINED_KINDS)(scene, values, size, draw, CHAINED)


def _describe(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one = _one(scene, draw, naming)
    sentence = draw.choice((f"Say all about {one.words}.", f"What can be said of {one.words}?", f"Look at {one.words}: describe it."))
    return about(sentence, full_name(one.things[0]), one)


def _two_values(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one = _one(scene, draw, naming)
    first, second = draw.sample(ATTRIBUTES, 2)
    sentence = draw.choice(
        (f"Give both the {first} and the {second} of {one.words}.", f"Of what {first} and what {second} is {one.words}?")
    )
    return about(sentence, f"{one.things[0][first]} {one.things[0][second]}", one)


def _where(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one = _one(scene, draw, naming)
    return about(draw.choice((f"Where is {one.words}?", f"Find {one.words}.")), location(one.things[0], size), one)


def _list(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = _some(scene, values, draw, naming)
    things = sorted(some.things, key=lambda thing: thing["pixel_coords"][0])
    sentence = draw.choice((f"Tell the {some.words} from left to right.", f"Which are the {some.words}?"))
    return about(sentence, " ; ".join(f"{thing['color']} {thing['shape']}" for thing in things) or "none", some)


def _in_common(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (_one(scene, draw, _paired(naming)) for _ in range(2))
    (first,), (second,) = one.things, other.things
    if first is second:
        return _describe(scene, values, size, draw, naming)
    shared = [name for name in ATTRIBUTES if first[name] == second[name]]
    return about(f"What do {one.words} and {other.words} have in common?", " ; ".join(shared) or "nothing", one, other)


def _differ(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (_one(scene, draw, _paired(naming)) for _ in range(2))
    (first,), (second,) = one.things, other.things
    name = draw.choice(ATTRIBUTES)
    if first is second or (first[name] != second[name] and draw.random() < 0.4):  # chance alone would make most of them differ
        return _in_common(scene, values, size, draw, naming)
    return about(f"Do {one.words} and {other.words} differ in {name}?", yes(first[name] != second[name]), one, other)


def _all(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = _some(scene, values, draw, naming)
    if not some.things:
        return _number_of_rest(scene, values, size, draw, naming)
    name = draw.choice(ATTRIBUTES)
    value = draw.choice(values[name]) if draw.random() < 0.3 else draw.choice(some.things)[name]
    return about(f"Is {value} the {name} of all {some.words}?", yes(all(thing[name] == value for thing in some.things)), some)


def _enough(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = _some(scene, values, draw, naming)
    count = len(some.things)
    if draw.random() < 0.4:
        number = max(1, count + draw.choice((-2, -1, 0, 1)))
        return about(f"Do you see no more than {number} {some.words}?", yes(count <= number), some)
    number = max(2, count + draw.choice((-1, 0, 1, 2)))  # at least 1 would be CLEVR's question whether there is any
    return about(f"Do you see at least {number} {some.words}?", yes(count >= number), some)


def _how_different(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = _some(scene, values, draw, naming)
    name = draw.choice(ATTRIBUTES)
    return about(f"In how many ways do the {some.words} differ in {name}?", str(len({thing[name] for thing in some.things})), some)


def _share_of_all(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = _some(scene, values, draw, naming)
    share = len(some.things) / len(scene["objects"])
    answer = "more" if share > 0.5 else "fewer" if share < 0.5 else "equal"
    return about(f"Are the {some.words} more or fewer than half of the scene?", answer, some)


def _number_of_rest(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    some = _some(scene, values, draw, naming)
    return about(f"Without the {some.words}, how many things are left over?", str(len(scene["objects"]) - len(some.things)), some)


def _more(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (_some(scene, values, draw, _paired(naming)) for _ in range(2))
    sentence = draw.choice(
        (f"Are the {one.words} more or fewer than the {other.words}?", f"Count the {one.words} beside the {other.words}.")
    )
    return about(sentence, more_or_fewer(one, other), one, other)


def _altogether(scene: Scene, values: Values, size: int, draw: random.Random, naming: Naming) -> Task:
    one, other = (_some(scene, values, draw, _paired(naming)) for _ in range(2))
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


def _paired(naming: Naming) -> Naming:
    return replace(naming, hops=naming.paired_hops)


def _nearer(naming: Naming) -> Naming:
    return replace(naming, hops=max(0, naming.hops - 1))


def _one(scene: Scene, draw: random.Random, naming: Naming) -> Group:
    """Words that fit one thing of the scene alone, and it."""
    if naming.hops and draw.random() < naming.share:
        for _ in range(3):
            place, there, passed = _beside(scene, draw, _nearer(naming), plural=False)
            for _ in range(8 if there else 0):
                thing = draw.choice(there)
                wanted = {name: thing[name] for name in draw.sample(ATTRIBUTES, draw.choice((0, 1, 1, 2, 2, 3)))}
                if naming.needed and matching(scene, wanted) == [thing]:
                    continue
                if [each for each in there if fits(each, wanted)] == [thing]:
                    other = "other " if place.startswith(SHARED) and draw.random() < 0.5 else ""
                    return Group(f"the {other}{_phrase(wanted, draw, 1)}{place}", [thing], passed)
    for length in (1, 1, 1, 2, 2, 2, 3, 3, 4):
        thing = draw.choice(scene["objects"])
        wanted = {name: thing[name] for name in draw.sample(ATTRIBUTES, length)}
        if matching(scene, wanted) == [thing]:
            return Group(f"the {_phrase(wanted, draw, 1)}", [thing], [])
    thing = min(scene["objects"], key=lambda each: len(matching(scene, {name: each[name] for name in ATTRIBUTES})))
    return Group(f"the {_phrase({name: thing[name] for name in ATTRIBUTES}, draw, 1)}", [thing], [])


def _beside(scene: Scene, draw: random.Random, naming: Naming, plural: bool) -> Group:
    """Words that follow those for a thing and say where it stands or what it shares, and the things of which they are true."""
    words, (anchor,), passed = _one(scene, draw, naming)
    passed = [anchor, *passed]
    if draw.random() < 0.45:
        name = draw.choice(ATTRIBUTES)
        have = "have" if plural else "has"
        link = draw.choice(
            (f" that {have} the same {name} as {words}", f" of the same {name} as {words}", f" with the same {name} as {words}")
        )
        return Group(link, [thing for thing in scene["objects"] if thing is not anchor and thing[name] == anchor[name]], passed)
    relation = draw.choice(sorted(RELATIONS))
    link = draw.choice((" ", " that are " if plural else " that is ")) + f"{draw.choice(RELATIONS[relation])} {words}"
    index = next(place for place, thing in enumerate(scene["objects"]) if thing is anchor)
    return Group(link, [scene["objects"][other] for other in scene["relationships"][relation][index]], passed)


def _some(scene: Scene, values: Values, draw: random.Random, naming: Naming) -> Group:
    """Words for some things, in the plural, and these: by looks, by where they stand, by both of two places, or either of two looks."""
    wanted = random_description(scene, values, draw, 0.85, (1, 1, 2))
    way = draw.random()
    if way < 0.35:
        return Group(_phrase(wanted, draw, 2), matching(scene, wanted), [])
    if way < 0.45:
        other = random_description(scene, values, draw, 0.85, (1, 2))
        words = f"{_phrase({}, draw, 2)} that are either {_phrase(wanted, draw, 2)} or {_phrase(other, draw, 2)}"
        return Group(words, [thing for thing in scene["objects"] if fits(thing, wanted) or fits(thing, other)], [])
    place, there, passed = _beside(scene, draw, _nearer(naming), plural=True)
    if way > 0.88 and not place.startswith(SHARED):
        for _ in range(4):
            further, beyond, others = _beside(scene, draw, _nearer(_nearer(naming)), plural=True)
            if not further.startswith(SHARED):
                place = f"{place} and {further.removeprefix(' that are').strip()}"
                there, passed = [thing for thing in there if thing in beyond], passed + others
                break
    wanted = wanted if draw.random() < 0.7 else {}
    return Group(f"{_phrase(wanted, draw, 2)}{place}", [thing for thing in there if fits(thing, wanted)], passed)


def _phrase(wanted: dict[str, str], draw: random.Random, number: int) -> str:
    """A noun and what it is like, such as "small shiny balls"; `number` is 1 or 2."""
    values = [wanted[name] for name in ATTRIBUTES if name in wanted and name != "shape"]
    noun = draw.choice(WORDS.get(wanted.get("shape", "thing"), (wanted.get("shape", ""),)))
    return " ".join([*(draw.choice(WORDS.get(value, (value,))) for value in values), noun + "s" * (number - 1)])
