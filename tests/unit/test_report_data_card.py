"""The data card's figures: published numbers with sources, programs as graphs, text that fits, and sources that lack something."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import KINDS, REPOSITORY, make_program, make_subset

from paliflow.report import figures_clevr, lettering, program_graph, sheet_clevr, style
from paliflow.report.bibliography import read_sources
from paliflow.report.published_clevr import PRIOR_OF_KIND, PUBLISHED

GRAY = np.full((20, 30, 3), 0.5)
HOSTILE = "Is $x^{2$ \\n <b>a</b>\x07 " + "W" * 500 + "?"


def step(function, *inputs, values=()):
    return {"function": function, "inputs": list(inputs), "value_inputs": list(values)}


def chain(*functions):
    return [
        step(function, *([number - 1] if number else []), values=["w"] * (function[0] == "f")) for number, function in enumerate(functions)
    ]


@st.composite
def programs(draw):
    """Programs of one branch or of two, whose last step joins them."""
    steps = []
    ends = []
    for _ in range(draw(st.integers(1, 2))):
        steps.append(step("scene"))
        for name in draw(st.lists(st.sampled_from(["filter_size", "filter_color", "unique", "relate", "same_shape"]), max_size=9)):
            steps.append(step(name, len(steps) - 1, values=["yellow"] if name[0] == "f" else []))
        ends.append(len(steps) - 1)
    return [*steps, step("count", *ends)]


def record(program=None, question="What is it?"):
    return {"kind": "query_color", "question": question, "answer": "blue", "program": program}


def test_every_published_number_has_its_source():
    sources = read_sources(REPOSITORY / "report_template" / "references.bib")
    assert {number.source for number in [*PUBLISHED.values(), *PRIOR_OF_KIND.values()]} <= set(sources)


def test_the_published_splits_add_up():
    assert PUBLISHED["train_questions"].value < PUBLISHED["distinct_questions"].value < PUBLISHED["questions"].value


def test_filters_that_follow_one_another_share_a_box():
    labels = [node.label for node in program_graph.fold(make_program())]
    assert labels == ["scene", "filter large cube", "count", "scene", "filter red", "count", "greater_than"]


def test_filters_with_something_between_them_do_not_share_a_box():
    labels = [node.label for node in program_graph.fold(chain("scene", "filter_size", "unique", "relate", "filter_size", "count"))]
    assert labels == ["scene", "filter w, unique", "relate", "filter w", "count"]


def test_a_filter_that_two_steps_read_keeps_its_box():
    program = [
        step("scene"),
        step("filter_size", 0, values=["large"]),
        step("filter_color", 1, values=["red"]),
        step("union", 1, 2),
        step("count", 3),
    ]
    assert [node.label for node in program_graph.fold(program)] == ["scene", "filter large", "filter red", "union", "count"]


def test_a_step_that_nothing_reads_is_left_out():
    assert len(program_graph.fold([step("scene"), step("scene"), step("count", 0)])) == 2


@given(programs())
def test_boxes_stand_below_what_they_read(program):
    nodes = program_graph.fold(program)
    rows = program_graph.plan(nodes, 25, 40).rows
    assert all(rows[source] > rows[number] for number, node in enumerate(nodes) for source in node.inputs) and rows[-1] == 0


@given(programs())
def test_boxes_keep_apart_and_within_the_width(program):
    width = 25
    drawn = program_graph.plan(program_graph.fold(program), width, 40)
    for row in set(drawn.rows):
        spans = []
        for lines, own, centre in zip(drawn.lines, drawn.rows, drawn.centres, strict=True):
            half = max(lettering.measure(line, drawn.size) for line in lines) / 2
            spans += [(centre * width - half, centre * width + half)] if own == row else []
        edges = [edge for span in sorted(spans) for edge in span]
        assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= width


def test_a_graph_that_is_too_high_has_smaller_letters():
    nodes = program_graph.fold(chain("scene", *["filter_size", "unique", "relate"] * 4, "count"))
    high, low = program_graph.plan(nodes, 25, 100), program_graph.plan(nodes, 25, 40)
    assert low.size < high.size and low.height < high.height


@given(st.text(st.characters(max_codepoint=0x17F), max_size=60), st.floats(4, 40))
def test_lines_keep_to_their_width_and_lose_no_letter(text, width):
    lines = lettering.break_lines(text, 6, width)
    assert all(len(line) == 1 or lettering.measure(line, 6) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == lettering.make_visible(text).replace(" ", "")


def test_a_long_name_breaks_behind_its_underline():
    assert lettering.break_lines("query_material", 6, 12) == ["query_", "material"]


def figures(source):
    values = make_subset(source)
    program = make_program() if source != "hub" else None
    return {
        "answers": figures_clevr.draw_answers(values["kinds"]),
        "lengths": figures_clevr.draw_lengths(values["lengths"]),
        "sheet": sheet_clevr.draw_examples([record(program), record(program, HOSTILE)], [GRAY, GRAY]),
    }


@pytest.mark.parametrize("source", ["embedded", "hub"])
def test_equal_data_give_equal_bytes(tmp_path, source):
    written = []
    for folder in ("first", "second"):
        for name, figure in figures(source).items():
            style.save_figure(figure, tmp_path / folder / f"{name}.svg")
        written.append({path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()})
    assert written[0] == written[1]


def test_without_programs_there_is_one_histogram():
    assert [len(figures(source)["lengths"].axes) for source in ("embedded", "hub")] == [2, 1]


def test_a_kind_that_nobody_published_has_no_mark():
    kinds = {"other": {"train": 3, "test": 1, "answers": {"a": 3, "b": 1}}}
    assert figures_clevr.draw_answers(kinds).axes[0].get_legend() is None


def test_every_kind_of_clevr_has_its_mark():
    assert set(KINDS) <= set(PRIOR_OF_KIND)


@pytest.mark.parametrize("shape", [(96, 96, 3), (320, 480, 4), (400, 20, 3)])
@pytest.mark.parametrize("question", ["Is the large thing " * 14, HOSTILE])
def test_no_cell_is_higher_than_the_page_allows(shape, question):
    program = chain("scene", *["filter_size", "unique", "relate"] * 3, "filter_size", "unique", "query_color")
    for known in (program, None):
        sheet = sheet_clevr.draw_examples([record(known, question)] * 6, [np.zeros(shape)] * 6)
        assert sheet.get_figheight() * 25.4 <= 2 * sheet_clevr.TALLEST + sheet_clevr.GUTTER + 0.1


def test_a_missing_picture_is_one_sentence(tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps({"values": make_subset("embedded")}))
    (tmp_path / "examples.json").write_text(json.dumps([{"image": "results/subset_clevr/examples/a.png"} | record()]))
    written = [part for name in ("answers", "lengths", "sheet") for part in (f"--{name}", f"{name}.svg")]
    command = [
        sys.executable,
        REPOSITORY / "scripts" / "plot_clevr.py",
        "--metrics",
        "metrics.json",
        "--examples",
        "examples.json",
        *written,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr == "error: examples/a.png is missing or no whole PNG: run the stage subset_clevr again.\n"
