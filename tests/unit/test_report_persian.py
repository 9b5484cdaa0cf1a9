"""What the Persian report does to digits, signs and Latin words; ⟨ and ⟩ stand for Unicode's isolates here."""

import dataclasses
import json
import re

import pytest
from report_fixture import REPOSITORY

from paliflow.report.faces import MARKDOWN, make_html, make_pdf, run_pandoc
from paliflow.report.words import PERSIAN

STYLES = REPOSITORY / "report_template" / "styles"
METADATA = {"title": "عنوان", "author": "علی", "lang": "fa", "dir": "rtl", **PERSIAN.page}


def words_of(document):
    """The text of pandoc's own form of a document."""
    if isinstance(document, list):
        return "".join(map(words_of, document))
    if not isinstance(document, dict):
        return ""
    if document.get("t") in ("Space", "SoftBreak"):
        return " "
    if document.get("t") == "Str":
        return document["c"]
    if document.get("t") in ("Code", "Math"):
        return document["c"][1]
    return words_of(document.get("c"))


def persian(markdown):
    options = [f"--from={MARKDOWN}", "--to=json", f"--lua-filter={STYLES / 'fa.lua'}"]
    text = words_of(json.loads(run_pandoc(options, markdown, "test"))["blocks"])
    return text.translate({0x2066: "⟨", 0x2068: "⟪", 0x2069: "⟩"})


@pytest.mark.parametrize(
    ("markdown", "printed"),
    [
        ("عدد 41.2\u00a0% است", "عدد ۴۱٫۲\u00a0٪ است"),
        ("شمار 1,234,567 است.", "شمار ۱٬۲۳۴٬۵۶۷ است."),
        ("از −0.4 تا +1.2، 3.", "از ⟨−۰٫۴⟩ تا ⟨+۱٫۲⟩، ۳."),
        ("0.70 ± 0.05", "۰٫۷۰ ± ۰٫۰۵"),
        ("0.5, <0.001, 3", "۰٫۵، ⟨<۰٫۰۰۱⟩، ۳"),
        ("اینجا → آنجا", "اینجا ← آنجا"),
        ("نسخهٔ 2.13.0", "نسخهٔ ⟨۲.۱۳.۰⟩"),
        ("# 1.2.1 عنوان 2.5", "⟨۱.۲.۱⟩ عنوان ۲٫۵"),
        ("# 2.1 عنوان", "⟨۲.۱⟩ عنوان"),
        ("بنگرید به [بند 2.1](#item:2.1).", "بنگرید به بند ⟨۲.۱⟩."),
        ("مدل PaliGemma-3B و ROUGE-1 خوب", "مدل ⟨PaliGemma-3B⟩ و ⟨ROUGE-1⟩ خوب"),
        ("نمرهٔ Exact Match است", "نمرهٔ ⟨Exact Match⟩ است"),
        ("مدل (vision-language model, VLM) است", "مدل (⟨vision-language model, VLM⟩) است"),
        ("مدل‌های LoRA، QLoRA: دو", "مدل‌های ⟨LoRA⟩، ⟨QLoRA⟩: دو"),
        ("پروندهٔ `run_1.py` با $x_1 = 2$", "پروندهٔ ⟨run_1.py⟩ با x_1 = 2"),
        ('او "چنین" گفت', "او «چنین» گفت"),
        ("می‌شود", "می‌شود"),
        ("[How many? 3]{.question}", "⟪How many? 3⟩"),
        ("Adam, 0.0002", "⟨Adam, 0.0002⟩"),
        (r"CLIP-2 \[[9](#source:clip)\]", "⟨CLIP-2 [۹]⟩"),
        ("مسیر Tong et al. راست", "مسیر ⟨Tong et al.⟩\u00a0راست"),
    ],
)
def test_a_line_is_set_in_persian(markdown, printed):
    assert persian(markdown) == printed


def test_the_page_reads_from_right_to_left_with_its_own_typeface(tmp_path):
    page = make_html("متن 12\n\n|   |   |\n|:--|--:|\n| a | 1 |\n", STYLES, tmp_path, METADATA)
    assert '<html lang="fa" dir="rtl">' in page and "متن ۱۲" in page
    assert len(re.findall(r"@font-face.*?url\(\"?data:font/woff2", page)) == 3
    assert "text-align: left;" not in page.split("<main")[1]


def test_a_source_stays_as_it_is_from_left_to_right(tmp_path):
    source = "::: {#source:a .source}\n[7.]{.number} A. Author. *Title of 2*, 2024. <https://example.org/7>\n:::\n"
    page = make_html(source, STYLES, tmp_path, METADATA).split("<main")[1]
    assert 'dir="ltr"' in page and "۷." in page and "<em>Title of 2</em>, 2024." in page and 'href="https://example.org/7"' in page


def test_paper_is_set_in_the_shipped_typeface(tmp_path):
    pdf = make_pdf("متن فارسی 12\n", STYLES, tmp_path, METADATA)
    assert b"Vazirmatn" in pdf and b"/Lang(fa)" in pdf


def glossary():
    """What the table of words in the templates' README tells to avoid, and the word to use."""
    table = (STYLES.parent / "README.md").read_text(encoding="utf-8").split("| English | Persian | not |")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:] if line]
    return [(avoided, persian) for _, persian, several in rows for avoided in several.split("، ") if avoided]


@pytest.mark.parametrize(("avoided", "instead"), glossary())
def test_a_thing_has_one_name(avoided, instead):
    texts = {path.name: path.read_text(encoding="utf-8") for path in (STYLES.parent / "fa").glob("**/*.j2")}
    texts["words.py, names.py"] = str(dataclasses.asdict(PERSIAN))
    found = [name for name, text in texts.items() if re.search(rf"(?<![\w\u200c]){avoided}(?!\w)", text)]
    assert found == [], f"write {instead} instead"
