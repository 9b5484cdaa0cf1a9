"""Boxes and arrows in the figures' style: a pane measured in millimetres that refuses text too long for its box and boxes that overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.patches import FancyBboxPatch, Rectangle

from paliflow.report import style
from paliflow.report.lettering import LINE, MM_PER_POINT, measure

WIDTH = 25.4 * style.TEXT_WIDTH  # millimetres, as are all lengths here
LETTERS = 7.5  # points
SIDE = 0.8  # the least room between a box's edge and its text
MARGIN = 0.4  # around the pane, for the lines of the boxes on its edge
INK = "#333333"
BACKWARD = style.COLOURS["second"]
KINDS = {"image": "first", "text": "third", "answer": "second", "joint": "prior"}
"""What a box handles, and its colour: the same as in the figure of the attention mask, where the answer is the suffix."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle, from the pane's left and top."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    @property
    def centre(self) -> Point:
        """The point in the middle."""
        return self.left + self.width / 2, self.top + self.height / 2

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share more than an edge."""
        apart = self.right <= other.left or other.right <= self.left or self.bottom <= other.top or other.bottom <= self.top
        return not apart


class Diagram:
    """A pane of the text's width to draw on.

    Args:
        height: of the whole, in millimetres.
    """

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure, axes = style.new_figure(height / 25.4)
        self.pane = axes[0, 0]
        self.figure.set_layout_engine("none")
        self.pane.set_position((0, 0, 1, 1))
        style.bare(self.pane)
        self.pane.set(xlim=(-MARGIN, WIDTH + MARGIN), ylim=(height + MARGIN, -MARGIN), aspect="auto")
        self.boxes: list[Box] = []

    def part(self, left: float, top: float, width: float, height: float, text: str, kind: str, trained: bool = True) -> Box:
        """A part of a model: its outline is solid where it is trained, dashed where it is left as it is."""
        box = self._place(left, top, width, height, text)
        outline: dict[str, Any] = {"linewidth": 1.2} if trained else {"linewidth": 0.9, "linestyle": (0, (3, 2))}
        colour = style.tint(style.COLOURS[KINDS[kind]], 0.3 if trained else 0.1)
        self.pane.add_patch(Rectangle((left, top), width, height, facecolor=colour, edgecolor=INK, **outline))
        self.write(box.centre, text)
        return box

    def data(self, left: float, top: float, width: float, height: float, text: str, kind: str) -> Box:
        """What goes in or comes out: round corners and a thin line of its kind's colour."""
        box = self._place(left, top, width, height, text)
        corner = min(height, width) / 2.5
        shape = FancyBboxPatch((left, top), width, height, boxstyle=f"round,pad=0,rounding_size={corner}")
        shape.set(facecolor="white", edgecolor=style.COLOURS[KINDS[kind]], linewidth=1.0)
        self.pane.add_patch(shape)
        self.write(box.centre, text)
        return box

    def arrow(self, *points: Point, backward: bool = False) -> None:
        """A line through the points with its head at the last; dashed and coloured for what the backward pass sends."""
        look: dict[str, Any] = {"color": BACKWARD, "linestyle": (0, (3, 1.5))} if backward else {"color": INK}
        if len(points) > 2:
            across, down = zip(*points[:-1], strict=True)
            self.pane.plot(across, down, linewidth=0.9, **look, solid_joinstyle="miter", solid_capstyle="butt")
        head = {"arrowstyle": "-|>,head_width=0.18,head_length=0.36", "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
        self.pane.annotate("", points[-1], points[-2], arrowprops=head | look)

    def chain(self, *boxes: Box) -> None:
        """Arrows from each box to the next on its right, in the middle of the lower of the two."""
        for one, other in pairwise(boxes):
            height = min(one, other, key=lambda box: box.height).centre[1]
            self.arrow((one.right, height), (other.left, height))

    def write(self, place: Point, text: str, size: float = LETTERS, **look: Any) -> None:
        """Text at a point, in the middle unless `ha` and `va` say otherwise; formulas stand between dollar signs."""
        usual: dict[str, Any] = {"size": size, "ha": "center", "va": "center", "linespacing": LINE, "parse_math": "$" in text}
        self.pane.text(*place, text, **usual | look)

    def legend(self, left: float, top: float, entries: Sequence[tuple[str, bool]]) -> None:
        """What a solid and a dashed outline mean: small boxes in a row, each with its text behind it."""
        for text, trained in entries:
            self.part(left, top, 7, 3.6, "", "joint", trained)
            self.write((left + 8.5, top + 1.8), text, ha="left")
            left += 8.5 + measure(text, LETTERS) + 6

    def _place(self, left: float, top: float, width: float, height: float, text: str) -> Box:
        box = Box(left, top, width, height)
        lines = text.split("\n")
        wide = max(measure(line, LETTERS, maths="$" in line) for line in lines)
        if text and (wide > width - 2 * SIDE or len(lines) * LETTERS * LINE * MM_PER_POINT > height):
            raise ValueError(f"'{text}' is {wide:.1f} mm wide and does not fit a box of {width:g} by {height:g} mm.")
        if not (left >= 0 and top >= 0 and box.right <= WIDTH and box.bottom <= self.height):
            raise ValueError(f"the box '{text}' leaves the pane of {WIDTH:g} by {self.height:g} mm.")
        if any(box.overlaps(other) for other in self.boxes):
            raise ValueError(f"the box '{text}' overlaps another.")
        self.boxes.append(box)
        return box
