"""The page as a reader meets it: its first screen, its links to data, what its script needs; in a browser where there is one."""

import html
import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes
from study_fixture import TEMPLATES
from test_report_render import Page

from paliflow.report.faces import make_typst

CHROMIUM, AXE = shutil.which("chromium") or shutil.which("google-chrome"), os.environ.get("AXE_CORE")
PROBE = """
addEventListener("load", async () => {
  const root = document.documentElement, button = document.querySelector(".enlarge"), sort = document.querySelector(".sort");
  const found = { widths: [root.scrollWidth, root.clientWidth] };
  button.focus();
  button.click();
  const dialog = document.querySelector("dialog");
  found.opened = dialog.open;
  dialog.close();
  found.focused = document.activeElement === button;
  sort.click();
  sort.click();
  found.sorted = sort.closest("th").getAttribute("aria-sort");
  found.faults = (await axe.run()).violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id }) => id);
  parent.document.body.append(Object.assign(document.createElement("pre"), { id: "found", textContent: JSON.stringify(found) }));
});
"""


@pytest.fixture(scope="module")
def text(faces):
    return faces[".html"].decode()


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_page_begins_with_five_numbers_and_four_figures(text):
    screen = text[text.index('class="glance"') : text.index('class="summary"')]
    assert text.index("<main") < text.index('class="glance"')
    assert [screen.count("<li>"), screen.count("<img"), len(re.findall(r'<a href="#fig:\w+"><img', screen))] == [5, 4, 4]
    assert {"#contents", "#tab:marking"} <= set(re.findall(r'href="([^"]+)"', screen))
    found = r'<strong>[\d.]+(\s%)? <span class="whole">\(.+\)</span></strong>.*\(.+\)'
    assert all(re.search(found, number, re.DOTALL) for number in screen.split("<li>")[1:])


def test_all_data_that_the_page_links_to_lies_beside_it(study, page):
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a" and attributes.get("href", "").startswith("../")]
    assert len(links) > 60
    assert [link for link in links if not (study[0] / "results" / "report" / link).is_file()] == []


FORMULAS = {"theory_lora.svg", "theory_coprompt.svg", "theory_conditional_paths.svg"}
"""Figures beside the diagrams that show no data: parts of a method, and paths that a formula gives."""


def test_every_drawn_figure_names_its_data():
    environment = jinja2.Environment(comment_start_string="<#", comment_end_string="#>")
    for path in TEMPLATES.rglob("*.j2"):
        for call in environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "figure":
                shows_data = not call.args[1].value.startswith("diagram_") and call.args[1].value not in FORMULAS
                assert shows_data == ("data" in {option.key for option in call.kwargs}), f"{path}, line {call.lineno}"


def test_paper_has_no_links_to_data(study, faces):
    source = make_typst(faces[".md"].decode(), TEMPLATES / "styles", study[0] / "results" / "report", "en")
    assert "Data:" not in source and "[Data:" in faces[".md"].decode()


def test_the_only_script_is_the_projects_own(text):
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    assert [script.strip() for script in scripts] == [(TEMPLATES / "styles" / "report.js").read_text(encoding="utf-8").strip()]


def test_no_heading_of_a_table_is_empty(text):
    assert "<th" in text and not re.search(r"<th( [^>]*)?></th>", text)


def test_the_marks_of_every_item_and_question_can_be_left_out_of_the_contents(text):
    contents = text[text.index("<nav") : text.index("</nav>")]
    assert contents.count('class="marks"') == contents.count(" marks)") == 19


def test_no_interval_can_break_at_its_dash(text):
    screen = text[text.index('class="glance"') : text.index('class="summary"')]
    assert 0 < len(re.findall(r"\d–\d", screen)) == len(re.findall(r'<span class="whole">[^<]*\d–\d', screen))


def test_every_formula_on_its_own_line_has_a_box_that_scrolls(text):
    assert 0 < text.count('<math display="block"') == text.count('<span class="display"><math display="block"')


def test_the_page_can_be_skipped_through_and_its_headings_go_down_by_one(text, page):
    names = [attributes.get("id") for tag, attributes in page.elements if tag in ("main", "nav")]
    first = next(attributes["href"] for tag, attributes in page.elements if tag == "a")
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert (names, first, levels[0], levels.count(1)) == (["contents", "text"], "#text", 1, 1)
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


@pytest.mark.skipif(not (CHROMIUM and AXE), reason="needs chromium, and AXE_CORE naming axe-core's axe.min.js")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_browser_finds_no_fault(text, tmp_path, width, dark):
    scripts = "".join(f"<script>{script}</script>" for script in (Path(str(AXE)).read_text(encoding="utf-8"), PROBE))
    (tmp_path / "page.html").write_text(text.replace("</body>", scripts + "</body>"), encoding="utf-8")
    (tmp_path / "host.html").write_text(f'<iframe src="page.html" style="width: {width}px; height: 900px; border: 0"></iframe>')
    options = ["--headless", "--no-sandbox", "--allow-file-access-from-files", "--enable-logging=stderr", "--window-size=1500,950"]
    options += [f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--virtual-time-budget=60000", "--dump-dom"]
    address = (tmp_path / "host.html").as_uri()
    done = subprocess.run([str(CHROMIUM), *options, address], capture_output=True, text=True, timeout=300, check=True)
    printed = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert printed, done.stderr[-500:]
    found = json.loads(html.unescape(printed[1]))
    assert "CONSOLE" not in done.stderr
    assert found.pop("widths")[0] <= width
    assert found == {"opened": True, "focused": True, "sorted": "descending", "faults": []}
