"""Programs: genuine answers come out, malformed programs are refused, and an idle relation is noticed."""

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.clevr import program
from paliflow.clevr.program import FUNCTIONS, InvalidProgramError, ObjectSets
from paliflow.clevr.vocabulary import RELATIONS, VALUES

GENUINE = os.environ.get("PALIFLOW_CLEVR")
genuine = pytest.mark.skipif(not GENUINE, reason="PALIFLOW_CLEVR names no folder of the CLEVR release")

# from left to right and from the front to the back: a large red rubber cube, a small red metal cube, a small blue metal sphere
SCENE = {
    "objects": [
        {"size": "large", "color": "red", "material": "rubber", "shape": "cube"},
        {"size": "small", "color": "red", "material": "metal", "shape": "cube"},
        {"size": "small", "color": "blue", "material": "metal", "shape": "sphere"},
    ],
    "relationships": {
        "left": [[], [0], [0, 1]],
        "right": [[1, 2], [2], []],
        "front": [[], [0], [0, 1]],
        "behind": [[1, 2], [2], []],
    },
}
SETS = ObjectSets(SCENE)


def step(function: str, *inputs: int, words: tuple[str, ...] = ()) -> program.Step:
    return {"function": function, "inputs": list(inputs), "value_inputs": list(words)}


def chain(*functions: str) -> list[program.Step]:
    """Steps that each take the one before; `filter_color red` has the word `red`."""
    steps: list[program.Step] = []
    for text in functions:
        name, *words = text.split()
        steps.append(step(name, *([] if name == "scene" else [len(steps) - 1]), words=tuple(words)))
    return steps


SPHERE = chain("scene", "filter_shape sphere", "unique")
LARGE = chain("scene", "filter_size large", "unique")


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        (chain("scene", "count"), "3"),
        (chain("scene", "filter_color red", "count"), "2"),
        (chain("scene", "filter_color green", "exist"), "no"),
        (chain("scene", "filter_color red", "exist"), "yes"),
        ([*SPHERE, step("query_material", 2)], "metal"),
        ([*SPHERE, step("relate", 2, words=("left",)), step("count", 3)], "2"),
        ([*SPHERE, step("same_size", 2), step("unique", 3), step("query_color", 4)], "red"),
        ([*SPHERE, step("scene"), step("filter_color", 3, words=("red",)), step("union", 1, 4), step("count", 5)], "3"),
        ([*SPHERE, step("scene"), step("filter_color", 3, words=("red",)), step("intersect", 1, 4), step("count", 5)], "0"),
        (
            [*chain("scene", "count"), *chain("scene"), step("filter_color", 2, words=("red",)), step("count", 3), step("less_than", 1, 4)],
            "no",
        ),
    ],
)
def test_a_program_gives_its_answer(steps: list[program.Step], answer: str) -> None:
    program.check(steps)
    assert program.execute(steps, SETS) == answer


@pytest.mark.parametrize(("color", "found"), [("red", 2), ("green", 0)])
def test_unique_wants_exactly_one_object(color: str, found: int) -> None:
    steps = chain("scene", f"filter_color {color}", "unique", "query_size")
    with pytest.raises(InvalidProgramError, match=f"unique was given {found} objects"):
        program.execute(steps, SETS)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "no list of steps"),
        (None, "no list of steps"),
        ({"function": "scene"}, "no list of steps"),
        ([["scene"]], "step 0 of the program is of type list"),
        ([{"inputs": [], "value_inputs": []}], "step 0 .* function None"),
        ([step("filter_weight")], "step 0 .* function 'filter_weight'"),
        ([{"function": ["scene"], "inputs": [], "value_inputs": []}], "which CLEVR does not have"),
        ([*chain("scene"), step("count")], "step 1 .* takes a list of 1 inputs"),
        ([*chain("scene"), step("count", 0, 0)], "step 1 .* takes a list of 1 inputs"),
        ([*chain("scene"), step("count", 1)], "no earlier step"),
        ([*chain("scene"), step("count", 2), step("exist", 0)], "no earlier step"),
        ([*chain("scene"), step("count", -1)], "no earlier step"),
        ([*chain("scene"), step("count", False)], "no earlier step"),
        ([*chain("scene"), step("count", 0.0)], "no earlier step"),
        ([*chain("scene"), step("query_color", 0)], "takes object and is given objects"),
        ([*SPHERE, step("query_color", 2), step("query_size", 2), step("equal_color", 3, 4)], "takes color and is given size"),
        (chain("scene", "filter_color heavy", "count"), "word 'heavy'"),
        (chain("scene", "filter_color large", "count"), "word 'large'"),
        (chain("scene", "filter_color", "count"), "takes a list of 1 value_inputs"),
        ([*chain("scene"), {"function": "filter_color", "inputs": [0], "value_inputs": [["red"]]}], "has the word"),
        ([*SPHERE, step("relate", 2, words=("above",)), step("count", 3)], "word 'above'"),
        (chain("scene"), "ends in scene"),
        (SPHERE, "ends in unique"),
        (chain(*["scene"] * 200, "count"), "more than 100"),
    ],
)
def test_a_malformed_program_is_refused(steps: object, message: str) -> None:
    with pytest.raises(InvalidProgramError, match=message):
        program.check(steps)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from([*RELATIONS, *(value for values in VALUES.values() for value in values)])
near_steps = st.fixed_dictionaries(
    {
        "function": st.sampled_from(list(FUNCTIONS)) | json_values,
        "inputs": st.lists(st.integers(-1, 6) | json_values, max_size=2) | json_values,
        "value_inputs": st.lists(words | json_values, max_size=2) | json_values,
    }
)


@given(json_values | st.lists(near_steps | json_values, max_size=8))
def test_whatever_is_handed_in_is_refused_in_one_way_or_can_be_run(steps: object) -> None:
    try:
        program.check(steps)
        program.execute(steps, SETS)
        program.is_degenerate(steps, SETS)
    except InvalidProgramError as error:
        assert len(str(error)) < 200


@st.composite
def typed_programs(draw: st.DrawFn) -> list[program.Step]:
    """Programs whose every step fits those before it."""
    steps: list[program.Step] = [step("scene")]
    types = ["objects"]
    for _ in range(draw(st.integers(0, 15))):
        fitting = [name for name, function in FUNCTIONS.items() if set(function.inputs) <= set(types)]
        name = draw(st.sampled_from(fitting))
        function = FUNCTIONS[name]
        inputs = [draw(st.sampled_from([i for i, there in enumerate(types) if there == wanted])) for wanted in function.inputs]
        steps.append(step(name, *inputs, words=(draw(st.sampled_from(function.words)),) if function.words else ()))
        types.append(function.output)
    return [*steps, step("count", 0)]


@given(typed_programs())
def test_a_program_whose_types_fit_is_accepted(steps: list[program.Step]) -> None:
    program.check(steps)


def test_a_deeply_nested_program_is_refused() -> None:
    nested: object = []
    for _ in range(sys.getrecursionlimit() * 2):
        nested = [nested]
    with pytest.raises(InvalidProgramError):
        program.check(nested)


@pytest.mark.parametrize(
    ("steps", "idle"),
    [
        ([*LARGE, step("relate", 2, words=("right",)), step("count", 3)], False),
        ([*LARGE, step("relate", 2, words=("right",)), step("filter_shape", 3, words=("sphere",)), step("count", 4)], True),
        ([*LARGE, step("relate", 2, words=("right",)), step("filter_shape", 3, words=("sphere",)), step("exist", 4)], True),
        ([*LARGE, step("relate", 2, words=("right",)), step("filter_shape", 3, words=("cube",)), step("exist", 4)], False),
        ([*LARGE, step("relate", 2, words=("left",)), step("filter_shape", 3, words=("cube",)), step("exist", 4)], False),
        ([*LARGE, step("relate", 2, words=("left",)), step("filter_color", 3, words=("green",)), step("exist", 4)], True),
        ([*SPHERE, step("same_size", 2), step("filter_color", 3, words=("red",)), step("count", 4)], False),
        ([*SPHERE, step("same_size", 2), step("filter_material", 3, words=("rubber",)), step("exist", 4)], False),
        ([*SPHERE, step("same_size", 2), step("filter_shape", 3, words=("cylinder",)), step("exist", 4)], True),
        (
            # one red thing right of the large one, three things: fewer, and with the relation left out too, but of other numbers
            [
                *LARGE,
                step("relate", 2, words=("right",)),
                *(step("filter_color", 3, words=("red",)), step("count", 4), step("count", 0), step("less_than", 5, 6)),
            ],
            False,
        ),
    ],
)
def test_a_relation_that_changes_nothing_is_noticed(steps: list[program.Step], idle: bool) -> None:
    program.check(steps)
    assert program.is_degenerate(steps, SETS) is idle


def test_the_kind_is_the_last_function() -> None:
    assert program.kind(chain("scene", "filter_size large", "exist")) == "exist"


def test_the_sets_of_a_full_scene_are_small() -> None:
    thing = {"size": "large", "color": "red", "material": "rubber", "shape": "cube"}
    rows = [[j for j in range(10) if j != i] for i in range(10)]
    sets = ObjectSets({"objects": [thing] * 10, "relationships": {name: rows for name in RELATIONS}})
    held = sum(sys.getsizeof(getattr(sets, name)) for name in sets.__slots__)
    held += sum(sys.getsizeof(row) + sum(map(sys.getsizeof, row)) for row in sets.related.values())
    held += sum(sys.getsizeof(row) for row in sets.values.values())
    assert held < 5_000  # bytes


@genuine
def test_genuine_answers_come_out_of_genuine_programs() -> None:
    scenes = json.loads((Path(GENUINE) / "scenes" / "CLEVR_train_scenes.json").read_text())["scenes"]
    sets = {graph["image_filename"]: ObjectSets(graph) for graph in scenes}
    for question in json.loads((Path(GENUINE) / "questions" / "CLEVR_train_questions.json").read_text())["questions"]:
        program.check(question["program"])
        assert program.execute(question["program"], sets[question["image_filename"]]) == question["answer"], question["question"]
