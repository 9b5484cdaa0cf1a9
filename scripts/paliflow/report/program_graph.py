"""A functional program as a graph: functions in boxes, arrows downwards, branches beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from paliflow.report import style
from paliflow.report.lettering import LINE, MM_PER_POINT, break_lines, measure

SIZES = (6.2, 5.8, 5.4, 5.0, 4.6)  # points, largest first: the first in which a graph fits is taken
PADDING, ARROW = 0.085, 0.23  # inside a box and between rows, in millimetres a point
GUTTER = 1.2  # between columns, in millimetres

Step = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A box of the graph.

    Args:
        label: the function and its values; for a run of filters "filter" and the values of all of them, and `unique` if that follows.
        family: what it does: "scene", "filter", "unique", "relate", "set" or "value".
        inputs: numbers of the boxes whose output it takes.
    """

    label: str
    family: str
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Where a graph's boxes stand.

    Args:
        size: of the letters, in points.
        lines: of each box, as they are set.
        rows: of each box, 0 the lowest.
        centres: of each box, as a share of the graph's width.
        heights: of each row in millimetres, lowest first.
    """

    size: float
    lines: list[list[str]]
    rows: list[int]
    centres: list[float]
    heights: list[float]

    @property
    def height(self) -> float:
        """Of the whole graph, in millimetres."""
        return sum(self.heights) + ARROW * self.size * (len(self.heights) - 1)


def fold(program: Sequence[Step]) -> list[Node]:
    """The boxes that a program's last step needs, in the order of the steps; filters that directly follow one another share a box, as
    does `unique` behind them.

    Args:
        program: valid steps, each with function, inputs (of earlier steps) and value_inputs.
    """
    needed = {len(program) - 1}
    for number in range(len(program) - 1, -1, -1):
        if number in needed:
            needed.update(program[number]["inputs"])
    readers = [sum(program[reader]["inputs"].count(number) for reader in needed) for number in range(len(program))]
    nodes: list[Node] = []
    box: dict[int, int] = {}
    for number in sorted(needed):
        step = program[number]
        family, values = _family(step["function"]), " ".join(map(str, step["value_inputs"]))
        inputs = tuple(box[source] for source in step["inputs"])
        before = nodes[inputs[0]] if inputs and readers[step["inputs"][0]] == 1 else None
        if family in ("filter", "unique") and before and before.family == "filter":
            label = f"{before.label}, unique" if family == "unique" else f"{before.label} {values}"
            nodes[inputs[0]] = Node(label, family, before.inputs)
            box[number] = inputs[0]
        else:
            name = "filter" if family == "filter" else step["function"]
            box[number] = len(nodes)
            nodes.append(Node(f"{name} {values}".rstrip(), family, inputs))
    return nodes


def plan(nodes: Sequence[Node], width: float, height: float) -> Plan:
    """The largest plan of `SIZES` that is at most `height` millimetres high at this width, or the smallest there is."""
    rows = [0] * len(nodes)
    for number in range(len(nodes) - 1, -1, -1):
        for source in nodes[number].inputs:
            rows[source] = max(rows[source], rows[number] + 1)
    columns: list[float] = []
    leaves = sum(not node.inputs for node in nodes)
    for node in nodes:
        taken = sum(not other.inputs for other in nodes[: len(columns)])
        columns.append(sum(columns[source] for source in node.inputs) / len(node.inputs) if node.inputs else (taken + 0.5) / leaves)
    shared = [sum(row == other for other in rows) for row in rows]
    drawn = None
    for size in SIZES:
        room = [
            min(2 * min(centre, 1 - centre) * width, width / beside - GUTTER * (beside > 1)) - 2 * PADDING * size
            for centre, beside in zip(columns, shared, strict=True)
        ]
        lines = [break_lines(node.label, size, limit) for node, limit in zip(nodes, room, strict=True)]
        heights = [
            max(len(line) for line, own in zip(lines, rows, strict=True) if own == row) * size * LINE * MM_PER_POINT + 2 * PADDING * size
            for row in range(max(rows) + 1)
        ]
        drawn = Plan(size, lines, rows, columns, heights)
        if drawn.height <= height:
            break
    assert drawn is not None
    return drawn


def draw(axes: Axes, nodes: Sequence[Node], drawn: Plan, left: float, top: float, width: float) -> None:
    """Draw a planned graph.

    Args:
        axes: its units are millimetres, y pointing downwards.
        left, top, width: of the place for the graph.
    """
    middle = []
    for row, height in enumerate(drawn.heights):
        middle.append(top + drawn.height - sum(drawn.heights[:row]) - ARROW * drawn.size * row - height / 2)
    halves, places = [], []
    for number, lines in enumerate(drawn.lines):
        halves.append((len(lines) * drawn.size * LINE * MM_PER_POINT) / 2 + PADDING * drawn.size)
        places.append((left + drawn.centres[number] * width, middle[drawn.rows[number]]))
    for number, node in enumerate(nodes):
        for source in node.inputs:
            start, end = (places[source][0], places[source][1] + halves[source]), (places[number][0], places[number][1] - halves[number])
            axes.annotate(
                "",
                end,
                start,
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.09,head_length=0.16",
                    "lw": 0.6,
                    "color": "#555555",
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
        _draw_box(axes, node.family, drawn.lines[number], drawn.size, places[number], halves[number])


FACES = {"scene": "#EDEDED", "filter": "first", "unique": "first", "relate": "second", "set": "fourth", "value": "third"}


def _draw_box(axes: Axes, family: str, lines: Sequence[str], size: float, place: tuple[float, float], half: float) -> None:
    wide = max(measure(line, size) for line in lines) + 2 * PADDING * size
    face = FACES[family]
    colour = style.tint(style.COLOURS[face], 0.2) if face in style.COLOURS else face
    box = FancyBboxPatch(
        (place[0] - wide / 2, place[1] - half),
        wide,
        2 * half,
        boxstyle="round,pad=0,rounding_size=0.5",
        facecolor=colour,
        edgecolor="#777777",
        linewidth=0.4,
    )
    axes.add_patch(box)
    for number, line in enumerate(lines):
        baseline = place[1] - half + PADDING * size + (number + 0.8) * size * LINE * MM_PER_POINT
        axes.text(place[0], baseline, line, size=size, ha="center", va="baseline", parse_math=False)


def _family(function: str) -> str:
    if function in ("scene", "unique"):
        return function
    if function.startswith("filter_"):
        return "filter"
    if function == "relate" or function.startswith("same_"):
        return "relate"
    return "set" if function in ("intersect", "union") else "value"
