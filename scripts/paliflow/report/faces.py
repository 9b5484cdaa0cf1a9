"""The two faces of one Markdown: a single HTML file, and through typst a PDF."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
import pypandoc
import typst

from paliflow.errors import InputError

MARKDOWN = "markdown-auto_identifiers-implicit_header_references-citations-example_lists-latex_macros"
COMMON = [f"--from={MARKDOWN}", "--standalone", "--columns=10000", "--wrap=preserve", "--toc", "--toc-depth=4"]


def make_html(markdown: str, styles: Path, folder: Path, metadata: dict[str, str]) -> str:
    """The report as one HTML file that needs no other: pictures and style inside, formulas as MathML.

    Args:
        styles: the folder of report.html, report.css and report.lua.
        folder: where the pictures' relative paths start.
        metadata: title and author.
    """
    options = [
        "--to=html5",
        "--shift-heading-level-by=1",
        "--mathml",
        "--embed-resources",
        f"--template={styles / 'report.html'}",
        f"--css={styles / 'report.css'}",
        f"--lua-filter={styles / 'report.lua'}",
        *(f"--metadata={key}={value}" for key, value in metadata.items()),
    ]
    return run_pandoc([*COMMON, *options], markdown, "report.md", folder)


def make_pdf(markdown: str, styles: Path, folder: Path, metadata: dict[str, str]) -> bytes:
    """The report as a PDF in A4, the same bytes for the same Markdown: fonts are typst's own and matplotlib's, never the system's.

    Raises:
        InputError: typst cannot set the text; the sentence holds its first complaint.
    """
    source = make_typst(markdown, styles, folder)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=".report-", suffix=".typ") as written:
        written.write(source)
        written.flush()
        return _compile(Path(written.name), Path(folder).resolve().parent, metadata)


def make_typst(markdown: str, styles: Path, folder: Path) -> str:
    """The source that the PDF is set from."""
    options = ["--to=typst", f"--template={styles / 'report.typ'}", f"--lua-filter={styles / 'report.lua'}"]
    return run_pandoc([*COMMON, *options], markdown, "report.md", folder)


def run_pandoc(options: list[str], text: str, name: str, folder: Path | None = None) -> str:
    """Convert a text with the pandoc that the Python package brings.

    Raises:
        InputError: pandoc refuses it or warns of something it could not find.
    """
    command = [pypandoc.get_pandoc_path(), "--fail-if-warnings", *options]
    done = subprocess.run(command, input=text, text=True, capture_output=True, encoding="utf-8", cwd=folder, check=False)
    if done.returncode:
        complaint = " ".join(done.stderr.split())
        raise InputError(f"{name} cannot be converted: {complaint[:500] or f'pandoc ended with {done.returncode}'}.")
    return done.stdout


def _compile(source: Path, root: Path, metadata: dict[str, Any]) -> bytes:
    try:
        pdf = typst.compile(
            str(source),
            root=str(root),
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            sys_inputs=metadata,
        )
    except typst.TypstError as error:
        raise InputError(f"The PDF cannot be set: {' '.join(str(error).split())[:500]}.") from None
    assert isinstance(pdf, bytes)
    return pdf
