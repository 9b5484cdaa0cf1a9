"""The report from templates and results: checked first, then all three faces written."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from paliflow import files
from paliflow.report import faces
from paliflow.report.bibliography import read_sources
from paliflow.report.document import Document
from paliflow.report.markdown import make_visible
from paliflow.report.words import words_of


def render_report(settings: dict[str, Any], templates: Path, results: Path, markdown: Path, html: Path, pdf: Path) -> None:
    """Write the report as Markdown, as one HTML file and as a PDF.

    Raises:
        InputError: a number, picture, table, label or source is missing or not used, the report does not speak the language, or the text
            cannot be set; nothing is written then.
    """
    templates, results, folder = Path(templates).resolve(), Path(results).resolve(), Path(markdown).resolve().parent
    report = settings["report"]
    words = words_of(report["language"])
    title = words.title if report["title"] == "auto" else report["title"]
    text = Document(templates, results, settings, title, read_sources(templates / "references.bib"), words).render()
    metadata = {"title": make_visible(title), "author": make_visible(f"{report['first_name']} {report['last_name']}")}
    metadata |= {"lang": words.language, "dir": words.direction, **words.page}
    folder.mkdir(parents=True, exist_ok=True)
    what = (text, templates / "styles", folder, metadata)
    with ThreadPoolExecutor() as at_once:  # both wait for other programs most of the time
        pages, papers = at_once.submit(faces.make_html, *what), at_once.submit(faces.make_pdf, *what)
    page, paper = pages.result(), papers.result()
    files.write_text(markdown, text)
    files.write_text(html, page)
    with files.replacing(pdf) as temporary:
        temporary.write_bytes(paper)
