"""How the base's sentences name things: one by its looks, its neighbours and what it shares, or some by such words in the plural."""

import random
from dataclasses import dataclass, replace

from paliflow.vlm.grounding import ATTRIBUTES, Group, Scene, Values, fits, matching, random_description

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
COMPARED = Naming(hops=1, paired_hops=1, share=0.5, needed=True)


def paired(naming: Naming) -> Naming:
    return replace(naming, hops=naming.paired_hops)


def _nearer(naming: Naming) -> Naming:
    return replace(naming, hops=max(0, naming.hops - 1))


def name_one(scene: Scene, draw: random.Random, naming: Naming) -> Group:
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
    words, (anchor,), passed = name_one(scene, draw, naming)
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


def name_some(scene: Scene, values: Values, draw: random.Random, naming: Naming) -> Group:
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
