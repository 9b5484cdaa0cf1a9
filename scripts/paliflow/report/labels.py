"""Numbers of figures, tables and sources: given once, in the order in which the text brings them, and checked at the end."""

import re
from dataclasses import dataclass, field

from paliflow.errors import InputError
from paliflow.report.markdown import NO_BREAK_SPACE, Markdown
from paliflow.report.words import ENGLISH, Words

_LABEL = re.compile(r"(fig|tab):[a-z0-9_-]+")
_POINTER = re.compile("\ue000(.*?)\ue001")
_ITEM_HEADING = re.compile(r"^(#{2,4}) +(\d+(?:\.\d+)+)( .*?)? *(\{#[^}]*\})?$", re.MULTILINE)
_SENTENCE_END, _PART_END = re.compile(r"(?<! al)\.(?:\s|$)"), re.compile(r"[:;؛]\s")
_SHORTEST_TITLE = 20  # letters: "Left" is none
_NAMED_HEADING = re.compile(r"^#{1,4} +(.*?) +\{#(sec:[a-z0-9-]+)[^}]*\}$", re.MULTILINE)


@dataclass
class Labels:
    """What the text defines (figures, tables), points to, and cites; a place is a template's name and line."""

    sources: dict[str, Markdown]
    words: Words = ENGLISH
    _numbers: dict[str, int] = field(default_factory=dict)
    _defined_at: dict[str, str] = field(default_factory=dict)
    _pointed_from: dict[str, str] = field(default_factory=dict)
    _cited: dict[str, int] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)

    def define(self, label: str, place: str, caption: str = "") -> Markdown:
        """Give a figure or table the next number of its kind; the caption's first sentence is its title in the list of them.

        Returns:
            The words before its caption, "**Figure 3.**".

        Raises:
            InputError: the label is used already, or is not of the form fig:name or tab:name.
        """
        if not _LABEL.fullmatch(label):
            raise InputError(f"{place}: '{label}' is no label: write fig:name or tab:name in small letters, digits, _ and -.")
        if label in self._numbers:
            first = self._defined_at[label]
            raise InputError(f"{place}: the label '{label}' is defined already at {first}: give one of them another name.")
        kind = label[:3]
        self._numbers[label] = 1 + sum(known.startswith(kind) for known in self._numbers)
        self._defined_at[label] = place
        self._titles[label] = _title(caption)
        return Markdown(f"**{self._name(label)}.**")

    def point(self, label: str, place: str) -> Markdown:
        """A link to a label that may be defined further on; `resolve` puts its text in."""
        self._pointed_from.setdefault(label, place)
        return Markdown(f"\ue000{label}\ue001")

    def page(self, label: str) -> Markdown:
        """Behind a link: the page that it leads to, on paper."""
        return Markdown(f'[]{{.page of="{label}"}}')

    def cite(self, keys: tuple[str, ...], place: str) -> Markdown:
        """The numbers of some sources in square brackets, each a link to its entry.

        Raises:
            InputError: a key is not among the sources.
        """
        for key in keys:
            if key not in self.sources:
                raise InputError(f"{place}: the source '{key}' is not in references.bib: add it there or correct the key.")
            self._cited.setdefault(key, len(self._cited) + 1)
        links = self.words.comma.join(f"[{self._cited[key]}](#{_source_anchor(key)})" for key in keys)
        return Markdown(rf"\[{links}\]")

    def bibliography(self) -> Markdown:
        """The entries of all sources cited so far, by number."""
        cited = [(f"{{#{_source_anchor(key)} .source}}", number, self.sources[key]) for key, number in self._cited.items()]
        return Markdown("\n\n".join(f"::: {anchor}\n[{number}.]{{.number}} {source}\n:::" for anchor, number, source in cited))

    def listing(self, kind: str) -> Markdown:
        """All figures (`fig`) or tables (`tab`) so far, a line each with a link and its title."""
        labels = [label for label in self._numbers if label.startswith(kind)]
        return Markdown("\n".join(f"- [{self._name(label)}](#{label}): {self._titles[label]}{self.page(label)}" for label in labels))

    def resolve(self, text: str) -> str:
        """Give the assignment's items their anchors and fill in all links.

        Raises:
            InputError: a link to nothing, a figure or table that no text mentions, or two headings for one item.
        """
        targets = {label: self._name(label) for label in self._numbers}
        targets |= {label: title for title, label in _NAMED_HEADING.findall(text)}
        for _, item, *_ in _ITEM_HEADING.findall(text):
            if f"item:{item}" in targets:
                raise InputError(f"report: two headings begin with the item number {item}: each item has one.")
            targets[f"item:{item}"] = f"{self.words.item}{NO_BREAK_SPACE}{item}"
        for label, place in self._pointed_from.items():
            if label not in targets:
                raise InputError(f"{place}: '{label}' is referred to but defined nowhere: define it or correct the label.")
        for label, place in self._defined_at.items():
            if label not in self._pointed_from:
                raise InputError(f"{place}: '{label}' is defined but no text refers to it: add a ref(\"{label}\") or take it out.")
        text = _ITEM_HEADING.sub(lambda found: f"{found[1]} {found[2]}{found[3] or ''} {{#item:{found[2]}}}", text)
        return _POINTER.sub(lambda found: f"[{targets[found[1]]}](#{found[1]})", text)

    def _name(self, label: str) -> str:
        kind = {"fig": self.words.figure, "tab": self.words.table}[label[:3]]
        return f"{kind}{NO_BREAK_SPACE}{self._numbers[label]}"


def _title(caption: str) -> str:
    """The beginning of a caption that can stand for it: its first sentence, up to a colon or semicolon unless too little stands before."""
    sentence = _SENTENCE_END.split(" ".join(caption.split()), maxsplit=1)[0]
    part = _PART_END.split(sentence, maxsplit=1)[0]
    return part if len(part) >= _SHORTEST_TITLE else sentence


def _source_anchor(key: str) -> str:
    return "source:" + re.sub(r"[^A-Za-z0-9_-]", "-", key)
