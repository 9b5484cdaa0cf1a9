"""Tables of the report: CSV files and rows of values as Markdown."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from paliflow.errors import InputError
from paliflow.report.markdown import Markdown, escape, escape_plain
from paliflow.report.values import print_range, print_value
from paliflow.report.words import ENGLISH, Words

Rows = Sequence[Sequence[object]]


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a CSV file.

    Raises:
        InputError: the file is missing or empty, or a row has another number of cells than the header.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
    except FileNotFoundError:
        raise InputError(f"{path} is missing: run the stage that writes this table, or correct its name.") from None
    except ValueError:
        raise InputError(f"{path} is empty: run the stage that writes this table again.") from None
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise InputError(f"{path}, line {number} has {len(row)} cells, the header {len(header)}: run the stage that writes it again.")
    return header, rows


def print_csv(
    path: Path,
    formats: Mapping[str, str],
    best: Mapping[str, str],
    names: Mapping[str, str],
    columns: Sequence[str] | None = None,
    words: Words = ENGLISH,
) -> Markdown:
    """A CSV file as a table: numbers printed, intervals beside their values, the best of a column bold.

    Columns "X low" and "X high" go into column X as its interval.

    Args:
        formats: how a column's numbers are printed, by column; whole numbers are "integer" and others "decimal3" without it.
        best: "max" or "min" by column.
        names: what a cell's text is called in print, such as {"qlora": "QLoRA"}; other text is printed as it is.
        columns: which to show, in which order; all by default.

    Raises:
        InputError: the file is missing or broken, or a column named here is not in it.
    """
    header, rows = read_csv(path)
    cells = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    shown = list(columns) if columns else [name for name in header if not re.fullmatch(r".+ (low|high)", name)]
    for name in (*shown, *formats, *best):
        if name not in cells:
            raise InputError(f"{path} has no column '{name}': name one of {', '.join(header)}.")
    printed = [_print_column(name, cells, formats.get(name), best.get(name), names, words) for name in shown]
    numeric = [all(_is_number(cell) for cell in cells[name] if cell) for name in shown]
    return print_rows([names.get(name, name) for name in shown], list(zip(*printed, strict=True)), numeric)


def print_rows(header: Sequence[object], rows: Rows, right: Sequence[bool]) -> Markdown:
    """Rows of values as a table; text that is not Markdown is escaped.

    Args:
        right: which columns are set flush right, as numbers are.
    """
    lines = ["| " + " | ".join(escape_plain(cell) for cell in header) + " |"]
    lines.append("|" + "|".join("---:" if flag else ":---" for flag in right) + "|")
    lines += ["| " + " | ".join(escape_plain(cell) for cell in row) + " |" for row in rows]
    return Markdown("\n".join(lines))


def _print_column(
    name: str, cells: Mapping[str, list[str]], form: str | None, best: str | None, names: Mapping[str, str], words: Words
) -> list[Markdown]:
    values = cells[name]
    numbers = [float(cell) for cell in values if _is_number(cell)]
    leader = None if best is None or len(set(numbers)) < 2 else {"max": max, "min": min}[best](numbers)
    low, high = (cells.get(f"{name} {end}") for end in ("low", "high"))
    printed = []
    for row, cell in enumerate(values):
        text = _print_cell(cell, form, names)
        if leader is not None and _is_number(cell) and float(cell) == leader:
            text = Markdown(f"**{text}**")
        if low and high and low[row]:
            ends = print_range(float(low[row]), float(high[row]), form or "decimal3", words)
            text = Markdown(f"{text} [({ends})]{{.interval}}")
        printed.append(text)
    return printed


def _print_cell(cell: str, form: str | None, names: Mapping[str, str]) -> Markdown:
    if not _is_number(cell):
        return escape(names.get(cell, cell)) if cell else Markdown("–")
    whole = re.fullmatch(r"-?\d+", cell) is not None
    return print_value(float(cell), form or ("integer" if whole else "decimal3"))


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", cell) is not None
