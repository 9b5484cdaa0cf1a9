"""CLEVR-CoGenT: each condition gives cubes and cylinders half of the colours, and the other condition the other half."""

from hypothesis import given
from hypothesis import strategies as st

from paliflow.clevr import cogent
from paliflow.clevr.vocabulary import VALUES

pairs = st.fixed_dictionaries({"shape": st.sampled_from(VALUES["shape"]), "color": st.sampled_from(VALUES["color"])})
conditions = st.sampled_from(sorted(cogent.CONDITIONS))


def test_cubes_and_cylinders_share_no_colour_and_the_conditions_swap_them() -> None:
    for shape, other in (("cube", "cylinder"), ("cylinder", "cube")):
        assert set(cogent.allowed_colors(shape, "A")) == set(cogent.allowed_colors(other, "B"))
        assert set(cogent.allowed_colors(shape, "A")) | set(cogent.allowed_colors(shape, "B")) == set(VALUES["color"])
        assert not set(cogent.allowed_colors(shape, "A")) & set(cogent.allowed_colors(shape, "B"))


def test_spheres_and_scenes_under_no_condition_have_every_colour() -> None:
    assert {cogent.allowed_colors("sphere", condition) for condition in ("A", "B", None)} == {VALUES["color"]}
    assert {cogent.allowed_colors(shape, None) for shape in VALUES["shape"]} == {VALUES["color"]}


@given(st.lists(pairs, min_size=1, max_size=10), conditions)
def test_a_scene_keeps_a_condition_when_each_of_its_objects_does(objects: list[dict[str, str]], condition: str) -> None:
    kept = [condition in cogent.conditions_of({"objects": [thing]}) for thing in objects]
    assert (condition in cogent.conditions_of({"objects": objects})) == all(kept)


@given(st.lists(st.sampled_from(VALUES["color"]), min_size=1))
def test_a_scene_of_spheres_alone_keeps_both(colors: list[str]) -> None:
    assert cogent.conditions_of({"objects": [{"shape": "sphere", "color": color} for color in colors]}) == {"A", "B"}


def test_the_same_colour_on_a_cube_and_on_a_cylinder_keeps_neither() -> None:
    assert cogent.conditions_of({"objects": [{"shape": shape, "color": "red"} for shape in ("cube", "cylinder")]}) == set()
