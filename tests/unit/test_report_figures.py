"""Figures of the vision-language study and of the theory part."""

import random

import numpy as np
import pytest
from analysis_fixture import make_analysis, make_looks, make_mask
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import make_scores

from paliflow.report import (
    figures_attention,
    figures_flow_theory,
    figures_theory,
    figures_vlm,
    style,
    theory,
    theory_flow,
)

LOG = [{"step": step, "epoch": step / 10, "loss": 1 / step} for step in range(1, 21)]
PICTURES = [np.full((64, 96, 3), 0.1 * number) for number in range(6)]
MEASURED = st.lists(st.floats(0, 100), min_size=1, max_size=200)


def figures():
    base, tuned = make_scores(random.Random(1), 0.2), make_scores(random.Random(2), 0.7)
    return {
        "loss": figures_vlm.draw_loss(LOG),
        "kinds": figures_vlm.draw_kinds(base, tuned),
        "rouge": figures_vlm.draw_rouge(base, tuned),
        "nf4": figures_theory.draw_nf4_levels(theory.nf4_levels(), make_analysis()["quantisation"]),
        "quantisation_error": figures_theory.draw_quantisation_error(make_analysis()["quantisation"]),
        "singular_values": figures_theory.draw_singular_values(make_analysis()["singular_values"]),
        "mask": figures_attention.draw_attention_mask(make_mask()),
        "maps": figures_attention.draw_attention_maps(make_looks(), PICTURES),
        "paths": figures_flow_theory.draw_conditional_paths(),
        "pairs": figures_flow_theory.draw_pairs(theory_flow.pair_points(np.random.default_rng(1))),
    }


def test_equal_data_give_equal_bytes(tmp_path):
    written = []
    for folder in ("first", "second"):
        for name, figure in figures().items():
            style.save_figure(figure, tmp_path / folder / f"{name}.svg")
        written.append({path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()})
    assert written[0] == written[1]


@given(MEASURED)
def test_a_running_mean_stays_between_the_extremes(values):
    smooth, _ = figures_vlm.running_mean(np.array(values))
    assert (smooth >= min(values) - 1e-9).all() and (smooth <= max(values) + 1e-9).all()


@given(MEASURED)
def test_a_running_mean_keeps_the_length(values):
    assert figures_vlm.running_mean(np.array(values))[0].shape == (len(values),)


def test_a_line_is_its_own_running_mean_inside():
    smooth, window = figures_vlm.running_mean(np.arange(100.0))
    assert smooth[window:-window] == pytest.approx(np.arange(100.0)[window:-window])


def test_image_tokens_that_look_alike_are_drawn_as_a_few():
    tokens, allowed, spans, loss_on = figures_attention.shorten(make_mask()["rows"][1])
    assert (spans["image"], allowed.shape, len(loss_on)) == ((0, 4), (len(tokens),) * 2, len(tokens))


def test_image_tokens_that_differ_are_all_drawn():
    mask = make_mask()["rows"][0]
    mask["mask"][3][5] = 0
    assert figures_attention.shorten(mask)[0] == [figures_attention.name_token(token) for token in mask["tokens"]]


def test_the_padding_of_the_shorter_question_is_drawn():
    pane = figures_attention.draw_attention_mask(make_mask()).axes[0]
    assert [label.get_text() for label in pane.get_xticklabels()][-3:] == ["<pad>"] * 3


def test_a_patch_is_as_light_as_the_attention_on_it():
    looks = make_looks()
    shade = np.asarray(figures_attention.draw_attention_maps(looks, PICTURES).axes[0].images[2].get_array())[..., 3]
    heat = np.array(looks["samples"][0]["attention"][looks["shown_layer"] - 1])
    assert shade.shape == (6, 6) and shade.flatten() == pytest.approx(figures_attention.DARKEST * (1 - heat / heat.max()))


def test_a_wrong_answer_is_drawn_as_one():
    written = [text.get_text() for text in figures_attention.draw_attention_maps(make_looks(), PICTURES).axes[0].texts]
    assert "Model: a $red$ cube (wrong)" in written and "Model: blue (right)" in written


def test_runs_of_one_rank_share_a_line_and_the_studys_model_stands_apart():
    spectrum, effective = figures_theory.draw_singular_values(make_analysis(ranks=(4, 16), seeds=2)["singular_values"]).axes
    assert [text.get_text() for text in spectrum.get_legend().get_texts()] == ["rank 4", "rank 16", "random factors"]
    assert "the study's model" in [text.get_text() for text in effective.get_legend().get_texts()]


def test_as_many_meetings_are_marked_as_lines_cross():
    pairs = theory_flow.pair_points(np.random.default_rng(1))
    marked = [len(pane.lines[-1].get_xdata()) for pane in figures_flow_theory.draw_pairs(pairs).axes[:2]]
    assert marked == [pairs["crossings"]["independent"], 0] and marked[0] > 0


def test_two_lines_meet_where_both_are():
    meetings = figures_flow_theory.find_meetings(np.array([0.0, 1.0, 5.0]), np.array([3.0, -3.0, 9.0]))
    assert meetings == pytest.approx(np.array([[1 / 7, 3 / 7]]))
