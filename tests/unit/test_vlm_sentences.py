"""The base's whole sentences: read by a grammar of their own, each answer is true of its scene."""

import random
import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.clevr import wording_kinds
from paliflow.vlm import grounding, sentences
from paliflow.vlm.general_questions import ask_generally
from paliflow.vlm.lessons import LESSONS

SIZE = 96
ATTRIBUTES = grounding.ATTRIBUTES
CANONICAL = {"big": "large", "tiny": "small", "matte": "rubber", "shiny": "metal", "metallic": "metal", "block": "cube", "ball": "sphere"}
NOUN = "cubes?|blocks?|spheres?|balls?|cylinders?|things?|objects?"
WHERE = {
    "left of": "left",
    "to the left of": "left",
    "on the left side of": "left",
    "right of": "right",
    "to the right of": "right",
    "on the right side of": "right",
    "in front of": "front",
    "behind": "behind",
}
STANDS = "|".join(sorted(WHERE, key=len, reverse=True))
LOOKS = [
    ("small", "metal", "red", "cube"),
    ("small", "metal", "red", "sphere"),
    ("large", "rubber", "red", "cube"),
    ("large", "metal", "blue", "cylinder"),
    ("small", "metal", "blue", "sphere"),
]
THINGS = [
    dict(zip(("size", "material", "color", "shape"), looks, strict=True)) | {"pixel_coords": [10.0 + 18 * place, 80.0 - 15 * place, 9.0]}
    for place, looks in enumerate(LOOKS)
]
COUNT = range(len(THINGS))
SCENE = {
    "objects": THINGS,
    "relationships": {
        "left": [[other for other in COUNT if other < each] for each in COUNT],
        "right": [[other for other in COUNT if other > each] for each in COUNT],
        "front": [[other for other in COUNT if other < each] for each in COUNT],
        "behind": [[other for other in COUNT if other > each] for each in COUNT],
    },
}
VALUES = grounding.attribute_values([SCENE])


def some(text: str) -> list[dict]:
    """The things that words stand for."""
    found = re.match(rf"(?:the )?(?:other )?((?:\w+ )*?)({NOUN})\b(.*)$", text)
    assert found is not None, text
    looks, noun, rest = found.groups()
    noun = noun.removesuffix("s")
    wanted = [CANONICAL.get(word, word) for word in looks.split()]
    wanted += [] if noun in ("thing", "object") else [CANONICAL.get(noun, noun)]
    return [each for each in beside(rest) if all(word in each.values() for word in wanted)]


def beside(rest: str) -> list[dict]:
    """The things of which the words after a noun are true."""
    if not rest:
        return THINGS
    if found := re.fullmatch(r" that are either (.*) or (.*)", rest):
        one, other = (some(part) for part in found.groups())
        return [each for each in THINGS if each in one or each in other]
    if found := re.fullmatch(rf"(.*) and ((?:{STANDS}) the .*)", rest):
        one, other = beside(found[1]), beside(f" {found[2]}")
        return [each for each in one if each in other]
    if found := re.match(rf" (?:that (?:is|are) )?({STANDS}) (the .*)", rest):
        index = THINGS.index(one_of(found[2]))
        return [THINGS[other] for other in SCENE["relationships"][WHERE[found[1]]][index]]
    found = re.fullmatch(r" (?:that ha(?:s|ve) the|of the|with the) same (\w+) as (the .*)", rest)
    assert found is not None, rest
    anchor = one_of(found[2])
    return [each for each in THINGS if each is not anchor and each[found[1]] == anchor[found[1]]]


def one_of(text: str) -> dict:
    found = some(text)
    assert len(found) == 1, text
    return found[0]


def truth(sentence: str) -> str:
    """What a sentence wants to know."""
    if found := re.fullmatch(r"(?:Say all about (.*)\.|What can be said of (.*)\?|Look at (.*): describe it\.)", sentence):
        return " ".join(one_of(next(filter(None, found.groups())))[name] for name in ATTRIBUTES)
    if found := re.fullmatch(r"(?:Give both the|Of what) (\w+) and (?:the|what) (\w+) (?:of|is) (the .*)[.?]", sentence):
        return " ".join(one_of(found[3])[found[place]] for place in (1, 2))
    if found := re.fullmatch(r"(?:Where is|Find) (.*)[.?]", sentence):
        return grounding.location(one_of(found[1]), SIZE)
    if found := re.fullmatch(r"(?:Tell the (.*) from left to right\.|Which are the (.*)\?)", sentence):
        return " ; ".join(f"{each['color']} {each['shape']}" for each in some(found[1] or found[2])) or "none"
    if found := re.fullmatch(r"What do (the .*) and (the .*) have in common\?", sentence):
        one, other = one_of(found[1]), one_of(found[2])
        assert one is not other
        return " ; ".join(name for name in ATTRIBUTES if one[name] == other[name]) or "nothing"
    if found := re.fullmatch(r"Is (\w+) the (\w+) of all (.*)\?", sentence):
        return "yes" if all(each[found[2]] == found[1] for each in some(found[3])) else "no"
    if found := re.fullmatch(r"Do you see no more than (\d+) (.*)\?", sentence):
        return "yes" if len(some(found[2])) <= int(found[1]) else "no"
    if found := re.fullmatch(r"Do you see at least (\d+) (.*)\?", sentence):
        assert int(found[1]) > 1
        return "yes" if len(some(found[2])) >= int(found[1]) else "no"
    if found := re.fullmatch(r"In how many ways do the (.*) differ in (\w+)\?", sentence):
        return str(len({each[found[2]] for each in some(found[1])}))
    if found := re.fullmatch(r"Do (the .*) and (the .*) differ in (\w+)\?", sentence):
        return "yes" if one_of(found[1])[found[3]] != one_of(found[2])[found[3]] else "no"
    if found := re.fullmatch(r"Count the (.*), then count the (.*)\.", sentence):
        return f"{len(some(found[1]))} {len(some(found[2]))}"
    if found := re.fullmatch(r"(?:Are the (.*) more or fewer than the (.*)\?|Count the (.*) beside the (.*)\.)", sentence):
        one, other = (len(some(text)) for text in found.groups() if text)
        return "equal" if one == other else "more" if one > other else "fewer"
    if found := re.fullmatch(r"Are the (.*) more or fewer than half of the scene\?", sentence):
        double = 2 * len(some(found[1]))
        return "more" if double > len(THINGS) else "fewer" if double < len(THINGS) else "equal"
    found = re.fullmatch(r"Without the (.*), how many things are left over\?", sentence)
    assert found is not None, sentence
    return str(len(THINGS) - len(some(found[1])))


@pytest.mark.parametrize("ask", [sentences.ask_in_sentence, sentences.ask_in_chains])
@given(seed=st.integers(0, 10**6))
def test_every_answer_is_true(ask: Callable[..., grounding.Task], seed: int) -> None:
    task = ask(SCENE, VALUES, SIZE, random.Random(seed))
    assert task.suffix == truth(task.prefix)


@given(st.integers(0, 10**6))
def test_a_sentence_knows_which_things_it_means(seed: int) -> None:
    task = sentences.ask_in_chains(SCENE, VALUES, SIZE, random.Random(seed))
    if found := re.fullmatch(r"Do (the .*) and (the .*) differ in \w+\?", task.prefix):
        assert (task.asked, task.compared) == ([one_of(found[1])], [one_of(found[2])])
    if found := re.fullmatch(r"Count the (.*)(?:, then count| beside) the (.*)\.", task.prefix):
        assert [some(text) for text in found.groups()] == [task.asked, task.compared]
    assert len(task.passed) == len(re.findall(rf"\b(?:same \w+ as|{STANDS}) the\b", task.prefix))


def test_no_sentence_has_the_wording_of_a_family_of_clevrs() -> None:
    draw = random.Random(8)
    asks = (sentences.ask_in_sentence, sentences.ask_in_chains, lambda scene, values, size, draw: ask_generally(scene, values, draw))
    asked = {ask(SCENE, VALUES, SIZE, draw)[0] for ask in asks for _ in range(700)}
    assert [sentence for sentence in sorted(asked) if wording_kinds.recognise(sentence) is not None] == []
    assert wording_kinds.recognise("Do the red cube and the blue cylinder have the same color?") is not None


def test_chains_are_up_to_three_relations_long_and_every_relation_is_needed() -> None:
    draw = random.Random(3)
    lengths = Counter()
    for _ in range(600):
        words, _, passed = sentences._one(SCENE, draw, sentences.CHAINED)
        lengths[len(passed)] += 1
        if passed:
            looks = re.match(rf"the (?:other )?(?:\w+ )*?(?:{NOUN})\b", words)
            assert len(some(looks[0].replace("other ", ""))) > 1
    assert set(lengths) == {0, 1, 2, 3}


def test_most_of_the_lesson_in_words_is_sentences() -> None:
    draw = random.Random(4)
    asked = [grounding.sample_from(LESSONS["worded"], SCENE, VALUES, SIZE, draw)[0] for _ in range(400)]
    assert 0.5 < sum(text[0].isupper() for text in asked) / len(asked) < 0.75
