"""The config against its schema: every mistake becomes one sentence that names the key and the value, before any job starts."""

import math
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from paliflow.errors import InputError

MOST_OBJECTS = {"close": 7, "clevr": 10}  # that a look's floor holds at their distances from one another


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
    _check_data(config["data"])
    base = config["vlm"]["base"]
    if not _is_folder_or_hub_name(base):
        raise InputError(f"config: vlm.base is '{base}', no folder here and no owner/name on the model hub: give one of the two.")
    if config["vlm"]["batch_size"] % config["vlm"]["accumulation"]:
        raise InputError(
            f"config: vlm.accumulation is {config['vlm']['accumulation']}, which does not divide vlm.batch_size "
            f"({config['vlm']['batch_size']}): the parts of a step must be equal, change one of the two."
        )
    flow = config["flow"]
    if flow["large_points"] > flow["energy_points"]:
        raise InputError(
            f"config: flow.large_points is {flow['large_points']}, more than flow.energy_points ({flow['energy_points']}), "
            "whose first they are: raise the one or lower the other."
        )


def _is_folder_or_hub_name(text: str) -> bool:
    return Path(text).is_dir() or re.fullmatch(r"[\w.-]+/[\w.-]+", text) is not None


def _check_finite(group: dict[str, Any], place: str = "") -> None:
    """A schema's bounds let .nan through, for every comparison with it is false."""
    for key, value in group.items():
        if isinstance(value, dict):
            _check_finite(value, f"{place}{key}.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"config: {place}{key} is {value}: it must be a finite number.")


def _check_data(data: dict[str, Any]) -> None:
    embedded = data["embedded"]
    low, high, look = embedded["min_objects"], embedded["max_objects"], embedded["look"]
    if low > high:
        raise InputError(f"config: data.embedded.min_objects is {low}, more than data.embedded.max_objects ({high}): lower the first.")
    if high > MOST_OBJECTS[look]:
        raise InputError(
            f"config: data.embedded.max_objects is {high}, and the look '{look}' has room for at most {MOST_OBJECTS[look]}: "
            f"lower it{', or set data.embedded.look to clevr' if look == 'close' else ''}."
        )
    if data["source"] == "hub" and data["compositional"]:
        raise InputError(
            "config: data.compositional is true, and data.source 'hub' has no scene graphs, from which the conditions are read: "
            "take the source embedded or clevr."
        )
    dataset = data["hub"]["dataset"]
    if not _is_folder_or_hub_name(dataset):
        raise InputError(
            f"config: data.hub.dataset is '{dataset}', no owner/name on the hub and no folder of parquet files: give one of the two."
        )
    if data["source"] == "clevr":
        _check_release(Path(data["clevr"]["path"]), data["clevr"]["split"], data["compositional"])


def _check_release(path: Path, split: str, compositional: bool) -> None:
    """That the release lies there. A zip is only looked at from its end: to list its 100,000 members is left to the stage that reads it."""
    if path.is_dir():
        scenes = [f"scenes/CLEVR_{split}_scenes.json"] if compositional else []
        for part in (f"questions/CLEVR_{split}_questions.json", *scenes, f"images/{split}"):
            if not (path / part).exists():
                raise InputError(
                    f"config: data.clevr.path is '{path}', where {part} is missing: "
                    "point the key at the folder of the CLEVR v1.0 release that holds images, questions and scenes, or at its zip."
                )
    elif not path.exists():
        raise InputError(
            f"config: data.clevr.path is '{path}', where there is nothing: "
            "put the CLEVR v1.0 release there, as a folder or as its zip, or point the key at it."
        )
    elif not zipfile.is_zipfile(path):
        raise InputError(
            f"config: data.clevr.path is '{path}', neither a folder nor a whole zip: "
            "point the key at the CLEVR v1.0 release, or fetch its zip again if the download broke off."
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
            "boolean": "true or false",
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
