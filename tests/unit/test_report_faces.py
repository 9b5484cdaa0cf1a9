"""One Markdown on the page and on paper, where the two differ: a figure that moves."""

import re
import shutil

import pytest
from PIL import Image
from report_fixture import REPOSITORY

from paliflow.report.document import Document
from paliflow.report.faces import make_html, make_typst

STYLES = REPOSITORY / "report_template" / "styles"
METADATA = {"title": "t", "author": "a", "lang": "en", "dir": "ltr", "contents": "Contents"}
CALL = '{{ ref("fig:a") }}\n\n{{ figure("fig:a", "still.png", caption="A caption.", alt="Two dots", animation="moving.gif") }}\n'


@pytest.fixture(scope="module")
def moving(tmp_path_factory):
    """The Markdown of a figure with an animation, and the report's folder."""
    folder = tmp_path_factory.mktemp("moving")
    for name in ("report", "figures", "templates"):
        (folder / name).mkdir()
    for name in ("still.png", "moving.gif"):
        Image.new("L", (4, 4)).save(folder / "figures" / name)
    (folder / "templates" / "report.md.j2").write_text(CALL)
    return Document(folder / "templates", folder, {}, "A title", {}).render(), folder / "report"


def test_the_page_holds_the_animation_and_the_still_picture(moving):
    pictures = re.findall(r"<img [^>]*>", make_html(moving[0], STYLES, moving[1], METADATA))
    seen = [re.search(r'src="data:image/(\w+).*class="(\w+)".*alt="(.*?)"', picture) for picture in pictures]
    assert [found.groups() for found in seen if found] == [("png", "still", "Two dots"), ("gif", "animation", "Two dots")]


def test_the_page_shows_one_of_the_two(moving):
    style = make_html(moving[0], STYLES, moving[1], METADATA)
    assert re.search(r"screen and \(prefers-reduced-motion: no-preference\) { \.still { display: none", style)
    assert re.search(r"print, \(prefers-reduced-motion: reduce\) { \.animation { display: none", style)


def test_paper_holds_the_still_picture_with_its_text(moving):
    pictures = re.findall(r"#image\(.*?\)", make_typst(moving[0], STYLES, moving[1], "en"))
    assert pictures == ['#image("../figures/still.png", width: 100%, alt: "Two dots")']


def test_a_folder_may_have_any_letters_in_any_locale(moving, tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    folder = shutil.copytree(moving[1].parent, tmp_path / "Übung ش")
    styles = shutil.copytree(STYLES, folder / "styles")
    assert "A caption." in make_html(moving[0], styles, folder / "report", METADATA)
