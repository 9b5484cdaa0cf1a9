"""The triangles of cubes and cylinders: closed, facing outwards, and of the size that they stand for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.clevr.solids import CUBE_BEVEL, CYLINDER_BEVEL, Solid, rounded_cube, rounded_cylinder

SOLIDS = {"cube": rounded_cube(), "cylinder": rounded_cylinder()}
VOLUMES = {"cube": 8.0, "cylinder": 2 * math.pi}


def volume(solid: Solid) -> float:
    """By the divergence theorem; a hole, or a triangle that faces inwards, would change it."""
    one, two, three = (solid.corners[solid.triangles[:, corner]] for corner in range(3))
    return float(np.sum(one * np.cross(two, three)) / 6)


@pytest.mark.parametrize("name", SOLIDS)
def test_rounding_takes_a_little_off_the_volume(name: str) -> None:
    assert 0.94 * VOLUMES[name] < volume(SOLIDS[name]) < VOLUMES[name]


@pytest.mark.parametrize("name", SOLIDS)
def test_it_reaches_from_minus_one_to_one(name: str) -> None:
    assert SOLIDS[name].corners.min(axis=0) == pytest.approx([-1, -1, -1])
    assert SOLIDS[name].corners.max(axis=0) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("name", SOLIDS)
def test_triangles_face_the_way_of_their_normals(name: str) -> None:
    solid = SOLIDS[name]
    one, two, three = (solid.corners[solid.triangles[:, corner]] for corner in range(3))
    facing = np.cross(two - one, three - one)
    normals = solid.normals[solid.triangles]
    assert np.linalg.norm(solid.normals, axis=1) == pytest.approx(np.ones(len(solid.normals)))
    assert np.einsum("ij,ikj->ik", facing, normals).min() > -1e-9


@pytest.mark.parametrize(("name", "bevel"), [("cube", CUBE_BEVEL), ("cylinder", CYLINDER_BEVEL)])
def test_no_edge_is_sharp(name: str, bevel: float) -> None:
    corners = SOLIDS[name].corners
    out = np.abs(corners[:, :2]).max(axis=1) if name == "cube" else np.hypot(*corners[:, :2].T)
    assert (out + np.abs(corners[:, 2])).max() == pytest.approx(2 - (2 - math.sqrt(2)) * bevel, abs=0.1 * bevel)


@given(st.floats(0.1, 2), st.floats(0, 360), st.tuples(st.floats(-5, 5), st.floats(-5, 5)))
def test_placing_scales_and_moves_and_never_distorts(radius: float, turn: float, point: tuple[float, float]) -> None:
    placed = SOLIDS["cube"].placed(radius, turn, np.array([*point, radius]))
    middle = (placed.corners.min(axis=0) + placed.corners.max(axis=0)) / 2
    assert middle == pytest.approx([*point, radius], abs=1e-9)
    moved = Solid(placed.corners - middle, placed.normals, placed.triangles)
    assert volume(moved) == pytest.approx(radius**3 * volume(SOLIDS["cube"]))
