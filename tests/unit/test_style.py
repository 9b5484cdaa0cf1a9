"""Figures: equal bytes for equal drawings, whole files, and colours that can be told apart."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from paliflow.report import style


def draw(height: float = 2.0):
    figure, axes = style.new_figure(height, columns=2)
    axes[0, 0].plot([1, 2, 3], color=style.COLOURS["independent"], label="a line")
    axes[0, 1].scatter([1, 2], [3, 4])
    axes[0, 0].legend()
    return figure


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_same_drawing_gives_same_bytes(tmp_path, ending):
    style.save_figure(draw(), tmp_path / f"a.{ending}")
    style.save_figure(draw(), tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_svg_holds_no_date(tmp_path):
    style.save_figure(draw(), tmp_path / "a.svg")
    assert "<dc:date>" not in (tmp_path / "a.svg").read_text()


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg"):
        style.save_figure(draw(), tmp_path / "a.pdf")


def test_failed_drawing_leaves_no_file(tmp_path):
    figure = draw()
    figure.axes[0].set_title("$\\nosuchcommand$")
    with pytest.raises(ValueError, match="nosuchcommand"):
        style.save_figure(figure, tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("group", [("independent", "optimal_transport"), ("before", "after", "prior")])
def test_colours_of_one_comparison_differ_in_brightness_too(group):
    def brightness(name: str) -> float:
        red, green, blue = to_rgb(style.COLOURS[name])
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert all(abs(brightness(one) - brightness(other)) > 0.02 for one, other in itertools.combinations(group, 2))


def test_axes_come_as_a_grid():
    _, axes = style.new_figure(2.0)
    assert axes.shape == (1, 1)


def test_paths_are_rounded_to_a_hundredth_of_a_point(tmp_path):
    figure, axes = style.new_figure(1.0)
    axes[0, 0].plot(np.linspace(0, 1, 50), np.sin(np.arange(50)))
    style.save_figure(figure, tmp_path / "line.svg")
    paths = re.findall(r' d="([^"]*)"', (tmp_path / "line.svg").read_text())
    assert not any(re.search(r"\.\d{3}", path) for path in paths) and any(re.search(r"\.\d{2}", path) for path in paths)
