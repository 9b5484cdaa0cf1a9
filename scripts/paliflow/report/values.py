"""Numbers from the stages' metrics files, and how they are printed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from paliflow import files
from paliflow.errors import InputError
from paliflow.report import rule_graph
from paliflow.report.markdown import NO_BREAK_SPACE, Markdown, escape
from paliflow.report.words import ENGLISH, Words

FORMATS: dict[str, Callable[[Any], str]] = {
    "percent": lambda value: f"{100 * value:.1f}{NO_BREAK_SPACE}%",
    "integer": lambda value: f"{round(value):,}",
    "decimal1": lambda value: f"{value:.1f}",
    "decimal2": lambda value: f"{value:.2f}",
    "decimal3": lambda value: f"{value:.3f}",
    "billions": lambda value: f"{value / 1e9:.3g}",
    "points": lambda value: f"{100 * value:+.1f}",
    "p_value": lambda value: f"= {value:.3f}" if value >= 0.001 else "< 0.001",
    "text": lambda value: str(escape(value)),
}


class Metrics:
    """The metrics files below a results folder, each read once."""

    def __init__(self, results: Path) -> None:
        self.results = Path(results)
        self._documents: dict[str, Any] = {}

    def document(self, stage: str) -> Any:
        """The whole metrics file of a stage: "evaluate_base", "train_adapter/qlora", or a file, "couple_flow/gaussian_to_moons.json".

        Raises:
            InputError: the file is missing or broken; the sentence names the rule that makes it.
        """
        if stage not in self._documents:
            path = self.results / stage if stage.endswith(".json") else self.results / stage / "metrics.json"
            if not path.is_file():
                raise rule_graph.missing(self.results, path)
            self._documents[stage] = files.read_json(path)
        return self._documents[stage]

    def look_up(self, stage: str, path: str) -> Any:
        """The value at a dotted path below a stage's `values`, or from the file's top where it begins with provenance, settings or seed.

        Raises:
            InputError: the file or the path in it does not exist.
        """
        document = self.document(stage)
        if not isinstance(document, dict) or "values" not in document:
            raise InputError(f"the metrics of {stage} hold no values: remove the file and run the study again.")
        top = document if path.split(".")[0] in ("provenance", "settings", "seed") else document["values"]
        return descend(top, path, f"the metrics of {stage}")

    def records(self, file: str) -> list[Any]:
        """The records of a stage's list, such as "sample_answers/samples.json".

        Raises:
            InputError: the file is missing, broken or no list, or nothing is in it.
        """
        found = self.document(file)
        if not isinstance(found, list) or not found:
            raise InputError(f"results/{file} lists nothing: remove the file and run the study again.")
        return found


def descend(content: Any, path: str, where: str) -> Any:
    """Follow a dotted path through dictionaries (keys) and lists (numbers).

    Raises:
        InputError: a step of the path leads nowhere.
    """
    for step in path.split("."):
        try:
            content = content[int(step)] if isinstance(content, list) else content[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise InputError(f"'{path}' is not in {where} (it stops at '{step}'): correct the path or run the stage again.") from None
    return content


def print_value(value: Any, form: str) -> Markdown:
    """A value in one of `FORMATS`.

    Raises:
        InputError: the format is unknown or does not fit the value.
    """
    if form not in FORMATS:
        raise InputError(f"'{form}' is no format of a value: use one of {', '.join(FORMATS)}.")
    if form != "text" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(f"{value!r} is no number and cannot be printed as {form}: name a single number, such as exact_match.value.")
    return Markdown(FORMATS[form](value).replace("-", "−") if form != "text" else FORMATS[form](value))


def print_interval(score: Any, form: str, words: Words = ENGLISH) -> Markdown:
    """A score with its 95 % interval, "41.2 % (38.9–43.6)"; without one where low and high are None, as for a single seed.

    Raises:
        InputError: it is no {value, low, high}.
    """
    if not isinstance(score, dict) or not {"value", "low", "high"} <= score.keys():
        raise InputError(f"{score!r} is no score with value, low and high: name one that is.")
    printed = print_value(score["value"], form)
    if score["low"] is None:
        return printed
    return Markdown(f"{printed} ({print_range(score['low'], score['high'], form, words)})")


def print_range(low: float, high: float, form: str, words: Words = ENGLISH) -> Markdown:
    """Two ends without their unit, "38.9–43.6", or "−0.4 to 1.2" where a dash would stand before a minus."""
    first, last = (print_value(end, form).removesuffix("%").rstrip(NO_BREAK_SPACE) for end in (low, high))
    return Markdown((words.signed_range if low < 0 or form == "points" else words.range).format(low=first, high=last))
