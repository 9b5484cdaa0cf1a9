"""Numbers of figures, tables and sources, and what is refused."""

import pytest

from paliflow.errors import InputError
from paliflow.report.labels import Labels
from paliflow.report.markdown import Markdown

SOURCES = {"a": Markdown("A."), "b": Markdown("B.")}


def test_figures_and_tables_are_numbered_apart_in_order():
    labels = Labels(SOURCES)
    assert [labels.define(label, "x") for label in ("fig:one", "tab:one", "fig:two")] == [
        "**Figure\u00a01.**",
        "**Table\u00a01.**",
        "**Figure\u00a02.**",
    ]


def test_a_reference_may_come_before_its_figure():
    labels = Labels(SOURCES)
    text = labels.point("fig:one", "x") + " " + labels.define("fig:one", "x")
    assert labels.resolve(text) == "[Figure\u00a01](#fig:one) **Figure\u00a01.**"


def test_a_reference_to_nothing_names_label_and_place():
    labels = Labels(SOURCES)
    labels.point("fig:none", "theory/a.md.j2, line 3")
    with pytest.raises(InputError, match=r"^theory/a\.md\.j2, line 3: 'fig:none' is referred to but defined nowhere"):
        labels.resolve("")


def test_a_figure_without_a_reference_names_label_and_place():
    labels = Labels(SOURCES)
    labels.define("fig:alone", "sections/b.md.j2, line 9")
    with pytest.raises(InputError, match=r"^sections/b\.md\.j2, line 9: 'fig:alone' is defined but no text refers to it"):
        labels.resolve("")


def test_a_label_defined_twice_names_both_places():
    labels = Labels(SOURCES)
    labels.define("tab:x", "first, line 1")
    with pytest.raises(InputError, match=r"^second, line 2: the label 'tab:x' is defined already at first, line 1"):
        labels.define("tab:x", "second, line 2")


@pytest.mark.parametrize("label", ["x", "fig:", "fig:Big", "figure:x", "fig:a b"])
def test_a_malformed_label_is_refused(label):
    with pytest.raises(InputError, match="is no label"):
        Labels(SOURCES).define(label, "x")


def test_sources_are_numbered_by_first_citation():
    labels = Labels(SOURCES)
    assert [labels.cite(("b",), "x"), labels.cite(("a", "b"), "x")] == [r"\[[1](#source:b)\]", r"\[[2](#source:a), [1](#source:b)\]"]


def test_the_bibliography_holds_what_is_cited_and_no_more():
    labels = Labels(SOURCES)
    labels.cite(("b",), "x")
    assert labels.bibliography() == "::: {#source:b .source}\n[1.]{.number} B.\n:::"


def test_an_unknown_source_names_key_and_place():
    with pytest.raises(InputError, match=r"^q\.md\.j2, line 4: the source 'c' is not in references\.bib"):
        Labels(SOURCES).cite(("c",), "q.md.j2, line 4")


def test_an_item_of_the_assignment_gets_an_anchor():
    labels = Labels(SOURCES)
    assert labels.resolve(f"### 1.2.1 SigLIP (5 marks)\n\n{labels.point('item:1.2.1', 'x')}\n") == (
        "### 1.2.1 SigLIP (5 marks) {#item:1.2.1}\n\n[item\u00a01.2.1](#item:1.2.1)\n"
    )


def test_two_headings_of_one_item_are_refused():
    with pytest.raises(InputError, match=r"item number 2\.1"):
        Labels(SOURCES).resolve("### 2.1 A\n\n### 2.1 B\n")


@pytest.mark.parametrize(
    ("caption", "title"),
    [
        ("Left: one thing. Right: another.", "Left: one thing"),
        ("The loss of every step and its mean: one run.", "The loss of every step and its mean"),
        ("Energies of Tong et al. 2023 and ours. Below, more.", "Energies of Tong et al. 2023 and ours"),
        ("One sentence without its full stop", "One sentence without its full stop"),
    ],
)
def test_listing_names_each_figure_by_the_beginning_of_its_caption(caption, title):
    labels = Labels({})
    labels.define("fig:one", "here", caption)
    labels.define("tab:two", "here", "A table.")
    assert labels.listing("fig") == f'- [Figure\u00a01](#fig:one): {title}[]{{.page of="fig:one"}}'
