"""The base's whole sentences: read by a grammar of their own, each answer is true of its scene."""

import random
import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.clevr import wording, wording_kinds
from paliflow.vlm import comparisons, grounding, naming, sentences
from paliflow.vlm.general_questions import ask_generally
from paliflow.vlm.lessons import LESSONS

SIZE = 96
ATTRIBUTES = grounding.ATTRIBUTES
MORE = ("more", "higher", "larger", "greater")
SLOTS = {"a": "an? .+", "the": "the .+", "that": ".*", "attribute": r"\w+"}  # by the first word of their names
WORDINGS = [
    "".join(SLOTS.get(piece.split()[0], ".+") if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    for texts in wording._VARIANTS.values()
    for variants in texts
    for pieces in variants
]
NEVER_CLEVRS = re.compile(r"\b(different|visible|leftmost|rightmost|nearest|farthest)\b")
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
    if (compared := truth_of_two(sentence)) is not None:
        return compared
    found = re.fullmatch(r"Without the (.*), how many things are left over\?", sentence)
    assert found is not None, sentence
    return str(len(THINGS) - len(some(found[1])))


def truth_of_two(sentence: str) -> str | None:
    """What a sentence wants to know that sets two things or two sets side by side; None for one that does not."""
    if found := re.fullmatch(r"Give the (\w+) of (the .*) and that of (the .*)\.", sentence):
        return f"{one_of(found[2])[found[1]]} {one_of(found[3])[found[1]]}"
    if found := re.fullmatch(r"Do (the .*) and (the .*) match in (both )?(\w+) (and|or in|but not in) (\w+)\?", sentence):
        one, other = one_of(found[1]), one_of(found[2])
        first, second = (one[name] == other[name] for name in (found[4], found[6]))
        assert (found[3] is not None) == (found[5] == "and")
        true = {"and": first and second, "or in": first or second, "but not in": first and not second}[found[5]]
        return "yes" if true else "no"
    if found := re.fullmatch(r"Of (\w+) and (\w+), which do (the .*) and (the .*) share\?", sentence):
        one, other = one_of(found[3]), one_of(found[4])
        shared = [name for name in found.groups()[:2] if one[name] == other[name]]
        return {0: "none", 1: "".join(shared), 2: "both"}[len(shared)]
    if found := re.fullmatch(r"Give the (\w+) number, that of (.*) or that of (.*)\.", sentence):
        return str((max if found[1] in MORE else min)(len(some(found[2])), len(some(found[3]))))
    if found := re.fullmatch(r"By how many are there (more|fewer) (.*) than (.*)\?", sentence):
        difference = len(some(found[2])) - len(some(found[3]))
        return str(max(0, difference if found[1] == "more" else -difference))
    if found := re.fullmatch(r"Do you see exactly (\d+) (more|fewer) (.*) than (.*)\?", sentence):
        difference = len(some(found[3])) - len(some(found[4]))
        assert int(found[1]) > 0
        return "yes" if (difference if found[2] == "more" else -difference) == int(found[1]) else "no"
    if found := re.fullmatch(r"Is the number of (.*) (\w+) than (\d+)\?", sentence):
        count, number = len(some(found[1])), int(found[3])
        return "yes" if (count > number if found[2] in MORE else count < number) else "no"
    asks = (
        r"Which is the number of (.*), (\w+) or (\w+) than that of (.*)\?",
        r"Are the (.*) (fewer|more) or (fewer|more) than the (.*)\?",
    )
    found = next(filter(None, (re.fullmatch(ask, sentence) for ask in asks)), None)
    if found is None:
        return None
    more, fewer = sorted(found.groups()[1:3], key=lambda word: word not in MORE)
    assert more in MORE and fewer not in MORE
    difference = len(some(found[1])) - len(some(found[4]))
    return more if difference > 0 else fewer if difference < 0 else "equal"


ASKS = (sentences.ask_in_sentence, sentences.ask_in_chains, comparisons.ask_to_compare)


@pytest.mark.parametrize("ask", ASKS)
@given(seed=st.integers(0, 10**6))
def test_every_answer_is_true(ask: Callable[..., grounding.Task], seed: int) -> None:
    task = ask(SCENE, VALUES, SIZE, random.Random(seed))
    assert task.suffix == truth(task.prefix)


@pytest.mark.parametrize("ask", ASKS[1:])
@given(seed=st.integers(0, 10**6))
def test_a_sentence_knows_which_things_it_means(ask: Callable[..., grounding.Task], seed: int) -> None:
    task = ask(SCENE, VALUES, SIZE, random.Random(seed))
    if found := re.fullmatch(r"Do (the .*) and (the .*) (?:differ in \w+|match in .*)\?", task.prefix):
        assert (task.asked, task.compared) == ([one_of(found[1])], [one_of(found[2])])
    two_sets = r"(?:Count the (.*)(?:, then count| beside) the (.*)\.|By how many are there (?:more|fewer) (.*) than (.*)\?)"
    if found := re.fullmatch(two_sets, task.prefix):
        assert [some(text) for text in found.groups() if text] == [task.asked, task.compared]
    assert len(task.passed) == len(re.findall(rf"\b(?:same \w+ as|{STANDS}) the\b", task.prefix))


def test_no_sentence_has_the_wording_of_a_family_of_clevrs() -> None:
    draw = random.Random(8)
    asks = (*ASKS, lambda scene, values, size, draw: ask_generally(scene, values, draw))
    asked = {ask(SCENE, VALUES, SIZE, draw)[0] for ask in asks for _ in range(700)}
    assert [sentence for sentence in sorted(asked) if asks_as_clevr(sentence)] == []


@pytest.mark.parametrize(
    "question",
    [
        "Do the red cube and the blue cylinder have the same color?",
        "Is the number of big cubes less than the number of things?",
        "How many balls are behind the thing that has the same size as the cube?",
        "Can you see fewer balls than blocks?",
        "Does counting the balls give a lower number than counting the cubes?",
    ],
)
def test_the_wording_of_a_family_of_clevrs_would_be_found(question: str) -> None:
    assert asks_as_clevr(question)


def asks_as_clevr(sentence: str) -> bool:
    """Whether a sentence has a wording of CLEVR's own or of the study's, whatever it names things by."""
    if any(re.fullmatch(form, sentence, re.IGNORECASE) for form in WORDINGS):
        return True
    near = re.sub(r"(that ha(s|ve) the|of the|with the) same \w+ as", "near", sentence)  # a name, not what is asked
    return wording_kinds.recognise(near) is not None and not NEVER_CLEVRS.search(near)


def test_chains_are_up_to_three_relations_long_and_every_relation_is_needed() -> None:
    draw = random.Random(3)
    lengths = Counter()
    for _ in range(600):
        words, _, passed = naming.name_one(SCENE, draw, naming.CHAINED)
        lengths[len(passed)] += 1
        if passed:
            looks = re.match(rf"the (?:other )?(?:\w+ )*?(?:{NOUN})\b", words)
            assert len(some(looks[0].replace("other ", ""))) > 1
    assert set(lengths) == {0, 1, 2, 3}


@pytest.mark.parametrize(("lesson", "share"), [("worded", 0.60), ("chained", 0.65), ("compared", 0.58 + 0.14)])
def test_most_of_the_last_lessons_is_sentences(lesson: str, share: float) -> None:
    """As the model card says."""
    draw = random.Random(4)
    asked = [grounding.sample_from(LESSONS[lesson], SCENE, VALUES, SIZE, draw)[0] for _ in range(800)]
    assert sum(text[0].isupper() for text in asked) / len(asked) == pytest.approx(share, abs=0.06)
