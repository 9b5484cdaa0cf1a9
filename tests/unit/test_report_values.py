"""Numbers from metrics files and how they are printed."""

import json

import pytest

from paliflow.errors import InputError
from paliflow.report.values import Metrics, descend, print_interval, print_range, print_value


@pytest.mark.parametrize(
    ("value", "form", "printed"),
    [
        (0.4123, "percent", "41.2\u00a0%"),
        (1234567, "integer", "1,234,567"),
        (0.4567, "decimal2", "0.46"),
        (36.44e9, "billions", "36.4"),
        (-0.25, "decimal3", "−0.250"),
        (0.012, "points", "+1.2"),
        (-0.012, "points", "−1.2"),
        (0.0231, "p_value", "= 0.023"),
        (1e-30, "p_value", "< 0.001"),
        ("a*b", "text", r"a\*b"),
        ("-1", "text", r"\-1"),
    ],
)
def test_formats(value, form, printed):
    assert print_value(value, form) == printed


def test_an_interval_stands_behind_its_value():
    assert print_interval({"value": 0.412, "low": 0.389, "high": 0.436}, "percent") == "41.2\u00a0% (38.9–43.6)"


def test_a_score_of_one_seed_has_no_interval():
    assert print_interval({"value": 0.412, "low": None, "high": None}, "percent") == "41.2\u00a0%"


def test_no_dash_stands_before_a_minus():
    assert print_range(-0.031, -0.012, "points") == "−3.1 to −1.2" and print_range(-0.1, 0.2, "decimal1") == "−0.1 to 0.2"


def test_an_unknown_format_is_refused():
    with pytest.raises(InputError, match="'percentage' is no format"):
        print_value(0.1, "percentage")


@pytest.mark.parametrize("value", ["x", {"value": 1}, None, True])
def test_what_is_no_number_is_not_printed_as_one(value):
    with pytest.raises(InputError, match="is no number"):
        print_value(value, "percent")


def test_a_path_leads_through_keys_and_list_places():
    assert descend({"a": [{"b": 7}]}, "a.0.b", "x") == 7


@pytest.mark.parametrize("path", ["c", "a.1", "a.x", "a.0.b.c"])
def test_a_path_to_nothing_says_where_it_stops(path):
    with pytest.raises(InputError, match=f"'{path}' is not in the metrics of x"):
        descend({"a": [{"b": 7}]}, path, "the metrics of x")


def test_a_stage_is_read_from_its_folder_or_its_file(tmp_path):
    for path, value in (("stage/metrics.json", 1), ("stage/pair.json", 2)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(json.dumps({"values": {"a": value}, "provenance": {"seconds": 3}}))
    metrics = Metrics(tmp_path)
    assert [
        metrics.look_up("stage", "a"),
        metrics.look_up("stage/pair.json", "a"),
        metrics.look_up("stage", "provenance.seconds"),
    ] == [1, 2, 3]
