"""The whole report from the project's own templates over made-up results."""

import json
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections import Counter
from html.parser import HTMLParser

import pytest
import typst
import yaml
from report_fixture import ALONE, COMPARISON, REPOSITORY, RULES, load_settings, make_flow_stand_ins, make_results

from paliflow.errors import InputError
from paliflow.report.faces import make_typst
from paliflow.report.render import render_report
from paliflow.report.words import ENGLISH, PERSIAN

HOSTILE = "Is <script>alert(1)</script> a | b *bold* $x$ {{ x }} #call() @cite [l](http://x) سلام `code` \\n?"


def make_study(folder, source="embedded", comparison=COMPARISON, **data):
    """Results in `folder`, with the figures and tables that the report's own programs make of them, and the settings."""
    settings = load_settings()
    settings["data"] |= {"source": source} | data
    settings["vlm"]["comparison"] = comparison
    results = folder / "results"
    make_results(results, settings, HOSTILE)
    make_flow_stand_ins(results)
    figures, tables, theory = "results/figures", "results/tables", "results/compute_theory/metrics.json"
    subset = ["--metrics", "results/subset_clevr/metrics.json", "--examples", "results/subset_clevr/examples.json"]
    drawn = options(f"{figures}/clevr_", ".svg", answers="answers", lengths="lengths", sheet="examples")
    run(folder, "plot_clevr", *subset, *drawn)
    run(folder, "compute_theory", "--metrics", theory)
    seen = ["--analysis", "results/analyse_adapter/metrics.json", "--attention", "results/analyse_adapter/attention.json"]
    seen += ["--mask", "results/evaluate_base/attention_mask.json"]
    names = ["nf4_levels", "quantisation_error", "singular_values", "attention_mask", "attention_maps"]
    names += ["lora", "coprompt", "conditional_paths", "pairs"]
    drawn = [part for name in names for part in (f"--{name.replace('_', '-')}", f"{figures}/theory_{name}.svg")]
    run(folder, "plot_theory", "--theory", theory, *seen, *drawn)
    names = ["families", "architectures", "siglip-pairs", "siglip-ring", "stages", "freezing"]
    run(folder, "plot_diagrams", *(part for name in names for part in (f"--{name}", f"{figures}/diagram_{name.replace('-', '_')}.svg")))
    run(folder, "plot_memory", "--memory", "results/measure_memory/metrics.json", "--figure", f"{figures}/memory_terms.svg")
    read = options("results/", "/metrics.json", base="evaluate_base", main="evaluate_adapter/main", training="train_adapter/main")
    read += ["--comparison", "results/compare_runs/metrics.json"]
    names = {"loss": "loss", "kinds": "exact_match_by_kind", "rouge": "rouge", "ranks": "ranks", "forgetting": "forgetting"}
    drawn = options(f"{figures}/vlm_", ".svg", **names, confusion="confusion", calibration="calibration", difficulty="difficulty")
    run(folder, "plot_vlm", *read, "--log", "results/train_adapter/main/train_log.jsonl", *drawn)
    names = {"scores": "scores", "kinds": "by_kind", "families": "by_family", "extremes": "family_extremes", "training-table": "training"}
    written = options(f"{tables}/vlm_", ".csv", **names, methods="methods", ranks="ranks", consistency="consistency")
    answers = ["--predictions", "results/evaluate_adapter/main/predictions.jsonl", "--summary", f"{tables}/vlm_summary.json"]
    run(folder, "tabulate_vlm", *read, *answers, *written)
    run(
        folder, "plot_workflow", "--rules", json.dumps(RULES), "--figure", f"{figures}/workflow.svg", "--record", f"{figures}/workflow.json"
    )
    return settings


def options(before, after, **names):
    return [part for option, name in names.items() for part in (f"--{option}", f"{before}{name}{after}")]


def run(folder, script, *arguments):
    subprocess.run([sys.executable, REPOSITORY / "scripts" / f"{script}.py", *arguments], cwd=folder, check=True)


def render(folder, settings, templates=REPOSITORY / "report_template"):
    report = folder / "results" / "report"
    render_report(settings, templates, folder / "results", report / "report.md", report / "report.html", report / "report.pdf")
    return {path.suffix: path.read_bytes() for path in report.iterdir()}


class Page(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a study")
    return folder, make_study(folder)


@pytest.fixture(scope="module")
def faces(study):
    return render(*study)


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
    assert same <= {"ROUGE\\-Lsum", "ROUGE-Lsum"}


def test_the_title_that_is_left_open_is_in_the_reports_language(faces, persian):
    assert [f"<h1>{words.title}</h1>" in text[".html"].decode() for words, text in ((ENGLISH, faces), (PERSIAN, persian))] == [True, True]


def test_a_missing_number_writes_nothing(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    path = tmp_path / "results" / "evaluate_base" / "metrics.json"
    document = json.loads(path.read_text())
    del document["values"]["rougeL"]
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"^sections/first_page\.md\.j2, line \d+: 'rougeL.value' is not in the metrics of evaluate_base"):
        render(tmp_path, settings)
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
    assert '"unknown" stands where the code lay in no git checkout' in render(tmp_path, settings)[".md"].decode()


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """The Markdown of a compositional study on the release's own pictures."""
    folder = tmp_path_factory.mktemp("divided")
    return render(folder, make_study(folder, "clevr", compositional=True))[".md"].decode()


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    """The Markdown of a study that knows no programs and compares nothing."""
    folder = tmp_path_factory.mktemp("sparse")
    return render(folder, make_study(folder, "hub", ALONE))[".md"].decode()


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


def test_the_text_follows_the_numbers(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    path = tmp_path / "results" / "compare_runs" / "metrics.json"
    document = json.loads(path.read_text())
    worse = {"value": -0.03, "low": -0.05, "high": -0.01, "n": 1290}
    document["values"]["against_base"]["main"]["difference"] = worse
    document["values"]["against_qlora"]["qlora_rank16_consistency8"]["difference"] = worse
    document["values"]["groups"]["full"]["kept"] = {"value": 0.9, "low": 0.89, "high": 0.91, "n": 3}
    path.write_text(json.dumps(document))
    text = render(tmp_path, settings)[".md"].decode()
    assert "exact match after tuning is 3.0\u00a0points below that before (−5.0 to −1.0)" in text
    assert "full fine\\-tuning kept most" in text and "is not shown by these runs" in text and "and at a price" in text


def test_random_weights_are_told_on_the_first_page_and_beside_the_training(study, tmp_path):
    folder, settings = study
    shutil.copytree(folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("report"))
    text = render(tmp_path, settings | {"vlm": settings["vlm"] | {"random_weights": True}})[".md"].decode()
    first, rest = text.split("::: contents")
    assert "scores of the vision-language part mean nothing" in first
    assert "base's weights are random in this run" in rest.split("### 1.5.1")[1].split("###")[0]


def test_the_data_card_takes_one_page(study, faces):
    folder, settings = study
    report = folder / "results" / "report"
    styles = REPOSITORY / "report_template" / "styles"
    asked = '#context [#metadata(("data-card", "provenance").map(name => locate(label("sec:" + name)).page())) <pages>]'
    source = report / "asked.typ"
    source.write_text(make_typst(faces[".md"].decode(), styles, report, "en") + asked)
    title = {"title": settings["report"]["title"], "author": "somebody", "lang": "en", **ENGLISH.page}
    found = typst.query(str(source), "<pages>", field="value", one=True, root=str(report.parent), sys_inputs=title)
    source.unlink()
    card, provenance = json.loads(found)
    assert provenance == card + 1
