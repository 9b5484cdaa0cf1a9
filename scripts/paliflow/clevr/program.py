"""Execute a CLEVR functional program on a scene graph (functions after Johnson et al. 2017, figure 2)."""

from typing import Any

from paliflow.clevr.vocabulary import ATTRIBUTES

Step = dict[str, Any]  # {"function": name, "inputs": indices of earlier steps, "value_inputs": words}
Value = list[int] | int | bool | str


class InvalidProgramError(ValueError):
    """The program has no answer on this scene: `unique` found no object or several, or a function is unknown."""


def execute(program: list[Step], scene: dict[str, Any]) -> str:
    """The answer, in the release's words ("yes", "3", "rubber"), of the program's last function.

    Raises:
        InvalidProgramError: see the class.
    """
    values: list[Value] = []
    for step in program:
        values.append(_apply(step["function"], [values[index] for index in step["inputs"]], step["value_inputs"], scene))
    answer = values[-1]
    return {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)


def kind(program: list[Step]) -> str:
    """The question's kind: the program's last function."""
    return program[-1]["function"]


def _apply(function: str, inputs: list[Any], words: list[str], scene: dict[str, Any]) -> Value:
    objects = scene["objects"]
    verb, _, attribute = function.partition("_")
    if function == "scene":
        return list(range(len(objects)))
    if function == "unique":
        if len(inputs[0]) != 1:
            raise InvalidProgramError(f"unique was given {len(inputs[0])} objects")
        return inputs[0][0]
    if function == "relate":
        return sorted(scene["relationships"][words[0]][inputs[0]])
    if function == "union":
        return sorted(set(inputs[0]) | set(inputs[1]))
    if function == "intersect":
        return sorted(set(inputs[0]) & set(inputs[1]))
    if function == "count":
        return len(inputs[0])
    if function == "exist":
        return len(inputs[0]) > 0
    if function in ("equal_integer", "equal_object"):
        return bool(inputs[0] == inputs[1])
    if function == "less_than":
        return bool(inputs[0] < inputs[1])
    if function == "greater_than":
        return bool(inputs[0] > inputs[1])
    if attribute in ATTRIBUTES:
        if verb == "filter":
            return [index for index in inputs[0] if objects[index][attribute] == words[0]]
        if verb == "query":
            return objects[inputs[0]][attribute]
        if verb == "same":
            return [
                index for index, thing in enumerate(objects) if index != inputs[0] and thing[attribute] == objects[inputs[0]][attribute]
            ]
        if verb == "equal":
            return bool(inputs[0] == inputs[1])
    raise InvalidProgramError(f"{function} is no function of CLEVR")
