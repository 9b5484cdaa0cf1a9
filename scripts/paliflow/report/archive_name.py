"""The archive's name, HW{n}_{LastName}_{StudentNumber}.zip, in ASCII whatever letters the student's name has."""

import re
import unicodedata
from typing import Any

from paliflow.errors import InputError
from paliflow.report.markdown import make_visible

PATTERN = re.compile(r"HW[0-9]{1,2}_[A-Za-z0-9-]+_[A-Za-z0-9-]+\.zip")
LONGEST = 120  # characters, with room to spare for what a course's site puts around it
_SPELLINGS = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
_SPELLINGS |= {
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ı": "i",
    "ħ": "h",
    "Ħ": "H",
    "ŋ": "ng",
    "Ŋ": "Ng",
    "'": "",
    "’": "",
    "ʻ": "",
    "ʼ": "",
}
"""What has no accent to take off; apostrophes are left out, so that O'Neil is ONeil."""


def archive_name(report: dict[str, Any]) -> str:
    """The archive's file name.

    Args:
        report: the config's section of that name.

    Raises:
        InputError: the last name has letters without a spelling in ASCII, or none at all, and `ascii_last_name` gives none; or the whole is
            longer than a file's name may be.
    """
    last_name = report["ascii_last_name"] or spell_in_ascii(report["last_name"])
    name = f"HW{report['homework']}_{last_name}_{report['student_number']}.zip"
    if len(name) > LONGEST:
        raise InputError(
            f"config: the archive's name would have {len(name)} characters, and {LONGEST} is the most: "
            "give a short report.ascii_last_name, and no longer report.student_number than yours."
        )
    return name


def spell_in_ascii(last_name: str) -> str:
    """A name in ASCII letters, digits and hyphens: accents fall off, and everything between words becomes one hyphen.

    >>> spell_in_ascii("Łukasiewicz van der Børg-Müller")
    'Lukasiewicz-van-der-Borg-Muller'

    Raises:
        InputError: it has letters of another script than Latin, or no letters at all.
    """
    plain = "".join(_SPELLINGS.get(character, character) for character in last_name)
    decomposed = [character for character in unicodedata.normalize("NFKD", plain) if unicodedata.category(character) not in ("Mn", "Cf")]
    spelled = re.sub(r"[^A-Za-z0-9]+", "-", "".join(decomposed)).strip("-")
    if not spelled or any(character.isalnum() and not character.isascii() for character in decomposed):
        raise InputError(
            f"config: report.last_name is '{make_visible(last_name)}', which cannot be spelled in ASCII for the archive's name by itself: "
            "give the spelling as report.ascii_last_name; the report prints the name as it is."
        )
    return spelled
