"""The random test samples as cards: picture, question, reference and both answers."""

from collections.abc import Sequence
from typing import Any

from paliflow.report.markdown import Markdown, escape
from paliflow.report.words import Words


def print_cards(samples: Sequence[dict[str, Any]], words: Words) -> Markdown:
    """One card a sample; everything in it that comes from the data or from a model is escaped.

    Args:
        samples: records with image (a path below results/), image_filename, kind, question, reference, before, after.
    """
    return Markdown("\n\n".join(_print_card(number, sample, words) for number, sample in enumerate(samples, 1)))


def _print_card(number: int, sample: dict[str, Any], words: Words) -> Markdown:
    alt = _attribute(f"{words.scene} {number}: {sample['image_filename']}")
    lines = [
        "::: card",
        f'![](<../{_path(sample["image"])}>){{.scene alt="{alt}"}}',
        "",
        f"**{number}.** [{escape(sample['kind'].replace('_', ' '))} · {escape(sample['image_filename'])}]{{.kind}}",
        "",
        f"[{escape(sample['question'])}]{{.question}}",
        "",
        f"| {words.reference} |  | {_answer(sample['reference'], words)} |",
        "|:--|:--|:--|",  # the answer last: its length moves nothing, and the cards' columns stand below each other
        f"| {words.before} | {_verdict(sample, 'before', words)} | {_answer(sample['before'], words)} |",
        f"| {words.after} | {_verdict(sample, 'after', words)} | {_answer(sample['after'], words)} |",
        ":::",
    ]
    return Markdown("\n".join(lines))


def _answer(answer: object, words: Words) -> str:
    return f"[{escape(answer)}]{{.answer}}" if str(answer).strip() else words.empty


def _verdict(sample: dict[str, Any], when: str, words: Words) -> str:
    return f"[✓ {words.right}]{{.right}}" if is_right(sample, when) else f"[✗ {words.wrong}]{{.wrong}}"


def is_right(sample: dict[str, Any], when: str) -> bool:
    """Whether the answer "before" or "after" tuning is the reference by the rule of exact match: spaces around it and capitals aside."""
    return str(sample[when]).strip().lower() == str(sample["reference"]).strip().lower()


def _path(path: str) -> str:
    return path.removeprefix("results/").replace("<", "%3C").replace(">", "%3E")


def _attribute(text: str) -> str:
    return escape(text).replace('"', "&quot;")
