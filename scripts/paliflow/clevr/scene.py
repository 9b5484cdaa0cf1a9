"""Sample a scene as CLEVR does: objects on the floor at their distances, a camera and lamps moved a little, and the scene graph of it all.

Source: Johnson et al. 2017, arXiv:1612.06890, section 3.1 and appendix B.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from paliflow.clevr.cogent import allowed_colors
from paliflow.clevr.looks import Look
from paliflow.clevr.solids import CUBE_BEVEL
from paliflow.clevr.stage import CAMERA_JITTER, LAMP_JITTER, LAMPS
from paliflow.clevr.vocabulary import ATTRIBUTES, RELATION_THRESHOLD, RELATIONS, VALUES
from paliflow.errors import InputError

GAP = 0.25  # least free space between two objects, as if each were as round as a sphere
CUBE_REACH = math.sqrt(2) * (1 - CUBE_BEVEL) + CUBE_BEVEL  # from a cube's middle to its upright edges, in radii
TRIES_AN_OBJECT = 50  # as in CLEVR's generator; then the scene is begun anew
TRIES_A_SCENE = 2000


@dataclass(frozen=True)
class Camera:
    """Where the camera stands, (3,); it looks at the middle of the floor. Its focal length is in widths of the picture."""

    position: np.ndarray
    focal_length: float

    def directions(self) -> dict[str, np.ndarray]:
        """Unit vectors (3,) on the floor for CLEVR's four relations, and above and below."""
        front = np.array([*self.position[:2], 0.0]) / np.hypot(*self.position[:2])
        right = np.array([-front[1], front[0], 0.0])
        up = np.array([0.0, 0.0, 1.0])
        return {"right": right, "behind": -front, "above": up, "below": -up, "left": -right, "front": front}

    def project(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """World points (n, 3) to pixel columns, pixel rows and depths (n, 3) in a picture of that width and height."""
        forward = -self.position / np.linalg.norm(self.position)
        right = self.directions()["right"]
        relative = points - self.position
        depth = relative @ forward
        scale = self.focal_length * size[0] / depth
        column = size[0] / 2 + relative @ right * scale
        row = size[1] / 2 - relative @ np.cross(right, forward) * scale
        return np.stack([column, row, depth], axis=1)


@dataclass(frozen=True)
class View:
    """How one scene is seen: its camera, and where its lamps hang, (3,) each, by name."""

    camera: Camera
    lamps: dict[str, np.ndarray]


def sample_scene(
    generator: np.random.Generator, look: Look, count: int, size: tuple[int, int], condition: str | None = None
) -> tuple[View, dict[str, Any]]:
    """Draw a view and objects that keep their distances, with the scene graph in the release's fields.

    Args:
        generator: the source of all randomness.
        look: where the camera stands, and how objects are laid out.
        count: how many objects.
        size: width and height of the picture in pixels, for the pixel coordinates.
        condition: of CLEVR-CoGenT, that the colours keep; None is none.

    Raises:
        InputError: so many objects find no room on the look's field.
    """
    view = _sample_view(generator, look)
    for _ in range(TRIES_A_SCENE):
        if (placed := _place(generator, look, view.camera, count)) is not None:
            break
    else:
        raise InputError(
            f"{count} objects found no room in {TRIES_A_SCENE} tries on a field of {look.field[0]} by {look.field[1]}, which is too "
            "small for so many: lower the largest number of objects."
        )
    objects = [_described(generator, view.camera, thing, size, condition) for thing in placed]
    directions = {name: _rounded(vector) for name, vector in view.camera.directions().items()}
    return view, {"objects": objects, "relationships": relationships(objects, directions), "directions": directions}


def relationships(objects: list[dict[str, Any]], directions: dict[str, Any]) -> dict[str, list[list[int]]]:
    """For each relation and each object i, every j with (position_j - position_i) · direction > 0.2, as the CLEVR generator defines it."""
    positions = np.array([thing["3d_coords"] for thing in objects])
    related = {}
    for name in RELATIONS:
        along = positions @ np.asarray(directions[name])
        related[name] = [[j for j in range(len(objects)) if along[j] - along[i] > RELATION_THRESHOLD] for i in range(len(objects))]
    return related


def _sample_view(generator: np.random.Generator, look: Look) -> View:
    """A camera and lamps near their places at rest."""
    camera = np.array(look.camera) + generator.uniform(-CAMERA_JITTER, CAMERA_JITTER, 3)
    lamps = {name: np.array(lamp.place) + generator.uniform(-LAMP_JITTER, LAMP_JITTER, 3) for name, lamp in LAMPS.items()}
    return View(Camera(camera, look.focal_length), lamps)


@dataclass(frozen=True)
class _Placed:
    size: str
    shape: str
    radius: float
    point: np.ndarray  # (2,)

    @property
    def reach(self) -> float:
        return self.radius * (CUBE_REACH if self.shape == "cube" else 1)


def _place(generator: np.random.Generator, look: Look, camera: Camera, count: int) -> list[_Placed] | None:
    """Objects one after the other; None if one finds no room."""
    margins = np.stack([camera.directions()[name][:2] for name in ("front", "right")])
    cosine, sine = math.cos(look.turn), math.sin(look.turn)
    axes = np.array([[cosine, sine], [-sine, cosine]])
    placed: list[_Placed] = []
    for _ in range(count):
        size, shape = (str(generator.choice(VALUES[name])) for name in ("size", "shape"))
        for _ in range(TRIES_AN_OBJECT):
            thing = _Placed(size, shape, look.radius[size], generator.uniform(-0.5, 0.5, 2) * look.field @ axes)
            if all(_apart(thing, other, margins, look.margin) for other in placed):
                placed.append(thing)
                break
        else:
            return None
    return placed


def _apart(one: _Placed, other: _Placed, directions: np.ndarray, margin: float) -> bool:
    offset = one.point - other.point
    room = max(one.radius + other.radius + GAP, one.reach + other.reach)  # the second holds between two cubes alone
    return bool(np.hypot(*offset) > room and np.abs(directions @ offset).min() > margin)


def _described(
    generator: np.random.Generator, camera: Camera, thing: _Placed, size: tuple[int, int], condition: str | None
) -> dict[str, Any]:
    position = np.array([*thing.point, thing.radius])
    words = {
        "size": thing.size,
        "color": str(generator.choice(allowed_colors(thing.shape, condition))),
        "material": str(generator.choice(VALUES["material"])),
        "shape": thing.shape,
    }
    return {name: words[name] for name in ATTRIBUTES} | {
        "3d_coords": _rounded(position),
        "pixel_coords": _rounded(camera.project(position[None], size)[0]),
        "rotation": round(float(generator.uniform(0, 360)), 4),  # radians, though it looks like degrees: so it is in the release
    }


def _rounded(vector: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in vector]
