"""Say a question in English: a wording of its kind, with the alternatives, optional words and synonyms that chance draws."""

import itertools
import random
import re
from collections.abc import Callable

from paliflow.clevr.families import Family
from paliflow.clevr.phrases import DESCRIPTIONS, Both, Description, Phrase, Relation, describe
from paliflow.clevr.vocabulary import ATTRIBUTES

# Of (one|other) one is said, [words] may be left out, {slots} are filled with what the question speaks of: see SLOTS below.
WORDINGS: dict[str, list[str]] = {
    "count": [
        "How many {heads} (can|do) you see{that are}?",
        "How many {heads} does the (picture|image|scene) (show|contain){that are}?",
        "What is the (count|total number) of {things}?",
        "Count every {thing}: how many are there [altogether]?",
    ],
    "count of either": [
        "How many {shared}s (can|do) you see that are either {first} or [else] {second}?",
        "What is the (count|total number) of {shared}s that are either {first} or [else] {second}?",
        "If you take every {shared} that is either {a first} or [else] {a second}, how many do you (get|have)?",
    ],
    "exist": [
        "(Can|Do) you see {a head}{that is}?",
        "(Can|Do) you see any {heads}{that are}?",
        "Does the (picture|image|scene) (show|contain) {a head}{that is}?",
        "Does the (picture|image|scene) (show|contain) any {heads}{that are}?",
    ],
    "query": [
        "Of (what|which) {attribute} is {the thing}?",
        "Look at {the thing}: (what is its {attribute}|which {attribute} does it have)?",
        "What would you (call|say is) the {attribute} of {the thing}?",
        "Find {the thing}; (of what {attribute} is it|what {attribute} does it have)?",
    ],
    "equal": [
        "In {attribute}, does {the first} match {the second}?",
        "Does {the first} share its {attribute} with {the second}?",
        "Is the {attribute} of {the first} also that of {the second}?",
        "Take {the first}, then {the second}: (do they agree|are they alike) in {attribute}?",
    ],
    "equal_integer": [
        "(Can|Do) you see exactly as many {first} as {second}?",
        "Is the count of {first} equal to the count of {second}?",
        "Counting the {first}, then the {second}, do you get the same number twice?",
    ],
    "less_than": [
        "(Can|Do) you see fewer {first} than {second}?",
        "Is the count of {first} (lower|smaller) than the count of {second}?",
        "(Does|Would) counting the {first} give a (lower|smaller) number than counting the {second}?",
    ],
    "greater_than": [
        "(Can|Do) you see more {first} than {second}?",
        "Is the count of {first} (higher|larger) than the count of {second}?",
        "(Does|Would) counting the {first} give a (higher|larger) number than counting the {second}?",
    ],
}
SYNONYMS: dict[str, tuple[str, ...]] = {
    "large": ("large", "big"),
    "small": ("small", "tiny"),
    "rubber": ("rubber", "matte"),
    "metal": ("metal", "metallic", "shiny"),
    "cube": ("cube", "block"),
    "sphere": ("sphere", "ball"),
    "": ("thing", "object"),  # for a shape that is not said
}
PLACES: dict[str, tuple[str, ...]] = {
    "left": ("left of", "to the left of"),
    "right": ("right of", "to the right of"),
    "front": ("in front of",),
    "behind": ("behind",),
}
# how things that are the same are said to be: of one thing, and of several
SAMENESS: list[tuple[str, str]] = [
    ("with the same {attribute} as {anchor}", "with the same {attribute} as {anchor}"),
    ("that has the {attribute} of {anchor}", "that have the {attribute} of {anchor}"),
    ("that shares its {attribute} with {anchor}", "that share their {attribute} with {anchor}"),
    ("that matches {anchor} in {attribute}", "that match {anchor} in {attribute}"),
]


def say(family: Family, phrases: tuple[Phrase, ...], draw: random.Random) -> str:
    """A question of a family about what the phrases speak of."""
    if family.group == "single_or":  # a place said last, behind a side without one, would seem to be that of both sides
        phrases = tuple(sorted(phrases, key=lambda phrase: phrase.link is None))
    pieces = draw.choice(draw.choice(_VARIANTS[_wordings_of(family)]))
    said = [piece if number % 2 == 0 else SLOTS[piece](family, phrases, draw) for number, piece in enumerate(pieces)]
    text = "".join(said)
    return text[0].upper() + text[1:]


def _wordings_of(family: Family) -> str:
    if family.group == "single_or":
        return "count of either"
    verb, _, attribute = family.kind.partition("_")
    return verb if attribute in ATTRIBUTES else family.kind


def _head(phrase: Phrase, draw: random.Random, plural: bool = False) -> str:
    """`red cube`, `other red cubes`."""
    name = draw.choice(_NAMES[phrase.description])
    other = "other " if _is_other(phrase) else ""
    return other + name + ("s" if plural else "")


def _a_head(phrase: Phrase, draw: random.Random) -> str:
    name = _head(phrase, draw)
    if _is_other(phrase):
        return f"an{name}"
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _place(phrase: Phrase, draw: random.Random, plural: bool = False) -> str:
    """What is said behind the head, with a blank before it: ` that is left of the big sphere`; nothing where there is nothing to say.

    `that is` is said where the anchor has a place of its own, so that the reader sees where each place belongs.
    """
    link = phrase.link
    if link is None:
        return ""
    that_is = " that are" if plural else " that is"
    if isinstance(link, Relation):
        said = f" {_relation(link, draw)}"
        return that_is + said if link.anchor.link or draw.random() < 0.5 else said
    if isinstance(link, Both):
        both, and_also = draw.choice(((" both", "and"), ("", "and also")))
        return f"{that_is}{both} {_relation(link.first, draw)} {and_also} {_relation(link.second, draw)}"
    return " " + draw.choice(SAMENESS)[plural].format(attribute=link.attribute, anchor=_the(link.anchor, draw))


def _relation(link: Relation, draw: random.Random) -> str:
    return f"{draw.choice(PLACES[link.relation])} {_the(link.anchor, draw)}"


def _the(phrase: Phrase, draw: random.Random) -> str:
    return f"the {_head(phrase, draw)}{_place(phrase, draw)}"


def _many(phrase: Phrase, draw: random.Random) -> str:
    return _head(phrase, draw, plural=True) + _place(phrase, draw, plural=True)


def _is_other(phrase: Phrase) -> bool:
    """Whether the things are others than one that fits the same words."""
    return getattr(phrase.link, "fits", False)


def _side(family: Family, phrase: Phrase) -> Phrase:
    """A phrase without the value that both sides share, which is said before them."""
    if not family.attribute:
        return phrase
    values = DESCRIPTIONS[phrase.description]
    return phrase._replace(description=describe({name: value for name, value in values.items() if name != family.attribute}))


def _shared(family: Family, phrases: tuple[Phrase, ...], draw: random.Random) -> str:
    values = DESCRIPTIONS[phrases[0].description]
    return draw.choice(_NAMES[describe({family.attribute: values[family.attribute]} if family.attribute else {})])


SLOTS: dict[str, Callable[[Family, tuple[Phrase, ...], random.Random], str]] = {
    "heads": lambda family, phrases, draw: _head(phrases[0], draw, plural=True),
    "that are": lambda family, phrases, draw: _place(phrases[0], draw, plural=True),
    "things": lambda family, phrases, draw: _many(phrases[0], draw),
    "a head": lambda family, phrases, draw: _a_head(phrases[0], draw),
    "that is": lambda family, phrases, draw: _place(phrases[0], draw),
    "thing": lambda family, phrases, draw: _head(phrases[0], draw) + _place(phrases[0], draw),
    "the thing": lambda family, phrases, draw: _the(phrases[0], draw),
    "the first": lambda family, phrases, draw: _the(phrases[0], draw),
    "the second": lambda family, phrases, draw: _the(phrases[1], draw),
    "first": lambda family, phrases, draw: _many(_side(family, phrases[0]), draw),
    "second": lambda family, phrases, draw: _many(_side(family, phrases[1]), draw),
    "a first": lambda family, phrases, draw: _a_head(_side(family, phrases[0]), draw) + _place(phrases[0], draw),
    "a second": lambda family, phrases, draw: _a_head(_side(family, phrases[1]), draw) + _place(phrases[1], draw),
    "shared": _shared,
    "attribute": lambda family, phrases, draw: family.kind.partition("_")[2],
}


def _variants(wording: str) -> list[list[str]]:
    """Every way to choose the alternatives and optional words of a wording; in each, texts and names of slots take turns."""
    parts = [part for part in re.split(r"(\([^)]*\)|\[[^\]]*\] ?)", wording) if part]
    choices = []
    for part in parts:
        if part.startswith("("):
            choices.append(part[1:-1].split("|"))
        elif part.startswith("["):
            choices.append([part.replace("[", "").replace("]", ""), ""])
        else:
            choices.append([part])
    texts = ["".join(chosen).replace(" ?", "?") for chosen in itertools.product(*choices)]
    return [re.split(r"\{([^}]*)\}", text) for text in texts]


def _names(description: Description) -> list[str]:
    """Every way to say a description, without an article: `large red cube`, `big red block`."""
    values = DESCRIPTIONS[description]
    words = [values[attribute] for attribute in ATTRIBUTES if attribute in values] + ([] if "shape" in values else [""])
    return [" ".join(chosen) for chosen in itertools.product(*(SYNONYMS.get(word, (word,)) for word in words))]


_VARIANTS = {key: [_variants(wording) for wording in wordings] for key, wordings in WORDINGS.items()}
_NAMES = [_names(description) for description in range(len(DESCRIPTIONS))]
