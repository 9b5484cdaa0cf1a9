"""Ask questions about scenes: each has a functional program, and as its answer what the program gives on the scene.

Seventeen families in nine groups, in wordings of our own. Answers are balanced as they are drawn: of several candidates the one stays
whose answer is the rarest of its family.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from paliflow.clevr import program
from paliflow.clevr.vocabulary import ATTRIBUTES, RELATIONS, VALUES
from paliflow.seeds import derive_seed

Scene = dict[str, Any]
Step = program.Step
Asked = tuple[str, list[Step]]  # the question's text and its program
Family = Callable[[Scene, random.Random], Asked | None]

CANDIDATES = 12  # drawn for each question asked
SYNONYMS = {"large": "big", "small": "tiny", "rubber": "matte", "metal": "shiny", "cube": "block", "sphere": "ball"}
SYNONYM_SHARE = 0.3
ROUNDS = 12  # through all groups, until a scene has its number of questions
PLACES = {"left": "left of", "right": "right of", "front": "in front of", "behind": "behind"}


def ask(scenes: list[Scene], questions_per_image: int, seed: int) -> Iterator[dict[str, Any]]:
    """Questions about every scene, in the release's fields.

    Args:
        scenes: scene graphs in the release's fields; the order in which they come has no influence on one another's candidates.
        questions_per_image: how many about each; fewer where a scene has no more that differ.
        seed: the source of all randomness.
    """
    answers: dict[int, Counter[str]] = defaultdict(Counter)
    number = 0
    for scene in sorted(scenes, key=lambda scene: scene["image_index"]):
        draw = random.Random(derive_seed(seed, "questions", scene["image_index"]))
        texts: set[str] = set()
        for family in _turns(draw):
            if len(texts) == questions_per_image:
                break
            chosen = _choose(family, scene, texts, answers[family], draw)
            if chosen is None:
                continue
            text, steps, answer = chosen
            texts.add(text)
            answers[family][answer] += 1
            yield {
                "question_index": number,
                "question": text,
                "answer": answer,
                "program": steps,
                "question_family_index": family,
                "image_index": scene["image_index"],
                "image_filename": scene["image_filename"],
                "split": scene["split"],
            }
            number += 1


def _turns(draw: random.Random) -> Iterator[int]:
    """Indices of families: in each round one of every group, in random order."""
    firsts = list(accumulate([len(group) for group in GROUPS[:-1]], initial=0))
    for _ in range(ROUNDS):
        for group in draw.sample(range(len(GROUPS)), len(GROUPS)):
            yield firsts[group] + draw.randrange(len(GROUPS[group]))


def _choose(family: int, scene: Scene, taken: set[str], answers: Counter[str], draw: random.Random) -> tuple[str, list[Step], str] | None:
    """Of several valid candidates of the family the one whose answer was given least so far; None if there is none."""
    candidates = []
    for _ in range(CANDIDATES):
        asked = FAMILIES[family](scene, draw)
        if asked is not None and asked[0] not in taken:
            candidates.append((*asked, program.execute(asked[1], program.ObjectSets(scene))))
    return min(candidates, key=lambda candidate: answers[candidate[2]], default=None)


def _exist(scene: Scene, draw: random.Random) -> Asked | None:
    wanted = _any_description(draw)
    return f"Is there {_a(_name(wanted, draw))} in the picture?", _then(_find(wanted), "exist")


def _count(scene: Scene, draw: random.Random) -> Asked | None:
    wanted = _any_description(draw)
    return f"How many {_name(wanted, draw, plural=True)} can be seen?", _then(_find(wanted), "count")


def _query(attribute: str) -> Family:
    def family(scene: Scene, draw: random.Random) -> Asked | None:
        wanted = _unique_description(scene, draw, without=attribute)
        if wanted is None:
            return None
        return f"What is the {attribute} of the {_name(wanted, draw)}?", _then(_find(wanted), "unique", f"query_{attribute}")

    return family


def _query_beside(attribute: str) -> Family:
    def family(scene: Scene, draw: random.Random) -> Asked | None:
        beside = _beside(scene, draw, without=attribute)
        if beside is None:
            return None
        steps, wanted, place = beside
        if len(_matching(scene, wanted)) == 1 or program.execute(_then(steps, "count"), program.ObjectSets(scene)) != "1":
            return None  # without the relation it would be the same question, or with it none
        text = f"What is the {attribute} of the {_name(wanted, draw)} that is {place}?"
        return text, _then(steps, "unique", f"query_{attribute}")

    return family


def _equal(attribute: str) -> Family:
    def family(scene: Scene, draw: random.Random) -> Asked | None:
        one, other = (_unique_description(scene, draw, without=attribute) for _ in range(2))
        if one is None or other is None or _matching(scene, one) == _matching(scene, other):
            return None
        asked = [_then(_find(wanted), "unique", f"query_{attribute}") for wanted in (one, other)]
        steps = _join(asked[0], asked[1], f"equal_{attribute}")
        return f"Do the {_name(one, draw)} and the {_name(other, draw)} have the same {attribute}?", steps

    return family


def _compare(function: str, text: str) -> Family:
    def family(scene: Scene, draw: random.Random) -> Asked | None:
        one, other = _any_description(draw), _any_description(draw)
        if one == other or not _matching(scene, one) + _matching(scene, other):
            return None
        steps = _join(_then(_find(one), "count"), _then(_find(other), "count"), function)
        return text.format(_name(one, draw, plural=True), _name(other, draw, plural=True)), steps

    return family


# nine groups that are asked equally often; within a group its families take turns by chance
GROUPS: list[list[Family]] = [
    [_exist],
    [_count],
    *[[_query(attribute)] for attribute in ATTRIBUTES],
    [_query_beside(attribute) for attribute in ATTRIBUTES],
    [_equal(attribute) for attribute in ATTRIBUTES],
    [
        _compare("equal_integer", "Are there just as many {} as {}?"),
        _compare("less_than", "Are there fewer {} than {}?"),
        _compare("greater_than", "Are there more {} than {}?"),
    ],
]
FAMILIES: list[Family] = [family for group in GROUPS for family in group]


def _step(function: str, *inputs: int, words: tuple[str, ...] = ()) -> Step:
    return {"function": function, "inputs": list(inputs), "value_inputs": list(words)}


def _then(steps: list[Step], *functions: str) -> list[Step]:
    """`steps`, and functions that each take what the step before gives."""
    for function in functions:
        steps = [*steps, _step(function, len(steps) - 1)]
    return steps


def _narrow(steps: list[Step], wanted: dict[str, str]) -> list[Step]:
    """`steps`, which end in a set of objects, and the filters of a description."""
    for name in ATTRIBUTES:
        if name in wanted:
            steps = [*steps, _step(f"filter_{name}", len(steps) - 1, words=(wanted[name],))]
    return steps


def _find(wanted: dict[str, str]) -> list[Step]:
    return _narrow([_step("scene")], wanted)


def _join(one: list[Step], other: list[Step], function: str) -> list[Step]:
    """Two programs side by side, and a function of both their results."""
    shifted = [step | {"inputs": [index + len(one) for index in step["inputs"]]} for step in other]
    return [*one, *shifted, _step(function, len(one) - 1, len(one) + len(other) - 1)]


def _matching(scene: Scene, wanted: dict[str, str]) -> list[int]:
    return [index for index, thing in enumerate(scene["objects"]) if all(thing[name] == value for name, value in wanted.items())]


def _any_description(draw: random.Random) -> dict[str, str]:
    """One or two attribute values, whether or not an object has them."""
    return {name: draw.choice(VALUES[name]) for name in draw.sample(ATTRIBUTES, draw.choice((1, 1, 2)))}


def _unique_description(scene: Scene, draw: random.Random, without: str | None = None) -> dict[str, str] | None:
    """Attribute values that exactly one object has, `without` left out; None if the drawn object cannot be told apart."""
    thing = draw.choice(scene["objects"])
    names = [name for name in ATTRIBUTES if name != without]
    for size in range(draw.randint(1, len(names)), len(names) + 1):
        wanted = {name: thing[name] for name in draw.sample(names, size)}
        if len(_matching(scene, wanted)) == 1:
            return wanted
    return None


def _beside(scene: Scene, draw: random.Random, without: str | None = None) -> tuple[list[Step], dict[str, str], str] | None:
    """Steps that find what fits a description in a relation to a unique object, the description, and the words for the place."""
    anchor = _unique_description(scene, draw)
    if anchor is None:
        return None
    names = [name for name in ATTRIBUTES if name != without]
    others = [thing for index, thing in enumerate(scene["objects"]) if index not in _matching(scene, anchor)]
    if not others:
        return None
    thing = draw.choice(others)
    wanted = {name: thing[name] for name in draw.sample(names, draw.choice((0, 1, 1, 2)))}
    relation = draw.choice(RELATIONS)
    steps = _then(_find(anchor), "unique")
    steps = _narrow([*steps, _step("relate", len(steps) - 1, words=(relation,))], wanted)
    return steps, wanted, f"{PLACES[relation]} the {_name(anchor, draw)}"


def _name(wanted: dict[str, str], draw: random.Random, plural: bool = False) -> str:
    words = [wanted[name] for name in ATTRIBUTES if name in wanted]
    if "shape" not in wanted:
        words.append(draw.choice(("thing", "object")))
    words = [SYNONYMS[word] if word in SYNONYMS and draw.random() < SYNONYM_SHARE else word for word in words]
    return " ".join(words) + ("s" if plural else "")


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
