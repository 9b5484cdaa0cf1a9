"""The first page's figures in small: what they show of a study that knows all and of one that knows little."""

import random

import pytest
from flow_fixture import make_digits, make_evaluation
from report_fixture import ALONE, COMPARISON, load_settings, make_comparison, make_scores

from paliflow.report import figures_first_page, style

BASE, MAIN = make_scores(random.Random(1), 0.2), make_scores(random.Random(2), 0.7, own=(0.42, 0.3))


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def rows(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def draw_forgetting(comparison=COMPARISON):
    settings = load_settings()
    settings["vlm"]["comparison"] = comparison
    return figures_first_page.draw_forgetting(BASE, MAIN, make_comparison(settings), 16)


def test_equal_data_give_equal_bytes(tmp_path):
    written = []
    for folder in ("first", "second"):
        figures = {
            "kinds": figures_first_page.draw_kinds(BASE, MAIN),
            "forgetting": draw_forgetting(),
            "flow_error": figures_first_page.draw_flow_error(make_evaluation()),
            "digits": figures_first_page.draw_digits(make_digits()[1]),
        }
        for name, figure in figures.items():
            style.save_figure(figure, tmp_path / folder / f"{name}.svg")
        written.append({path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()})
    assert written[0] == written[1]


def test_of_many_kinds_those_helped_most_and_least_are_shown():
    gains = {"a": 0.1, "b": 0.4, "c": -0.2, "d": 0.3, "e": 0.0, "f": 0.2}
    base = {"by_kind": {kind: {"prior_exact_match": {"value": 0.3}} for kind in gains}}
    main = {"by_kind": {kind: {"exact_match": {"value": 0.3 + gain}} for kind, gain in gains.items()}}
    assert figures_first_page.extreme_kinds(base, main) == ["b", "d", "e", "c"]
    del base["by_kind"]["a"], base["by_kind"]["b"], base["by_kind"]["c"]
    assert figures_first_page.extreme_kinds(base, main) == ["d", "f", "e"]


def test_all_questions_stand_above_the_kinds():
    assert rows(figures_first_page.draw_kinds(BASE, MAIN))[0] == "all questions"


@pytest.mark.parametrize(("comparison", "methods"), [(COMPARISON, ["QLoRA", "LoRA", "DoRA", "full fine-tuning"]), (ALONE, ["QLoRA"])])
def test_forgetting_shows_the_base_the_methods_and_the_main_run(comparison, methods):
    assert legend(draw_forgetting(comparison)) == ["most frequent answer", "before tuning", *methods, "QLoRA, main run"]


def test_the_error_has_a_line_a_coupling():
    assert legend(figures_first_page.draw_flow_error(make_evaluation())) == ["perfect samples", "independent", "optimal transport"]


@pytest.mark.parametrize("counts", [(1, 8, 64), (4,)])
def test_digits_are_shown_by_the_fewest_and_the_most_evaluations(counts):
    ends = dict.fromkeys((counts[0], counts[-1]))
    models = ("independent", "optimal transport", "DDIM")
    shown = rows(figures_first_page.draw_digits(make_digits(counts=counts)[1]))
    assert shown == ["held-out images", *(f"{model}, {count}" for model in models for count in ends)]
