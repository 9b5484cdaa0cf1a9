"""The workflow as a figure: rules in boxes, one row after another, and an arrow from each to those that read its files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from paliflow.report import style
from paliflow.report.lettering import LINE, MM_PER_POINT, break_lines, measure
from paliflow.report.rule_graph import Rule

PARTS = {"clevr": ("data", "prior"), "vlm": ("vision-language model", "first"), "flow": ("flow matching", "second"), "report": ("report", "third")}
SIZE = 6.0  # points
BOX, ROOM = (14.6, 6.4), 1.4  # a box in millimetres, and what stays free beside it
STEP = 11.5  # from row to row
PASS = 1.6  # the width that a long arrow takes where it crosses a row
SWEEPS = 24

Place = tuple[str, int]
"""A rule in its row, or the part of a long arrow that crosses a row: (name, row) or ("from>to", row)."""


def draw_rules(rules: Sequence[Rule], path: Path) -> None:
    """Draw the rules with the last one lowest; an arrow that a longer way implies is not among their `after`."""
    after = {rule["name"]: rule["after"] for rule in rules}
    rows, ways = arrange_rows(after)
    width = style.TEXT_WIDTH * MM_PER_POINT * 72
    centres = place(rows, ways, width)
    height = STEP * (len(rows) - 1) + BOX[1] + 6
    figure, axes = style.new_figure(height / (MM_PER_POINT * 72))
    canvas: Axes = axes[0, 0]
    figure.set_layout_engine("none")
    canvas.set_position((0, 0, 1, 1))
    canvas.set(xlim=(0, width), ylim=(height, 0))
    style.bare(canvas)
    middle = [6 + BOX[1] / 2 + STEP * row for row in range(len(rows))]
    for way in ways:
        _draw_arrow(canvas, [(centres[step], middle[step[1]]) for step in way])
    for rule in rules:
        row = next(number for number, names in enumerate(rows) if (rule["name"], number) in names)
        _draw_box(canvas, rule["name"], PARTS[rule["part"]][1], (centres[rule["name"], row], middle[row]))
    _draw_key(canvas)
    style.save_figure(figure, path)


def arrange_rows(after: Mapping[str, Sequence[str]]) -> tuple[list[list[Place]], list[list[Place]]]:
    """Rules in rows, each as low as those that read from it allow, ordered so that few arrows cross.

    Returns:
        The rows from the highest, and each arrow's way from its rule to its reader, row by row.
    """
    below: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in below:
            below[name] = 1 + max((depth(reader) for reader, read in after.items() if name in read), default=-1)
        return below[name]

    last = max(map(depth, after))
    row = {name: last - below[name] for name in after}
    ways = []
    for reader, read in after.items():
        for name in read:
            through = [(f"{name}>{reader}", between) for between in range(row[name] + 1, row[reader])]
            ways.append([(name, row[name]), *through, (reader, row[reader])])
    rows = [[(name, number) for name in after if row[name] == number] for number in range(last + 1)]
    for way in ways:
        for step in way[1:-1]:
            rows[step[1]].append(step)
    best = rows
    for sweep in range(SWEEPS):
        rows = _sweep(rows, ways, downwards=sweep % 2 == 0)
        if count_crossings(rows, ways) < count_crossings(best, ways):
            best = rows
    return best, ways


def count_crossings(rows: Sequence[Sequence[Place]], ways: Sequence[Sequence[Place]]) -> int:
    """How often two arrows cross between neighbouring rows."""
    order = {step: number for row in rows for number, step in enumerate(row)}
    steps = [(start, end) for way in ways for start, end in zip(way, way[1:], strict=False)]
    return sum(
        (order[start] - order[other]) * (order[end] - order[target]) < 0
        for number, (start, end) in enumerate(steps)
        for other, target in steps[:number]
        if start[1] == other[1]
    )


def place(rows: Sequence[Sequence[Place]], ways: Sequence[Sequence[Place]], width: float) -> dict[Place, float]:
    """The centre of each place in millimetres: as near as possible to the middle of its neighbours, without overlap and within `width`."""
    near = _neighbours(ways, downwards=True), _neighbours(ways, downwards=False)
    centres = {}
    for row in rows:
        room = _rooms(row)
        spare = (width - sum(room)) / (len(row) + 1)
        for number, step in enumerate(row):
            centres[step] = sum(room[:number]) + room[number] / 2 + spare * (number + 1)
    for _ in range(SWEEPS):
        for row in rows:
            wished = [_mean([centres[other] for side in near for other in side.get(step, [])], centres[step]) for step in row]
            centres |= dict(zip(row, _part(wished, _rooms(row), width), strict=True))
    return centres


def _rooms(row: Sequence[Place]) -> list[float]:
    return [PASS if ">" in name else BOX[0] + ROOM for name, _ in row]


def _part(wished: Sequence[float], rooms: Sequence[float], width: float) -> list[float]:
    """Centres near the wished ones whose rooms do not overlap: the mean of pushing all to the right and all to the left."""

    def push(wished: Sequence[float], rooms: Sequence[float]) -> list[float]:
        edge, pushed = 0.0, []
        for number, (centre, room) in enumerate(zip(wished, rooms, strict=True)):
            beyond = width - sum(rooms[number:])
            start = min(max(edge, centre - room / 2), beyond)
            pushed.append(start + room / 2)
            edge = start + room
        return pushed

    right = push(wished, rooms)
    left = [width - centre for centre in reversed(push([width - centre for centre in reversed(wished)], list(reversed(rooms))))]
    return [(one + other) / 2 for one, other in zip(left, right, strict=True)]


def _sweep(rows: Sequence[list[Place]], ways: Sequence[Sequence[Place]], downwards: bool) -> list[list[Place]]:
    """Each row sorted by the mean position of its neighbours in the row before it, in the sweep's direction."""
    near = _neighbours(ways, downwards)
    sorted_rows: list[list[Place]] = []
    for row in rows if downwards else reversed(rows):
        before = {step: number / len(sorted_rows[-1]) for number, step in enumerate(sorted_rows[-1])} if sorted_rows else {}
        own = {step: number / len(row) for number, step in enumerate(row)}
        middles = {step: _mean([before[other] for other in near.get(step, []) if other in before], own[step]) for step in row}
        sorted_rows.append(sorted(row, key=lambda step, middles=middles: middles[step]))  # type: ignore[misc]
    return sorted_rows if downwards else sorted_rows[::-1]


def _neighbours(ways: Sequence[Sequence[Place]], downwards: bool) -> dict[Place, list[Place]]:
    found: dict[Place, list[Place]] = {}
    for way in ways:
        for start, end in zip(way, way[1:], strict=False):
            one, other = (end, start) if downwards else (start, end)
            found.setdefault(one, []).append(other)
    return found


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _draw_arrow(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Curves between the rows, and upright lines past the boxes of those that the arrow only crosses."""
    (x, y), half = points[0], BOX[1] / 2
    vertices, codes = [(x, y + half)], [int(Curve.MOVETO)]
    for to_x, to_y in points[1:]:
        (x, y), end = vertices[-1], to_y - half
        vertices += [(x, (y + end) / 2), (to_x, (y + end) / 2), (to_x, end)]
        codes += [int(Curve.CURVE4)] * 3
        if (to_x, to_y) != points[-1]:
            vertices.append((to_x, to_y + half))
            codes.append(int(Curve.LINETO))
    arrow = FancyArrowPatch(
        path=Curve(vertices, codes), arrowstyle="-|>,head_width=0.9,head_length=1.6", lw=0.6, color="#777777", shrinkA=0, shrinkB=0, zorder=1
    )
    axes.add_patch(arrow)


def _draw_box(axes: Axes, name: str, colour: str, centre: tuple[float, float]) -> None:
    corner = (centre[0] - BOX[0] / 2, centre[1] - BOX[1] / 2)
    face = style.tint(style.COLOURS[colour], 0.2)
    style_of_box = "round,pad=0,rounding_size=0.6"
    axes.add_patch(FancyBboxPatch(corner, *BOX, boxstyle=style_of_box, facecolor=face, edgecolor="#777777", linewidth=0.4, zorder=2))
    lines = break_lines(name, SIZE, BOX[0] - 0.6)
    step = SIZE * LINE * MM_PER_POINT
    for number, line in enumerate(lines):
        axes.text(
            centre[0], centre[1] + (number - (len(lines) - 1) / 2) * step, line, size=SIZE, ha="center", va="center_baseline", parse_math=False
        )


def _draw_key(axes: Axes) -> None:
    left = 1.0
    for words, colour in PARTS.values():
        face = style.tint(style.COLOURS[colour], 0.2)
        axes.add_patch(FancyBboxPatch((left, 1), 4, 2.6, boxstyle="round,pad=0,rounding_size=0.4", facecolor=face, edgecolor="#777777", linewidth=0.4))
        axes.text(left + 5, 2.4, words, size=7, va="center")
        left += 10 + measure(words, 7)
