"""The numbers of a command line: what is let through, and that a wrong one is one sentence with the argument's name."""

import pytest

from paliflow.arguments import (
    Parser,
    number_from_zero,
    positive_integer,
    positive_number,
    proper_share,
    share,
    share_from_zero,
    whole_number,
)
from paliflow.errors import InputError


def parse(kind: object, value: str) -> object:
    parser = Parser(prog="stage.py")
    parser.add_argument("--number", type=kind)
    return parser.parse_args([f"--number={value}"]).number


def test_numbers_within_their_bounds_come_through() -> None:
    assert (parse(positive_integer, "7"), parse(share, "1"), parse(share, "1e-3"), parse(proper_share, "0.5")) == (7, 1.0, 0.001, 0.5)
    assert [parse(kind, "0") for kind in (whole_number, number_from_zero, share_from_zero)] == [0, 0.0, 0.0]
    assert parse(positive_number, "2e-4") == 0.0002


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (positive_integer, "0 -1 1.0 1_0 ² nan x"),
        (whole_number, "-1 1.0 nan x"),
        (positive_number, "0 -1 nan inf x"),
        (number_from_zero, "-0.1 nan inf x"),
        (share, "0 -0.5 1.01 nan inf x"),
        (share_from_zero, "-0.5 1.01 nan x"),
        (proper_share, "0 1 -0.5 1.5 nan inf x"),
    ],
)
def test_others_are_refused_by_name(kind: object, values: str) -> None:
    for value in values.split():
        with pytest.raises(InputError, match=r"^--number: .* must be a .*; see stage\.py --help\.$"):
            parse(kind, value)


def test_a_missing_or_unknown_argument_is_one_sentence_too() -> None:
    parser = Parser(prog="stage.py")
    parser.add_argument("--number", required=True)
    for arguments in ([], ["--number", "1", "--other"]):
        with pytest.raises(InputError, match=r"--number|--other"):
            parser.parse_args(arguments)
