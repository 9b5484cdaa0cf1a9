"""What a user can get wrong: each mistake is one sentence and exit code 1, and nothing half-written stays behind."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from clone import Clone

QUESTIONS = "questions/CLEVR_train_questions.json"
SCENES = "scenes/CLEVR_train_scenes.json"
IMAGES = "images/train"


def told(output: str) -> str:
    """The one sentence that a stage or the config check ends with; a traceback in its place fails the test."""
    assert "Traceback" not in output, output
    sentences = re.findall(r"^error: (.*)$", output, re.MULTILINE)
    assert len(sentences) == 1, output
    return sentences[0]


@pytest.mark.parametrize(
    ("section", "content", "expected"),
    [
        ("data", {"embedded": {"share": 0}}, "config: data.embedded.share is 0 (an integer): it must be above 0."),
        ("data", {"embedded": {"share": 1.5}}, "config: data.embedded.share is 1.5 (a number): it must be at most 1."),
        ("report", {"student_number": "../12"}, "config: report.student_number is '../12' (text): it must be letters, digits and hyphens"),
        ("vlm", {"learning_rate": "2e-4"}, "config: vlm.learning_rate is '2e-4' (text): it must be a number; YAML reads 2e-4 as text"),
        ("flow", {"stepz": 5}, "config: flow.stepz is no setting: correct the spelling ("),
        (
            "data",
            {"source": "clevr", "clevr": {"folder": "no/such"}},
            "config: data.clevr.folder is 'no/such', where questions/CLEVR_train",
        ),
    ],
    ids=["share of nothing", "share above all", "student number with separators", "rate as text", "misspelt key", "missing data folder"],
)
def test_a_wrong_setting_stops_before_any_job(fresh: Clone, section: str, content: object, expected: str) -> None:
    preset = fresh.write_preset("wrong", **{section: content})
    stopped = fresh.run(configfile=preset)
    assert stopped.returncode == 1
    assert told(stopped.stdout).startswith(expected)
    assert not (fresh.folder / "results").exists()


def test_yaml_reads_a_rate_without_a_point_as_text() -> None:
    """The mistake of the test above as a user makes it: without quotes."""
    assert yaml.safe_load("learning_rate: 2e-4") == {"learning_rate": "2e-4"}


@pytest.fixture
def release(finished: Clone, fresh: Clone, tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """A small folder in the release's layout; calling the fixture damages it and runs the data stage on it."""
    folder = Path(shutil.copytree(finished.folder / "results" / "clevr" / "study", tmp_path / "a release"))

    def run(damage: Callable[[Path], None], **data: object) -> subprocess.CompletedProcess[str]:
        damage(folder)
        preset = fresh.write_preset("release", data={"source": "clevr", "clevr": {"folder": str(folder), "share": 1.0}} | data)
        return fresh.run("data", configfile=preset)

    yield run
    shutil.rmtree(fresh.folder / "results", ignore_errors=True)


def truncate_questions(folder: Path) -> None:
    content = (folder / QUESTIONS).read_bytes()
    (folder / QUESTIONS).write_bytes(content[: len(content) // 2])


def remove_an_image(folder: Path) -> None:
    asked = json.loads((folder / QUESTIONS).read_text())["questions"][0]["image_filename"]
    (folder / IMAGES / asked).unlink()


def break_an_image(folder: Path) -> None:
    asked = json.loads((folder / QUESTIONS).read_text())["questions"][0]["image_filename"]
    image = folder / IMAGES / asked
    image.write_bytes(image.read_bytes()[:200])


def truncate_scenes(folder: Path) -> None:
    (folder / SCENES).write_text('{"scenes": [')


def keep(folder: Path) -> None:
    """Damage nothing."""


@pytest.mark.parametrize(
    ("damage", "data", "names"),
    [
        (truncate_questions, {}, "CLEVR_train_questions.json"),
        (truncate_scenes, {}, "CLEVR_train_scenes.json"),
        (remove_an_image, {}, "CLEVR_train_0"),
        (break_an_image, {}, "CLEVR_train_0"),
        (keep, {"test_share": 0.001}, "test"),
    ],
    ids=["truncated questions", "truncated scenes", "missing image", "unreadable image", "empty test side"],
)
def test_broken_data_is_one_sentence_and_leaves_nothing(
    release, fresh: Clone, damage: Callable[[Path], None], data: dict, names: str
) -> None:
    stopped = release(damage, **data)
    assert stopped.returncode == 1
    assert names in told(stopped.stdout)
    assert [path for path in (fresh.folder / "results").rglob("*") if path.is_file() and "/.work/" not in str(path)] == []


def test_an_empty_subset_is_one_sentence(release, finished: Clone) -> None:
    stopped = release(keep, clevr={"folder": str(finished.folder / "results" / "clevr" / "study"), "share": 0.001})
    assert stopped.returncode == 1
    assert "share" in told(stopped.stdout)


@pytest.fixture
def full_disk(fresh: Clone) -> Iterator[Path]:
    """The clone's results on a disk of their own that holds 64 KiB."""
    results = fresh.folder / "results"
    results.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", results], capture_output=True, text=True)
    if mounted.returncode:
        results.rmdir()
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield results
    subprocess.run(["umount", results], check=True)
    results.rmdir()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(fresh: Clone, full_disk: Path) -> None:
    stopped = fresh.run("data")
    assert stopped.returncode == 1
    assert "cannot be written (No space left on device): free some space" in told(stopped.stdout)
    assert [path for path in full_disk.rglob("*") if path.is_file() and "/.work/" not in str(path)] == []
