"""The config against its schema: every mistake becomes one sentence that names the key and the value, before any job starts."""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from paliflow.errors import InputError


def check_settings(config: dict[str, Any], schema_path: Path) -> None:
    """Check the whole config against the schema, then what a schema cannot say.

    Raises:
        InputError: the first fault found, as one sentence with key, value and what is allowed.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    fault = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if fault is not None:
        raise InputError(_sentence(fault))
    _check_finite(config)
    embedded = config["data"]["embedded"]
    if embedded["min_objects"] > embedded["max_objects"]:
        low, high = embedded["min_objects"], embedded["max_objects"]
        raise InputError(f"config: data.embedded.min_objects is {low}, more than data.embedded.max_objects ({high}): lower the first.")
    base = config["vlm"]["base"]
    if not Path(base).is_dir() and not re.fullmatch(r"[\w.-]+/[\w.-]+", base):
        raise InputError(f"config: vlm.base is '{base}', no folder here and no owner/name on the model hub: give one of the two.")
    if config["data"]["source"] == "clevr":
        _check_clevr_folder(config["data"]["clevr"])


def _check_finite(group: dict[str, Any], place: str = "") -> None:
    """A schema's bounds let .nan through, for every comparison with it is false."""
    for key, value in group.items():
        if isinstance(value, dict):
            _check_finite(value, f"{place}{key}.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"config: {place}{key} is {value}: it must be a finite number.")


def _check_clevr_folder(clevr: dict[str, Any]) -> None:
    folder, split = Path(clevr["folder"]), clevr["split"]
    for part in (f"questions/CLEVR_{split}_questions.json", f"scenes/CLEVR_{split}_scenes.json", f"images/{split}"):
        if not (folder / part).exists():
            raise InputError(
                f"config: data.clevr.folder is '{folder}', where {part} is missing: "
                "unpack the CLEVR v1.0 release there, or point the key at the folder that holds it."
            )


def _sentence(fault: jsonschema.ValidationError) -> str:
    key = ".".join(map(str, fault.absolute_path))
    if fault.validator == "additionalProperties":
        known: Iterable[str] = fault.schema["properties"]
        extra = next(name for name in fault.instance if name not in known)
        place = f"{key}.{extra}" if key else extra
        return f"config: {place} is no setting: correct the spelling ({', '.join(known)} are known here)."
    if fault.validator == "required":
        missing = next(name for name in fault.validator_value if name not in fault.instance)
        return f"config: {f'{key}.{missing}' if key else missing} is missing: set it as config.yaml does."
    value = f"{fault.instance!r} ({_KIND.get(type(fault.instance), type(fault.instance).__name__)})"
    return f"config: {key} is {value}: it must be {_allowed(fault)}."


_KIND = {
    str: "text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a group of keys",
    type(None): "empty",
}


def _allowed(fault: jsonschema.ValidationError) -> str:
    rule, limit = fault.validator, fault.validator_value
    if rule == "type":
        hint = "; YAML reads 2e-4 as text, write 0.0002 or 2.0e-4" if limit == "number" and isinstance(fault.instance, str) else ""
        return {
            "number": "a number",
            "integer": "a whole number",
            "string": "text in quotes",
            "array": "a list",
            "object": "a group of keys",
        }[limit] + hint
    if rule == "pattern":
        return fault.schema["description"]
    words = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "above {}",
        "exclusiveMaximum": "below {}",
        "enum": "one of {}",
        "minLength": "at least {} character long",
        "minItems": "a list of at least {}",
        "uniqueItems": "a list without repetitions",
        "contains": "a list that holds {}",
    }
    shown = ", ".join(limit) if rule == "enum" else limit.get("const") if rule == "contains" else limit
    return words[str(rule)].format(shown)
