"""Follow relations through a scene: objects that a chain of phrases singles out, and sets of objects that one leads to.

Every relation tells something apart, and no object of a chain comes twice.
"""

import random
from typing import NamedTuple, TypeVar

from paliflow.clevr.phrases import SAYS, Both, Description, Phrase, Relation, Same, SceneSets
from paliflow.clevr.vocabulary import ATTRIBUTES, RELATIONS

Item = TypeVar("Item")

ANCHORS = 6  # objects from which a chain is followed
LINKS = 2  # objects that are kept of those that one relation to one anchor tells apart
SETS = 3  # that one hop is followed to
INTERSECTIONS = 12  # pairs of relations that are tried


class Named(NamedTuple):
    """An object that a phrase singles out, with the mask of all objects that the phrase speaks of."""

    number: int
    phrase: Phrase
    visited: int


class Group(NamedTuple):
    """A set of objects that a link leads to, to be described further.

    Attributes:
        members: the mask of the objects.
        link: what leads to them.
        wider: for `Both` the sets that each of its relations leads to.
        anchor: for `Same` the mask of the object that they have something in common with.
    """

    members: int
    link: Relation | Same | Both
    wider: tuple[int, ...] = ()
    anchor: int = 0

    def described(self, number: Description, scene: SceneSets) -> Phrase:
        """The phrase that speaks of those of the objects that fit a description."""
        if isinstance(self.link, Same) and scene.fitting[number] & self.anchor:
            return Phrase(number, self.link._replace(fits=True))
        return Phrase(number, self.link)


def named(scene: SceneSets, hops: int, draw: random.Random, unsaid: str = "", everywhere: bool = False) -> list[Named]:
    """Some objects at the end of chains of so many relations.

    Args:
        unsaid: an attribute that is not said of the object; nor of any object of its chain with `everywhere`.
    """
    silent = SAYS[unsaid] if unsaid and (everywhere or not hops) else NOTHING
    found = []
    for index, naming in enumerate(scene.naming):
        numbers = [number for number in naming if not silent[number]]
        if numbers:
            found.append(Named(index, Phrase(draw.choice(numbers)), 1 << index))
    for hop in range(hops):
        silent = SAYS[unsaid] if unsaid and (everywhere or hop == hops - 1) else NOTHING
        found = _one_hop_further(found, scene, draw, silent)
    return found


def _one_hop_further(found: list[Named], scene: SceneSets, draw: random.Random, silent: list[bool]) -> list[Named]:
    further = []
    for anchor in some(found, ANCHORS, draw):
        for relation in draw.sample(RELATIONS, 2):
            apart = scene.told_apart(scene.sets.related[relation][anchor.number])
            new = [(index, number) for index, number in apart if not silent[number] and not anchor.visited >> index & 1]
            link = Relation(relation, anchor.phrase)
            for index, number in some(new, LINKS, draw):
                further.append(Named(index, Phrase(number, link), anchor.visited | 1 << index))
    return further


def related(scene: SceneSets, hops: int, draw: random.Random) -> list[Group]:
    """Some sets of objects at the end of chains of so many relations, at least one."""
    groups = []
    for anchor in some(named(scene, hops - 1, draw), SETS, draw):
        relation = draw.choice(RELATIONS)
        groups.append(Group(scene.sets.related[relation][anchor.number], Relation(relation, anchor.phrase)))
    return groups


def intersections(scene: SceneSets, draw: random.Random) -> list[Group]:
    """Some sets of objects that stand in two relations to two objects."""
    anchors = named(scene, 0, draw)
    groups = []
    for _ in range(INTERSECTIONS if len(anchors) > 1 else 0):
        one, other = draw.sample(anchors, 2)
        first, second = Relation(draw.choice(RELATIONS), one.phrase), Relation(draw.choice(RELATIONS), other.phrase)
        wider = scene.sets.related[first.relation][one.number], scene.sets.related[second.relation][other.number]
        groups.append(Group(wider[0] & wider[1], Both(first, second), wider))
    return groups


def alike(scene: SceneSets, attribute: str, draw: random.Random) -> list[Group]:
    """For each object, if it can be named without the attribute, the set of the others with its value of it."""
    groups = []
    for anchor in named(scene, 0, draw, attribute):
        members = scene.sets.having[scene.sets.values[attribute][anchor.number]] & ~anchor.visited
        groups.append(Group(members, Same(attribute, anchor.phrase, fits=False), anchor=anchor.visited))
    return groups


def some(items: list[Item], number: int, draw: random.Random) -> list[Item]:
    """At most so many of the items, in random order."""
    return draw.sample(items, min(len(items), number))


NOTHING = [False] * len(SAYS[ATTRIBUTES[0]])
