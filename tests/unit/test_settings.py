"""Every mistake in the config becomes one sentence that names the key and the value."""

import copy
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clone import ROOT
from paliflow.errors import InputError
from paliflow.flow.couplings import COUPLINGS
from paliflow.settings import check_settings

SCHEMA = ROOT / "config.schema.yaml"
CONFIG_LINES = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()
CONFIG: dict[str, Any] = yaml.safe_load("\n".join(CONFIG_LINES))
PRESETS = sorted((ROOT / "presets").glob("*.yaml"))


def groups(schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each group of keys in the schema with its dotted name."""
    if schema.get("type") == "object":
        yield place, schema
    for key, below in schema.get("properties", {}).items():
        yield from groups(below, f"{place}.{key}".strip("."))


GROUPS = dict(groups(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))))
LEAVES = sorted(
    f"{place}.{key}".strip(".")
    for place, group in GROUPS.items()
    for key in group["properties"]
    if f"{place}.{key}".strip(".") not in GROUPS
)


def changed(key: str, value: object) -> dict[str, Any]:
    """The default config with one dotted key set to `value`."""
    config = copy.deepcopy(CONFIG)
    *path, last = key.split(".")
    group = config
    for name in path:
        group = group[name]
    group[last] = value
    return config


def sentence(config: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        check_settings(config, SCHEMA)
    return str(caught.value)


def test_the_shipped_base_was_made_by_the_recipe_that_the_config_describes() -> None:
    card = (ROOT / "base_model" / "README.md").read_text(encoding="utf-8")
    stages = {name: int(steps.replace(",", "")) for name, steps in re.findall(r"(?m)^\| \d+ (\w+) \|.*\| ([\d,]+) \| [^|]+ \|$", card)}
    log = Counter(json.loads(line)["stage"] for line in (ROOT / "base_model" / "train_log.jsonl").read_text().splitlines())
    assert stages == CONFIG["vlm"]["pretraining"]["steps"] == log


def test_the_default_config_is_valid() -> None:
    check_settings(CONFIG, SCHEMA)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_each_preset_sets_known_keys_to_allowed_values(preset: Path) -> None:
    def overlay(config: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
        merged = {key: overlay(config[key], value) if isinstance(value, dict) and key in config else value for key, value in above.items()}
        return config | merged

    config = overlay(CONFIG, yaml.safe_load(preset.read_text(encoding="utf-8")))
    config["data"]["source"] = "embedded"  # the folder of the release is the user's, and not here
    check_settings(config, SCHEMA)


@pytest.mark.parametrize("place", GROUPS, ids=lambda place: place or "top")
def test_the_schema_is_closed_at_every_level(place: str) -> None:
    assert GROUPS[place]["additionalProperties"] is False


@pytest.mark.parametrize("place", GROUPS, ids=lambda place: place or "top")
def test_the_schema_requires_all_that_it_knows(place: str) -> None:
    assert set(GROUPS[place]["required"]) == set(GROUPS[place]["properties"])


def test_every_number_has_bounds() -> None:
    open_ended = []
    for place, group in GROUPS.items():
        for key, rule in group["properties"].items():
            rule = rule.get("items", rule)
            if rule.get("type") in ("integer", "number") and not {"minimum", "exclusiveMinimum"} & set(rule):
                open_ended.append(f"{place}.{key}")
    assert open_ended == []


def test_every_setting_says_why() -> None:
    assert [line for line in CONFIG_LINES if re.match(r"^ *[a-z_]+: *[^ #]", line) and "  # " not in line] == []


@pytest.mark.parametrize("key", LEAVES)
def test_a_missing_setting_is_named(key: str) -> None:
    config = copy.deepcopy(CONFIG)
    *path, last = key.split(".")
    group = config
    for name in path:
        group = group[name]
    del group[last]
    assert sentence(config) == f"config: {key} is missing: set it as config.yaml does."


@pytest.mark.parametrize("key", LEAVES)
def test_a_group_in_place_of_a_value_is_named(key: str) -> None:
    assert sentence(changed(key, {"a": 1})).startswith(f"config: {key} is {{'a': 1}} (a group of keys): it must be ")


@pytest.mark.parametrize("key", LEAVES)
def test_an_empty_value_is_named(key: str) -> None:
    assert sentence(changed(key, None)).startswith(f"config: {key} is None (empty): it must be ")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("data.embedded.share", 0, "config: data.embedded.share is 0 (an integer): it must be above 0."),
        ("data.clevr.share", 1.5, "config: data.clevr.share is 1.5 (a number): it must be at most 1."),
        ("data.test_share", 1, "config: data.test_share is 1 (an integer): it must be below 1."),
        ("vlm.epochs", 0, "config: vlm.epochs is 0 (an integer): it must be at least 1."),
        ("vlm.rank", True, "config: vlm.rank is True (true or false): it must be a whole number."),
        (
            "flow.learning_rate",
            "2e-4",
            "config: flow.learning_rate is '2e-4' (text): it must be a number; YAML reads 2e-4 as text, write 0.0002 or 2.0e-4.",
        ),
        ("data.source", "imagenet", "config: data.source is 'imagenet' (text): it must be one of embedded, clevr, hub."),
        ("data.compositional", "yes", "config: data.compositional is 'yes' (text): it must be true or false."),
        ("data.embedded.look", "far", "config: data.embedded.look is 'far' (text): it must be one of close, clevr."),
        (
            "data.hub.dataset",
            "the_cauldron",
            "config: data.hub.dataset is 'the_cauldron', no owner/name on the hub and no folder of parquet files: give one of the two.",
        ),
        (
            "data.hub.revision",
            "main",
            "config: data.hub.revision is 'main' (text): it must be a commit, 40 hexadecimal digits, for a branch may change.",
        ),
        (
            "vlm.comparison.methods",
            ["lora"],
            "config: vlm.comparison.methods is ['lora'] (a list): it must be a list that holds qlora.",
        ),
        ("vlm.comparison.consistency", [1], "config: vlm.comparison.consistency is [1] (a list): it must be a list that holds 0."),
        ("vlm.compute_type", "int8", "config: vlm.compute_type is 'int8' (text): it must be one of auto, bfloat16, float16, float32."),
        ("flow.evaluations", [], "config: flow.evaluations is [] (a list): it must be a list of at least 1."),
        ("flow.evaluations", [4, 4], "config: flow.evaluations is [4, 4] (a list): it must be a list without repetitions."),
        ("flow.couplings", ["x"], "config: flow.couplings.0 is 'x' (text): it must be one of " + ", ".join(COUPLINGS) + "."),
        ("report.language", "de", "config: report.language is 'de' (text): it must be one of en, fa."),
        ("report.title", "", "config: report.title is '' (text): it must be at least one letter or digit."),
        ("report.first_name", "\u200b ", "config: report.first_name is '\\u200b ' (text): it must be at least one letter or digit."),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(key: str, value: object, expected: str) -> None:
    assert sentence(changed(key, value)) == expected


@pytest.mark.parametrize("number", ["../../etc", "a/b", "a\\b", "a b", "", "x\n", "9;rm"])
def test_a_student_number_must_fit_a_file_name(number: str) -> None:
    assert sentence(changed("report.student_number", number)).startswith(f"config: report.student_number is {number!r} (text): it must be ")


def test_a_student_number_without_quotes_loses_its_zeros_and_is_refused() -> None:
    assert sentence(changed("report.student_number", 12)) == "config: report.student_number is 12 (an integer): it must be text in quotes."


@pytest.mark.parametrize("key", ["data.test_share", "vlm.alpha", "flow.learning_rate"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_must_be_finite(key: str, value: float) -> None:
    assert sentence(changed(key, value)).startswith(f"config: {key} is {value}")


@given(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1), st.sampled_from(sorted(GROUPS)))
def test_a_misspelt_key_is_named_at_every_level(name: str, place: str) -> None:
    key = f"{place}.{name}".strip(".")
    if name not in GROUPS[place]["properties"]:
        assert sentence(changed(key, 1)).startswith(f"config: {key} is no setting: correct the spelling (")


@pytest.mark.parametrize("key", ["data.embedded.share", "vlm.learning_rate", "flow.learning_rate"])
@given(value=st.floats(max_value=0.0) | st.floats(min_value=1.0, exclude_min=True) | st.text() | st.booleans() | st.none())
def test_a_share_or_rate_outside_its_range_is_one_sentence(key: str, value: object) -> None:
    told = sentence(changed(key, value))
    assert told.startswith(f"config: {key} is ") and "\n" not in told


def test_a_step_that_cannot_be_cut_into_equal_parts_is_told() -> None:
    assert sentence(changed("vlm.accumulation", 5)).startswith("config: vlm.accumulation is 5, which does not divide vlm.batch_size (8)")


def test_points_that_are_the_first_of_others_cannot_be_more():
    assert sentence(changed("flow.large_points", 10_001)).startswith(
        "config: flow.large_points is 10001, more than flow.energy_points (10000), whose first they are"
    )


def test_more_objects_at_least_than_at_most_is_told() -> None:
    config = changed("data.embedded.min_objects", 7)
    assert sentence(config).startswith("config: data.embedded.min_objects is 7, more than data.embedded.max_objects (6)")


@pytest.mark.parametrize(
    ("look", "most", "advice"),
    [("close", 8, "at most 7: lower it, or set data.embedded.look to clevr."), ("clevr", 11, "it must be at most 10.")],
)
def test_more_objects_than_a_look_has_room_for_are_told(look: str, most: int, advice: str) -> None:
    config = changed("data.embedded.max_objects", most)
    config["data"]["embedded"]["look"] = look
    told = sentence(config)
    assert told.startswith(f"config: data.embedded.max_objects is {most}") and told.endswith(advice)


def test_ten_objects_fit_the_look_of_clevr() -> None:
    config = changed("data.embedded.max_objects", 10)
    config["data"]["embedded"]["look"] = "clevr"
    check_settings(config, SCHEMA)


def test_a_source_without_scene_graphs_cannot_be_compositional() -> None:
    config = changed("data.compositional", True)
    config["data"]["source"] = "hub"
    assert sentence(config).startswith("config: data.compositional is true, and data.source 'hub' has no scene graphs")


def with_release(path: Path) -> dict[str, Any]:
    config = changed("data.source", "clevr")
    config["data"]["clevr"]["path"] = str(path)
    return config


def test_a_missing_release_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    assert sentence(with_release(path)).startswith(
        f"config: data.clevr.path is '{path}', where there is nothing: put the CLEVR v1.0 release"
    )


PARTS = ["questions/CLEVR_train_questions.json", "images/train", "scenes/CLEVR_train_scenes.json"]


def without(folder: Path, missing: str, compositional: bool) -> dict[str, Any]:
    """The config with a release that lacks one part."""
    for part in PARTS:
        if part != missing:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            (folder / part).write_text("")
    config = with_release(folder)
    config["data"]["compositional"] = compositional
    return config


@pytest.mark.parametrize(("missing", "compositional"), [(PARTS[0], False), (PARTS[1], False), *((part, True) for part in PARTS)])
def test_a_missing_part_of_the_release_is_told(tmp_path: Path, missing: str, compositional: bool) -> None:
    told = sentence(without(tmp_path, missing, compositional))
    assert f"'{tmp_path}', where {missing} is missing: point the key at the folder" in told


def test_scenes_are_needed_for_the_compositional_study_alone(tmp_path: Path) -> None:
    check_settings(without(tmp_path, PARTS[2], False), SCHEMA)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no end", b"something else"])
def test_a_release_that_is_neither_folder_nor_zip_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "CLEVR_v1.0.zip"
    path.write_bytes(content)
    assert sentence(with_release(path)).startswith(f"config: data.clevr.path is '{path}', neither a folder nor a whole zip: ")


def test_a_release_may_be_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "CLEVR_v1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("CLEVR_v1.0/questions/CLEVR_train_questions.json", "{}")
    check_settings(with_release(path), SCHEMA)


def test_a_base_that_is_neither_folder_nor_hub_name_is_refused_at_once() -> None:
    config = copy.deepcopy(CONFIG)
    config["vlm"]["base"] = "no_such_base"
    with pytest.raises(InputError, match=r"vlm\.base is 'no_such_base'"):
        check_settings(config, SCHEMA)
