"""Text from data sets stays text, whatever it holds."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from paliflow.report.faces import run_pandoc
from paliflow.report.markdown import Markdown, escape, escape_plain
from paliflow.report.tables import print_rows

HOSTILE = [
    "<script>alert(1)</script>",
    "a | b",
    "*bold* _x_ `code` ~~gone~~ ^up^",
    "$x^2$ \\(y\\) \\alpha",
    "[link](http://example.org) ![picture](x.png) <http://example.org>",
    "# heading",
    "- item",
    "1. item",
    "(1) item",
    "> quote",
    ": definition",
    "::: div",
    "``` fence",
    "| a | b |",
    "--- ... \"quoted\" 'it's'",
    "@key [@key] &amp; \\",
    "{#id .class} {{ 7 * 7 }}",
    "#set text(red) #call()",
    "سلام دنیا",
]
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Co", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=30)


def shown(markdown: str) -> list[str]:
    """What each paragraph shows, or the names of the elements in it where it is more than words."""
    blocks = json.loads(run_pandoc(["--from=markdown", "--to=json"], markdown, "a test"))["blocks"]
    words = []
    for block in blocks:
        kinds = {inline["t"] for inline in block["c"]} if block["t"] == "Para" else {block["t"]}
        words.append("".join(inline.get("c", " ") for inline in block["c"]) if kinds <= {"Str", "Space"} else f"NOT TEXT: {kinds}")
    return words


def test_hostile_text_is_shown_letter_by_letter():
    assert shown("\n\n".join(map(escape, HOSTILE))) == HOSTILE


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=12))
def test_any_text_is_shown_letter_by_letter(lines):
    texts = [" ".join(words) for words in lines]
    assert shown("\n\n".join(map(escape, texts))) == texts


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8))
def test_any_text_stays_in_its_table_cell(texts):
    markdown = print_rows(["Text", "Length"], [(text, len(text)) for text in texts], [False, True])
    table = json.loads(run_pandoc(["--from=markdown", "--to=json"], markdown, "a test"))["blocks"][0]
    rows = [row[1] for body in table["c"][4] for row in body[3]]
    assert ["".join(inline.get("c", " ") for inline in cells[0][4][0]["c"]) for cells in rows] == texts


def test_control_and_direction_characters_are_replaced():
    assert escape("a\x07b\u202ec") == "a\ufffdb\ufffdc"


def test_markdown_passes_as_it_is():
    assert escape_plain(Markdown("**x**")) == "**x**"


def test_numbers_are_not_escaped():
    assert escape_plain(0.5) == "0.5"
