"""CLEVR's functional programs: check one that nobody vouches for, execute it on a scene, and say whether its relations matter.

A program is a list of steps {"function": name, "inputs": indices of earlier steps, "value_inputs": words}; the last step gives the answer.
Sets of objects are bit masks: bit i stands for the scene's i-th object. Source of the functions: Johnson et al. 2017, figure 2.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from paliflow.clevr.vocabulary import ATTRIBUTES, RELATIONS, VALUES

Step = dict[str, Any]

MOST_STEPS = 100  # the longest program of the release has 26


class InvalidProgramError(ValueError):
    """The program is malformed, or has no answer on this scene because `unique` found no object or several."""


class ObjectSets:
    """What a program can ask of one scene graph, as bit masks; about 3 kB.

    Attributes:
        everything: the mask of all objects.
        having: for each attribute value the mask of the objects that have it.
        related: for each relation and each object the mask of the objects that stand in it ("left": those to the left of it).
        values: for each attribute the value of each object.
    """

    __slots__ = ("everything", "having", "related", "values")

    def __init__(self, scene: dict[str, Any]) -> None:
        objects = scene["objects"]
        self.everything = (1 << len(objects)) - 1
        self.having = {value: 0 for attribute in ATTRIBUTES for value in VALUES[attribute]}
        for index, thing in enumerate(objects):
            for attribute in ATTRIBUTES:
                self.having[thing[attribute]] |= 1 << index
        self.related = {name: tuple(_mask(row) for row in scene["relationships"][name]) for name in RELATIONS}
        self.values = {attribute: tuple(thing[attribute] for thing in objects) for attribute in ATTRIBUTES}


class Function(NamedTuple):
    """What a function takes (the types of its inputs, and the words of which it takes one), gives, and does."""

    inputs: tuple[str, ...]
    words: tuple[str, ...]
    output: str
    apply: Callable[[ObjectSets, list[Any], list[str]], Any]


def check(program: Any) -> None:
    """Accept a program that `execute` can run, whatever was handed in.

    Raises:
        InvalidProgramError: it is no list of steps, empty or of more than 100 steps; a step lacks a field, names a function or a word that
            CLEVR does not have, or has too few or too many inputs; an input is no earlier step (which forbids cycles) or gives another
            type; the last step gives no answer. The message names the step.
    """
    if not isinstance(program, list) or not program:
        raise InvalidProgramError("the program is no list of steps")
    if len(program) > MOST_STEPS:
        raise InvalidProgramError(f"the program has {len(program)} steps, more than {MOST_STEPS}")
    types: list[str] = []
    for number, step in enumerate(program):
        types.append(_check_step(step, types, f"step {number} of the program"))
    if types[-1] in ("objects", "object"):
        raise InvalidProgramError(f"the program ends in {program[-1]['function']}, which gives no answer")


def execute(program: list[Step], sets: ObjectSets) -> str:
    """The answer of a program that `check` accepts, in the release's words ("yes", "3", "rubber").

    Raises:
        InvalidProgramError: `unique` was given no object or several.
    """
    *earlier, last = program
    answer = FUNCTIONS[last["function"]].apply(sets, _inputs(last, _run(earlier, sets)), last["value_inputs"])
    return {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)


def kind(program: list[Step]) -> str:
    """The question's kind: the program's last function."""
    return program[-1]["function"]


def is_degenerate(program: list[Step], sets: ObjectSets) -> bool:
    """Whether a relation (`relate` or `same_*`) of the program could be left out: whether there is one that can be replaced by `scene`.

    Compared is what the last function is given, not what it makes of it. For `count`, `query_*` and `equal_<attribute>` this is the same
    as comparing the answers, since a relation gives a subset of the scene. For `exist` it is the set that it looks at, for the
    comparisons of integers the two numbers: the answers would forbid too much there. A set that is not empty lies in one that is not
    empty either, so that no `exist` with a relation could be answered "yes"; and a count that is not less than another does not become so
    without a relation. A replaced program without an answer counts as different.

    Raises:
        InvalidProgramError: the program itself has no answer on this scene.
    """
    given = _inputs(program[-1], _run(program[:-1], sets))
    for number, step in enumerate(program[:-1]):
        if step["function"] == "relate" or step["function"].startswith("same_"):
            replaced = [*program[:number], {"function": "scene", "inputs": [], "value_inputs": []}, *program[number + 1 : -1]]
            try:
                if _inputs(program[-1], _run(replaced, sets)) == given:
                    return True
            except InvalidProgramError:
                continue
    return False


def _run(steps: list[Step], sets: ObjectSets) -> list[Any]:
    """What each step gives."""
    values: list[Any] = []
    for step in steps:
        values.append(FUNCTIONS[step["function"]].apply(sets, _inputs(step, values), step["value_inputs"]))
    return values


def _inputs(step: Step, values: list[Any]) -> list[Any]:
    return [values[index] for index in step["inputs"]]


def _check_step(step: Any, types: list[str], place: str) -> str:
    """The type that a step gives, when the earlier ones give `types`."""
    if not isinstance(step, dict):
        raise InvalidProgramError(f"{place} is {_shown(step)}, no object with 'function', 'inputs' and 'value_inputs'")
    name, inputs, words = (step.get(field) for field in ("function", "inputs", "value_inputs"))
    if not isinstance(name, str) or name not in FUNCTIONS:
        raise InvalidProgramError(f"{place} has the function {_shown(name)}, which CLEVR does not have")
    function = FUNCTIONS[name]
    if not isinstance(inputs, list) or len(inputs) != len(function.inputs):
        raise InvalidProgramError(f"{place}, {name}, takes a list of {len(function.inputs)} inputs")
    for index, wanted in zip(inputs, function.inputs, strict=True):
        if type(index) is not int or not 0 <= index < len(types):
            raise InvalidProgramError(f"{place}, {name}, has the input {_shown(index)}, which is no earlier step")
        if types[index] != wanted:
            raise InvalidProgramError(f"{place}, {name}, takes {wanted} and is given {types[index]} by step {index}")
    if not isinstance(words, list) or len(words) != bool(function.words):
        raise InvalidProgramError(f"{place}, {name}, takes a list of {int(bool(function.words))} value_inputs")
    if words and (not isinstance(words[0], str) or words[0] not in function.words):
        raise InvalidProgramError(f"{place}, {name}, has the word {_shown(words[0])} and takes one of {', '.join(function.words)}")
    return function.output


def _shown(value: Any) -> str:
    """A few words on a value that may be anything: the value itself if it is short."""
    if isinstance(value, str):
        return repr(value if len(value) <= 30 else value[:27] + "...")
    if value is None or (isinstance(value, int) and abs(value) < 10**9):
        return repr(value)
    return f"of type {type(value).__name__}"


def _mask(indices: list[int]) -> int:
    mask = 0
    for index in indices:
        mask |= 1 << index
    return mask


def _unique(sets: ObjectSets, inputs: list[Any], words: list[str]) -> int:
    if inputs[0].bit_count() != 1:
        raise InvalidProgramError(f"unique was given {inputs[0].bit_count()} objects")
    return inputs[0].bit_length() - 1


def _attribute_functions(attribute: str) -> dict[str, Function]:
    def same(sets: ObjectSets, inputs: list[Any], words: list[str]) -> int:
        return sets.having[sets.values[attribute][inputs[0]]] & ~(1 << inputs[0])

    return {
        f"filter_{attribute}": Function(
            ("objects",), VALUES[attribute], "objects", lambda sets, inputs, words: inputs[0] & sets.having[words[0]]
        ),
        f"query_{attribute}": Function(("object",), (), attribute, lambda sets, inputs, words: sets.values[attribute][inputs[0]]),
        f"same_{attribute}": Function(("object",), (), "objects", same),
        f"equal_{attribute}": Function((attribute, attribute), (), "truth", lambda sets, inputs, words: inputs[0] == inputs[1]),
    }


# a set is a mask, an object its index; what only the last step gives is an answer's Python value
FUNCTIONS: dict[str, Function] = {
    "scene": Function((), (), "objects", lambda sets, inputs, words: sets.everything),
    "unique": Function(("objects",), (), "object", _unique),
    "relate": Function(("object",), RELATIONS, "objects", lambda sets, inputs, words: sets.related[words[0]][inputs[0]]),
    "union": Function(("objects", "objects"), (), "objects", lambda sets, inputs, words: inputs[0] | inputs[1]),
    "intersect": Function(("objects", "objects"), (), "objects", lambda sets, inputs, words: inputs[0] & inputs[1]),
    "count": Function(("objects",), (), "number", lambda sets, inputs, words: inputs[0].bit_count()),
    "exist": Function(("objects",), (), "truth", lambda sets, inputs, words: inputs[0] != 0),
    "equal_integer": Function(("number", "number"), (), "truth", lambda sets, inputs, words: inputs[0] == inputs[1]),
    "less_than": Function(("number", "number"), (), "truth", lambda sets, inputs, words: inputs[0] < inputs[1]),
    "greater_than": Function(("number", "number"), (), "truth", lambda sets, inputs, words: inputs[0] > inputs[1]),
}
for _attribute in ATTRIBUTES:
    FUNCTIONS |= _attribute_functions(_attribute)
