"""The archive's name in ASCII, whatever letters the student's name has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import load_settings

from paliflow.errors import InputError
from paliflow.report.archive_name import PATTERN, archive_name, spell_in_ascii


def named(**report):
    return archive_name(load_settings()["report"] | report)


def test_the_name_follows_the_pattern():
    assert named() == "HW1_Lovelace_00000000.zip"


@pytest.mark.parametrize(
    ("last_name", "spelled"),
    [
        ("Erdős", "Erdos"),
        ("Gauß", "Gauss"),
        ("Ørsted-Æbelø", "Orsted-AEbelo"),
        ("O’Neil", "ONeil"),
        ("de la Vallée Poussin", "de-la-Vallee-Poussin"),
        ("\u202eAda", "Ada"),
        ("Nguyễn", "Nguyen"),
        ("Sönmez  Yıldız ", "Sonmez-Yildiz"),
        (r"$\alpha$ {x}", "alpha-x"),
        ("<b>Ada</b>", "b-Ada-b"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\\b:c\0d\ne", "a-b-c-d-e"),
    ],
)
def test_a_name_is_spelled_in_ascii(last_name, spelled):
    assert spell_in_ascii(last_name) == spelled


@pytest.mark.parametrize("last_name", ["حسابی", "李", "Ли Smith", "؟", "---", "Ada 李"])
def test_a_name_without_a_spelling_asks_for_one(last_name):
    with pytest.raises(InputError, match=rf"^config: report\.last_name is '{last_name}', .* give the spelling as report\.ascii_last_name"):
        named(last_name=last_name)


def test_the_given_spelling_is_taken():
    assert named(last_name="حسابی", ascii_last_name="Hesabi", student_number="12") == "HW1_Hesabi_12.zip"


@pytest.mark.parametrize("report", [{"last_name": "a" * 300}, {"student_number": "1" * 300}])
def test_a_name_that_no_file_can_have_is_refused(report):
    with pytest.raises(InputError, match=r"^config: the archive's name would have \d+ characters, and 120 is the most: "):
        named(**report)


@given(st.text(min_size=1, max_size=20))
def test_any_name_gives_a_safe_file_name_or_a_sentence(last_name):
    try:
        assert PATTERN.fullmatch(named(last_name=last_name))
    except InputError as error:
        assert "\n" not in str(error)
