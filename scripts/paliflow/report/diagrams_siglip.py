"""Diagrams of SigLIP: the pairs of a batch that the two losses look at, and the batch in blocks that pass from device to device."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from paliflow.report import style
from paliflow.report.diagrams import Diagram, Point

PAIRS = 6
CELL = 7.0  # millimetres
DEVICES = 4
BLOCK = 13.0
MATCHING, OTHER = style.tint(style.COLOURS["first"], 0.75), style.tint(style.COLOURS["prior"], 0.16)
ROUNDS = [style.tint(style.COLOURS["first"], share) for share in (0.72, 0.45, 0.24, 0.08)]


def draw_pairs() -> Figure:
    """The similarities of all images with all texts of a batch: what one term of SigLIP's loss looks at, and what one of CLIP's does."""
    diagram = Diagram(64)
    side, top = PAIRS * CELL, 12.0
    first, second = 22.0, 22.0 + side + 42
    for left, title, under in (
        (first, "SigLIP: one sigmoid a pair", "each cell is a question of its own"),
        (second, "CLIP: one softmax a row or column", "a term needs all cells of its row or column"),
    ):
        diagram.write((left + side / 2, 2.5), title, size=8.5, weight="bold")
        _pairs(diagram, left, top)
        diagram.write((left + side / 2, top + side + 7), under)
    row, column = 2, 4
    _outline(diagram, first + column * CELL, top + row * CELL, CELL, CELL)
    _outline(diagram, first + row * CELL, top + row * CELL, CELL, CELL)
    _outline(diagram, second, top + row * CELL, side, CELL)
    _outline(diagram, second + row * CELL, top, CELL, side)
    return diagram.figure


def draw_ring() -> Figure:
    """The chunked loss: texts go round a ring of devices (left), and the round in which each block of pairs is computed (right)."""
    diagram = Diagram(72)
    diagram.write((34, 2.5), "Texts move on, images stay", size=8.5, weight="bold")
    middle, away = (34.0, 39.0), 23.0
    places = [(middle[0] + away * np.cos(angle), middle[1] + away * np.sin(angle)) for angle in np.pi * (np.arange(DEVICES) / 2 - 0.75)]
    for number, (across, down) in enumerate(places, 1):
        diagram.part(across - 11, down - 7, 22, 14, f"device {number}\nimages {number}\ntexts {number} first", "joint")
    for here, there in zip(places, [places[-1], *places[:-1]], strict=True):
        diagram.arrow(*_between(here, there))
    diagram.write(middle, "after each round:\ntexts to the\nneighbour")
    left, top, side = 100.0, 13.0, DEVICES * BLOCK
    diagram.write((left + side / 2 - 5, 2.5), "Round in which a block is computed", size=8.5, weight="bold")
    for row in range(DEVICES):
        for column in range(DEVICES):
            number = (column - row) % DEVICES
            across, down = left + column * BLOCK, top + row * BLOCK
            diagram.pane.add_patch(Rectangle((across, down), BLOCK, BLOCK, facecolor=ROUNDS[number], edgecolor="white", linewidth=1.5))
            place = (across + BLOCK / 2, down + BLOCK / 2)
            diagram.write(place, str(number), size=9, color="white" if number == 0 else "#222222", weight="bold")
        diagram.write((left - 1.5, top + (row + 0.5) * BLOCK), f"images {row + 1}", ha="right")
        diagram.write((left + (row + 0.5) * BLOCK, top - 2.5), f"texts {row + 1}")
    diagram.write((left + side / 2 - 5, top + side + 4), "round 0 has all matching pairs")
    return diagram.figure


def _pairs(diagram: Diagram, left: float, top: float) -> None:
    for row in range(PAIRS):
        for column in range(PAIRS):
            same = row == column
            shape = Rectangle((left + column * CELL, top + row * CELL), CELL, CELL, facecolor=MATCHING if same else OTHER)
            shape.set(edgecolor="white", linewidth=1.0)
            diagram.pane.add_patch(shape)
            place = (left + (column + 0.5) * CELL, top + (row + 0.5) * CELL)
            diagram.write(place, "+1" if same else "−1", color="white" if same else "#222222")
        diagram.write((left - 1.5, top + (row + 0.5) * CELL), f"image {row + 1}", ha="right")
        diagram.write((left + (row + 0.5) * CELL, top - 2.5), f"text {row + 1}", size=6)


def _outline(diagram: Diagram, left: float, top: float, width: float, height: float) -> None:
    """An outline around the cells that one term needs."""
    colour = style.COLOURS["second"]
    diagram.pane.add_patch(Rectangle((left, top), width, height, facecolor="none", edgecolor=colour, linewidth=2.0, zorder=4))


def _between(here: Point, there: Point) -> tuple[Point, Point]:
    """The line from one device's box to the next, between their nearer edges."""
    (across, down), (to_across, to_down) = here, there
    if abs(across - to_across) > abs(down - to_down):
        step = 11 if to_across > across else -11
        return (across + step, down), (to_across - step, down)
    step = 7 if to_down > down else -7
    return (across, down + step), (across, to_down - step)
