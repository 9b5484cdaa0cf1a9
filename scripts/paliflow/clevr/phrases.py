"""What a question speaks of: descriptions of things, chained by relations, and the program that finds them."""

import itertools
from typing import NamedTuple

from paliflow.clevr.families import Family
from paliflow.clevr.program import ObjectSets, Step
from paliflow.clevr.vocabulary import ATTRIBUTES, VALUES

# A description is a number that stands for at most one value of each attribute; 0 says nothing.
Description = int
DESCRIPTIONS: list[dict[str, str]] = [
    {attribute: value for attribute, value in zip(ATTRIBUTES, values, strict=True) if value}
    for values in itertools.product(*(("", *VALUES[attribute]) for attribute in ATTRIBUTES))
]
_NUMBERS = {tuple(description.items()): number for number, description in enumerate(DESCRIPTIONS)}
# for each attribute and each description whether it says a value
SAYS: dict[str, list[bool]] = {attribute: [attribute in description for description in DESCRIPTIONS] for attribute in ATTRIBUTES}
# for each way that an object can look, the sixteen descriptions that fit it
MATCHING: dict[tuple[str, ...], list[Description]] = {
    values: [number for number, description in enumerate(DESCRIPTIONS) if set(description.values()) <= set(values)]
    for values in itertools.product(*(VALUES[attribute] for attribute in ATTRIBUTES))
}


class Phrase(NamedTuple):
    """Things that fit a description and, perhaps, stand in a relation to others."""

    description: Description
    link: "Relation | Same | Both | None" = None


class Relation(NamedTuple):
    """Things to the left (right, front, behind) of the one that `anchor` describes."""

    relation: str
    anchor: Phrase


class Same(NamedTuple):
    """Things with the anchor's value of an attribute, the anchor itself left out. `fits`: it is as the phrase describes them."""

    attribute: str
    anchor: Phrase
    fits: bool


class Both(NamedTuple):
    """Things that stand in two relations."""

    first: Relation
    second: Relation


class SceneSets:
    """Which objects of a scene fit which description, and what tells each of them apart.

    Attributes:
        sets: the scene's sets of objects.
        fitting: for each description the mask of the objects that fit it.
        present: the descriptions that some object fits, the empty one among them.
        naming: for each object the descriptions that fit it alone.
        shared: for each object those that fit it and others.
    """

    __slots__ = ("_told_apart", "fitting", "naming", "present", "sets", "shared")

    def __init__(self, sets: ObjectSets) -> None:
        self.sets = sets
        masks = [[sets.everything, *(sets.having[value] for value in VALUES[attribute])] for attribute in ATTRIBUTES]
        self.fitting = [a & b & c & d for a in masks[0] for b in masks[1] for c in masks[2] for d in masks[3]]
        self.present = [number for number, mask in enumerate(self.fitting) if mask]
        self.naming: list[list[Description]] = []
        self.shared: list[list[Description]] = []
        for index, values in enumerate(zip(*(sets.values[attribute] for attribute in ATTRIBUTES), strict=True)):
            self.naming.append([number for number in MATCHING[values] if self.fitting[number] == 1 << index])
            self.shared.append([number for number in MATCHING[values] if self.fitting[number] != 1 << index])
        self._told_apart: dict[int, list[tuple[int, Description]]] = {}

    def told_apart(self, members: int, wider: tuple[int, ...] = ()) -> list[tuple[int, Description]]:
        """Each object of a set with each description that it alone fits there, but neither in the scene nor in any of the wider sets."""
        found = self._told_apart.get(members)
        if found is None:
            found = []
            for index, shared in enumerate(self.shared):
                bit = 1 << index
                if members & bit:
                    found += [(index, number) for number in shared if self.fitting[number] & members == bit]
            self._told_apart[members] = found
        if wider:
            found = [(index, number) for index, number in found if 1 << index not in [self.fitting[number] & more for more in wider]]
        return found


def describe(values: dict[str, str]) -> Description:
    """The number of a description.

    >>> DESCRIPTIONS[describe({"color": "red"})]
    {'color': 'red'}
    """
    return _NUMBERS[tuple((attribute, values[attribute]) for attribute in ATTRIBUTES if attribute in values)]


def entails(one: Phrase, other: Phrase) -> bool:
    """Whether whatever `one` speaks of, `other` speaks of too, in every scene."""
    general = DESCRIPTIONS[other.description].items() <= DESCRIPTIONS[one.description].items()
    return general and other.link in (None, one.link)


def cover(one: Phrase, other: Phrase) -> bool:
    """Whether both together speak of the same as either without one of its words: `small cubes` and `large cubes` are all cubes."""
    first, second = DESCRIPTIONS[one.description], DESCRIPTIONS[other.description]
    if one.link != other.link or first.keys() != second.keys():
        return False
    differing = [attribute for attribute in first if first[attribute] != second[attribute]]
    return len(differing) == 1 and len(VALUES[differing[0]]) == 2


def program_of(family: Family, phrases: tuple[Phrase, ...]) -> list[Step]:
    """The program that finds what the phrases speak of and ends in the family's kind."""
    steps: list[Step] = []
    verb, _, attribute = family.kind.partition("_")
    ends = []
    for phrase in phrases:
        ends.append(_find(phrase, steps))
        if verb in ("query", "equal") and attribute in ATTRIBUTES:
            ends[-1] = _add(steps, f"query_{attribute}", _add(steps, "unique", ends[-1]))
        elif family.group == "compare_integer":
            ends[-1] = _add(steps, "count", ends[-1])
    if family.group == "single_or":
        ends = [_add(steps, "union", *ends)]
    if verb != "query":
        _add(steps, family.kind, *ends)
    return steps


def _find(phrase: Phrase, steps: list[Step]) -> int:
    """Add the steps that find a phrase's things; return the number of the last."""
    link = phrase.link
    if link is None:
        last = _add(steps, "scene")
    elif isinstance(link, Relation):
        last = _relate(link, steps)
    elif isinstance(link, Same):
        last = _add(steps, f"same_{link.attribute}", _add(steps, "unique", _find(link.anchor, steps)))
    else:
        last = _add(steps, "intersect", _relate(link.first, steps), _relate(link.second, steps))
    for attribute, value in DESCRIPTIONS[phrase.description].items():
        last = _add(steps, f"filter_{attribute}", last, word=value)
    return last


def _relate(link: Relation, steps: list[Step]) -> int:
    return _add(steps, "relate", _add(steps, "unique", _find(link.anchor, steps)), word=link.relation)


def _add(steps: list[Step], function: str, *inputs: int, word: str = "") -> int:
    steps.append({"function": function, "inputs": list(inputs), "value_inputs": [word] if word else []})
    return len(steps) - 1
