"""The data card's sheet of examples: each a picture with its question, the answer, and the program as a graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from paliflow.report import program_graph, style
from paliflow.report.lettering import LINE, MM_PER_POINT, break_lines

COLUMNS = 3
WIDTH = 25.4 * style.TEXT_WIDTH  # millimetres, as are all lengths here
GUTTER, INSET = 2.4, 1.3
PICTURE = 23.0  # the picture, at most: width and height
GAP = 1.2  # between a picture and what stands under and beside it
TALLEST = 46.0  # a cell: what needs more is set in smaller letters, under a smaller picture, and cut at the end
SIZES = (6.0, 5.5, 5.0)  # of the text, in points, largest first: the first that leaves the picture half its width
ANSWER = {"weight": "bold", "color": style.COLOURS["after"]}
LONGEST_QUESTION = 300  # letters; CLEVR's own stay below


@dataclass(frozen=True)
class Example:
    """An example, laid out in a cell: the picture, the text under it or, where there is no graph, beside it, and the graph.

    Args:
        picture: (height, width, 3 or 4).
        extent: its width and height on paper.
        lines: of the text, each with how it looks.
        size: of the text, in points.
        nodes, graph: the program's, or an empty list and None.
    """

    picture: np.ndarray
    extent: tuple[float, float]
    lines: list[tuple[str, dict[str, Any]]]
    size: float
    nodes: list[program_graph.Node]
    graph: program_graph.Plan | None

    @property
    def height(self) -> float:
        """Of the cell."""
        written = len(self.lines) * _step(self.size)
        if self.graph:
            return 2 * INSET + max(self.extent[1] + GAP + written, self.graph.height)
        return 2 * INSET + max(self.extent[1], written)


def draw_examples(examples: Sequence[dict[str, Any]], pictures: Sequence[np.ndarray]) -> Figure:
    """All examples in rows of `COLUMNS`.

    Args:
        examples: records with kind, question, answer, and program (steps, or None where the data have none).
        pictures: of each, (height, width, 3 or 4).
    """
    width = (WIDTH - GUTTER * (COLUMNS - 1)) / COLUMNS
    cells = [_lay_out(example, picture, width - 2 * INSET) for example, picture in zip(examples, pictures, strict=True)]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    heights = [max(cell.height for cell in row) for row in rows]
    total = sum(heights) + GUTTER * (len(rows) - 1)
    figure, axes = style.new_figure(total / 25.4)
    pane = axes[0, 0]
    style.bare(pane)
    figure.set_layout_engine("none")
    pane.set_position((0, 0, 1, 1))
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            _draw(pane, cell, column * (width + GUTTER), top, width, height)
        top += height + GUTTER
    pane.set(xlim=(-0.1, WIDTH + 0.1), ylim=(total + 0.1, -0.1), aspect="auto")
    return figure


def _lay_out(example: dict[str, Any], picture: np.ndarray, width: float) -> Example:
    high, wide = picture.shape[:2]
    beside = width - PICTURE - GAP
    nodes = program_graph.fold(example["program"]) if example["program"] else []
    question = str(example["question"])
    question = question if len(question) <= LONGEST_QUESTION else question[:LONGEST_QUESTION] + "…"
    room = TALLEST - 2 * INSET
    tall = PICTURE * min(high / wide, 1)
    for size in SIZES:
        column = PICTURE if nodes else beside
        lines = [(line, {"color": "#5C6470"}) for line in break_lines(str(example["kind"]).replace("_", " "), size, column)]
        lines += [(line, {}) for line in break_lines(question, size, column)]
        lines += [(line, ANSWER) for line in break_lines(str(example["answer"]), size, column)]
        left_over = room - (GAP + len(lines) * _step(size) if nodes else 0)
        if left_over >= tall / 2:
            break
    tall = min(tall, max(left_over, tall / 4))
    lines = lines[: int((room - (GAP + tall if nodes else 0)) / _step(size))]
    graph = program_graph.plan(nodes, beside, room) if nodes else None
    return Example(picture, (tall * wide / high, tall), lines, size, nodes, graph)


def _step(size: float) -> float:
    return size * LINE * MM_PER_POINT


def _draw(axes: Axes, cell: Example, left: float, top: float, width: float, height: float) -> None:
    axes.add_patch(Rectangle((left, top), width, height, facecolor="none", edgecolor="#D5D9DE", linewidth=0.6))
    left, top, beside = left + INSET, top + INSET, left + INSET + PICTURE + GAP
    wide, high = cell.extent
    axes.imshow(cell.picture, extent=(left, left + wide, top + high, top), interpolation="lanczos", aspect="auto")
    across, down = (left, top + high + GAP) if cell.graph else (beside, top)
    for number, (line, look) in enumerate(cell.lines):
        axes.text(across, down + (number + 0.8) * _step(cell.size), line, size=cell.size, va="baseline", parse_math=False, **look)
    if cell.graph:
        program_graph.draw(axes, cell.nodes, cell.graph, beside, top, width - 2 * INSET - PICTURE - GAP)
