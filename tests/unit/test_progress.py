"""Progress on something that is no terminal: whole lines, none of them empty."""

import pytest

from paliflow.progress import curve, say, track


def test_every_item_passes_through() -> None:
    assert list(track(range(7), "counting")) == list(range(7))


def test_away_from_a_terminal_no_line_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    list(track(range(100), "counting"))
    assert "\r" not in capsys.readouterr().err


def test_the_last_line_tells_that_all_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    list(track(range(100), "counting"))
    assert "100/100" in capsys.readouterr().err.splitlines()[-1]


def test_no_line_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    list(track(range(100), "counting"))
    assert all(line.strip() for line in capsys.readouterr().err.splitlines())


def test_a_message_goes_to_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    say("resumed at step 100")
    assert capsys.readouterr().err == "resumed at step 100\n"


def test_a_falling_curve_falls_from_the_highest_to_the_lowest_character() -> None:
    drawn = curve([10.0 - step for step in range(10)], width=5)
    assert (len(drawn), drawn[0], drawn[-1]) == (5, "#", ".")
    heights = [" .:-=+*#".index(character) for character in drawn]
    assert heights == sorted(heights, reverse=True)


def test_a_curve_of_few_or_equal_values_is_drawn_too() -> None:
    assert (curve([]), curve([2.0]), curve([1.0, 1.0])) == ("", ".", "..")
