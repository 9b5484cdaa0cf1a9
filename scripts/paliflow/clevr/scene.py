"""Sample a scene of objects on the floor, seen by a camera, and work out CLEVR's scene graph of it.

Distances are in CLEVR's units: its large cube is 1.4 across, ours too; the camera stands nearer, so that 96 pixels are enough.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from paliflow.clevr.vocabulary import ATTRIBUTES, RELATIONS, VALUES

RADIUS = {"large": 0.70, "small": 0.42}
FIELD = (3.8, 4.2)  # depth and width of the floor where objects stand, so that all lie inside the picture
GAP = 0.25  # least free space between two objects
MARGIN = 0.3  # least distance of two objects along each direction, so that no relation hangs on a hair
RELATION_THRESHOLD = 0.2  # CLEVR's: j is left of i if it lies further left by more than this
CAMERA_DISTANCE = 11.3
CAMERA_ELEVATION = math.radians(42)
CAMERA_JITTER = math.radians(2.5)  # of azimuth and elevation, uniform to either side
FOCAL_LENGTH = 57.0  # millimetres on a sensor 36 wide


@dataclass(frozen=True)
class Camera:
    """Where the camera stands; it looks at the middle of the floor. Angles in radians."""

    azimuth: float
    elevation: float

    @property
    def position(self) -> np.ndarray:
        """Its place in the world, (3,)."""
        flat = CAMERA_DISTANCE * math.cos(self.elevation)
        return np.array([flat * math.cos(self.azimuth), flat * math.sin(self.azimuth), CAMERA_DISTANCE * math.sin(self.elevation)])

    def directions(self) -> dict[str, np.ndarray]:
        """Unit vectors (3,) on the floor for CLEVR's four relations, and above and below."""
        front = np.array([math.cos(self.azimuth), math.sin(self.azimuth), 0.0])
        right = np.array([-math.sin(self.azimuth), math.cos(self.azimuth), 0.0])
        up = np.array([0.0, 0.0, 1.0])
        return {"right": right, "behind": -front, "above": up, "below": -up, "left": -right, "front": front}

    def project(self, points: np.ndarray, size: int) -> np.ndarray:
        """World points (n, 3) to pixel columns, pixel rows and depths (n, 3) in a square picture of `size` pixels a side."""
        forward = -self.position / np.linalg.norm(self.position)
        right = self.directions()["right"]
        relative = points - self.position
        depth = relative @ forward
        scale = FOCAL_LENGTH / 36.0 * size / depth
        column = size / 2 + relative @ right * scale
        row = size / 2 - relative @ np.cross(right, forward) * scale
        return np.stack([column, row, depth], axis=1)


def sample_scene(generator: np.random.Generator, min_objects: int, max_objects: int, image_size: int) -> tuple[Camera, dict[str, Any]]:
    """Draw a camera and objects that keep their distance, with the scene graph in the release's fields.

    Args:
        generator: the source of all randomness.
        min_objects, max_objects: bounds of the number of objects, both included.
        image_size: pixels a side, for the pixel coordinates.
    """
    azimuth, elevation = generator.uniform(-CAMERA_JITTER, CAMERA_JITTER, 2)
    camera = Camera(-math.pi / 4 + azimuth, CAMERA_ELEVATION + elevation)
    count = int(generator.integers(min_objects, max_objects + 1))
    placed = None
    while placed is None:
        placed = _place(generator, camera, count)
    objects = []
    for attributes, (x, y) in placed:
        position = np.array([x, y, RADIUS[attributes["size"]]])
        pixel = camera.project(position[None], image_size)[0]
        coordinates = {
            "3d_coords": _rounded(position),
            "pixel_coords": _rounded(pixel),
            "rotation": round(float(generator.uniform(0, 360)), 4),
        }
        objects.append(attributes | coordinates)
    directions = camera.directions()
    graph = {"objects": objects, "relationships": relationships(objects, directions)}
    return camera, graph | {"directions": {name: _rounded(vector) for name, vector in directions.items()}}


def relationships(objects: list[dict[str, Any]], directions: dict[str, Any]) -> dict[str, list[list[int]]]:
    """For each relation and each object i, every j with (position_j - position_i) · direction > 0.2, as the CLEVR generator defines it."""
    positions = np.array([thing["3d_coords"] for thing in objects])
    related = {}
    for name in RELATIONS:
        along = positions @ np.asarray(directions[name])
        related[name] = [[j for j in range(len(objects)) if along[j] - along[i] > RELATION_THRESHOLD] for i in range(len(objects))]
    return related


def _place(generator: np.random.Generator, camera: Camera, count: int) -> list[tuple[dict[str, str], tuple[float, float]]] | None:
    """Objects one after the other, each tried 50 times; None if one finds no room."""
    axes = [camera.directions()[name][:2] for name in ("front", "right")]
    placed: list[tuple[dict[str, str], tuple[float, float]]] = []
    for _ in range(count):
        attributes = {name: str(generator.choice(VALUES[name])) for name in ATTRIBUTES}
        for _ in range(50):
            depth, across = (generator.uniform(-0.5, 0.5) * extent for extent in FIELD)
            point = depth * axes[0] + across * axes[1]
            if all(_apart(point, attributes, other, there, axes) for other, there in placed):
                placed.append((attributes, (float(point[0]), float(point[1]))))
                break
        else:
            return None
    return placed


def _apart(
    point: np.ndarray, attributes: dict[str, str], other: dict[str, str], there: tuple[float, float], axes: list[np.ndarray]
) -> bool:
    offset = point - np.array(there)
    room = RADIUS[attributes["size"]] + RADIUS[other["size"]] + GAP
    return bool(np.linalg.norm(offset) > room and all(abs(offset @ axis) > MARGIN for axis in axes))


def _rounded(vector: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in vector]
