"""What the templates may call, and the place that every refusal names."""

import json

import pytest
from report_fixture import ALONE, load_settings

from paliflow.errors import InputError
from paliflow.report.document import Document, stages
from paliflow.report.markdown import Markdown
from paliflow.report.samples import is_right, print_cards
from paliflow.report.words import ENGLISH


@pytest.fixture
def render(tmp_path):
    """Render a template that stands alone over a small results folder."""
    results = tmp_path / "results"
    (results / "figures").mkdir(parents=True)
    (results / "figures" / "there.svg").write_text("<svg/>")
    (results / "stage").mkdir()
    (results / "stage" / "metrics.json").write_text(json.dumps({"values": {"score": {"value": 0.5, "low": 0.4, "high": 0.6}}}))
    (results / "empty").mkdir()
    (results / "empty" / "metrics.json").write_text("{}")
    (tmp_path / "sections").mkdir()

    def rendered(text, section=""):
        (tmp_path / "report.md.j2").write_text(text)
        (tmp_path / "sections" / "part.md.j2").write_text(section)
        return Document(tmp_path, results, load_settings(), "A title", {"known": Markdown("K.")}).render()

    return rendered


def test_values_intervals_and_settings_are_printed(render):
    text = '{{ value("stage", "score.value", "percent") }} {{ interval("stage", "score", "decimal2") }} {{ setting("vlm.rank") }}'
    assert render(text) == "50.0\u00a0% 0.50 (0.40–0.60) 16"


def test_text_is_escaped_without_being_asked(render):
    assert render('{% set text = "<b> *x*" %}{{ text }}') == r"\<b\> \*x\*"


def test_pandoc_identifiers_are_no_comments_of_the_template(render):
    assert render("# A {#sec:a}\n") == "# A {#sec:a}\n"


def test_a_written_table_is_captioned(render):
    text = '{{ ref("tab:x") }}\n{% call captioned_table("tab:x", "Caption.") %}\n| a |\n|---|\n| 1 |\n{% endcall %}'
    assert render(text).endswith("::: wide\n| a |\n|---|\n| 1 |\n\n: **Table\u00a01.** Caption. {#tab:x}\n:::")


def test_the_marking_grid_leads_to_answers_pages_and_evidence(render):
    figure = '{{ figure("fig:a", "there.svg", caption="c", alt="a") }}'
    grid = '{{ marking_grid("tab:m", [("1.1", "5", "What", ["fig:a"])], caption="c") }}{{ ref("tab:m") }}'
    text = render(grid + "\n\n### 1.1 What\n\n" + figure)
    row = text.splitlines()[3]
    assert row == '| [item\u00a01.1](#item:1.1)[]{.page of="item:1.1"} | What | [Figure\u00a01](#fig:a) | 5 |'


def test_a_list_of_figures_names_pages(render):
    figure = '{{ figure("fig:a", "there.svg", caption="A first sentence of it.", alt="a") }}'
    text = render(figure + '{{ ref("fig:a") }}\n\n{{ list_of("fig") }}')
    assert text.endswith('- [Figure\u00a01](#fig:a): A first sentence of it[]{.page of="fig:a"}')


def test_a_figure_links_to_its_data_below_results(render):
    call = '{{ figure("fig:a", "there.svg", caption="c", alt="a", data=each("{}/metrics.json", ["stage", "stage"])) }}'
    link = "[`stage/metrics.json`](<../stage/metrics.json>)"
    assert f"c [Data: {link}, {link}]{{.data}}](../figures/there.svg)" in render('{{ ref("fig:a") }}' + call)


def test_a_table_links_to_its_file(render, tmp_path):
    (tmp_path / "results" / "tables").mkdir()
    (tmp_path / "results" / "tables" / "t.csv").write_text("a\n1\n")
    text = render('{{ ref("tab:a") }}{{ table("tab:a", "t.csv", caption="c") }}')
    assert "c [Data: [`tables/t.csv`](<../tables/t.csv>)]{.data} {#tab:a}" in text


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ('value("stage", "nothing", "percent")', "'nothing' is not in the metrics of stage"),
        ('value("nowhere", "x")', "nowhere/metrics.json is missing"),
        ('value("stage", "score", "percent")', "is no number"),
        ('setting("vlm.rang")', r"'vlm\.rang' is not in the config"),
        ("unknown", "'unknown' is undefined"),
        ("settings.vlm.rang", "'rang'"),
        ('figure("fig:a", "absent.svg", caption="c", alt="a")', r"results/figures/absent\.svg is missing"),
        ('figure("fig:a", "there.svg", caption="c", alt="a", animation="absent.gif")', r"results/figures/absent\.gif is missing"),
        (
            'figure("fig:a", "there.svg", caption="c", alt="a", data="stage/absent.csv")',
            r"results/stage/absent\.csv is missing",
        ),
        ('thumbnail("fig:a", "absent.svg", "words")', r"results/figures/absent\.svg is missing"),
        ('thumbnail("fig:none", "there.svg", "words")', "'fig:none' is referred to but defined nowhere"),
        ('figure("fig:a", "there.svg", caption="c")', "missing 1 required positional argument: 'alt'"),
        ('figure("fig:a", "there.svg", caption="c", alt="a")', "'fig:a' is defined but no text refers to it"),
        ('table("tab:a", "absent.csv", caption="c")', r"absent\.csv is missing"),
        ('ref("fig:none")', "'fig:none' is referred to but defined nowhere"),
        ('cite("unknown2024")', "'unknown2024' is not in references.bib"),
        ('value("empty", "x")', "the metrics of empty hold no values"),
        ('1 | as("parts")', "'parts' is no format of a value"),
        ('cards("fig:a", "c")', r"results/sample_answers/samples\.json is missing"),
        ("1 / 0", "division by zero: correct the expression"),
        ('"a" + 1', "can only concatenate str .*: correct the expression"),
        ('value("stage", "score.value", "percent").missing()', "has no attribute 'missing'"),
    ],
)
def test_a_refusal_names_the_template_and_the_line(render, call, complaint):
    with pytest.raises(InputError, match=rf"^sections/part\.md\.j2, line 3: .*{complaint}"):
        render('{% include "sections/part.md.j2" %}', "\n\n{{ " + call + " }}\n")


def test_a_refusal_inside_a_written_table_names_one_place(render):
    table = '{% call captioned_table("tab:a", "c") %}\n{{ value("nowhere", "x") }}\n{% endcall %}'
    with pytest.raises(InputError, match=r"^report\.md\.j2, line 2: results/nowhere/metrics\.json is missing"):
        render(table)


def test_a_list_without_records_is_refused(render, tmp_path):
    (tmp_path / "results" / "sample_answers").mkdir()
    (tmp_path / "results" / "sample_answers" / "samples.json").write_text("[]")
    with pytest.raises(InputError, match=r"^report\.md\.j2, line 1: results/sample_answers/samples\.json lists nothing"):
        render('{{ cards("fig:a", "c") }}')


def test_a_template_in_another_encoding_is_refused(render, tmp_path):
    (tmp_path / "other.md.j2").write_bytes("größe".encode("latin-1"))
    with pytest.raises(InputError, match=r"^report\.md\.j2, line 2: what is included here is not in UTF-8"):
        render('\n{% include "other.md.j2" %}')


def test_a_label_defined_twice_is_refused(render):
    figure = '{{ figure("fig:a", "there.svg", caption="c", alt="a") }}\n'
    with pytest.raises(InputError, match=r"^report\.md\.j2, line 3: the label 'fig:a' is defined already at report\.md\.j2, line 2"):
        render('{{ ref("fig:a") }}\n' + figure * 2)


def test_a_missing_template_is_named(render):
    with pytest.raises(InputError, match=r"^report\.md\.j2, line 1: the template theory/q9\.md\.j2 is missing"):
        render('{% include "theory/q9.md.j2" %}')


def test_a_faulty_template_is_named(render):
    with pytest.raises(InputError, match=r"^report\.md\.j2, line 2: Expected an expression, got 'end of statement block'\.$"):
        render("\n{% if %}")


@pytest.mark.parametrize(("answer", "right"), [(" Yes ", True), ("yes.", False), ("no", False)])
def test_an_answer_is_right_by_the_rule_of_exact_match(answer, right):
    assert is_right({"after": answer, "reference": "yes"}, "after") is right


@pytest.mark.parametrize(
    ("source", "made"), [("embedded", ["clevr/study", "clevr/study/ask_metrics.json"]), ("clevr", []), ("hub", ["clevr/hub"])]
)
def test_the_first_stages_are_those_that_make_the_data(source, made):
    settings = load_settings()
    settings["data"]["source"] = source
    listed = stages(settings)
    assert listed[: listed.index("subset_clevr")] == made


def test_every_run_has_its_training_and_its_evaluation():
    settings = load_settings()
    settings["vlm"]["comparison"] = ALONE
    runs = [stage for stage in stages(settings) if stage.startswith(("train_adapter", "evaluate_adapter"))]
    assert runs == [f"{stage}/{run}" for run in ("main", "qlora_rank16_seed1") for stage in ("train_adapter", "evaluate_adapter")]


def test_a_card_has_its_answers_in_the_last_column():
    sample = {"image": "results/a.png", "image_filename": "a.png", "kind": "exist", "question": "Is it?", "reference": "yes"}
    lines = print_cards([sample | {"before": "a red cube", "after": "yes"}], ENGLISH).splitlines()
    assert [line.split("|")[-2].strip() for line in lines if line.startswith(("| Reference", "| Before", "| After"))] == [
        "[yes]{.answer}",
        "[a red cube]{.answer}",
        "[yes]{.answer}",
    ]
