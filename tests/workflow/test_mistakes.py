"""What a user can get wrong: each mistake is one sentence and exit code 1, and nothing half-written stays behind."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

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
        ("report", {"last_name": "حسابی"}, "config: report.last_name is 'حسابی', which cannot be spelled in ASCII for the archive's name"),
        ("vlm", {"learning_rate": "2e-4"}, "config: vlm.learning_rate is '2e-4' (text): it must be a number; YAML reads 2e-4 as text"),
        ("flow", {"stepz": 5}, "config: flow.stepz is no setting: correct the spelling ("),
        ("data", {"source": "clevr", "clevr": {"path": "no/such"}}, "config: data.clevr.path is 'no/such', where there is nothing"),
        (
            "data",
            {"source": "clevr", "clevr": {"path": "README.md"}},
            "config: data.clevr.path is 'README.md', neither a folder nor a whole zip",
        ),
    ],
    ids=[
        "share of nothing",
        "share above all",
        "student number with separators",
        "name without an ASCII spelling",
        "rate as text",
        "misspelt key",
        "no release",
        "file that is no zip",
    ],
)
def test_a_wrong_setting_stops_before_any_job(fresh: Clone, section: str, content: object, expected: str) -> None:
    preset = fresh.write_preset("wrong", **{section: content})
    stopped = fresh.run(configfile=preset)
    assert stopped.returncode == 1
    assert told(stopped.stdout).startswith(expected)
    assert not (fresh.folder / "results").exists()


def test_any_text_may_be_a_name_or_a_title(fresh: Clone) -> None:
    hostile = 'O\'Neil {x} $(touch hacked) \\input{y} <b> ../ \u202e "q"'
    preset = fresh.write_preset("hostile", report={"title": hostile, "first_name": hostile, "last_name": hostile})
    assert {"render_report", "pack_submission"} <= set(fresh.planned(configfile=preset))


def test_a_render_that_fails_leaves_the_last_report_and_archive(finished: Clone, tmp_path: Path) -> None:
    clone = finished.copy(tmp_path)
    before = clone.produced()
    template = clone.folder / "report_template" / "sections" / "provenance.md.j2"
    template.write_text("{{ nothing }}" + template.read_text())
    stopped = clone.run()
    assert stopped.returncode == 1
    assert told(stopped.stdout) == "sections/provenance.md.j2, line 1: 'nothing' is undefined: define it or correct the name."
    assert clone.produced() == before


def _of_another_base(folder: Path) -> str:
    made = json.loads((folder / "adapter" / "base.json").read_text())
    (folder / "adapter" / "base.json").write_text(json.dumps(made | {"base_digest": "another"}))
    return "adapter was trained on another base than vlm.base: train it again, or give the base that it was trained on."


def _cut_short(folder: Path) -> str:
    weights = folder / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return "adapter_model.safetensors is missing, cut short or changed since its training: train it again."


@pytest.mark.parametrize("damage", [_of_another_base, _cut_short])
def test_an_adapter_that_does_not_belong_or_is_damaged_is_one_sentence_and_leaves_nothing(
    finished: Clone, tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    results, features = finished.folder / "results", finished.folder / "results" / "encode_images"
    shutil.copytree(results / "train_adapter" / "main" / "weights", tmp_path / "adapter")
    sentence = damage(tmp_path)
    given = {
        "train": results / "subset_clevr" / "train.parquet",
        "test": results / "subset_clevr" / "test.parquet",
        "features": features / "test.safetensors",
        "own-features": features / "own.safetensors",
        "own-tasks": features / "own_tasks.jsonl",
        "own-base-answers": results / "evaluate_base" / "own_answers.jsonl",
        "base": finished.folder / "base_model",
        "adapter": tmp_path / "adapter",
        "output": tmp_path / "output",
    }
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    program = [sys.executable, "scripts/evaluate_adapter.py", "--method", "qlora", "--seed", "1", *options]
    stopped = subprocess.run(program, cwd=finished.folder, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert told(stopped.stderr).endswith(sentence)
    assert not list((tmp_path / "output").rglob("*.json*"))


def test_a_published_base_out_of_reach_is_one_sentence_and_leaves_what_other_stages_made(finished: Clone, tmp_path: Path) -> None:
    clone = finished.copy(tmp_path)
    before = {name: content for name, content in clone.produced().items() if not name.startswith("results/encode_images/")}
    preset = clone.write_preset("published", vlm={"base": "google/paligemma-3b-pt-224"})
    stopped = Clone(clone.folder, {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}).run("vlm", configfile=preset)
    assert stopped.returncode == 1
    assert told(stopped.stdout).startswith("vlm.base is 'google/paligemma-3b-pt-224', ")
    assert clone.produced() == before


def test_yaml_reads_a_rate_without_a_point_as_text() -> None:
    """The mistake of the test above as a user makes it: without quotes."""
    assert yaml.safe_load("learning_rate: 2e-4") == {"learning_rate": "2e-4"}


@pytest.fixture
def release(finished: Clone, tmp_path: Path) -> Path:
    """A small folder in the release's layout, for a test to damage."""
    return Path(shutil.copytree(finished.folder / "results" / "clevr" / "study", tmp_path / "CLEVR_v1.0"))


@pytest.fixture
def tidied(fresh: Clone) -> Iterator[Clone]:
    """The clone in which nothing has been made; what a stage leaves in it is removed afterwards."""
    yield fresh
    shutil.rmtree(fresh.folder / "results", ignore_errors=True)


@pytest.fixture
def read(tidied: Clone) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the data stage on a release."""

    def run(path: Path, share: float = 1.0, **data: object) -> subprocess.CompletedProcess[str]:
        preset = tidied.write_preset("release", data={"source": "clevr", "clevr": {"path": str(path), "share": share}} | data)
        return tidied.run("data", configfile=preset)

    return run


def left_behind(clone: Clone) -> list[Path]:
    """The files below results/ that are no unfinished work to take up."""
    return [path for path in (clone.folder / "results").rglob("*") if path.is_file() and "/.work/" not in str(path)]


def truncate_questions(folder: Path) -> None:
    content = (folder / QUESTIONS).read_bytes()
    (folder / QUESTIONS).write_bytes(content[: len(content) // 2])


def truncate_scenes(folder: Path) -> None:
    (folder / SCENES).write_text('{"scenes": [')


def asked_image(folder: Path) -> Path:
    return folder / IMAGES / json.loads((folder / QUESTIONS).read_text())["questions"][0]["image_filename"]


def remove_an_image(folder: Path) -> None:
    asked_image(folder).unlink()


def break_an_image(folder: Path) -> None:
    image = asked_image(folder)
    image.write_bytes(image.read_bytes()[:200])


def shrink_an_image(folder: Path) -> None:
    Image.new("RGB", (5, 5)).save(asked_image(folder))


def edit_questions(folder: Path, **fields: object) -> None:
    """Change fields of the first question."""
    document = json.loads((folder / QUESTIONS).read_text())
    document["questions"][0] |= fields
    (folder / QUESTIONS).write_text(json.dumps(document))


def ask_about_another_release(folder: Path) -> None:
    edit_questions(folder, image_filename="CLEVR_train_069999.png")


def put_a_cycle_into_a_program(folder: Path) -> None:
    edit_questions(folder, program=[{"function": "count", "inputs": [0], "value_inputs": []}])


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        (truncate_questions, "CLEVR_train_questions.json ends at byte"),
        (truncate_scenes, "CLEVR_train_scenes.json ends at byte 12"),
        (remove_an_image, "CLEVR_train_0"),
        (break_an_image, "CLEVR_train_0"),
        (shrink_an_image, "pixels RGB"),
        (ask_about_another_release, "question 0 of the split train is about CLEVR_train_069999.png, which no scene describes"),
        (put_a_cycle_into_a_program, "CLEVR_train_questions.json, question 0: "),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_broken_data_is_one_sentence_and_leaves_nothing(
    release: Path, read, fresh: Clone, damage: Callable[[Path], None], names: str
) -> None:
    damage(release)
    stopped = read(release)
    assert stopped.returncode == 1
    assert names in told(stopped.stdout)
    assert left_behind(fresh) == []


@pytest.mark.parametrize(("share", "test_share"), [(0.001, 0.25), (1.0, 0.001)], ids=["no image", "no test image"])
def test_an_empty_subset_is_one_sentence(release: Path, read, share: float, test_share: float) -> None:
    stopped = read(release, share, test_share=test_share)
    assert stopped.returncode == 1
    assert "raise data." in told(stopped.stdout)


def encrypt(archive: Path) -> None:
    """Set the flag of encryption at every member, in its own header and in the archive's directory."""
    content = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(content)):
            content[found.start() + offset] |= 1
    archive.write_bytes(content)


def add_a_member_outside(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("../outside.txt", "x")


def damage_a_member(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        start = opened.getinfo(f"CLEVR_v1.0/{QUESTIONS}").header_offset
    content = bytearray(archive.read_bytes())
    content[start + 2000 : start + 2100] = bytes(100)
    archive.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "names"),
    [(encrypt, "is encrypted"), (add_a_member_outside, "../outside.txt"), (damage_a_member, "CLEVR_train_questions.json")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bad_zip_is_one_sentence_and_leaves_nothing(
    release: Path, read, fresh: Clone, damage: Callable[[Path], None], names: str
) -> None:
    archive = Path(shutil.make_archive(str(release), "zip", release.parent, release.name))
    damage(archive)
    stopped = read(archive)
    assert stopped.returncode == 1
    assert names in told(stopped.stdout)
    assert left_behind(fresh) == []


def test_a_hub_that_cannot_be_reached_is_one_sentence_and_leaves_nothing(tidied: Clone, tmp_path: Path) -> None:
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    stopped = Clone(tidied.folder, nowhere).run("data", configfile=tidied.write_preset("hub", data={"source": "hub"}))
    assert stopped.returncode == 1
    assert "hub" in told(stopped.stdout)
    assert left_behind(tidied) == []


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
    assert left_behind(fresh) == []
