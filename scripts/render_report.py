"""Render the report: templates and results into one Markdown, and that into self-contained HTML and a PDF."""

import json
from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.report import render


def main() -> None:
    """Read the command line and render."""
    parser = Parser(description=__doc__)
    parser.add_argument("--settings", type=json.loads, required=True, help="the config that the results were made with, as JSON")
    parser.add_argument("--templates", type=Path, required=True, help="the folder of report.md.j2, references.bib and styles")
    parser.add_argument("--results", type=Path, required=True, help="the folder of the stages' results")
    parser.add_argument("--markdown", type=Path, required=True, help="the report to write as Markdown, in the results' folder `report`")
    parser.add_argument("--html", type=Path, required=True, help="the report to write as HTML")
    parser.add_argument("--pdf", type=Path, required=True, help="the report to write as PDF")
    arguments = parser.parse_args()
    render.render_report(arguments.settings, arguments.templates, arguments.results, arguments.markdown, arguments.html, arguments.pdf)


if __name__ == "__main__":
    errors.run(main)
