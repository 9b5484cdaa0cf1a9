"""Text in figures: made harmless, measured and broken into lines."""

from bisect import bisect_right
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from paliflow.report.markdown import make_visible

MM_PER_POINT = 25.4 / 72
FONT = "DejaVu Sans"
LINE = 1.18  # from one line to the next, of the letters' size


@lru_cache(4096)
def measure(text: str, size: float, maths: bool = False) -> float:
    """The width in millimetres of one line set in `size` points, with `maths` for formulas between dollar signs."""
    width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(family=FONT, size=size), ismath=maths)
    return float(width) * MM_PER_POINT


def break_lines(text: str, size: float, width: float) -> list[str]:
    """Text in lines that are at most `width` millimetres wide in `size` points; a longer word breaks behind a "_", or anywhere.

    Control characters are shown as U+FFFD, and line breaks count as spaces.
    """
    lines = [""]
    for word in make_visible(text).split():
        for number, part in enumerate(_break_word(word, size, width)):
            joined = f"{lines[-1]} {part}".lstrip() if number == 0 else part
            if number == 0 and measure(joined, size) <= width:
                lines[-1] = joined
            else:
                lines.append(part)
    return [line for line in lines if line]


def _break_word(word: str, size: float, width: float) -> list[str]:
    parts = []
    while len(word) > 1 and measure(word, size) > width:
        fitting = max(1, bisect_right(range(1, len(word)), width, key=lambda length: measure(word[:length], size)))
        end = word.rfind("_", 0, fitting) + 1 or fitting
        parts.append(word[:end])
        word = word[end:]
    return [*parts, word]
