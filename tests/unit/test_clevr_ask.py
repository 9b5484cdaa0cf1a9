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


def run(folder: Path, content: str) -> subprocess.CompletedProcess[str]:
    scenes = folder / "scenes.json"
    scenes.write_text(content)
    outputs = ["--output", str(folder / "questions.json"), "--metrics", str(folder / "metrics.json")]
    command = [sys.executable, str(ROOT / "scripts" / "ask_clevr.py"), "--scenes", str(scenes), "--seed", "1", *outputs]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_questions_and_their_counts_are_written(tmp_path: Path) -> None:
    assert run(tmp_path, json.dumps({"info": {}, "scenes": scenes_of(12)})).returncode == 0
    document = json.loads((tmp_path / "questions.json").read_text())
    assert document["info"]["split"] == "train"
    assert [question["question_index"] for question in document["questions"]] == list(range(120))
    values = json.loads((tmp_path / "metrics.json").read_text())["values"]
    assert (values["questions"], values["scenes"], values["scenes_without_questions"]) == (120, 12, 0)
    assert sum(values["kinds"].values()) == sum(values["groups"].values()) == 120


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
