"""The sources: read from BibTeX by pandoc, printed as one line each."""

import html
import json
import re
from pathlib import Path
from typing import Any

from paliflow.errors import InputError
from paliflow.report.faces import run_pandoc
from paliflow.report.markdown import Markdown, escape

MOST_AUTHORS = 6


def read_sources(path: Path) -> dict[str, Markdown]:
    """The entries of a BibTeX file by key, each as one line of Markdown.

    Raises:
        InputError: the file is missing, is no BibTeX, or an entry lacks its title, author or year.
    """
    try:
        bibtex = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} is missing: the report's sources are read from it.") from None
    entries = json.loads(run_pandoc(["--from=biblatex", "--to=csljson"], bibtex, str(path)) or "[]")
    return {entry["id"]: _print(entry, path) for entry in entries}


def _print(entry: dict[str, Any], path: Path) -> Markdown:
    try:
        year = entry["issued"]["date-parts"][0][0]
        title, authors = _plain(entry["title"]), [_author(author) for author in entry["author"]]
    except (KeyError, IndexError):
        raise InputError(f"{path}: the entry '{entry['id']}' lacks its title, author or year: add it.") from None
    shown = authors if len(authors) <= MOST_AUTHORS else [*authors[: MOST_AUTHORS - 1], "et al."]
    parts = [escape(", ".join(shown)), f"*{escape(title)}*"]
    if container := entry.get("container-title") or entry.get("publisher"):
        parts.append(escape(_plain(container)))
    line = ". ".join(part.rstrip(".") for part in parts) + f", {year}."
    address = entry.get("URL") or (f"https://doi.org/{entry['DOI']}" if "DOI" in entry else None)
    if address and re.fullmatch(r"https?://[^\s<>()\"']+", address):
        line += f" <{address}>"
    return Markdown(line)


def _author(author: dict[str, str]) -> str:
    if "family" not in author:
        return _plain(author.get("literal", ""))
    initials = " ".join(f"{name[0]}." for name in re.split(r"[\s.]+", author.get("given", "")) if name)
    family = " ".join(part for part in (author.get("non-dropping-particle"), author["family"]) if part)
    return f"{initials} {_plain(family)}".strip()


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", text))
