"""A graph without cycles in rows: every arrow leads downwards, few cross, and none runs through a box."""

import itertools
from collections.abc import Mapping, Sequence

SWEEPS = 24
"""How often the order in the rows and the places are improved; more change nothing that one sees."""

Place = tuple[str, int]
"""A box in its row, or the part of a long arrow that crosses a row: (name, row) or ("from>to", row)."""


def arrange_rows(after: Mapping[str, Sequence[str]]) -> tuple[list[list[Place]], list[list[Place]]]:
    """Boxes in rows, each as low as its readers allow, ordered so that few arrows cross.

    Args:
        after: of each box, which others it reads from.

    Returns:
        The rows from the highest, and each arrow's way from the box that is read to its reader, row by row.
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
    steps = [(start, end) for way in ways for start, end in itertools.pairwise(way)]
    return sum(
        (order[start] - order[other]) * (order[end] - order[target]) < 0
        for number, (start, end) in enumerate(steps)
        for other, target in steps[:number]
        if start[1] == other[1]
    )


def place(rows: Sequence[Sequence[Place]], ways: Sequence[Sequence[Place]], width: float, most: float) -> tuple[dict[Place, float], float]:
    """Where all stand: as near as possible to the middle of their neighbours, without overlap and within `width`.

    Args:
        most: what a box takes of the width at most; an arrow that crosses a row takes a tenth of what a box does.

    Returns:
        The centre of each place, and what a box takes of the width: less than `most` where a row is too full for that.
    """
    room = min([most, *(width / sum(_rooms(row, 1)) for row in rows)])
    near = _neighbours(ways, downwards=True), _neighbours(ways, downwards=False)
    centres = {}
    for row in rows:
        taken = _rooms(row, room)
        spare = (width - sum(taken)) / (len(row) + 1)
        for number, step in enumerate(row):
            centres[step] = sum(taken[:number]) + taken[number] / 2 + spare * (number + 1)
    for _ in range(SWEEPS):
        for row in rows:
            wished = [_mean([centres[other] for side in near for other in side.get(step, [])], centres[step]) for step in row]
            centres |= dict(zip(row, _part(wished, _rooms(row, room), width), strict=True))
    return centres, room


def _rooms(row: Sequence[Place], room: float) -> list[float]:
    return [room / 10 if ">" in name else room for name, _ in row]


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
        for start, end in itertools.pairwise(way):
            one, other = (end, start) if downwards else (start, end)
            found.setdefault(one, []).append(other)
    return found


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
