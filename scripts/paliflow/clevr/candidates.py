"""What can be asked about a scene in one family: some of its valid questions, each with the answer that it has.

They are valid as they are made: `unique` finds one object, every relation matters, and what is asked for is not said. Which of them is
asked is for the balance of the answers to decide.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

from paliflow.clevr import chains
from paliflow.clevr.families import Family
from paliflow.clevr.phrases import DESCRIPTIONS, SAYS, Description, Phrase, Relation, SceneSets, cover, describe, entails
from paliflow.clevr.vocabulary import RELATIONS, VALUES

Candidate = tuple[str, tuple[Phrase, ...]]  # the answer, and what the question speaks of
Found = tuple[str, Description, chains.Group | None]  # the answer, and the description of what is asked about, of a group or of the scene

DRAWN = 16  # descriptions that are drawn whether or not an object fits them
SUBSETS_DRAWN = 6  # sets of attributes that an existence is asked about
GROUPS = 3  # sets of objects that are described in every way
SIDES = 10  # phrases that are tried on each side of a question with two
ABSENT_SHARE = 0.25  # of the sides without a relation that are drawn whether or not an object fits them

# the descriptions that say something, by the attributes that they say something of
SUBSETS: list[list[Description]] = [
    [number for number, description in enumerate(DESCRIPTIONS) if tuple(description) == attributes]
    for attributes in dict.fromkeys(tuple(description) for description in DESCRIPTIONS if description)
]
SUBSET_OF = [-1, *([next(place for place, subset in enumerate(SUBSETS) if number in subset) for number in range(1, len(DESCRIPTIONS))])]
ANSWERS: dict[str, Callable[..., str]] = {
    "count": lambda members: str(members.bit_count()),
    "exist": lambda members: "yes" if members else "no",
    "equal_integer": lambda one, other: "yes" if one == other else "no",
    "less_than": lambda one, other: "yes" if one < other else "no",
    "greater_than": lambda one, other: "yes" if one > other else "no",
}


def candidates(family: Family, scene: SceneSets, draw: random.Random) -> list[Candidate]:
    """Questions of a family about a scene: none if it has none, and perhaps, by chance, none where it has few."""
    verb, _, asked = family.kind.partition("_")
    if family.group == "comparison":
        return _comparisons(family, asked, scene, draw)
    if family.group in ("compare_integer", "single_or"):
        return _pairs(family, scene, draw)
    if family.group in ("single_and", "same_relate"):
        groups = chains.intersections(scene, draw) if family.group == "single_and" else chains.alike(scene, family.attribute, draw)
        return _queries(family, asked, groups, scene) if verb == "query" else _sets(family, groups, scene, draw)
    if verb == "query":
        return [(scene.sets.values[asked][named.number], (named.phrase,)) for named in chains.named(scene, family.hops[0], draw, asked)]
    if family.hops != (0,):
        return _sets(family, chains.related(scene, family.hops[0], draw), scene, draw)
    return _existences(scene, draw) if family.kind == "exist" else _counts(scene, draw)


def _existences(scene: SceneSets, draw: random.Random) -> list[Candidate]:
    numbers = [number for subset in draw.sample(SUBSETS, SUBSETS_DRAWN) for number in chains.some(subset, DRAWN, draw)]
    return _phrased(_of_one_subset([(ANSWERS["exist"](scene.fitting[number]), number, None) for number in numbers], draw), scene)


def _counts(scene: SceneSets, draw: random.Random) -> list[Candidate]:
    numbers = [*scene.present[1:], *draw.sample(range(1, len(DESCRIPTIONS)), DRAWN)]
    return [(ANSWERS["count"](scene.fitting[number]), (Phrase(number),)) for number in numbers]


def _sets(family: Family, groups: list[chains.Group], scene: SceneSets, draw: random.Random) -> list[Candidate]:
    """Counts and existences of those of a group that fit a description; one of each answer, for there are hundreds."""
    answer = ANSWERS[family.kind]
    if not family.described:
        return [(answer(group.members), (group.described(0, scene),)) for group in groups]
    unsaid = SAYS[family.attribute] if family.attribute else chains.NOTHING
    numbers = [number for number in scene.present[1 if family.attribute else 0 :] if not unsaid[number]]
    found: list[Found] = []
    for group in chains.some(groups, GROUPS, draw):
        for number in numbers:
            fitting = scene.fitting[number]
            members = fitting & group.members
            if members != fitting and members not in [fitting & wider for wider in group.wider]:
                found.append((answer(members), number, group))
    draw.shuffle(found)
    return _phrased(_of_one_subset(found, draw) if family.kind == "exist" else found, scene)


def _phrased(found: list[Found], scene: SceneSets) -> list[Candidate]:
    """The last of each answer in the phrases of a question."""
    of_each_answer = {answer: (number, group) for answer, number, group in found}
    return [(answer, (group.described(number, scene) if group else Phrase(number),)) for answer, (number, group) in of_each_answer.items()]


def _of_one_subset(found: list[Found], draw: random.Random) -> list[Found]:
    """Those that say values of the same attributes, which are drawn among those that get both answers.

    Large things are rarely missing and large red rubber cubes often are, so the number of words would tell the answer otherwise.
    """
    subsets: dict[int, list[Found]] = {}
    for one in found:
        subsets.setdefault(SUBSET_OF[one[1]], []).append(one)
    fair = [subset for subset in subsets.values() if len({answer for answer, _, _ in subset}) == 2]
    return draw.choice(fair) if fair else []


def _queries(family: Family, asked: str, groups: list[chains.Group], scene: SceneSets) -> list[Candidate]:
    """The attribute of the only one of a group that fits a description."""
    values = scene.sets.values[asked]
    same = SAYS[family.attribute] if family.attribute else chains.NOTHING
    return [
        (values[index], (group.described(number, scene),))
        for group in groups
        for index, number in scene.told_apart(group.members, group.wider)
        if not SAYS[asked][number] and not same[number]
    ]


def _comparisons(family: Family, asked: str, scene: SceneSets, draw: random.Random) -> list[Candidate]:
    """Whether two objects have the same value of an attribute."""
    values = scene.sets.values[asked]
    sides = [chains.some(chains.named(scene, hops, draw, asked, everywhere=True), SIDES, draw) for hops in family.hops]
    return [
        ("yes" if values[one.number] == values[other.number] else "no", (one.phrase, other.phrase))
        for one in sides[0]
        for other in sides[1]
        if one.number != other.number
    ]


class Side(NamedTuple):
    """A phrase, the mask of its objects, and that of those that it would have without its relation (-1 if it has none)."""

    phrase: Phrase
    members: int
    wider: int


def _pairs(family: Family, scene: SceneSets, draw: random.Random) -> list[Candidate]:
    """Unions, and comparisons of integers: two sides, neither of which speaks of all that the other does, and not both of nothing."""
    shared = {family.attribute: draw.choice(VALUES[family.attribute])} if family.attribute else {}
    sides = [_sides(hops, shared, scene, draw) for hops in family.hops]
    found: list[Candidate] = []
    for one in sides[0]:
        for other in sides[1]:
            if family.group == "compare_integer":
                if not one.members and not other.members:
                    continue
                answer = ANSWERS[family.kind](one.members.bit_count(), other.members.bit_count())
            else:
                union = one.members | other.members
                if union == one.wider | other.members or union == one.members | other.wider:
                    continue
                if cover(one.phrase, other.phrase):
                    continue
                answer = ANSWERS["count"](union)
            if not entails(one.phrase, other.phrase) and not entails(other.phrase, one.phrase):
                found.append((answer, (one.phrase, other.phrase)))
    return found


def _sides(hops: int, shared: dict[str, str], scene: SceneSets, draw: random.Random) -> list[Side]:
    """Described objects, all of the scene or those that one relation leads to; `shared` is said of all of them, and something more."""
    anchors = chains.named(scene, 0, draw) if hops else []
    found = []
    for _ in range(SIDES if anchors or not hops else 0):
        anywhere = not hops and draw.random() < ABSENT_SHARE
        number = draw.randrange(len(DESCRIPTIONS)) if anywhere else draw.choice(scene.present)
        if shared:
            more = {attribute: value for attribute, value in DESCRIPTIONS[number].items() if attribute not in shared}
            number = describe(shared | more) if more else 0
        fitting = scene.fitting[number]
        if hops:
            anchor, relation = draw.choice(anchors), draw.choice(RELATIONS)
            members = scene.sets.related[relation][anchor.number] & fitting
            if members != fitting:
                found.append(Side(Phrase(number, Relation(relation, anchor.phrase)), members, fitting))
        elif number:
            found.append(Side(Phrase(number), fitting, -1))
    return found
