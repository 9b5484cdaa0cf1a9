"""The workflow as a figure: rules in boxes, one row after another, and an arrow from each to those that read its files."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from paliflow.report import layers, style
from paliflow.report.lettering import LINE, MM_PER_POINT, break_lines, measure
from paliflow.report.rule_graph import Rule

PARTS = {
    "clevr": ("data", "prior"),
    "vlm": ("vision-language model", "first"),
    "flow": ("flow matching", "second"),
    "report": ("report", "third"),
}
SIZE = 6.0  # points
BOX_WIDTH, BOX_HEIGHT, GUTTER = 14.6, 6.4, 1.4  # a box in millimetres, narrower in a full row, and what stays free beside it
STEP = 11.5  # from row to row


def draw_rules(rules: Sequence[Rule], path: Path) -> None:
    """Draw the rules with the last one lowest; an arrow that a longer way implies is not among their `after`."""
    after = {rule["name"]: rule["after"] for rule in rules}
    rows, ways = layers.arrange_rows(after)
    width = style.TEXT_WIDTH * MM_PER_POINT * 72
    centres, room = layers.place(rows, ways, width, BOX_WIDTH + GUTTER)
    height = STEP * (len(rows) - 1) + BOX_HEIGHT + 6
    figure, axes = style.new_figure(height / (MM_PER_POINT * 72))
    canvas: Axes = axes[0, 0]
    figure.set_layout_engine("none")
    canvas.set_position((0, 0, 1, 1))
    canvas.set(xlim=(0, width), ylim=(height, 0))
    style.bare(canvas)
    middle = [6 + BOX_HEIGHT / 2 + STEP * row for row in range(len(rows))]
    for way in ways:
        _draw_arrow(canvas, [(centres[step], middle[step[1]]) for step in way])
    for rule in rules:
        row = next(number for number, names in enumerate(rows) if (rule["name"], number) in names)
        _draw_box(canvas, rule["name"], PARTS[rule["part"]][1], (centres[rule["name"], row], middle[row]), room - GUTTER)
    _draw_key(canvas)
    style.save_figure(figure, path)


def _draw_arrow(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Curves between the rows, and upright lines past the boxes of those that the arrow only crosses."""
    (x, y), half = points[0], BOX_HEIGHT / 2
    vertices, codes = [(x, y + half)], [int(Curve.MOVETO)]
    for to_x, to_y in points[1:]:
        (x, y), end = vertices[-1], to_y - half
        vertices += [(x, (y + end) / 2), (to_x, (y + end) / 2), (to_x, end)]
        codes += [int(Curve.CURVE4)] * 3
        if (to_x, to_y) != points[-1]:
            vertices.append((to_x, to_y + half))
            codes.append(int(Curve.LINETO))
    arrow = FancyArrowPatch(
        path=Curve(vertices, codes),
        arrowstyle="-|>,head_width=0.9,head_length=1.6",
        lw=0.6,
        color="#777777",
        shrinkA=0,
        shrinkB=0,
        zorder=1,
    )
    axes.add_patch(arrow)


def _draw_box(axes: Axes, name: str, colour: str, centre: tuple[float, float], width: float) -> None:
    corner = (centre[0] - width / 2, centre[1] - BOX_HEIGHT / 2)
    face = style.tint(style.COLOURS[colour], 0.2)
    style_of_box = "round,pad=0,rounding_size=0.6"
    axes.add_patch(
        FancyBboxPatch(corner, width, BOX_HEIGHT, boxstyle=style_of_box, facecolor=face, edgecolor="#777777", linewidth=0.4, zorder=2)
    )
    lines = break_lines(name, SIZE, width - 0.6)
    step = SIZE * LINE * MM_PER_POINT
    for number, line in enumerate(lines):
        axes.text(
            centre[0],
            centre[1] + (number - (len(lines) - 1) / 2) * step,
            line,
            size=SIZE,
            ha="center",
            va="center_baseline",
            parse_math=False,
        )


def _draw_key(axes: Axes) -> None:
    left = 1.0
    for words, colour in PARTS.values():
        face = style.tint(style.COLOURS[colour], 0.2)
        axes.add_patch(
            FancyBboxPatch((left, 1), 4, 2.6, boxstyle="round,pad=0,rounding_size=0.4", facecolor=face, edgecolor="#777777", linewidth=0.4)
        )
        axes.text(left + 5, 2.4, words, size=7, va="center")
        left += 10 + measure(words, 7)
