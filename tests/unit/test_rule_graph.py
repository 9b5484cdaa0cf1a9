"""The workflow's rules as a graph and as a figure, the files behind what the report shows, and the settings as a listing."""

import itertools
import json

import pytest
import yaml
from report_fixture import RULES

from paliflow.errors import InputError
from paliflow.report import figures_workflow, layers, origins, rule_graph
from paliflow.report.data_files import link_data
from paliflow.report.settings_listing import list_settings


def rule(name, reads=(), writes=None):
    return {"name": name, "part": "flow", "reads": list(reads), "writes": writes or [f"results/{name}/{{pair}}.npz"]}


def test_a_rule_comes_after_those_whose_files_it_reads():
    rules = [rule("a"), rule("b", ["results/a/moons.npz", "config.yaml"]), rule("c", ["results/b/{pair}.npz"]), rule("aside")]
    assert [(found["name"], found["after"]) for found in rule_graph.connect(rules, "c")] == [("a", []), ("b", ["a"]), ("c", ["b"])]


def test_an_arrow_that_a_longer_way_implies_is_left_out():
    rules = [rule("a"), rule("b", ["results/a/x.npz"]), rule("c", ["results/a/x.npz", "results/b/x.npz"])]
    assert rule_graph.connect(rules, "c")[-1]["after"] == ["b"]


def test_a_file_in_a_written_folder_counts_as_written():
    rules = [rule("a", writes=["results/a/weights"]), rule("b", ["results/a/weights/x.json"])]
    assert rule_graph.connect(rules, "b")[-1]["after"] == ["a"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("results/train_adapter/main/metrics.json", "train_adapter"),
        ("results/train_adapter/main/weights/base.json", "train_adapter"),
        ("results/train_adapter/a/b/metrics.json", None),
        ("results/tables/vlm_by_family.csv", "tabulate_vlm"),
        ("results/tables/none.csv", None),
    ],
)
def test_the_maker_of_a_file_is_found(path, name):
    assert rule_graph.maker(RULES, path) == name


def test_a_missing_result_is_told_even_where_the_rules_are_missing_too(tmp_path):
    assert str(rule_graph.missing(tmp_path, tmp_path / "a" / "metrics.json")) == (
        "results/a/metrics.json is missing: make it with `snakemake --cores 1 results/a/metrics.json`, or correct its name."
    )


LAYERED = {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["c", "d", "alone"], "alone": []}


def test_every_arrow_of_the_figure_leads_downwards_row_by_row():
    rows, ways = layers.arrange_rows(LAYERED)
    assert {(way[0][0], way[-1][0]) for way in ways} == {(name, reader) for reader, read in LAYERED.items() for name in read}
    assert all([row for _, row in way] == list(range(way[0][1], way[-1][1] + 1)) for way in ways)
    assert sorted(step for row in rows for step in row) == sorted({*itertools.chain(*ways)})


@pytest.mark.parametrize(
    "after",
    [
        {f"r{number}": [f"r{other}" for other in range(number) if (number * other) % 3 == 1] for number in range(14)},
        {f"r{number}": [] for number in range(30)} | {"end": [f"r{number}" for number in range(30)]},
    ],
    ids=["deep", "wide"],
)
def test_no_two_boxes_of_the_figure_overlap_and_none_leaves_it(after):
    rows, ways = layers.arrange_rows(after)
    centres, room = layers.place(rows, ways, 160, 14)
    assert 0 < room <= 14
    for row in rows:
        halves = [room / 20 if ">" in name else room / 2 for name, _ in row]
        spans = [(centres[step] - half, centres[step] + half) for step, half in zip(row, halves, strict=True)]
        assert spans[0][0] >= -1e-9 and spans[-1][1] <= 160 + 1e-9
        assert all(left[1] <= right[0] + 1e-9 for left, right in itertools.pairwise(spans))


def test_the_order_in_a_row_avoids_needless_crossings():
    rows, ways = layers.arrange_rows({"a": [], "b": [], "x": ["b"], "y": ["a"], "end": ["x", "y"]})
    assert layers.count_crossings(rows, ways) == 0


def test_the_figure_is_the_same_bytes_each_time(tmp_path):
    for name in ("one.svg", "two.svg"):
        figures_workflow.draw_rules(RULES, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.fixture
def results(tmp_path):
    """Results with one figure, and a record in which rules write it and a table."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "vlm_loss.svg").write_text("<svg/>")
    (tmp_path / rule_graph.RECORD).write_text(json.dumps(RULES))
    return tmp_path


def test_a_figure_is_told_with_the_call_that_makes_it_again(results):
    shown = origins.Origins(results)
    shown.show("fig:loss", "figures/vlm_loss.svg")
    call = "`snakemake --cores 1` [`results/figures/vlm_loss.svg`](../figures/vlm_loss.svg) `--forcerun plot_vlm`"
    assert list(shown.calls()) == [("fig:loss", call)]
    assert shown.others() == ["[`tables/vlm_by_family.csv`](../tables/vlm_by_family.csv)"]


def test_a_missing_table_is_told_with_its_rule(results):
    with pytest.raises(InputError, match=r"^results/tables/vlm_by_family\.csv is missing: the rule tabulate_vlm makes it, run `snakemake"):
        origins.Origins(results).show("tab:families", "tables/vlm_by_family.csv")


def test_a_figure_over_the_limit_is_refused(results):
    with (results / "figures" / "vlm_loss.svg").open("wb") as stream:
        stream.truncate(origins.MOST_FIGURE_BYTES + 600_000)
    with pytest.raises(
        InputError, match=r"^the figure results/figures/vlm_loss\.svg has 4\.6 MB, and one in the report may have at most 4 MB: "
    ):
        origins.Origins(results).show("fig:loss", "figures/vlm_loss.svg")


def test_the_listing_of_settings_reads_back_and_cannot_be_ended_from_within():
    settings = {"a": {"rate": 1e-05, "whole": 3, "list": ["x", 1.5]}, "title": "```\n# `` $x$ \\ ", "empty": "", "flag": True, "نام": "علی"}
    fence, *lines, last = list_settings(settings).split("\n")
    assert yaml.safe_load("\n".join(lines)) == settings
    assert fence == last + " settings" and len(last) > 3


@pytest.mark.parametrize("content", [{}, [1], [{"name": "a"}]])
def test_a_record_that_is_no_list_of_rules_is_one_sentence(tmp_path, content):
    (tmp_path / "figures").mkdir()
    (tmp_path / rule_graph.RECORD).write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"^results/figures/workflow\.json is no list of rules: make it again with `snakemake"):
        rule_graph.read_record(tmp_path)


def test_a_data_file_that_is_missing_is_told_with_the_rule_that_makes_it(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / rule_graph.RECORD).write_text(json.dumps([rule("a", writes=["results/a/metrics.json"])]))
    with pytest.raises(InputError, match=r"^results/a/metrics\.json is missing: the rule a makes it, run `snakemake --cores 1 results/a/"):
        link_data("a/metrics.json", tmp_path, "Data:")
