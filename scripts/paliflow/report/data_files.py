"""Links from a figure or table to the files that hold its numbers: in the archive they lie about the report as they do below results."""

from collections.abc import Sequence
from pathlib import Path

from paliflow.report import rule_graph
from paliflow.report.markdown import Markdown


def link_data(data: str | Sequence[str], results: Path, word: str) -> Markdown:
    """The end of a caption that links to data files; the page prints it, paper leaves it out.

    Args:
        data: one file or several, by their names below the results folder; none gives nothing.
        word: what stands before the links.

    Raises:
        InputError: a file is missing; the sentence names the rule that makes it.
    """
    names = [data] if isinstance(data, str) else data
    for name in names:
        if not (results / name).is_file():
            raise rule_graph.missing(results, results / name)
    links = ", ".join(f"[`{name}`](<../{name}>)" for name in names)
    return Markdown(f" [{word} {links}]{{.data}}" if links else "")


def each(pattern: str, names: Sequence[str]) -> list[str]:
    """A file for each name, which stands at the pattern's braces.

    >>> each("train_flow/{}/metrics.json", ["a", "b"])
    ['train_flow/a/metrics.json', 'train_flow/b/metrics.json']
    """
    return [pattern.format(name) for name in names]
