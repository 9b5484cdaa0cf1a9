"""Sentences that set two things or two sets side by side and ask what none of CLEVR's families asks: which of two looks is shared, by how
many there are more, which number is the lower.

A word that the base never met, such as "lower", is to a study's adapter as good as its opposite. Here each direction has all its words.
"""

import random
from collections.abc import Callable

from paliflow.vlm.grounding import ATTRIBUTES, Group, Scene, Task, Values, about, more_or_fewer, yes
from paliflow.vlm.naming import COMPARED, name_one, name_some

MORE = ("higher", "larger", "greater")
FEWER = ("lower", "smaller", "less")


def ask_to_compare(scene: Scene, values: Values, size: int, draw: random.Random) -> Task:
    """A sentence about two things or two sets of a scene in the release's fields, and what is true."""
    one, other = (name_one(scene, draw, COMPARED) for _ in range(2))
    if draw.random() < 0.5 and one.things[0] is not other.things[0]:
        return draw.choice(_OF_THINGS)(one, other, draw)
    some, others = (name_some(scene, values, draw, COMPARED) for _ in range(2))
    return draw.choice(_OF_SETS)(some, others, draw)


def _both_values(one: Group, other: Group, draw: random.Random) -> Task:
    name = draw.choice(ATTRIBUTES)
    return about(f"Give the {name} of {one.words} and that of {other.words}.", f"{one.things[0][name]} {other.things[0][name]}", one, other)


def _match_in_two(one: Group, other: Group, draw: random.Random) -> Task:
    wanted = draw.random() < 0.5  # else nearly all would be "no", or "yes"
    for _ in range(12):
        first, second = draw.sample(ATTRIBUTES, 2)
        here, there = (one.things[0][name] == other.things[0][name] for name in (first, second))
        ask, true = draw.choice(
            (
                (f"match in both {first} and {second}", here and there),
                (f"match in {first} or in {second}", here or there),
                (f"match in {first} but not in {second}", here and not there),
            )
        )
        if true == wanted:
            break
    return about(f"Do {one.words} and {other.words} {ask}?", yes(true), one, other)


def _which_is_shared(one: Group, other: Group, draw: random.Random) -> Task:
    names = draw.sample(ATTRIBUTES, 2)
    shared = [name for name in names if one.things[0][name] == other.things[0][name]]
    answer = "both" if len(shared) == 2 else shared[0] if shared else "none"
    return about(f"Of {names[0]} and {names[1]}, which do {one.words} and {other.words} share?", answer, one, other)


def _higher_or_lower(one: Group, other: Group, draw: random.Random) -> Task:
    place = draw.randrange(len(MORE))
    more, fewer = MORE[place], FEWER[place]
    words = " or ".join(draw.sample((more, fewer), 2))
    answer = {"more": more, "fewer": fewer, "equal": "equal"}[more_or_fewer(one, other)]
    return about(f"Which is the number of {one.words}, {words} than that of {other.words}?", answer, one, other)


def _fewer_or_more(one: Group, other: Group, draw: random.Random) -> Task:
    words = " or ".join(draw.sample(("more", "fewer"), 2))
    return about(f"Are the {one.words} {words} than the {other.words}?", more_or_fewer(one, other), one, other)


def _lower_number(one: Group, other: Group, draw: random.Random) -> Task:
    largest = draw.random() < 0.5
    number = (max if largest else min)(len(one.things), len(other.things))
    word = draw.choice(MORE if largest else FEWER[:2])  # nobody says "the less number"
    return about(f"Give the {word} number, that of {one.words} or that of {other.words}.", str(number), one, other)


def _by_how_many(one: Group, other: Group, draw: random.Random) -> Task:
    word, signed = _more_or_fewer(one, other, draw)
    return about(f"By how many are there {word} {one.words} than {other.words}?", str(max(0, signed)), one, other)


def _exactly_more(one: Group, other: Group, draw: random.Random) -> Task:
    word, signed = _more_or_fewer(one, other, draw)
    number = signed if signed > 0 and draw.random() < 0.8 else draw.choice((1, 1, 2))
    return about(f"Do you see exactly {number} {word} {one.words} than {other.words}?", yes(signed == number), one, other)


def _beside_number(one: Group, other: Group, draw: random.Random) -> Task:
    count, largest = len(one.things), draw.random() < 0.5
    number = max(0, count + draw.choice((-2, -1, 0) if largest else (0, 1, 2)))
    word = draw.choice(MORE if largest else FEWER)
    return about(f"Is the number of {one.words} {word} than {number}?", yes(count > number if largest else count < number), one)


def _both_numbers(one: Group, other: Group, draw: random.Random) -> Task:
    return about(f"Count the {one.words}, then count the {other.words}.", f"{len(one.things)} {len(other.things)}", one, other)


def _more_or_fewer(one: Group, other: Group, draw: random.Random) -> tuple[str, int]:
    """A direction, mostly the true one, and by how many there are more of `one` in it (below zero in the other)."""
    difference = len(one.things) - len(other.things)
    more = (difference > 0) == (draw.random() < 0.75)
    return ("more", difference) if more else ("fewer", -difference)


_Kind = Callable[[Group, Group, random.Random], Task]

_OF_THINGS: list[_Kind] = [_both_values, _both_values, _match_in_two, _match_in_two, _which_is_shared]

_OF_SETS: list[_Kind] = [
    _higher_or_lower,
    _higher_or_lower,
    _fewer_or_more,
    _lower_number,
    _by_how_many,
    _exactly_more,
    _beside_number,
    _both_numbers,
]
