"""CSV files as tables of the report, and the tables of the vision-language study."""

import csv
import random

import pandas
import pytest
from report_fixture import ALONE, COMPARISON, FAMILIES, load_settings, make_comparison, make_scores

from paliflow.errors import InputError
from paliflow.report import groups, tables_methods, tables_vlm
from paliflow.report.tables import print_csv

CSV = "Answers,Score,Score low,Score high,n\nprior,0.42,0.4,0.44,10\nqlora,0.69,0.66,0.72,1290\nnone,,,,3\n"


ANSWERED = [{"family": int(family), "kind": "exist", "question": f"Question {family}?"} for family in FAMILIES for _ in range(2)]


def make_evaluations(programs=True):
    """The values of evaluate_base and of the main run's evaluate_adapter."""
    return make_scores(random.Random(1), 0.2, programs=programs), make_scores(random.Random(2), 0.7, programs=programs)


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


def test_a_value_without_an_interval_stands_alone(tmp_path):
    (tmp_path / "t.csv").write_text("Score,Score low,Score high\n0.5,,\n-0.004,-0.012,0.003\n")
    rows = print_csv(tmp_path / "t.csv", {"Score": "points"}, {}, {}).splitlines()[2:]
    assert rows == ["| +50.0 |", "| −0.4 [(−1.2 to +0.3)]{.interval} |"]


def test_the_summary_has_the_promised_form():
    summary = tables_vlm.summarise(*make_evaluations(), make_comparison(load_settings()))
    ends = {"value", "low", "high"}
    names = [f"{which}_exact_match{over}" for over in ("", "_mean_over_kinds") for which in ("base", "prior", "tuned")]
    names += ["base_own_exact_match", "tuned_own_exact_match", "tuned_own_kept", "difference_exact_match"]
    assert (summary["n"], {name: set(summary[name]) for name in names}) == (1290, dict.fromkeys(names, ends))
    assert summary["mcnemar_p_value"] == 1e-121


def test_the_summary_of_a_base_without_right_answers_says_so():
    base = make_scores(random.Random(1), 0.2, own=(1.0, None))
    assert tables_vlm.summarise(base, base, make_comparison(load_settings()))["base_own_exact_match"] is None


def test_scores_have_a_row_for_prior_base_and_the_tuned_model():
    assert list(tables_vlm.tabulate_scores(*make_evaluations())["Answers"]) == ["prior", "base", "main"]


def test_kinds_have_a_row_each():
    base, tuned = make_evaluations()
    assert len(tables_vlm.tabulate_kinds(base, tuned)) == len(base["by_kind"])


def test_each_score_of_a_kind_has_its_interval():
    columns = set(tables_vlm.tabulate_kinds(*make_evaluations()))
    rouge = [f"{name} {title}" for name in ("base", "main") for title in ("ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum")]
    assert {f"{name} {end}" for name in ("prior", "base", "main", *rouge) for end in ("low", "high")} <= columns


def test_families_go_from_the_largest_lead_over_the_prior_to_the_smallest():
    lead = tables_vlm.tabulate_families(*make_evaluations(), ANSWERED).eval("main - prior")
    assert len(lead) == len(FAMILIES) and lead.is_monotonic_decreasing


def test_a_family_shows_its_first_question():
    table = tables_vlm.tabulate_families(*make_evaluations(), ANSWERED)
    assert dict(zip(table["Family"], table["Example"], strict=True)) == {family: f"Question {family}?" for family in FAMILIES}


def test_a_source_without_families_gives_an_empty_table_with_its_header():
    table = tables_vlm.tabulate_families(*make_evaluations(programs=False), [])
    assert table.empty and table.to_csv(index=False).startswith("Family,Kind,Example,Questions,prior,prior low,")


@pytest.mark.parametrize(("rows", "shown"), [(3, [0, 1, 2]), (12, [0, 1, 2, 3, 4, 7, 8, 9, 10, 11])])
def test_the_extremes_are_both_ends_of_a_long_table(rows, shown):
    assert list(tables_vlm.take_extremes(pandas.DataFrame({"row": range(rows)}))["row"]) == shown


def test_each_comparison_takes_its_own_groups():
    settings = load_settings()
    settings["vlm"]["comparison"] = COMPARISON
    comparison, rank = make_comparison(settings), settings["vlm"]["rank"]
    comparison["groups"]["main"] = comparison["groups"]["qlora_rank16"]
    assert list(groups.compared_methods(comparison, rank)) == ["qlora_rank16", "lora_rank16", "dora_rank16", "full"]
    assert list(groups.compared_ranks(comparison)) == ["qlora_rank4", "qlora_rank16", "qlora_rank64"]
    assert list(groups.compared_weights(comparison, rank)) == ["qlora_rank16", "qlora_rank16_consistency1", "qlora_rank16_consistency8"]


@pytest.mark.parametrize(("seeds", "known"), [(1, False), (3, True)])
def test_a_group_of_one_seed_has_no_interval(seeds, known):
    settings = load_settings()
    settings["vlm"]["comparison"] = ALONE | {"seeds": seeds}
    comparison = make_comparison(settings)
    table = tables_methods.tabulate_groups(comparison["groups"], comparison["against_qlora"]).to_csv(index=False)
    (row,) = csv.DictReader(table.splitlines())
    assert (row["Exact match"], bool(row["Exact match low"]), row["Rank"]) == ("0.58", known, "16")
