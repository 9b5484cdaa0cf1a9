"""The kind of a CLEVR question from its wording, for sources that give no program: the last function that its program would have.

The wordings are those of CLEVR v1.0 (Johnson et al. 2017): a question asks in its last clause, after any "There is a ...;".
"""

import re

from paliflow.clevr.vocabulary import ATTRIBUTES, VALUES
from paliflow.errors import InputError

_YES_NO = ("yes", "no")

ANSWERS: dict[str, tuple[str, ...]] = {
    "count": tuple(str(number) for number in range(11)),
    "exist": _YES_NO,
    "equal_integer": _YES_NO,
    "less_than": _YES_NO,
    "greater_than": _YES_NO,
    **{f"query_{attribute}": VALUES[attribute] for attribute in ATTRIBUTES},
    **{f"equal_{attribute}": _YES_NO for attribute in ATTRIBUTES},
}
"""The answers that each kind of question can have; 28 different ones."""

_ATTRIBUTE = f"({'|'.join(ATTRIBUTES)})"

# The first form that the whole clause has decides; {} in a kind stands for the attribute that the form finds. No form has two open
# gaps before its last fixed words: on a long hostile text such a form takes quadratic time.
_FORMS = [
    (re.compile(form), kind)
    for form, kind in (
        (r"(?:how many|what number of) .+", "count"),
        (r"are there fewer .+ than .+", "less_than"),
        (r"are there more .+ than .+", "greater_than"),
        (r"are there (?:an equal|the same) number of .+ and .+", "equal_integer"),
        (r"is the number of .+ less than the number of .+", "less_than"),
        (r"is the number of .+ greater than the number of .+", "greater_than"),
        (r"is the number of .+ the same as the number of .+", "equal_integer"),
        (r"(?:is there (?:an?|another|any|anything) |are there any |are any ).+", "exist"),
        (r"how big is .+", "query_size"),
        (r"what is .+ made of", "query_material"),
        (rf"what {_ATTRIBUTE} is .+", "query_{}"),
        (rf"what is the {_ATTRIBUTE} of .+", "query_{}"),
        (rf"what is its {_ATTRIBUTE}", "query_{}"),
        (rf"the .+ what {_ATTRIBUTE}", "query_{}"),
        (rf"is (?:its|the) {_ATTRIBUTE} (?:of .+ )?the same as .+", "equal_{}"),
        (rf"(?:is|does) .+ the same {_ATTRIBUTE} as .+", "equal_{}"),
        (rf"(?:are|do) the .+ the same {_ATTRIBUTE}", "equal_{}"),
    )
]

_SENTENCE = re.compile(r"[\w ,;'-]+\??")  # CLEVR's questions have no other characters


def kind_of(question: str, answer: str, place: str) -> str:
    """The kind of a question of CLEVR v1.0.

    Args:
        question: its text, in CLEVR's own words.
        answer: the right answer; it must be one that the kind can have.
        place: file and number of the record, for the message.

    Raises:
        InputError: the text has none of CLEVR's wordings, or the answer does not fit it.
    """
    kind = recognise(question)
    if kind is None:
        raise InputError(f"{place}: {question[:200]!a} is no wording of CLEVR's, so its kind is unknown: leave it out, or add its program.")
    if answer not in ANSWERS[kind]:
        raise InputError(
            f"{place}: {answer[:40]!a} answers no question of the kind {kind}, as {question[:200]!a} is one: correct the file."
        )
    return kind


def find_question(text: str) -> str | None:
    """The one question of CLEVR's in a text that may also ask for a short answer, before or after it, on its line or another.

    None if there is none, or more than one. One genuine wording has no question mark; sentences with one are preferred.
    """
    asked = (sentence for sentence in _SENTENCE.findall(text) if sentence.endswith("?"))
    for sentences in (asked, re.split(r"[.:!\r\n]", text)):
        found = {sentence.strip(" ,;'-\t") for sentence in sentences}
        questions = list(filter(recognise, found))
        if questions:
            return questions[0] if len(questions) == 1 else None
    return None


def recognise(text: str) -> str | None:
    """The kind of a question, or None for a text that has none of CLEVR's wordings."""
    clause = text.lower().strip().removesuffix("?").rpartition(";")[2].strip()
    if "?" in clause:
        return None
    for form, kind in _FORMS:
        if match := form.fullmatch(clause):
            return kind.format(*match.groups())
    return None
