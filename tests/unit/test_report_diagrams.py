"""Diagrams: boxes that hold their text and keep apart, and the facts that the drawings carry."""

import importlib.util

import pytest
from matplotlib.patches import Rectangle
from report_fixture import REPOSITORY

from paliflow.report import diagrams_adapters, diagrams_paligemma, diagrams_siglip, style
from paliflow.report.diagrams import Box, Diagram
from paliflow.report.lettering import measure


def load_diagrams():
    spec = importlib.util.spec_from_file_location("plot_diagrams", REPOSITORY / "scripts" / "plot_diagrams.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program.DIAGRAMS | {"lora": diagrams_adapters.draw_lora, "coprompt": diagrams_adapters.draw_coprompt}


@pytest.mark.parametrize("name", load_diagrams())
def test_a_diagram_has_equal_bytes_each_time(tmp_path, name):
    for number in (1, 2):
        style.save_figure(load_diagrams()[name](), tmp_path / f"{number}.svg")
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


@pytest.mark.parametrize("name", load_diagrams())
def test_no_text_of_a_diagram_covers_another_or_leaves_it(name):
    figure = load_diagrams()[name]()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    extents = [text.get_window_extent(figure.canvas.get_renderer()) for text in texts]
    covering = [
        (texts[one].get_text(), texts[other].get_text())
        for one in range(len(texts))
        for other in range(one)
        if extents[one].overlaps(extents[other])
    ]
    outside = [
        text.get_text()
        for text, extent in zip(texts, extents, strict=True)
        if extent.x0 < 0 or extent.y0 < 0 or extent.x1 > figure.bbox.x1 or extent.y1 > figure.bbox.y1
    ]
    assert (covering, outside) == ([], [])


@pytest.mark.parametrize(
    ("place", "text", "fault"),
    [
        ((5, 5, 20, 8), "a box", "overlaps another"),
        ((40, 5, 20, 8), "a text that is much too long", "does not fit"),
        ((40, 5, 20, 8), "three\nlines\nhere", "does not fit"),
        ((150, 5, 20, 8), "a box", "leaves the pane"),
        ((40, 25, 20, 8), "a box", "leaves the pane"),
    ],
)
def test_a_box_that_cannot_be_read_is_refused(place, text, fault):
    diagram = Diagram(30)
    diagram.part(0, 0, 20, 8, "first", "image")
    with pytest.raises(ValueError, match=fault):
        diagram.data(*place, text, "image")


def test_a_formula_is_measured_as_it_is_drawn_and_not_letter_by_letter():
    assert measure("$\\alpha$", 7.5, maths=True) < measure("$\\alpha$", 7.5) / 3


def test_boxes_that_share_an_edge_do_not_overlap():
    assert not Box(0, 0, 10, 5).overlaps(Box(10, 0, 10, 5)) and Box(0, 0, 10, 5).overlaps(Box(9, 4, 10, 5))


def test_a_part_that_is_left_as_it_is_has_a_dashed_outline():
    diagram = Diagram(30)
    diagram.part(0, 0, 20, 8, "moves", "image")
    diagram.part(30, 0, 20, 8, "stays", "image", trained=False)
    assert [patch.get_linestyle() for patch in diagram.pane.patches] == ["solid", (0, (3, 2))]


def test_only_the_adapter_of_lora_is_drawn_as_trained():
    diagram = diagrams_adapters.draw_lora()
    outlines = [patch.get_linestyle() for patch in diagram.axes[0].patches if isinstance(patch, Rectangle)]
    in_the_legend = 1
    assert outlines.count("solid") == 2 * len(("A", "B")) + in_the_legend
    assert outlines.count((0, (3, 2))) == len(("W in LoRA", "W expanded", "W stored")) + in_the_legend


def test_every_block_of_the_ring_is_computed_once_and_by_the_device_that_has_its_images():
    texts = [text.get_text() for text in diagrams_siglip.draw_ring().axes[0].texts]
    rounds = [int(text) for text in texts if text.isdigit()]
    devices = diagrams_siglip.DEVICES
    for row in range(devices):
        turns = rounds[row * devices : (row + 1) * devices]
        assert [turns.index(number) for number in range(devices)] == [(row + number) % devices for number in range(devices)]


def test_the_tokens_of_an_image_are_its_patches():
    for _, what, tokens, _ in diagrams_paligemma.STAGES:
        if tokens:
            assert tokens[0] == (int(what.split()[0]) // 14) ** 2


def test_a_legend_leaves_room_for_its_words():
    diagram = Diagram(30)
    diagram.legend(0, 5, [("first", True), ("second", False)])
    assert diagram.boxes[1].left > diagram.boxes[0].right + measure("first", 7.5)
