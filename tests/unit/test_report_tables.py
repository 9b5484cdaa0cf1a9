"""CSV files as tables of the report, and the tables of the vision-language study."""

import random

import pytest
from report_fixture import make_scores

from paliflow.errors import InputError
from paliflow.report import tables_vlm
from paliflow.report.tables import print_csv

CSV = "Answers,Score,Score low,Score high,n\nprior,0.42,0.4,0.44,10\nqlora,0.69,0.66,0.72,1290\nnone,,,,3\n"


@pytest.fixture
def written(tmp_path):
    (tmp_path / "scores.csv").write_text(CSV)
    return tmp_path / "scores.csv"


def test_intervals_go_into_their_column_and_the_best_is_bold(written):
    printed = print_csv(written, {"Score": "percent"}, {"Score": "max"}, {"qlora": "QLoRA"})
    assert printed.splitlines() == [
        "| Answers | Score | n |",
        "|:---|---:|---:|",
        "| prior | 42.0\u00a0% [(40.0–44.0)]{.interval} | 10 |",
        "| QLoRA | **69.0\u00a0%** [(66.0–72.0)]{.interval} | 1,290 |",
        "| none | – | 3 |",
    ]


def test_columns_can_be_chosen(written):
    assert print_csv(written, {}, {}, {}, ["n"]).splitlines()[0] == "| n |"


@pytest.mark.parametrize("call", [{"formats": {"x": "percent"}}, {"best": {"x": "max"}}, {"columns": ["x"]}])
def test_a_column_that_is_not_there_is_named(written, call):
    with pytest.raises(InputError, match="has no column 'x'"):
        print_csv(written, **({"formats": {}, "best": {}, "names": {}} | call))


def test_a_row_of_other_length_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1\n")
    with pytest.raises(InputError, match="line 2 has 1 cells, the header 2"):
        print_csv(tmp_path / "t.csv", {}, {}, {})


def test_the_summary_has_the_promised_form():
    summary = tables_vlm.summarise(make_scores(random.Random(1), 0.2), {"qlora": make_scores(random.Random(2), 0.7)})
    ends = {"value", "low", "high"}
    names = [f"{which}_exact_match{over}" for over in ("", "_mean_over_kinds") for which in ("base", "prior", "tuned")]
    assert (summary["n"], {name: set(summary[name]) for name in names}) == (1290, dict.fromkeys(names, ends))


def test_scores_have_a_row_for_prior_base_and_each_method():
    base, tuned = make_scores(random.Random(1), 0.2), make_scores(random.Random(2), 0.7)
    assert list(tables_vlm.tabulate_scores(base, {"qlora": tuned, "lora": tuned})["Answers"]) == ["prior", "base", "qlora", "lora"]


def test_kinds_have_a_row_each():
    base, tuned = make_scores(random.Random(1), 0.2), make_scores(random.Random(2), 0.7)
    assert len(tables_vlm.tabulate_kinds(base, {"qlora": tuned})) == len(base["by_kind"])


def test_each_score_of_a_kind_has_its_interval():
    base, tuned = make_scores(random.Random(1), 0.2), make_scores(random.Random(2), 0.7)
    columns = set(tables_vlm.tabulate_kinds(base, {"qlora": tuned}))
    assert {f"{name} {end}" for name in ("prior", "base", "qlora") for end in ("low", "high")} <= columns
