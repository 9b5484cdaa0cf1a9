"""The stage that asks: a folder that the release's readers accept, and one sentence for a file of scenes that is none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from clevr_scenes import random_scenes

from clone import ROOT


def scenes_of(count: int) -> list[dict]:
    """Scene graphs with all fields that the release's have and a reader checks."""
    scenes = random_scenes(count)
    for scene in scenes:
        scene["directions"] = {key: [0.0, 0.0, 1.0] for key in ("left", "right", "front", "behind")}
        for thing in scene["objects"]:
            thing["3d_coords"] = [0.0, 0.0, 0.7]
    return scenes


def run(folder: Path, content: str, *options: str) -> subprocess.CompletedProcess[str]:
    scenes = folder / "scenes.json"
    scenes.write_text(content)
    outputs = ["--output", str(folder / "questions.json"), "--metrics", str(folder / "metrics.json")]
    command = [sys.executable, str(ROOT / "scripts" / "ask_clevr.py"), "--scenes", str(scenes), "--seed", "1", *outputs, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_questions_and_their_counts_are_written(tmp_path: Path) -> None:
    assert run(tmp_path, json.dumps({"info": {}, "scenes": scenes_of(12)})).returncode == 0
    document = json.loads((tmp_path / "questions.json").read_text())
    assert document["info"]["split"] == "train"
    assert [question["question_index"] for question in document["questions"]] == list(range(120))
    values = json.loads((tmp_path / "metrics.json").read_text())["values"]
    assert (values["questions"], values["scenes"], values["scenes_without_questions"]) == (120, 12, 0)
    assert sum(values["kinds"].values()) == sum(values["groups"].values()) == 120


def test_a_scene_without_objects_is_counted_and_the_others_are_asked_about(tmp_path: Path) -> None:
    scenes = scenes_of(3)
    scenes[1] |= {"objects": [], "relationships": {name: [] for name in scenes[1]["relationships"]}}
    result = run(tmp_path, json.dumps({"scenes": scenes}))
    assert result.returncode == 0, result.stderr
    asked = json.loads((tmp_path / "questions.json").read_text())["questions"]
    assert {question["image_filename"] for question in asked} == {scenes[0]["image_filename"], scenes[2]["image_filename"]}
    values = json.loads((tmp_path / "metrics.json").read_text())["values"]
    assert (values["questions"], values["scenes"], values["scenes_without_questions"]) == (20, 3, 1)


@pytest.mark.parametrize("option", ["--questions-per-image", "--processes"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_a_number_by_hand_that_makes_no_sense_is_named(tmp_path: Path, option: str, value: str) -> None:
    result = run(tmp_path, json.dumps({"scenes": scenes_of(1)}), f"{option}={value}")
    assert result.returncode == 1
    assert result.stderr == f"error: {option}: '{value}' must be a whole number of at least 1; see ask_clevr.py --help.\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"info": {}, "scenes": []}', "holds no scenes"),
        ('{"info": {}, "scenes": [{"image_filename": "a.png"', "cut short"),
        (json.dumps({"scenes": scenes_of(1) * 2}), "twice"),
        (json.dumps({"scenes": [scenes_of(1)[0] | {"relationships": {}}]}), "scene 0: 'relationships'"),
    ],
)
def test_a_broken_file_of_scenes_is_refused_in_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    result = run(tmp_path, content)
    assert result.returncode == 1 and message in result.stderr
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert not (tmp_path / "questions.json").exists()
