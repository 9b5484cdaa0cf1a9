"""Figures of the compared runs and of the answers in detail, for studies that know all and for those that know little."""

import random

import numpy as np
import pytest
from report_fixture import ALONE, ANSWERS, COMPARISON, REPOSITORY, load_settings, make_comparison, make_scores

from paliflow.report import figures_answers, figures_methods, style

BASE, MAIN = make_scores(random.Random(1), 0.2), make_scores(random.Random(2), 0.7, own=(0.42, 0.3))


def make_compared(comparison):
    settings = load_settings()
    settings["vlm"]["comparison"] = comparison
    return make_comparison(settings)


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_equal_data_give_equal_bytes(tmp_path):
    written = []
    for folder in ("first", "second"):
        compared = make_compared(COMPARISON)
        figures = {
            "ranks": figures_methods.draw_ranks(BASE, compared),
            "forgetting": figures_methods.draw_forgetting(BASE, MAIN, compared, 16),
            "confusion": figures_answers.draw_confusion(MAIN["confusion"]),
            "calibration": figures_answers.draw_calibration(BASE["calibration"], MAIN["calibration"]),
            "difficulty": figures_answers.draw_difficulty(BASE, MAIN),
        }
        for name, figure in figures.items():
            style.save_figure(figure, tmp_path / folder / f"{name}.svg")
        written.append({path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()})
    assert written[0] == written[1]


def test_forgetting_shows_the_base_each_method_each_weight_and_the_main_run():
    shown = legend(figures_methods.draw_forgetting(BASE, MAIN, make_compared(COMPARISON), 16))
    assert shown[1:5] == ["before tuning", "QLoRA", "LoRA", "DoRA"] and shown[5:] == [
        *("full fine-tuning", "QLoRA, λ = 1", "QLoRA, λ = 8", "QLoRA, main run"),
    ]


def test_a_run_alone_is_drawn_without_intervals():
    compared = make_compared(ALONE)
    assert legend(figures_methods.draw_forgetting(BASE, MAIN, compared, 16))[1:] == ["before tuning", "QLoRA", "QLoRA, main run"]
    assert legend(figures_methods.draw_ranks(BASE, compared))[1:] == ["QLoRA"]


def test_ranks_stand_in_their_order():
    pane = figures_methods.draw_ranks(BASE, make_compared(COMPARISON)).axes[0]
    assert [label.get_text() for label in pane.get_xticklabels()] == ["4", "16", "64"]


def test_answers_of_one_sort_stand_together():
    confusion = {"answers": [*ANSWERS, "a thing"], "counts": np.ones((len(ANSWERS) + 1, len(ANSWERS) + 2), int).tolist()}
    pane = figures_answers.draw_confusion(confusion).axes[0]
    names = [label.get_text() for label in pane.get_yticklabels()]
    assert names[:6] == ["yes", "no", "0", "1", "2", "3"] and names[-3:] == ["rubber", "metal", "a thing"]
    assert [label.get_text() for label in pane.get_xticklabels()] == [*names, "other"]


def test_counts_move_with_their_answers():
    confusion = {"answers": ["no", "yes"], "counts": [[7, 1, 0], [2, 5, 3]]}
    texts = figures_answers.draw_confusion(confusion).axes[0].texts
    assert [text.get_text() for text in texts] == ["5", "2", "3", "1", "7"]


def test_an_empty_bin_is_no_point():
    pane = figures_answers.draw_calibration(BASE["calibration"], MAIN["calibration"]).axes[1]
    assert len(pane.lines[1].get_xdata()) == sum(part["n"] > 0 for part in MAIN["calibration"]["bins"]) == 9


@pytest.mark.parametrize(("unknown", "titles"), [([], 2), (["by_program_length"], 1)])
def test_difficulty_has_a_column_for_each_thing_that_is_known(unknown, titles):
    missing = dict.fromkeys(unknown)
    assert len(figures_answers.draw_difficulty(BASE | missing, MAIN | missing).axes) == 2 * titles


def test_a_division_of_few_questions_has_a_bar_and_no_point():
    scores = {
        evaluation: {
            "by_program_length": {str(length): evaluated["by_objects"]["3"] | {"n": n} for length, n in ((4, 29), (5, 30), (6, 31))}
        }
        for evaluation, evaluated in (("base", BASE), ("main", MAIN))
    }
    base, main = ({"by_objects": None} | scores[evaluation] for evaluation in ("base", "main"))
    accuracy, numbers = figures_answers.draw_difficulty(base, main).axes
    assert [len(line.get_xdata()) for line in accuracy.lines] == [2, 2, 2] and len(numbers.patches) == 3


@pytest.mark.parametrize("language", ["", "fa"])
def test_text_and_figure_leave_out_the_same_divisions(language):
    text = (REPOSITORY / "report_template" / language / "sections" / "q1_5_3.md.j2").read_text(encoding="utf-8")
    assert f"{{% set least = {figures_answers.LEAST} %}}" in text


def test_a_source_without_objects_and_programs_says_so():
    base, main = (make_scores(random.Random(1), level, programs=False) for level in (0.2, 0.7))
    assert "knows neither" in figures_answers.draw_difficulty(base, main).axes[0].texts[0].get_text()
