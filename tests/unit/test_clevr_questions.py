"""Questions: valid, different, balanced, in CLEVR's proportions and shapes, and the same however they are asked."""

import json
import os
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from clevr_scenes import random_scene, random_scenes
from hypothesis import given, settings
from hypothesis import strategies as st

from paliflow.clevr import program, questions
from paliflow.clevr.families import FAMILIES, SHARES
from paliflow.clevr.phrases import Phrase, Relation, describe
from paliflow.clevr.program import ObjectSets
from paliflow.clevr.vocabulary import VALUES
from paliflow.clevr.wording import say

GENUINE = os.environ.get("PALIFLOW_CLEVR")

SCENES = random_scenes(400, 3, 10)
SETS = {scene["image_filename"]: ObjectSets(scene) for scene in SCENES}
NUMBER_OF_ANSWERS = {kind: len(VALUES[kind.removeprefix("query_")]) for kind in SHARES if kind.startswith("query_")}


@pytest.fixture(scope="module")
def asked() -> list[dict]:
    return list(questions.ask(SCENES, 10, seed=3))


@pytest.fixture(scope="module", params=["3 to 10 objects", "3 to 6 objects"])
def of_either_size(request: pytest.FixtureRequest, asked: list[dict]) -> list[dict]:
    return asked if request.param == "3 to 10 objects" else list(questions.ask(random_scenes(400), 10, seed=2))


def kind_of(question: dict) -> str:
    return program.kind(question["program"])


def source_of(steps: list[dict], number: int) -> tuple[list[str], int]:
    """The attributes that the filters before a step name, and the first step before them that is no filter."""
    filters = []
    while steps[number]["function"].startswith("filter_"):
        filters.append(steps[number]["function"].removeprefix("filter_"))
        number = steps[number]["inputs"][0]
    return filters, number


def collapsed(steps: list[dict], number: int = -1) -> str:
    """A program without its filters and words, as one expression."""
    number = source_of(steps, number)[1]
    inputs = ",".join(collapsed(steps, index) for index in steps[number]["inputs"])
    return steps[number]["function"] + (f"({inputs})" if inputs else "")


def test_every_answer_is_what_its_program_gives(asked: list[dict]) -> None:
    for question in asked:
        program.check(question["program"])
        assert program.execute(question["program"], SETS[question["image_filename"]]) == question["answer"], question["question"]


def test_no_relation_is_idle(asked: list[dict]) -> None:
    assert [
        question["question"] for question in asked if program.is_degenerate(question["program"], SETS[question["image_filename"]])
    ] == []


@given(st.integers(0, 10**6), st.integers(1, 14), st.sampled_from([{}, {"color": "red"}, {"shape": "cube", "size": "small"}]))
@settings(deadline=None, max_examples=40)
def test_questions_are_valid_and_different_whatever_the_scene(number: int, objects: int, look: dict[str, str]) -> None:
    scene = random_scene(number, objects, objects, look)
    sets = ObjectSets(scene)
    found = list(questions.ask([scene], 30, seed=number))
    texts = [question["question"] for question in found]
    programs = [json.dumps(question["program"]) for question in found]
    assert len(set(texts)) == len(texts) and len(set(programs)) == len(programs)
    for question in found:
        assert program.execute(question["program"], sets) == question["answer"]
        assert not program.is_degenerate(question["program"], sets)


def test_every_scene_gets_its_number_of_different_questions(asked: list[dict]) -> None:
    texts = defaultdict(set)
    for question in asked:
        texts[question["image_filename"]].add(question["question"])
    assert {len(found) for found in texts.values()} == {10}


def test_a_scene_with_little_to_ask_gets_fewer_questions_and_one_without_objects_none() -> None:
    plain = {name: values[0] for name, values in VALUES.items()}
    scenes = [random_scene(0, 3, 3, plain), random_scene(1, 1, 1), random_scene(2, 0, 0)]
    counts = Counter(question["image_index"] for question in questions.ask(scenes, 2000, seed=1))
    assert 0 < counts[0] < 2000 and 0 < counts[1] < 2000 and counts[2] == 0


def test_every_family_is_asked_in_at_least_eighty() -> None:
    families = {question["question_family_index"] for question in questions.ask(SCENES[:100], 10, seed=1)}
    assert families == set(range(len(FAMILIES))) and len(FAMILIES) >= 80


def test_kinds_come_in_the_proportions_of_clevr(of_either_size: list[dict]) -> None:
    counts = Counter(map(kind_of, of_either_size))
    shares = {kind: share / 1000 for kind, share in SHARES.items()}
    assert {kind: counts[kind] / counts.total() for kind in SHARES} == pytest.approx(shares, abs=0.002)


def test_the_most_frequent_answer_of_a_family_is_little_better_than_chance(of_either_size: list[dict]) -> None:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for question in of_either_size:
        counts[question["question_family_index"]][question["answer"]] += 1
    for family, answers in counts.items():
        kind = FAMILIES[family].kind
        most = 0.6 if kind == "count" else {8: 0.2, 3: 0.39, 2: 0.55}[NUMBER_OF_ANSWERS.get(kind, 2)]
        assert max(answers.values()) / answers.total() <= most, FAMILIES[family]


def test_the_number_of_words_does_not_tell_whether_something_exists(asked: list[dict]) -> None:
    answers: dict[int, Counter[str]] = defaultdict(Counter)
    for question in asked:
        if kind_of(question) == "exist":
            filters, _ = source_of(question["program"], len(question["program"]) - 2)
            answers[len(filters)][question["answer"]] += 1
    assert all(abs(found["yes"] / found.total() - 0.5) < 0.12 for found in answers.values() if found.total() > 50)


def test_counts_are_not_all_small(asked: list[dict]) -> None:
    counts = Counter(question["answer"] for question in asked if kind_of(question) == "count")
    assert counts["0"] / counts.total() < 0.25 and sum(counts[str(number)] for number in range(3, 10)) / counts.total() > 0.3


def test_the_families_of_a_kind_are_asked_equally_often(asked: list[dict]) -> None:
    counts = Counter(question["question_family_index"] for question in asked)
    for kind in SHARES:
        numbers = [counts[index] for index, family in enumerate(FAMILIES) if family.kind == kind]
        assert max(numbers) - min(numbers) <= 4, kind


def test_an_asked_attribute_is_not_given_away(asked: list[dict]) -> None:
    """Neither by a filter of the queried object, nor by being what it has in common with a named one, nor by an object named on the way."""
    for question in asked:
        steps, kind = question["program"], kind_of(question)
        if kind.startswith("query_"):
            filters, source = source_of(steps, steps[steps[-1]["inputs"][0]]["inputs"][0])
            asked_for = kind.removeprefix("query_")
            assert asked_for not in filters, question["question"]
            assert steps[source]["function"] != f"same_{asked_for}", question["question"]
        if kind.startswith("equal_") and kind != "equal_integer":
            functions = [step["function"] for step in steps]
            assert f"filter_{kind.removeprefix('equal_')}" not in functions, question["question"]


def test_what_is_the_same_is_not_said_again(asked: list[dict]) -> None:
    for question in asked:
        for step in question["program"]:
            if step["function"].startswith("same_"):
                assert f"filter_{step['function'].removeprefix('same_')}" not in {other["function"] for other in question["program"]}


def test_no_object_of_a_chain_comes_twice(asked: list[dict]) -> None:
    for question in asked:
        if FAMILIES[question["question_family_index"]].group in ("two_hop", "three_hop"):
            steps = question["program"]
            values = program._run(steps[:-1], SETS[question["image_filename"]])
            objects = [value for step, value in zip(steps, values, strict=False) if step["function"] == "unique"]
            assert len(set(objects)) == len(objects), question["question"]


def test_integers_are_compared_between_different_sets_and_not_both_nothing(asked: list[dict]) -> None:
    for question in asked:
        if kind_of(question) in ("equal_integer", "less_than", "greater_than"):
            steps = question["program"]
            sides = steps[-1]["inputs"]
            values = program._run(steps[:-1], SETS[question["image_filename"]])
            assert any(values[index] for index in sides), question["question"]
            first, second = steps[: sides[0] + 1], steps[sides[0] + 1 : sides[1] + 1]
            shifted = [step | {"inputs": [index - len(first) for index in step["inputs"]]} for step in second]
            assert first != shifted, question["question"]


def test_a_union_is_not_of_two_opposites(asked: list[dict]) -> None:
    """Nor of a set and a part of it: small cubes and large cubes are all cubes."""
    for question in asked:
        if FAMILIES[question["question_family_index"]].group == "single_or" and "relate" not in str(question["program"]):
            words = [Counter[str](), Counter[str]()]
            side = -1
            for step in question["program"]:
                side += step["function"] == "scene"
                words[side].update(step["value_inputs"])
            apart = [set(words[0] - words[1]), set(words[1] - words[0])]
            assert all(apart) and set().union(*apart) not in ({"small", "large"}, {"rubber", "metal"}), question["question"]


def test_of_two_sides_the_one_with_a_place_is_said_first() -> None:
    red, blue, cube = (describe(values) for values in ({"color": "red"}, {"color": "blue"}, {"shape": "cube"}))
    plain, placed = Phrase(red), Phrase(blue, Relation("left", Phrase(cube)))
    for family in (family for family in FAMILIES if family.group == "single_or" and sum(family.hops) == 1):
        for phrases in ((plain, placed), (placed, plain)):
            text = say(family, phrases, random.Random(len(family.hops)))
            assert text.index("blue") < text.index("left of") < text.index("red"), text


def test_the_order_of_the_scenes_does_not_matter(asked: list[dict]) -> None:
    shuffled = random.Random(1).sample(SCENES, len(SCENES))
    assert list(questions.ask(shuffled, 10, seed=3)) == asked


def test_the_number_of_processes_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "BLOCK", 20)
    alone = list(questions.ask(SCENES[:60], 5, seed=3, processes=1))
    assert list(questions.ask(SCENES[:60], 5, seed=3, processes=2)) == alone
    assert [question["question_index"] for question in alone] == list(range(300))


def test_another_seed_asks_other_questions(asked: list[dict]) -> None:
    other = {question["question"] for question in questions.ask(SCENES[:50], 10, seed=4)}
    assert len(other & {question["question"] for question in asked}) < len(other) / 4


def test_records_have_the_fields_of_the_release(asked: list[dict]) -> None:
    names = "image_index program question_index image_filename question_family_index split answer question"
    assert set(asked[0]) == set(names.split())
    assert {tuple(sorted(step)) for question in asked for step in question["program"]} == {("function", "inputs", "value_inputs")}


def test_sentences_are_well_formed(asked: list[dict]) -> None:
    faulty = re.compile(r"  |[{}()|\[\]]| [?,;:]|\ba [aeiou]|\ban [^aeiou]|\b(\w+) \1\b")
    for question in asked:
        text = question["question"]
        assert text[0].isupper() and text.endswith("?") and not faulty.search(text), text


def test_wordings_vary_within_a_family(asked: list[dict]) -> None:
    openings = defaultdict(set)
    for question in asked:
        openings[question["question_family_index"]].add(" ".join(question["question"].split()[:2]))
    assert min(len(found) for found in openings.values()) >= 2


@pytest.mark.skipif(not GENUINE, reason="PALIFLOW_CLEVR names no folder of the CLEVR release")
def test_every_genuine_shape_of_program_is_asked(asked: list[dict]) -> None:
    genuine = json.loads((Path(GENUINE) / "questions" / "CLEVR_train_questions.json").read_text())["questions"]
    assert {collapsed(question["program"]) for question in genuine} <= {collapsed(question["program"]) for question in asked}
