"""The two faces of one Markdown: a single HTML file, and through typst a PDF."""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
import pypandoc
import typst

from paliflow.errors import InputError
from paliflow.report.words import ENGLISH

MARKDOWN = "markdown-auto_identifiers-implicit_header_references-citations-example_lists-latex_macros-raw_html"
"""No HTML: no text holds any, and looking for it takes most of the reading's time."""
ALLOCATION = ["+RTS", "-A128m", "-RTS"]
"""For pandoc's own memory: a larger area for new values, which is collected less often, spares a quarter of the time."""
COMMON = [f"--from={MARKDOWN}", "--standalone", "--columns=10000", "--wrap=preserve", "--toc", "--toc-depth=4"]

EMPTY_HEADER = re.compile(r"<th( [^>]*)?></th>")
"""The corner of a table, which heads neither a row nor a column, and is to be announced as no heading."""


def make_html(markdown: str, styles: Path, folder: Path, metadata: dict[str, str]) -> str:
    """The report as one HTML file that needs no other: pictures and style inside, formulas as MathML.

    Args:
        styles: the folder of report.html, report.css, report.js and report.lua.
        folder: where the pictures' relative paths start.
        metadata: title, author, the language's code `lang` and direction `dir`, and the page's words in it.
    """
    options = [
        "--to=html5",
        "--shift-heading-level-by=1",
        "--mathml",
        "--embed-resources",
        f"--template={styles / 'report.html'}",
        f"--css={styles / 'report.css'}",
        f"--variable=script={styles / 'report.js'}",
        *_filters(styles, metadata["lang"]),
        *([f"--css={styles / metadata['lang']}.css"] if metadata["lang"] != ENGLISH.language else []),
        *(f"--metadata={key}={value}" for key, value in metadata.items()),
    ]
    page = run_pandoc([*COMMON, *options], markdown, "report.md", folder)
    return EMPTY_HEADER.sub(r"<td\1></td>", page)


def make_pdf(markdown: str, styles: Path, folder: Path, metadata: dict[str, str]) -> bytes:
    """The report as a PDF in A4, the same bytes for the same Markdown: fonts are typst's, matplotlib's and the styles', never the system's.

    Raises:
        InputError: typst cannot set the text; the sentence holds its first complaint.
    """
    source = make_typst(markdown, styles, folder, metadata["lang"])
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=".report-", suffix=".typ") as written:
        written.write(source)
        written.flush()
        return _compile(Path(written.name), Path(folder).resolve().parent, styles / "fonts", metadata)


def make_typst(markdown: str, styles: Path, folder: Path, language: str) -> str:
    """The source that the PDF is set from."""
    options = ["--to=typst", f"--template={styles / 'report.typ'}", *_filters(styles, language)]
    return run_pandoc([*COMMON, *options], markdown, "report.md", folder)


def run_pandoc(options: list[str], text: str, name: str, folder: Path | None = None) -> str:
    """Convert a text with the pandoc that the Python package brings.

    Raises:
        InputError: pandoc refuses it or warns of something it could not find.
    """
    command = [pypandoc.get_pandoc_path(), *ALLOCATION, "--fail-if-warnings", *options]
    variables = os.environ | {"LC_ALL": "C.UTF-8"}  # in an ASCII locale pandoc cannot read a path with other letters
    done = subprocess.run(command, input=text, text=True, capture_output=True, encoding="utf-8", cwd=folder, env=variables, check=False)
    if done.returncode:
        complaint = " ".join(done.stderr.split())
        raise InputError(f"{name} cannot be converted: {complaint[:500] or f'pandoc ended with {done.returncode}'}.")
    return done.stdout


def _filters(styles: Path, language: str) -> list[str]:
    """What a language other than English does to its text comes first, in the filter named as its code."""
    names = [language, "report"] if language != ENGLISH.language else ["report"]
    return [f"--lua-filter={styles / name}.lua" for name in names]


def _compile(source: Path, root: Path, fonts: Path, metadata: dict[str, Any]) -> bytes:
    """Set the source; with every picture in its place where typst cannot tag one that it moved over the break of a page."""
    try:
        try:
            return _set(source, root, fonts, metadata)
        except typst.TypstError as error:
            if "internal error" not in str(error):
                raise
            return _set(source, root, fonts, metadata | {"inplace": "yes"})
    except typst.TypstError as error:
        raise InputError(f"The PDF cannot be set: {' '.join(str(error).split())[:500]}.") from None


def _set(source: Path, root: Path, fonts: Path, inputs: dict[str, Any]) -> bytes:
    pdf = typst.compile(
        str(source),
        root=str(root),
        font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf"), str(fonts)],
        ignore_system_fonts=True,
        sys_inputs=inputs,
    )
    assert isinstance(pdf, bytes)
    return pdf
