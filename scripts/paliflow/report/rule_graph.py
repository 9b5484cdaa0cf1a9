"""The workflow's rules as a graph: which rule reads what another writes, and which rule makes a file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from paliflow import files
from paliflow.errors import InputError

RECORD = Path("figures") / "workflow.json"
"""Where plot_workflow leaves the rules, below the results folder."""

Rule = dict[str, Any]


def connect(rules: Iterable[Rule], last: str) -> list[Rule]:
    """The rules that lead to the rule `last`, each with the rules that it directly reads from.

    Args:
        rules: each with name, part, reads and writes; the last two are lists of paths, in which wildcards stand in braces.

    Returns:
        Each with name, part, `after` (names, sorted) and writes, in the order of `rules`. A rule that another one in `after` leads to by a
        longer way is left out of `after`.
    """
    known = list(rules)
    makers = [(_pattern(path), rule["name"]) for rule in known for path in rule["writes"]]
    read = {rule["name"]: {name for path in rule["reads"] for pattern, name in makers if pattern.fullmatch(path)} for rule in known}
    needed = _above(last, read) | {last}
    shown = []
    for rule in known:
        if rule["name"] in needed:
            direct = read[rule["name"]]
            implied = set[str]().union(*(_above(name, read) for name in direct))
            shown.append({"name": rule["name"], "part": rule["part"], "after": sorted(direct - implied), "writes": sorted(rule["writes"])})
    return shown


def read_record(results: Path) -> list[Rule]:
    """The rules as plot_workflow left them.

    Raises:
        InputError: the file is missing or broken.
    """
    rules = files.read_json(Path(results) / RECORD)
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and {"name", "writes"} <= rule.keys() for rule in rules):
        raise InputError(
            f"results/{RECORD} is no list of rules: make it again with `snakemake --cores 1 results/{RECORD} --forcerun plot_workflow`."
        )
    return rules


def maker(rules: Iterable[Rule], path: str) -> str | None:
    """The rule that writes a path such as "results/tables/vlm_scores.csv", or a folder that it lies in; None if none does."""
    return next((rule["name"] for rule in rules if any(_pattern(written).fullmatch(path) for written in rule["writes"])), None)


def missing(results: Path, path: Path) -> InputError:
    """What to say of a result that is not there: the rule that makes it and the call, as far as the rules' record is there itself."""
    name = "results/" + Path(path).resolve().relative_to(Path(results).resolve()).as_posix()
    rule = maker(read_record(results), name) if (Path(results) / RECORD).is_file() else None
    if rule is None:
        return InputError(f"{name} is missing: make it with `snakemake --cores 1 {name}`, or correct its name.")
    return InputError(f"{name} is missing: the rule {rule} makes it, run `snakemake --cores 1 {name}`.")


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^{}]*\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)) + "(/.*)?")


def _above(name: str, read: Mapping[str, set[str]]) -> set[str]:
    """All rules that a rule depends on, however far."""
    waiting, found = [name], set[str]()
    while waiting:
        for other in read[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found
