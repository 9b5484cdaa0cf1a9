"""One Markdown on the page and on paper, where the two differ: a figure that moves."""

import re
import shutil

import pytest
import typst
from PIL import Image
from report_fixture import REPOSITORY, load_settings

from paliflow.report.document import Document
from paliflow.report.faces import make_html, make_pdf, make_typst

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
    return Document(folder / "templates", folder, load_settings(), "A title", {}).render(), folder / "report"


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


def test_pictures_stay_in_their_place_where_typst_cannot_tag_one_that_it_moved(moving, monkeypatch):
    seen = []

    def refuse_moved_pictures(*_, sys_inputs, **__):
        seen.append("inplace" in sys_inputs)
        if not seen[-1]:
            raise typst.TypstError("internal error: parent group")
        return b"%PDF"

    monkeypatch.setattr(typst, "compile", refuse_moved_pictures)
    assert make_pdf(moving[0], STYLES, moving[1], METADATA) == b"%PDF"
    assert seen == [False, True]


def test_paper_has_the_pictures_in_their_place_too(moving):
    assert make_pdf(moving[0], STYLES, moving[1], METADATA | {"inplace": "yes"}).startswith(b"%PDF")


def test_cards_are_the_parts_of_one_grid_and_their_caption_the_last():
    cards = "".join(f"::: card\n![](a.png)\n\n{name}\n\n| a | b | c |\n|:--|:--|:--|\n| 1 | 2 | 3 |\n:::\n\n" for name in ("one", "two"))
    source = make_typst(f"::: {{#fig:c .cards}}\n{cards}::: caption\nthe end\n:::\n:::\n", STYLES, STYLES, "en")
    parts = source[source.rindex("#styled-cards[") :].split("#block[")
    assert [sum(word in part for part in parts) for word in ("one", "two", "the end")] == [1, 1, 1]
    assert len(parts) == 4 and source.count("columns: (34%, 28%, 38%)") == 2


def test_the_words_above_numbers_are_folded_on_paper():
    table = "| words of text | many words above numbers |\n|:--|--:|\n| a | 1 |\n"
    head = re.search(r"table\.header\((.*?)\),\n", make_typst(table, STYLES, STYLES, "en"), re.S)
    assert head and [len(cell.split("\\")) for cell in re.findall(r"\[(.*?)\]", head[1], re.S)] == [1, 2]
