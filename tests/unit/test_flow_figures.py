"""The figures of the flow experiments, from made-up results."""

import io
import warnings

import flow_fixture as made
import numpy as np
import pytest
from flow_fixture import COUNTS, COUPLINGS, PAIRS, score
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.quiver import Quiver
from PIL import Image

from paliflow.report import figures_digits, figures_flow, figures_flow_error, pairs, particles
from paliflow.report.names import NAMES
from paliflow.report.style import COLOURS, TEXT_WIDTH

A_PAGE = 9.3  # inches, with a caption of some lines below
SORTED = st.lists(st.integers(1, 1000), min_size=1, unique=True).map(sorted)


def draw(name, shown, couplings, counts=COUNTS):
    """A figure of these pairs and couplings, and what it was drawn from."""
    content = {
        "couplings": lambda: made.make_couplings(couplings),
        "loss": lambda: made.make_log(couplings),
        "error": lambda: made.make_evaluation(couplings, counts),
        "straightness": lambda: made.make_evaluation(couplings, counts),
        "diffusion": lambda: made.make_evaluation(couplings, counts),
    }.get(name, lambda: made.make_samples(couplings, counts))()
    rooms = {"error": figures_flow_error, "straightness": figures_flow_error, "diffusion": figures_flow_error, "stills": particles}
    more = [dict.fromkeys(shown, made.make_diffusion(counts))] if name == "diffusion" else []
    return getattr(rooms.get(name, figures_flow), f"draw_{name}")(dict.fromkeys(shown, content), *more), content


def marks(place, colour, marker):
    """The coordinates of the marks of this look, those of the legend's stand-ins left out."""
    lines = [line for line in place.lines if line.get_marker() == marker and line.get_color() == COLOURS[colour] and len(line.get_xdata())]
    return np.concatenate([line.get_xydata() for line in lines])


@pytest.mark.parametrize(
    ("shown", "couplings", "counts"),
    [(PAIRS, COUPLINGS, COUNTS), (PAIRS, COUPLINGS[:2], COUNTS), (PAIRS[:2], COUPLINGS[:2], (1, 4)), (PAIRS[2:3], COUPLINGS[:1], (8,))],
)
@pytest.mark.parametrize(
    "name", ["couplings", "loss", "samples", "trajectories", "velocity", "error", "straightness", "diffusion", "stills"]
)
def test_every_choice_of_pairs_couplings_and_counts_fits_on_a_page(shown, couplings, counts, name):
    figure, _ = draw(name, shown, couplings, counts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of axes that found no room
        figure.savefig(io.BytesIO(), dpi=40)
    assert figure.get_figwidth() == TEXT_WIDTH and figure.get_figheight() <= A_PAGE


@pytest.mark.parametrize("name", ["couplings", "trajectories", "samples", "velocity"])
def test_every_pair_has_a_row_of_pictures_a_coupling(name):
    figure, _ = draw(name, PAIRS[:2], COUPLINGS[:2])
    across = {"couplings": 1, "trajectories": 1, "samples": 6, "velocity": 4}[name]
    assert len(figure.axes) == 2 * 2 * across


def test_lines_join_the_points_that_a_coupling_pairs():
    figure, stored = draw("couplings", PAIRS[:1], COUPLINGS[:2])
    lines = [next(part for part in place.collections if isinstance(part, LineCollection)).get_segments() for place in figure.axes]
    source, target = stored["example_source"], stored["example_target"]
    assert np.allclose(lines[0], np.stack([source, target], axis=1))
    assert np.allclose(lines[1], np.stack([source, target[::-1]], axis=1))


def test_of_a_pool_only_the_pairs_within_the_batch_are_joined():
    figure, stored = draw("couplings", PAIRS[:1], COUPLINGS)
    lines = next(part for part in figure.axes[2].collections if isinstance(part, LineCollection)).get_segments()
    assert np.allclose([line[1] for line in lines], stored["example_target"][::-1][1::2])


def test_loss_figure_has_a_line_a_seed():
    figure, _ = draw("loss", PAIRS[:1], COUPLINGS[:2])
    assert sum(len(line.get_xdata()) > 0 for line in figure.axes[0].lines) == 4


@given(st.integers(200, 2000))
def test_smoothing_keeps_the_mean_of_whole_windows(length):
    losses = np.arange(length, dtype=float)
    window = length // 200
    _, smoothed = figures_flow.smooth(np.arange(length), losses)
    assert smoothed.mean() == pytest.approx(losses[: length // window * window].mean())


@given(SORTED)
def test_shown_evaluations_are_few_and_hold_the_extremes(counts):
    shown = figures_flow.spaced(counts)
    assert len(shown) <= 4
    assert (shown[0], shown[-1]) == (counts[0], counts[-1])


def test_samples_stand_under_the_number_of_evaluations_that_drew_them():
    figure, stored = draw("samples", PAIRS[:1], COUPLINGS[:2])
    second_row = [place.collections[0].get_offsets() for place in figure.axes[6:]]
    for cloud, name in zip(second_row, ["euler_1", "euler_2", "euler_4", "euler_64", "dopri5"], strict=False):
        assert np.allclose(cloud, stored[f"optimal_transport_{name}"])
    assert np.allclose(second_row[-1], stored["target"])


def test_arrows_are_the_velocities_of_every_second_point_of_the_grid():
    figure, stored = draw("velocity", PAIRS[:1], COUPLINGS[:2])
    arrows = next(part for part in figure.axes[4 + 2].collections if isinstance(part, Quiver))
    by_place = {tuple(point): velocity for point, velocity in zip(arrows.XY, np.stack([arrows.U, arrows.V], axis=1), strict=True)}
    velocities = stored["optimal_transport_velocity"][2].reshape(21, 21, 2)
    assert len(by_place) == 11 * 11
    assert np.allclose(by_place[4, 20], velocities[4, 20])


def test_arrows_of_a_pair_share_their_scale():
    figure, _ = draw("velocity", PAIRS[:1], COUPLINGS[:2])
    assert len({part.scale for place in figure.axes for part in place.collections if isinstance(part, Quiver)}) == 1


def test_errors_stand_at_their_evaluations():
    figure, _ = draw("error", PAIRS[:1], COUPLINGS[:2])
    euler, adaptive = marks(figure.axes[0], "optimal_transport", "o"), marks(figure.axes[0], "optimal_transport", "D")
    assert np.allclose(euler[:, 0], COUNTS, rtol=0.05) and np.allclose(euler[:, 1], [2 + 1 / count for count in COUNTS])
    assert adaptive[0] == pytest.approx([27.4, 2.0], rel=0.05)


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=9), st.floats(0, 1e6))
def test_an_interval_below_zero_does_not_stretch_a_logarithmic_axis(values, reach):
    _, places = pairs.charts(PAIRS[:1], 2, 0)
    place = places[PAIRS[0]]
    pairs.bars(place, range(1, len(values) + 1), [score(value, reach) for value in values])
    pairs.distance_axis(place, values)
    assert place.get_ylim()[0] == pytest.approx(pairs.LOWEST * min(values))
    assert place.get_ylim()[1] >= max(values)


def test_straightness_has_a_mark_a_pair_and_coupling():
    figure, _ = draw("straightness", PAIRS, COUPLINGS[:2])
    for place, level in zip(figure.axes, [0.5, 0.2, 26.4], strict=True):
        assert np.allclose(marks(place, "optimal_transport", "o")[:, 0], [level + 1] * len(PAIRS))


def test_diffusion_stands_beside_the_flow_of_its_pairs_alone():
    flow, diffusion = made.make_evaluation(), made.make_diffusion()
    figure = figures_flow_error.draw_diffusion(dict.fromkeys(PAIRS[:3], flow), dict.fromkeys(PAIRS[:2], diffusion))
    assert [place.get_title() for place in figure.axes] == [NAMES[pair] for pair in PAIRS[:2]]
    for place in figure.axes:
        assert np.allclose(marks(place, "diffusion", "s")[:, 1], [5 + 1 / count for count in COUNTS])
        assert marks(place, "diffusion", "D")[0] == pytest.approx([116.6, 5])
        assert len(marks(place, "independent", "o")) == len(COUNTS)


def test_every_mode_has_a_mark_for_each_coupling():
    figure = figures_flow_error.draw_modes({PAIRS[0]: made.make_evaluation(), PAIRS[1]: made.make_evaluation(modes=False)})
    assert [place.get_title() for place in figure.axes] == [NAMES[PAIRS[0]]]
    found = marks(figure.axes[0], "optimal_transport", "o")
    assert np.allclose(found[:, 0], range(1, 9), atol=0.4) and np.allclose(found[:, 1], 12.5)


def test_without_modes_the_figure_says_so():
    figure = figures_flow_error.draw_modes({PAIRS[1]: made.make_evaluation(modes=False)})
    assert "modes" in figure.axes[0].texts[0].get_text()


def test_without_a_diffusion_the_figure_says_so():
    figure = figures_flow_error.draw_diffusion({PAIRS[2]: made.make_evaluation()}, {})
    assert "No pair begins at a Gaussian" in figure.axes[0].texts[0].get_text()


def test_distances_of_pairs_are_shares_of_the_independent_ones():
    transport = made.make_transport()
    share, straight, _, cost = figures_flow_error.draw_transport_batch(transport["values"], transport["provenance"]).axes
    assert np.allclose(marks(share, "optimal_transport", "o"), [(16, 0.5), (32, 0.5), (64, 0.5)])
    assert np.allclose(marks(straight, "optimal_transport", "o")[:, 1], 2)
    assert np.allclose(marks(cost, "optimal_transport", "o"), [(16, 300), (32, 301), (64, 302)])


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 63))
def test_a_lit_pixel_lies_where_its_image_lies(rows, columns, pixel):
    images = np.full((columns, 64), -1.0)
    images[-1, pixel] = 1
    picture = figures_digits.mosaic([(np.full((columns, 64), -1.0), "#0000FF")] * (rows - 1) + [(images, "#FF0000")])
    assert picture.shape == (9 * rows - 1, 9 * columns - 1, 3)
    lit = np.argwhere((picture == [1, 0, 0]).all(-1))
    assert lit.tolist() == [[9 * (rows - 1) + pixel // 8, 9 * (columns - 1) + pixel % 8]]
    assert (picture == 1).all(-1).sum() == picture.shape[0] * picture.shape[1] - 1


def test_digits_show_few_and_many_evaluations_and_the_nearest_training_images():
    _, arrays = made.make_digits()
    groups = figures_digits.draw_digits(arrays).axes
    assert [[label.get_text() for label in group.get_yticklabels()] for group in groups] == [
        ["held-out images"],
        *[["1 evaluation", "8 evaluations", "64 evaluations", "nearest in training"]] * 4,
    ]
    rows = np.asarray(groups[1].images[0].get_array())[4::9, 4]  # one pixel of each row
    paler = 1 - np.array([1, 9 / 16, 65 / 128, 0])[:, None] * (1 - np.array([0xD5, 0x5E, 0]) / 255)
    assert np.allclose(rows, paler)


@given(SORTED)
def test_few_and_many_holds_the_extremes(counts):
    shown = figures_digits.few_and_many(counts)
    assert len(shown) <= 3 and set(shown) <= set(counts)
    assert (shown[0], shown[-1]) == (counts[0], counts[-1])


@given(SORTED)
def test_a_narrow_axis_always_names_the_largest_count(counts):
    assert counts[-1] in figures_digits.shown_counts(counts)


@pytest.mark.parametrize(("couplings", "counts"), [(COUPLINGS, COUNTS), (COUPLINGS[:1], (8,))])
def test_likeness_and_copying_are_drawn_for_every_model(couplings, counts):
    values, arrays = made.make_digits(couplings, counts)
    frechet, nearest, copies = figures_digits.draw_digits_error(values).axes
    for place in (frechet, nearest, copies):
        assert np.allclose(marks(place, couplings[-1], "o"), [(count, 1 / count) for count in counts])
        assert np.allclose(marks(place, "diffusion", "^"), [(count, 1 / count) for count in counts])
    for place, level in ((nearest, 2.0), (copies, 0.05)):
        line = next(line for line in place.lines if line.get_label() == "held-out images")
        assert set(line.get_ydata()) == {level}
    figures_digits.draw_digits(arrays).savefig(io.BytesIO(), dpi=40)


@pytest.fixture(scope="module")
def animation(tmp_path_factory):
    """The path of an animation of two pairs."""
    path = tmp_path_factory.mktemp("animation") / "a.gif"
    particles.write_animation(dict.fromkeys(PAIRS, made.make_samples()), path)
    return path


def test_the_animation_is_small_loops_and_ends_in_a_pause(animation):
    image = Image.open(animation)
    durations = []
    for frame in range(image.n_frames):
        image.seek(frame)
        durations.append(image.info["duration"])
    assert image.info["loop"] == 0 and durations[-1] > 20 * durations[0] and set(durations[:-1]) == {durations[0]}
    assert animation.stat().st_size < 1.5e6


def test_the_animation_has_the_same_bytes_again(animation, tmp_path):
    particles.write_animation(dict.fromkeys(PAIRS, made.make_samples()), tmp_path / "b.gif")
    assert (tmp_path / "b.gif").read_bytes() == animation.read_bytes()


def test_the_animation_ends_with_the_particles_on_the_target(animation):
    """The made-up paths end on the target points, so that no grey is left but its edges; at the beginning there is plenty."""
    image = Image.open(animation)
    grey = []
    for frame in (0, image.n_frames - 1):
        image.seek(frame)
        grey.append((np.asarray(image.convert("RGB")) == 0xC8).all(-1).sum())
    assert grey[1] < grey[0] / 4


def test_stills_show_the_particles_at_five_times():
    figure, stored = draw("stills", PAIRS[:1], COUPLINGS[:2])
    path = stored["optimal_transport_paths"]
    for place, at in zip(figure.axes[5:], [0, 16, 32, 48, 64], strict=True):
        assert np.allclose(place.collections[1].get_offsets(), path[at])
