"""Figures of the vision-language study and of the theory part."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import make_mask, make_scores

from paliflow.report import figures_theory, figures_vlm, style, theory

LOGS = {"qlora": [{"step": step, "epoch": step / 10, "loss": 1 / step} for step in range(1, 21)]}
MEASURED = st.lists(st.floats(0, 100), min_size=1, max_size=200)


def figures():
    base, tuned = make_scores(random.Random(1), 0.2), {"qlora": make_scores(random.Random(2), 0.7)}
    return {
        "loss": figures_vlm.draw_loss(LOGS),
        "kinds": figures_vlm.draw_kinds(base, tuned),
        "rouge": figures_vlm.draw_rouge(base, tuned),
        "nf4": figures_theory.draw_nf4_levels(theory.nf4_levels()),
        "mask": figures_theory.draw_attention_mask(make_mask()),
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
    tokens, allowed, spans, loss_on = figures_theory.shorten(make_mask())
    assert (spans["image"], allowed.shape, len(loss_on)) == ((0, 8), (len(tokens),) * 2, len(tokens))


def test_image_tokens_that_differ_are_all_drawn():
    mask = make_mask()
    mask["mask"][3][5] = 0
    assert figures_theory.shorten(mask)[0] == [figures_theory.name_token(token) for token in mask["tokens"]]
