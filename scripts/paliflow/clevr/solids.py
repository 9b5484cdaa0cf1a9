"""Cubes and cylinders with rounded edges, as triangles: the bright edge of metal is what tells it from rubber in a small picture."""

import math
from dataclasses import dataclass

import numpy as np

CUBE_BEVEL = 0.2  # radius of a rounded edge, as a share of half the side
CYLINDER_BEVEL = 0.07  # the same, as a share of the cylinder's radius
STEPS = 3  # facets across a quarter of a rounded edge
SIDES = 48  # facets around a cylinder


@dataclass(frozen=True)
class Solid:
    """A closed surface around the origin: corners and their outward normals (n, 3), and triangles of them (m, 3), anticlockwise."""

    corners: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray

    def placed(self, radius: float, turn: float, place: np.ndarray) -> "Solid":
        """The solid scaled, turned about the vertical by `turn` radians and moved."""
        cosine, sine = math.cos(turn), math.sin(turn)
        rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        return Solid(radius * self.corners @ rotation.T + place, self.normals @ rotation.T, self.triangles)


def rounded_cube() -> Solid:
    """A cube from -1 to 1 along each axis, its edges rounded."""
    flat = 1 - CUBE_BEVEL
    bend = flat + CUBE_BEVEL * np.tan(np.linspace(0, math.pi / 4, STEPS + 1))
    line = np.concatenate([-bend[::-1], bend])
    across, along = (grid.ravel() for grid in np.meshgrid(line, line, indexing="ij"))
    corners: list[np.ndarray] = []
    normals: list[np.ndarray] = []
    triangles: list[np.ndarray] = []
    for axis in range(3):
        for side in (-1, 1):
            points = np.empty((len(across), 3))
            points[:, axis], points[:, axis - 2], points[:, axis - 1] = side, across, along
            inner = np.clip(points, -flat, flat)
            outward = (points - inner) / np.linalg.norm(points - inner, axis=1, keepdims=True)
            corners.append(inner + CUBE_BEVEL * outward)
            normals.append(outward)
            triangles.append(_grid(len(line), len(line), flipped=side < 0) + len(triangles) * len(points))
    return Solid(np.concatenate(corners), np.concatenate(normals), np.concatenate(triangles))


def rounded_cylinder() -> Solid:
    """An upright cylinder of radius 1 from -1 to 1, its two rims rounded."""
    flat = 1 - CYLINDER_BEVEL
    tilt = np.linspace(0, math.pi / 2, STEPS + 1)
    out = np.concatenate([[0.0], np.sin(tilt), np.sin(tilt[::-1]), [0.0]])  # the profile's normal, away from the axis and up
    up = np.concatenate([[-1.0], -np.cos(tilt), np.cos(tilt[::-1]), [1.0]])
    inner = np.array([0.0, *[flat] * (len(out) - 2), 0.0])
    distance = inner + CYLINDER_BEVEL * out
    height = np.repeat([-flat, flat], len(out) // 2) + CYLINDER_BEVEL * up
    around = np.linspace(0, 2 * math.pi, SIDES + 1)
    corners = _turned(distance, height, around)
    return Solid(corners, _turned(out, up, around), _grid(len(out), SIDES + 1, flipped=True))


def _turned(distance: np.ndarray, height: np.ndarray, around: np.ndarray) -> np.ndarray:
    """A profile (n,) turned about the vertical: points (n * len(around), 3)."""
    x, y = np.outer(distance, np.cos(around)), np.outer(distance, np.sin(around))
    return np.stack([x, y, np.repeat(height[:, None], len(around), axis=1)], axis=-1).reshape(-1, 3)


def _grid(rows: int, columns: int, flipped: bool) -> np.ndarray:
    """The triangles (m, 3) of a grid of rows * columns corners, numbered row by row."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    first = (row * columns + column).ravel()
    lower = np.stack([first, first + columns, first + columns + 1], axis=1)
    upper = np.stack([first, first + columns + 1, first + 1], axis=1)
    both = np.concatenate([lower, upper])
    return both[:, ::-1] if flipped else both
