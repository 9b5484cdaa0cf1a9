"""The whole report from the project's own templates over made-up results."""

import json
import re
import shutil
import urllib.parse
from collections import Counter
from html.parser import HTMLParser

import pytest
import typst
import yaml
from report_fixture import ALONE
from study_fixture import TEMPLATES, changed, make_study, render, tabulate, write

from paliflow.errors import InputError
from paliflow.report.faces import make_typst
from paliflow.report.words import ENGLISH, PERSIAN


class Page(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(faces):
    return Page(faces[".html"].decode())


def test_the_same_results_give_the_same_bytes(study, faces):
    assert render(*study) == faces


def test_the_page_needs_no_other_file(page):
    addresses = [attributes.get("src") or attributes.get("href") for tag, attributes in page.elements if tag in ("img", "link", "script")]
    assert all(address.startswith("data:") for address in addresses if address)


def test_hostile_text_is_shown_as_it_is(faces):
    assert "Is &lt;script&gt;alert(1)&lt;/script&gt; a | b *bold* $x$ {{ x }} #call() @cite [l](http://x)" in faces[".html"].decode()


def test_formulas_are_mathml(page):
    assert "math" in {tag for tag, _ in page.elements}


def test_every_link_within_the_page_has_its_target(page):
    names = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = {attributes.get("href") or "" for tag, attributes in page.elements if tag == "a"}
    assert {urllib.parse.unquote(link[1:]) for link in links if link.startswith("#")} <= names


def test_every_picture_has_a_text_in_its_place(page):
    assert all(attributes.get("alt") or attributes.get("aria-label") for tag, attributes in page.elements if tag == "img")


def test_every_item_of_the_assignment_has_its_heading(faces):
    items = "1.1.1 1.1.2 1.2.1 1.2.2 1.3.1 1.3.2 1.3.3 1.4.1 1.4.2 1.4.3 1.5.1 1.5.2 1.5.3 1.5.4 2.1 2.2 2.3".split()
    found = re.findall(r"^### (\d\S*) .*\((\d\S*) marks\) \{#item:", faces[".md"].decode(), re.MULTILINE)
    assert ([item for item, _ in found], sum(float(marks) for _, marks in found)) == (items, 105)


def test_the_pdf_embeds_all_its_fonts(faces):
    assert faces[".pdf"].count(b"/FontFile") > 0


def test_a_title_and_a_name_are_printed_letter_by_letter(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    report = settings["report"] | {
        "title": 'A <b>title\u202e</b>: "quoted", #hash, $x$ & \\more',
        "first_name": "علی",
        "last_name": "<i>../\u202e$x$",
    }
    html = render(tmp_path, settings | {"report": report})[".html"].decode()
    assert "<h1>A &lt;b&gt;title\ufffd&lt;/b&gt;: &quot;quoted&quot;, #hash, $x$ &amp; \\more</h1>" in html.replace(
        '"quoted"', "&quot;quoted&quot;"
    )
    assert "علی &lt;i&gt;../\ufffd$x$" in html


@pytest.fixture(scope="module")
def persian(study, tmp_path_factory):
    """The Persian report of the same study."""
    folder, settings = study
    other = tmp_path_factory.mktemp("persian")
    shutil.copytree(folder / "results", other / "results", ignore=shutil.ignore_patterns("report"))
    return render(other, settings | {"report": settings["report"] | {"language": "fa"}})


def test_both_languages_have_the_same_anchors_pictures_and_sources_in_the_same_order(faces, persian):
    patterns = [r"\{#((?:fig|tab|item|sec):[^\s}]+)", r"\]\((\.\./figures/[^)]+)\)"]
    english, other = (
        [re.findall(pattern, text[".md"].decode()) for pattern in patterns]
        + [sorted(re.findall(r"\{#(source:[^\s}]+)", text[".md"].decode()))]
        for text in (faces, persian)
    )
    assert english == other


def test_both_languages_print_the_same_decimal_numbers(faces, persian):
    english, other = (Counter(re.findall(r"\d[\d,]*\.\d+", text[".md"].decode())) for text in (faces, persian))
    assert (english - other, other - english) == (Counter(), Counter())


def headers(text):
    """The header cells of all tables of a Markdown, without their formulas."""
    lines = re.findall(r"^\|(.*)\|\n\|[:|-]+\|$", text, re.MULTILINE)
    return [re.sub(r"\$.*?\$", "", cell).strip() for line in lines for cell in line.split("|")]


def test_no_table_header_is_left_in_english(faces, persian):
    pairs = zip(headers(faces[".md"].decode()), headers(persian[".md"].decode()), strict=True)
    same = {cell for cell, other in pairs if cell == other and re.search(r"\b[A-Z]?[a-z]{2,}\b", cell)}
    words = {"behind", "cube", "large", "metal", "red", "spheres", "the"}  # of a reference, word by word
    answers = {cell for cell in same if cell.endswith("{.answer}")}
    assert same - words - answers <= {"ROUGE\\-Lsum", "Imagen", "Softmax (CLIP, InfoNCE)", "Tong et al\\."}


def test_the_title_that_is_left_open_is_in_the_reports_language(faces, persian):
    assert [f"<h1>{words.title}</h1>" in text[".html"].decode() for words, text in ((ENGLISH, faces), (PERSIAN, persian))] == [True, True]


def test_a_missing_number_writes_nothing(study, tmp_path):
    with changed(study, tmp_path, "evaluate_base") as values:
        del values["rougeL"]
    with pytest.raises(InputError, match=r"^sections/first_page\.md\.j2, line \d+: 'rougeL' is not in the metrics of evaluate_base"):
        render(tmp_path, study[1])
    assert not (tmp_path / "results" / "report").exists()


def test_a_missing_metrics_file_is_told_with_the_rule_that_makes_it(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    (tmp_path / "results" / "evaluate_base" / "metrics.json").unlink()
    with pytest.raises(
        InputError, match=r"results/evaluate_base/metrics\.json is missing: the rule evaluate_base makes it, run `snakemake "
    ):
        render(tmp_path, settings)


def test_the_settings_of_the_appendix_are_those_of_the_study(study, faces):
    _, settings = study
    listing = re.search(r"^``` settings\n(.*?)^```$", faces[".md"].decode(), re.MULTILINE | re.DOTALL)
    assert listing and yaml.safe_load(listing[1]) == settings


def test_each_figure_and_table_with_a_file_is_told_how_to_make_again(faces):
    text = faces[".md"].decode()
    shown = set(re.findall(r"^!\[.*?\]\(\.\./(figures/[^)]+)\)", text, re.MULTILINE))
    calls = dict(re.findall(r"`snakemake --cores 1` \[`results/(\S+)`\]\(\.\./\S+\)(?: `--forcerun (\w+)`)?", text))
    assert shown and shown <= set(calls)
    assert calls["figures/vlm_loss.svg"] == "plot_vlm"


def test_a_commit_that_nobody_knows_is_explained(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    path = tmp_path / "results" / "evaluate_base" / "metrics.json"
    document = json.loads(path.read_text())
    document["provenance"]["commit"] = "unknown"
    path.write_text(json.dumps(document))
    assert '"unknown" stands where the code lay in no git checkout' in write(tmp_path, settings)


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """The Markdown of a compositional study on the release's own pictures."""
    folder = tmp_path_factory.mktemp("divided")
    return write(folder, make_study(folder, "clevr", compositional=True))


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    """The Markdown of a study that knows no programs and compares nothing."""
    folder = tmp_path_factory.mktemp("sparse")
    return write(folder, make_study(folder, "hub", ALONE))


def test_the_report_reads_right_for_the_real_clevr(divided):
    assert "CLEVR's own" in divided and "rendered anew" not in divided


def test_the_report_of_a_compositional_study_counts_both_conditions(divided):
    assert "| Condition A | 631 pictures for training, 64 for the test" in divided and "| Condition B | 0 pictures for training" in divided


def test_the_report_of_the_hub_says_what_it_lacks(sparse):
    assert "no programs to draw" in sparse and "none: this source has no scene graphs" in sparse
    assert "families" not in sparse.split("Pictures")[1][:400] and "fig:difficulty" not in sparse and "nobody has right answers" in sparse


def test_a_study_of_one_run_compares_nothing(sparse):
    assert "how much another seed would change is not measured here" in sparse and "its effect is not measured here" in sparse
    assert "tab:methods" not in sparse and "None" not in sparse


def test_only_what_was_varied_is_said_to_be_measured(faces, sparse):
    every = "How much the method, the rank, the weight of the consistency term and the seed would change is measured by further runs"
    assert every in faces[".md"].decode() and "by further runs" not in sparse


def test_the_text_follows_the_numbers(study, tmp_path):
    worse = {"value": -0.03, "low": -0.05, "high": -0.01, "n": 1290}
    with changed(study, tmp_path, "compare_runs") as values:
        values["against_base"]["main"]["difference"] = worse
        values["against_qlora"]["qlora_rank16_consistency8"]["difference"] = worse
        values["groups"]["full"]["kept"] = {"value": 0.9, "low": 0.89, "high": 0.91, "n": 3}
    text = write(tmp_path, study[1])
    assert "exact match after tuning is 3.0\u00a0points below that before (−5.0 to −1.0)" in text
    assert "full fine\\-tuning kept most" in text and "is not shown by these runs" in text and "and at a price" in text


@pytest.fixture(scope="module")
def unsure(study, tmp_path_factory):
    """The Markdown where one stage's numbers say something else: the tuned model is hardly above the prior."""
    folder = tmp_path_factory.mktemp("unsure")
    with changed(study, folder, "evaluate_adapter/main") as values:
        values["exact_match"] = {"value": 0.431, "low": 0.402, "high": 0.463, "n": 1290}
        values["exact_match_above_prior"] = {"value": 0.011, "low": -0.012, "high": 0.034, "n": 1290}
        for number, scores in enumerate(values["by_kind"].values()):
            scores["exact_match_above_prior"] = {"value": -0.1, "low": -0.2, "high": 0.1 if number else -0.05, "n": 129}
        only = {"value": 0.0, "low": 0.0, "high": 0.0, "n": 1}
        values["by_program_length"]["30"] = {"n": 1, "exact_match": only, "prior_exact_match": only}
        values["calibration"]["bins"] = values["calibration"]["bins"][:-1]
        values["by_family"] = {family: scores | {"n": 7 + number} for number, (family, scores) in enumerate(values["by_family"].items())}
        values["confusion"]["counts"] = [[0] * len(row[:-1]) + [sum(row)] for row in values["confusion"]["counts"]]
    tabulate(folder)
    return write(folder, study[1])


@pytest.mark.parametrize(
    "told",
    [
        "to 43.1\u00a0% (40.2–46.3) after tuning",  # a value in the summary
        "| after tuning \\(QLoRA\\) | **43.1\u00a0%** [(40.2–46.3)]",  # a cell of a table
        "the tuned model is 1.1\u00a0points above this prior (−1.2 to +3.4; zero lies in the interval)",
        "For none of the 10 kinds does the interval",
        "For exist it is below the prior, with the whole interval",
        "What was tried for equal color",
        "Tuning thus brought the form of the answers no nearer",
        "The mistake made most often is an answer that is no reference where",
        "after tuning (9 bins, ",
        "Behind a row stand 7 to 27 test questions",
    ],
)
def test_the_text_follows_one_metrics_file(faces, unsure, told):
    assert told in unsure and told not in faces[".md"].decode()


def test_a_division_of_few_questions_is_no_end_to_compare(unsure):
    assert "steps (*n* = " in unsure and "With 30 steps" not in unsure


def test_without_a_division_of_enough_questions_no_ends_are_compared(study, tmp_path):
    with changed(study, tmp_path, "evaluate_adapter/main") as values:
        for division in ("by_objects", "by_program_length"):
            values[division] = {key: scores | {"n": 29} for key, scores in values[division].items()}
    text = write(tmp_path, study[1])
    assert "What makes a question hard" in text and "These are the ends" not in text


def test_what_qlora_saves_is_read_from_the_measured_memory(faces, study, tmp_path):
    with changed(study, tmp_path, "measure_memory") as values:
        values["study"]["lora"]["weights"]["measured"] = 123 * 2**20
    told = "and 123.0 MiB as LoRA does"
    assert told in write(tmp_path, study[1]) and told not in faces[".md"].decode()


def test_random_weights_are_told_on_the_first_page_and_beside_the_training(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    text = write(tmp_path, settings | {"vlm": settings["vlm"] | {"random_weights": True}})
    first, rest = text.split("::: contents")
    assert "scores of the vision-language part mean nothing" in first
    assert "base's weights are random in this run" in rest.split("### 1.5.1")[1].split("###")[0]


def test_the_data_card_takes_one_page(study, faces):
    folder, settings = study
    report = folder / "results" / "report"
    styles = TEMPLATES / "styles"
    asked = '#context [#metadata(("data-card", "provenance").map(name => locate(label("sec:" + name)).page())) <pages>]'
    source = report / "asked.typ"
    source.write_text(make_typst(faces[".md"].decode(), styles, report, "en") + asked)
    title = {"title": settings["report"]["title"], "author": "somebody", "lang": "en", **ENGLISH.page}
    found = typst.query(str(source), "<pages>", field="value", one=True, root=str(report.parent), sys_inputs=title)
    source.unlink()
    card, provenance = json.loads(found)
    assert provenance == card + 1
