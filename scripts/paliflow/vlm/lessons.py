"""The lessons that the embedded base's language model takes once the tower sees: single objects by their place, what a description fits,
one relation, all of it mixed, whole sentences, things and sets that are named by one to three relations in a row, and at last two of these
side by side.

The mixture by itself leaves it at guessing: each way to look something up is learnt suddenly, and sooner where most of a batch needs it.
"""

import random

from paliflow.vlm.comparisons import ask_to_compare
from paliflow.vlm.grounding import (
    ATTRIBUTES,
    Group,
    Scene,
    Table,
    Task,
    Values,
    about,
    described,
    fits,
    full_name,
    location,
    matching,
    more_or_fewer,
    random_description,
    sample_task,
    say,
    yes,
)
from paliflow.vlm.sentences import ask_in_chains, ask_in_sentence


def _describe_place(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    thing = draw.choice(scene["objects"])
    return Task(f"describe {location(thing, size)}", full_name(thing), [thing])


def _read_place(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    thing, name = draw.choice(scene["objects"]), draw.choice(ATTRIBUTES)
    return Task(f"{name} of {location(thing, size)}", thing[name], [thing])


def _find(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    thing = draw.choice(scene["objects"])
    alike = sorted(matching(scene, {name: thing[name] for name in ATTRIBUTES}), key=lambda each: each["pixel_coords"][0])
    return Task(f"detect {full_name(thing)}", " ; ".join(location(each, size) for each in alike), alike)


_PLACED: Table = [
    (_describe_place, 0.30),
    (_read_place, 0.15),
    (_find, 0.05),
    (sample_task, 0.50),
]


def _read_described(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    thing, name = draw.choice(scene["objects"]), draw.choice((*ATTRIBUTES, "color"))  # which has the most values
    names = [other for other in ATTRIBUTES if other != name]
    for length in (1, 2, 3):
        for _ in range(3):
            wanted = {other: thing[other] for other in draw.sample(names, length)}
            if len(matching(scene, wanted)) == 1:
                return Task(f"{name} of {say(wanted, draw)}", thing[name], [thing])
    return _read_place(scene, values, size, draw)


def _count_described(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    some = described(scene, random_description(scene, values, draw, 0.85, (1, 1, 2)), draw)
    return about(f"count {some.words}", str(len(some.things)), some)


def _any_described(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    some = described(scene, random_description(scene, values, draw, 0.4, (1, 2, 2, 3)), draw)
    return about(f"any {some.words}", yes(bool(some.things)), some)


_DESCRIBED: Table = [
    (_describe_place, 0.10),
    (_read_place, 0.06),
    (_find, 0.04),
    (_read_described, 0.30),
    (_count_described, 0.18),
    (_any_described, 0.06),
    (sample_task, 0.26),
]


def _anchor(scene: Scene, size: int, draw: random.Random) -> tuple[int, str]:
    """An object's index and words that name it without a relation: the fewest attributes that fit it alone, or its place."""
    index = draw.randrange(len(scene["objects"]))
    thing = scene["objects"][index]
    if draw.random() < 0.8:
        for length in (1, 2, 2, 2, 3, 3, 4):
            wanted = {name: thing[name] for name in draw.sample(ATTRIBUTES, length)}
            if matching(scene, wanted) == [thing]:
                return index, say(wanted, draw)
    return index, location(thing, size)


def _beside(scene: Scene, size: int, draw: random.Random) -> tuple[Group, str]:
    """Words for one relation to one object, the things that stand in it, and the attribute that they share with it, if it is one."""
    index, words = _anchor(scene, size, draw)
    anchor = scene["objects"][index]
    if draw.random() < 0.5:
        name = draw.choice(ATTRIBUTES)
        there = [other for other in scene["objects"] if other is not anchor and other[name] == anchor[name]]
        return Group(f"same {name} {words}", there, [anchor]), name
    relation = draw.choice(sorted(scene["relationships"]))
    there = [scene["objects"][other] for other in scene["relationships"][relation][index]]
    return Group(f"{relation} {words}", there, [anchor]), ""


def _read_related(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    for _ in range(12):
        (place, there, passed), shared = _beside(scene, size, draw)
        name = draw.choice([each for each in (*ATTRIBUTES, "color") if each != shared])
        if not there:
            continue
        thing = draw.choice(there)
        for length in (0, 1, 1, 2, 2):
            wanted = {other: thing[other] for other in draw.sample([each for each in ATTRIBUTES if each != name], length)}
            if [each for each in there if fits(each, wanted)] == [thing]:
                return Task(f"{name} of {say(wanted, draw)} {place}", thing[name], [thing], None, passed)
    return _read_described(scene, values, size, draw)


def _group_related(scene: Scene, values: Values, size: int, draw: random.Random, present: float) -> Group:
    (place, there, passed), _ = _beside(scene, size, draw)
    wanted = {}
    if draw.random() < 0.7:
        wanted = random_description({"objects": there} if there and draw.random() < 0.6 else scene, values, draw, present, (1, 1, 2))
    return Group(f"{say(wanted, draw)} {place}", [thing for thing in there if fits(thing, wanted)], passed)


def _count_related(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    some = _group_related(scene, values, size, draw, 0.85)
    return about(f"count {some.words}", str(len(some.things)), some)


def _any_related(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    some = _group_related(scene, values, size, draw, 0.45)
    return about(f"any {some.words}", yes(bool(some.things)), some)


def _same_described(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    for _ in range(8):
        (one, first), (other, second) = (_anchor(scene, size, draw) for _ in range(2))
        name = draw.choice(ATTRIBUTES)
        if one != other:
            here, there = scene["objects"][one], scene["objects"][other]
            return Task(f"same {name} {first} ; {second}", yes(here[name] == there[name]), [here], [there])
    return _describe_place(scene, values, size, draw)


def _compare_described(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    wanted = [random_description(scene, values, draw, 0.85, (1, 1, 2)) for _ in range(2)]
    one, other = (described(scene, each, draw) for each in wanted)
    return about(f"compare {one.words} ; {other.words}", more_or_fewer(one, other), one, other)


_RELATED: Table = [
    (_describe_place, 0.04),
    (_read_described, 0.10),
    (_read_related, 0.26),
    (_count_described, 0.12),
    (_count_related, 0.13),
    (_any_described, 0.04),
    (_any_related, 0.06),
    (_same_described, 0.08),
    (_compare_described, 0.08),
    (sample_task, 0.09),
]

_MIXED: Table = [
    (sample_task, 0.30),
    (_read_described, 0.02),
    (_read_related, 0.12),
    (_count_described, 0.14),
    (_count_related, 0.14),
    (_any_related, 0.05),
    (_same_described, 0.15),
    (_compare_described, 0.08),
]

_WORDED: Table = [(ask_in_sentence, 0.60), *((task, 0.40 * share) for task, share in _MIXED)]

_POINTED: Table = [
    (_describe_place, 0.03),
    (_read_described, 0.08),
    (_read_related, 0.24),
    (_count_described, 0.08),
    (_count_related, 0.20),
    (_any_related, 0.05),
    (_same_described, 0.10),
    (_compare_described, 0.10),
    (ask_in_chains, 0.12),
]

_CHAINED: Table = [
    (ask_in_chains, 0.65),
    (_read_related, 0.06),
    (_count_related, 0.10),
    (_compare_described, 0.03),
    (_same_described, 0.03),
    (sample_task, 0.13),
]

_COMPARED: Table = [
    (ask_to_compare, 0.58),
    (ask_in_chains, 0.14),
    (_same_described, 0.07),
    (_compare_described, 0.04),
    (_count_related, 0.06),
    (_read_related, 0.04),
    (sample_task, 0.07),
]

# by the name of the stage, in the order in which they are taken
LESSONS: dict[str, Table] = {
    "placed": _PLACED,
    "described": _DESCRIBED,
    "related": _RELATED,
    "mixed": _MIXED,
    "worded": _WORDED,
    "pointed": _POINTED,
    "chained": _CHAINED,
    "compared": _COMPARED,
}
POINTED = ("pointed", "chained", "compared")  # in which the model is told what each prompt means
