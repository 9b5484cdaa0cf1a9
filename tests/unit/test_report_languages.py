"""Both languages of the report: the same words of code, the same files, and in each the same items, numbers, labels and sources."""

import dataclasses
import re
from collections import Counter
from string import Formatter

import jinja2
import pytest
from jinja2 import nodes
from report_fixture import REPOSITORY, load_settings

from paliflow.errors import InputError
from paliflow.report.document import Document
from paliflow.report.words import ENGLISH, LANGUAGES, PERSIAN, words_of

TEMPLATES = REPOSITORY / "report_template"
ENVIRONMENT = jinja2.Environment(comment_start_string="<#", comment_end_string="#>")
FILES = [path.relative_to(TEMPLATES).as_posix() for part in ("", "sections/", "theory/") for path in sorted(TEMPLATES.glob(f"{part}*.j2"))]
TEXTS = {
    "figure": 2,
    "thumbnail": 2,
    "table": 2,
    "grid": 1,
    "captioned_table": 1,
    "marking_grid": 1,
    "cards": 1,
    "standing": 2,
    "difference": 1,
    "name": 0,
}
"""How many of a call's first arguments are no text of a language; of the calls that are not here all are."""
TEXT_OPTIONS = {"caption", "alt", "names", "what"}
CALLS = {"value", "interval", "score", "setting", "compared", "cite", "ref", "nearer", "clearly_above", *TEXTS} - {"name"}


def parsed(file, words):
    return ENVIRONMENT.parse((TEMPLATES / words.folder / file).read_text(encoding="utf-8"))


def calls(template):
    """What the template asks of the study's files and labels, without the words around it."""
    for call in template.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in CALLS:
            options = [option for option in call.kwargs if option.key not in TEXT_OPTIONS]
            yield call.node.name, repr(call.args[: TEXTS.get(call.node.name)]), repr(options)
    for printed in template.find_all(nodes.Filter):
        if printed.name in ("as", "interval_as"):
            yield printed.name, repr(printed.node), repr(printed.args)


def headings(text):
    """The level of each heading, its item's number, and its anchor."""
    found = re.findall(r"^(#+) +(?:(\d[\d.]*) )?.*?(\{#.*\})?$", text, re.MULTILINE)
    return [(len(level), item, anchor) for level, item, anchor in found]


def formulas(text):
    """The formulas that stand by themselves, without the words in them."""
    return [re.sub(r"\\text(bf|it)?\{[^{}]*\}|\s", "", formula) for formula in re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL)]


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_words():
    english, persian = dataclasses.asdict(ENGLISH), dataclasses.asdict(PERSIAN)
    assert [english["names"].keys(), english["page"].keys()] == [persian["names"].keys(), persian["page"].keys()]
    texts = [name for name, text in english.items() if isinstance(text, str)]
    assert {name: fields(english[name]) for name in texts} == {name: fields(persian[name]) for name in texts}


def test_the_config_knows_the_languages_that_there_are():
    schema = (REPOSITORY / "config.schema.yaml").read_text(encoding="utf-8")
    assert f"language: {{enum: [{', '.join(LANGUAGES)}]}}" in schema


def test_an_unknown_language_is_refused_in_one_sentence():
    with pytest.raises(InputError, match=r"^config: report\.language is 'de': the report is written in one of en, fa\.$"):
        words_of("de")


def test_a_text_that_is_not_translated_stops_the_render_with_its_name(tmp_path):
    for file, text in {"fa/report.md.j2": '{% include "sections/part.md.j2" %}', "sections/part.md.j2": "English"}.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=r"the template fa/sections/part\.md\.j2 is missing"):
        Document(tmp_path, tmp_path, load_settings(), "A title", {}, PERSIAN).render()


def test_there_is_no_persian_text_without_its_english_one():
    assert {path.relative_to(TEMPLATES / "fa").as_posix() for path in TEMPLATES.glob("fa/**/*.*")} <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_both_languages_quote_the_same_numbers_labels_and_sources(file):
    english, persian = (Counter(calls(parsed(file, words))) for words in (ENGLISH, PERSIAN))
    assert (english - persian, persian - english) == (Counter(), Counter())


@pytest.mark.parametrize("file", FILES)
def test_both_languages_define_the_same_figures_and_tables_in_the_same_order(file):
    defined = {"figure", "table", "grid", "captioned_table", "marking_grid", "cards"}
    english, persian = ([call[:2] for call in calls(parsed(file, words)) if call[0] in defined] for words in (ENGLISH, PERSIAN))
    assert english == persian


@pytest.mark.parametrize("file", FILES)
def test_both_languages_have_the_same_headings_and_formulas(file):
    english, persian = ((TEMPLATES / words.folder / file).read_text(encoding="utf-8") for words in (ENGLISH, PERSIAN))
    assert (headings(english), formulas(english)) == (headings(persian), formulas(persian))


def words_in(text):
    """What a template prints of its own: no formulas, code, quoted questions or logic, and of calls the texts."""
    for left_out in (r"<#.*?#>", r"\{%(?! *call).*?%\}", r"\$\$.*?\$\$", r"\$[^$]*\$", r"`[^`]*`", r"\[[^\]]*\]\{\.question\}"):
        text = re.sub(left_out, " @ ", text, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}", lambda call: " @ ".join(re.findall(r'"([^"]*)"', call[0])), text, flags=re.DOTALL)


@pytest.mark.parametrize("file", FILES)
def test_no_english_sentence_is_left_in_a_persian_text(file):
    text = words_in((TEMPLATES / PERSIAN.folder / file).read_text(encoding="utf-8"))
    assert re.findall(r"(?:[A-Za-z]+,? ){5,}[A-Za-z]+", text) == []


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_an_item_of_a_list_that_ends_with_a_condition_keeps_its_end_of_line(file, words):
    """A block at the end of a line takes the line's end with it, and the next item would stand in the same line."""
    text = (TEMPLATES / words.folder / file).read_text(encoding="utf-8")
    assert re.findall(r"^- .*[^+]%\}\n(?=\S)", text, re.MULTILINE) == []
