"""Whole sentences about things named by their looks, their neighbours and what they share, which ask what none of CLEVR's families asks.

They teach the embedded base to read a sentence: a description, a set, where something is, what two things share, whether all or enough of
some things are so. It still has to learn from a study's questions what these want to know.
"""

import random
from collections.abc import Callable

from paliflow.vlm.grounding import ATTRIBUTES, Scene, Task, Thing, Values, fits, full_name, location, matching, random_description

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
MOST_HOPS = 2  # relations in a row by which one thing is named

Group = tuple[str, list[Thing]]  # words for some things, and these


def ask_in_sentence(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """A sentence about a scene in the release's fields, and what is true."""
    return draw.choice(_KINDS)(scene, values, size, draw)


def _describe(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, thing = _one(scene, draw)
    sentence = draw.choice((f"Say all about {words}.", f"What can be said of {words}?", f"Look at {words}: describe it."))
    return sentence, full_name(thing)


def _two_values(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, thing = _one(scene, draw)
    one, other = draw.sample(ATTRIBUTES, 2)
    sentence = draw.choice((f"Give both the {one} and the {other} of {words}.", f"Of what {one} and what {other} is {words}?"))
    return sentence, f"{thing[one]} {thing[other]}"


def _where(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, thing = _one(scene, draw)
    return draw.choice((f"Where is {words}?", f"Find {words}.")), location(thing, size)


def _list(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, things = _some(scene, values, draw)
    things = sorted(things, key=lambda thing: thing["pixel_coords"][0])
    sentence = draw.choice((f"Tell the {words} from left to right.", f"Which are the {words}?"))
    return sentence, " ; ".join(f"{thing['color']} {thing['shape']}" for thing in things) or "none"


def _in_common(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    (one, first), (other, second) = _one(scene, draw), _one(scene, draw)
    if first is second:
        return _describe(scene, values, size, draw)
    shared = [name for name in ATTRIBUTES if first[name] == second[name]]
    return f"What do {one} and {other} have in common?", " ; ".join(shared) or "nothing"


def _all(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, things = _some(scene, values, draw)
    if not things:
        return _number_of_rest(scene, values, size, draw)
    name = draw.choice(ATTRIBUTES)
    value = draw.choice(values[name]) if draw.random() < 0.3 else draw.choice(things)[name]
    return f"Is {value} the {name} of all {words}?", _yes(all(thing[name] == value for thing in things))


def _enough(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, things = _some(scene, values, draw)
    if draw.random() < 0.4:
        number = max(1, len(things) + draw.choice((-2, -1, 0, 1)))
        return f"Do you see no more than {number} {words}?", _yes(len(things) <= number)
    number = max(2, len(things) + draw.choice((-1, 0, 1, 2)))  # at least 1 would be CLEVR's question whether there is any
    return f"Do you see at least {number} {words}?", _yes(len(things) >= number)


def _how_different(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, things = _some(scene, values, draw)
    name = draw.choice(ATTRIBUTES)
    return f"In how many ways do the {words} differ in {name}?", str(len({thing[name] for thing in things}))


def _share_of_all(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, things = _some(scene, values, draw)
    share = len(things) / len(scene["objects"])
    return f"Are the {words} more or fewer than half of the scene?", "more" if share > 0.5 else "fewer" if share < 0.5 else "equal"


def _number_of_rest(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    words, things = _some(scene, values, draw)
    return f"Without the {words}, how many things are left over?", str(len(scene["objects"]) - len(things))


_KINDS: list[Callable[[Scene, Values, int, random.Random], Task]] = [
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


def _one(scene: Scene, draw: random.Random, hops: int = MOST_HOPS) -> tuple[str, Thing]:
    """Words that fit one thing of the scene alone, and it; of several that fit it, short ones come first."""
    for _ in range(40):
        thing = draw.choice(scene["objects"])
        place, there = "", scene["objects"]
        if hops and draw.random() < 0.5:
            place, there = _beside(scene, draw, hops - 1, plural=False)
        wanted = {name: thing[name] for name in draw.sample(ATTRIBUTES, draw.choice((0, 1, 1, 2, 2, 3)))}
        if [each for each in there if fits(each, wanted)] == [thing]:
            other = "other " if place.startswith(SHARED) and draw.random() < 0.5 else ""
            return f"the {other}{_phrase(wanted, draw, 1)}{place}", thing
    thing = min(scene["objects"], key=lambda each: len(matching(scene, {name: each[name] for name in ATTRIBUTES})))
    return f"the {_phrase({name: thing[name] for name in ATTRIBUTES}, draw, 1)}", thing


def _beside(scene: Scene, draw: random.Random, hops: int, plural: bool) -> Group:
    """Words that follow those for a thing and say where it stands or what it shares, and the things of which they are true."""
    words, anchor = _one(scene, draw, hops)
    if draw.random() < 0.45:
        name = draw.choice(ATTRIBUTES)
        have = "have" if plural else "has"
        link = draw.choice(
            (f" that {have} the same {name} as {words}", f" of the same {name} as {words}", f" with the same {name} as {words}")
        )
        return link, [thing for thing in scene["objects"] if thing is not anchor and thing[name] == anchor[name]]
    relation = draw.choice(sorted(RELATIONS))
    link = draw.choice((" ", " that are " if plural else " that is ")) + f"{draw.choice(RELATIONS[relation])} {words}"
    index = next(place for place, thing in enumerate(scene["objects"]) if thing is anchor)
    return link, [scene["objects"][other] for other in scene["relationships"][relation][index]]


def _some(scene: Scene, values: Values, draw: random.Random) -> Group:
    """Words for some things, in the plural, and these: by looks, by where they stand, by both of two places, or either of two looks."""
    wanted = random_description(scene, values, draw, 0.85, (1, 1, 2))
    way = draw.random()
    if way < 0.35:
        return _phrase(wanted, draw, 2), matching(scene, wanted)
    if way < 0.45:
        other = random_description(scene, values, draw, 0.85, (1, 2))
        words = f"{_phrase({}, draw, 2)} that are either {_phrase(wanted, draw, 2)} or {_phrase(other, draw, 2)}"
        return words, [thing for thing in scene["objects"] if fits(thing, wanted) or fits(thing, other)]
    place, there = _beside(scene, draw, 1, plural=True)
    if way > 0.88 and not place.startswith(SHARED):
        for _ in range(4):
            further, beyond = _beside(scene, draw, 0, plural=True)
            if not further.startswith(SHARED):
                place, there = f"{place} and {further.removeprefix(' that are').strip()}", [thing for thing in there if thing in beyond]
                break
    wanted = wanted if draw.random() < 0.7 else {}
    return f"{_phrase(wanted, draw, 2)}{place}", [thing for thing in there if fits(thing, wanted)]


def _phrase(wanted: dict[str, str], draw: random.Random, number: int) -> str:
    """A noun and what it is like, such as "small shiny balls"; `number` is 1 or 2."""
    values = [wanted[name] for name in ATTRIBUTES if name in wanted and name != "shape"]
    noun = draw.choice(WORDS.get(wanted.get("shape", "thing"), (wanted.get("shape", ""),)))
    return " ".join([*(draw.choice(WORDS.get(value, (value,))) for value in values), noun + "s" * (number - 1)])


def _yes(true: bool) -> str:
    return "yes" if true else "no"
