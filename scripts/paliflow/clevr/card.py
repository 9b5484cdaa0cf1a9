"""The data card: what was taken from where, how answers, questions and programs are distributed, and what guessing would score."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from paliflow.clevr.subset import Row

Guess = tuple[str | int, ...]  # what a guess goes by: the kind of the question, or kind and family

CLEVR_ORIGIN = {
    "name": "CLEVR v1.0",
    "licence": "CC BY 4.0",
    "attribution": "Johnson, Hariharan, van der Maaten, Fei-Fei, Zitnick and Girshick, CLEVR: A Diagnostic Dataset for Compositional "
    "Language and Elementary Visual Reasoning, CVPR 2017",
    "address": "https://cs.stanford.edu/people/jcjohns/clevr/",
}
ORIGINS = {
    "embedded": {
        "name": "rendered by paliflow",
        "licence": "MIT",
        "attribution": "paliflow; scenes, fields and kinds of questions after CLEVR (Johnson et al. 2017)",
        "address": "",
    },
    "clevr": CLEVR_ORIGIN,
    "hub": CLEVR_ORIGIN,
}


def card(train: list[Row], test: list[Row], digests: Mapping[str, str], compositional: bool) -> dict[str, Any]:
    """What the two sides hold.

    Args:
        train, test: rows as `subset.collect` gives them.
        digests: of each picture's content, by name.
        compositional: whether to count the pictures of each condition.

    Returns:
        Counts; `shared_images`, pictures whose content is on both sides; by kind of question the answers on both sides and the share of
        the test answers that the most frequent training answer hits; the same guess over all test questions, by kind and by kind and
        family; `families`, 0 where none is told; histograms of the words of the questions and of the functions of the programs.
    """
    sides = {"train": train, "test": test}
    contents = [{digests[row["image_filename"]] for row in rows} for rows in sides.values()]
    values: dict[str, Any] = {
        "images_used": len(train) + len(test),
        "train_images": len(train),
        "test_images": len(test),
        "train_questions": sum(1 for _ in _questions(train)),
        "test_questions": sum(1 for _ in _questions(test)),
        "shared_images": len(contents[0] & contents[1]),
        "kinds": _kinds(train, test),
        "families": len({question["question_family_index"] for question in _questions(train + test)} - {-1}),
        "prior_by_kind": {"value": _prior(train, test, (_kind,))},
        "prior_by_family": {"value": _prior(train, test, (_kind_and_family, _kind))},
        "lengths": _lengths(train + test),
        "distinct_questions": len({question["question"] for question in _questions(train + test)}),
    }
    if compositional:
        values["conditions"] = {
            condition: {side: sum(row["condition"] == condition for row in rows) for side, rows in sides.items()}
            for condition in ("A", "B")
        }
    return values


def _questions(rows: list[Row]) -> Iterator[dict[str, Any]]:
    return (question for row in rows for question in row["questions"])


def _kind(question: dict[str, Any]) -> Guess:
    return (question["kind"],)


def _kind_and_family(question: dict[str, Any]) -> Guess:
    return (question["kind"], question["question_family_index"])


def _answers(questions: Iterable[dict[str, Any]], key: Any) -> dict[Guess, Counter[str]]:
    counts: dict[Guess, Counter[str]] = defaultdict(Counter)
    for question in questions:
        counts[key(question)][question["answer"]] += 1
    return counts


def _most_frequent(counts: Counter[str]) -> str:
    """Of equally frequent answers the first by the alphabet, so that it hangs on no order; of none, an empty one."""
    return min(counts, key=lambda answer: (-counts[answer], answer), default="")


def _kinds(train: list[Row], test: list[Row]) -> dict[str, dict[str, Any]]:
    given = {side: _answers(_questions(rows), _kind) for side, rows in (("train", train), ("test", test))}
    kinds = {}
    for key in sorted(given["train"] | given["test"]):
        trained, tested = given["train"][key], given["test"][key]
        best = _most_frequent(trained)
        both = trained + tested
        kinds[str(key[0])] = {
            "train": trained.total(),
            "test": tested.total(),
            "most_frequent_answer": best,
            "most_frequent_share": round(tested[best] / tested.total(), 4) if tested else 0.0,
            "answers": {answer: both[answer] for answer in sorted(both, key=lambda answer: (-both[answer], answer))},
        }
    return kinds


def _prior(train: list[Row], test: list[Row], keys: tuple[Any, ...]) -> float:
    """The share of the test questions that the most frequent training answer hits, by the first of the keys that training has seen."""
    guesses: dict[Guess, str] = {}
    for key in keys:
        guesses |= {guess: _most_frequent(counts) for guess, counts in _answers(_questions(train), key).items()}
    hits = [
        question["answer"] == next((guesses[key(question)] for key in keys if key(question) in guesses), "")
        for question in _questions(test)
    ]
    return round(sum(hits) / len(hits), 4)


def _lengths(rows: list[Row]) -> dict[str, Any]:
    words = Counter(len(question["question"].split()) for question in _questions(rows))
    functions = Counter(len(json.loads(question["program"])) for question in _questions(rows) if question["program"])
    return {"question_words": _histogram(words)} | ({"program_functions": _histogram(functions)} if functions else {})


def _histogram(counts: Counter[int]) -> dict[str, Any]:
    mean = sum(length * count for length, count in counts.items()) / counts.total()
    histogram = {str(length): counts[length] for length in sorted(counts)}
    return {"mean": round(mean, 3), "min": min(counts), "max": max(counts), "histogram": histogram}
