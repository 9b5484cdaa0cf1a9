"""The two conditions of CLEVR-CoGenT: which colours cubes and cylinders may have (Johnson et al. 2017, arXiv:1612.06890, section 4.7)."""

from typing import Any

from paliflow.clevr.vocabulary import VALUES

_FIRST = ("gray", "blue", "brown", "yellow")
_SECOND = ("red", "green", "purple", "cyan")

CONDITIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "A": {"cube": _FIRST, "cylinder": _SECOND},
    "B": {"cube": _SECOND, "cylinder": _FIRST},
}


def allowed_colors(shape: str, condition: str | None) -> tuple[str, ...]:
    """The colours that a shape may have under a condition; a sphere, or anything under no condition (None), may have each.

    >>> allowed_colors("cube", "A")
    ('gray', 'blue', 'brown', 'yellow')
    """
    if condition is None:
        return VALUES["color"]
    return CONDITIONS[condition].get(shape, VALUES["color"])


def conditions_of(scene: dict[str, Any]) -> set[str]:
    """The conditions that all objects of a scene graph keep: one, none, or, where there are only spheres, both."""
    pairs = {(thing["shape"], thing["color"]) for thing in scene["objects"]}
    return {condition for condition in CONDITIONS if all(color in allowed_colors(shape, condition) for shape, color in pairs)}
