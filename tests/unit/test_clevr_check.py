"""The check of a release: it counts each fault for what it is, goes on, and says so in one line of JSON and an exit code."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from release_fixture import DIRECTIONS, Record, pack, picture_name, questions, scene, spoil, step, write_release
from test_layout import HEAVY, reached_packages

from clone import ROOT
from paliflow import provenance
from paliflow.clevr import check, findings
from paliflow.clevr.release import Release
from paliflow.errors import InputError

SCRIPT = ROOT / "scripts" / "check_clevr.py"
GENUINE = Path(os.environ.get("PALIFLOW_CLEVR", ""))
needs_genuine = pytest.mark.skipif(not (GENUINE / "questions").is_dir(), reason="PALIFLOW_CLEVR names no folder of genuine CLEVR")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two splits without a fault."""
    write_release(tmp_path / "release")
    return write_release(tmp_path / "release", range(4, 6), "val")


def found(path: Path) -> dict[str, int]:
    """The counts above 0 of what is wrong with a release."""
    with Release.open(path) as release:
        return check.check_release(release).faults()


def run(path: Path) -> tuple[int, dict[str, Any] | None, str]:
    """The program's exit code, its line of JSON and what it printed on stderr."""
    done = subprocess.run([sys.executable, SCRIPT, path], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert len(lines) <= 1 and "Traceback" not in done.stderr
    return done.returncode, json.loads(lines[0]) if lines else None, done.stderr


def test_a_release_without_faults_ends_with_0_and_one_line(folder: Path) -> None:
    code, counts, _ = run(folder)
    assert code == 0 and counts is not None
    expected = {name: 0 for name in findings.FACTS | findings.FAULTS}
    expected |= {"images": 6, "scenes": 6, "questions": 18, "answers_agree": 18}
    assert counts == {"path": str(folder), "splits": ["train", "val"]} | expected


def test_a_zip_gives_the_counts_of_its_folder(folder: Path) -> None:
    path = pack(folder, folder.parent / "release.zip")
    _, of_folder, _ = run(folder)
    code, of_zip, _ = run(path)
    assert code == 0 and of_zip == (of_folder or {}) | {"path": str(path)}


@needs_genuine
def test_every_answer_of_genuine_clevr_agrees() -> None:
    code, counts, _ = run(GENUINE)
    assert code == 0 and counts is not None
    assert (counts["questions"], counts["answers_agree"], counts["scenes"], counts["images"]) == (1600, 1600, 160, 160)
    assert all(counts[name] == 0 for name in findings.FAULTS)


def test_a_fault_ends_with_1_after_the_line_and_is_named(folder: Path) -> None:
    spoil(folder, "questions", lambda records: [records[number].update(answer="7") for number in (0, 3)])
    code, counts, told = run(folder)
    assert code == 1 and counts is not None
    assert (counts["answers_agree"], counts["answers_differ"]) == (16, 2)
    assert "CLEVR_train_questions.json, question 0 gives the answer '7', and its program '3'" in told
    assert "question 3 gives" not in told
    assert told.splitlines()[-1].startswith("error: ") and "answers_differ 2" in told.splitlines()[-1]


def test_a_file_cut_short_ends_with_1_and_one_sentence_alone(folder: Path) -> None:
    path = folder / "questions/CLEVR_val_questions.json"
    path.write_bytes(path.read_bytes()[:700])
    code, counts, told = run(folder)
    assert code == 1 and counts is None
    assert told.splitlines()[-1].startswith(f"error: {path} ends at byte 700 in question ")


def update(number: int, **fields: Any) -> Callable[[list[Record]], object]:
    return lambda records: records[number].update(fields)


PROGRAMS = {
    "a function that CLEVR does not have": [step("scene"), step("weigh", 0)],
    "a cycle": [step("scene"), step("filter_color", 2, words=("red",)), step("filter_color", 1, words=("red",)), step("count", 2)],
    "no answer": [step("scene"), step("unique", 0)],
}


@pytest.mark.parametrize("steps", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_that_no_scene_could_answer_is_counted(folder: Path, steps: list[Record]) -> None:
    spoil(folder, "questions", update(1, program=steps))
    assert found(folder) == {"programs_invalid": 1}


def test_a_program_that_its_scene_cannot_answer_is_counted(folder: Path) -> None:
    spoil(folder, "questions", update(1, program=[step("scene"), step("unique", 0), step("query_shape", 1)]))
    assert found(folder) == {"programs_without_answer": 1}


def test_records_of_another_form_are_counted(folder: Path) -> None:
    spoil(folder, "questions", lambda records: (records.append(3), records[1].update(answer=3), records[2].update(image_filename="..")))
    assert found(folder) == {"questions_invalid": 3}


def test_a_questions_file_without_questions_is_counted(folder: Path) -> None:
    spoil(folder, "questions", list.clear, "val")
    assert found(folder) == {"splits_without_questions": 1}
    code, _, told = run(folder)
    assert code == 1 and "CLEVR_val_questions.json holds no question" in told


def test_a_scene_without_objects_is_no_fault(folder: Path) -> None:
    empty = {"objects": [], "relationships": {name: [] for name in ("left", "right", "front", "behind")}}
    spoil(folder, "scenes", update(2, **empty))
    spoil(folder, "questions", lambda records: records.__delitem__(slice(7, 9)))
    spoil(folder, "questions", update(6, answer="0"))  # how many things there are
    assert found(folder) == {}


def test_a_scene_of_another_form_is_counted_with_the_questions_that_need_it(folder: Path) -> None:
    spoil(folder, "scenes", lambda records: records[2]["objects"][0].update(color="pink"))
    assert found(folder) == {"scenes_invalid": 1, "questions_without_scene": 3}


def test_a_scene_about_which_nothing_is_asked_is_counted_and_no_fault(folder: Path) -> None:
    spoil(folder, "questions", lambda records: records.__delitem__(slice(0, 3)))
    with Release.open(folder) as release:
        result = check.check_release(release)
    assert result.counts["scenes_without_questions"] == 1 and result.faults() == {}


def test_scene_and_question_of_different_images_are_counted(folder: Path) -> None:
    spoil(folder, "questions", update(0, image_index=1))
    spoil(folder, "scenes", lambda records: records.pop(3))
    assert found(folder) == {"indices_differ": 1, "questions_without_scene": 3}


def test_questions_without_programs_and_scenes_are_no_fault(folder: Path) -> None:
    for split in ("train", "val"):
        spoil(folder, "questions", lambda records: [record.pop("program") for record in records], split)
    shutil.rmtree(folder / "scenes")
    with Release.open(folder) as release:
        result = check.check_release(release)
    assert result.faults() == {} and (result.counts["questions_without_program"], result.counts["answers_agree"]) == (18, 0)


def test_a_split_without_answers_is_no_fault(folder: Path) -> None:
    spoil(folder, "questions", lambda records: [(record.pop("program"), record.pop("answer")) for record in records], "val")
    (folder / "scenes/CLEVR_val_scenes.json").unlink()
    with Release.open(folder) as release:
        result = check.check_release(release)
    assert result.faults() == {} and (result.counts["questions_without_answer"], result.counts["answers_agree"]) == (6, 12)


def test_a_degenerate_question_is_counted_and_no_fault(folder: Path) -> None:
    steps = [step("scene"), step("filter_shape", 0, words=("cylinder",)), step("unique", 1), step("relate", 2, words=("left",))]
    steps += [step("filter_color", 3, words=("red",)), step("count", 4)]
    spoil(folder, "questions", update(0, program=steps, answer="1"))
    with Release.open(folder) as release:
        result = check.check_release(release)
    assert result.faults() == {} and result.counts["degenerate"] == 1


# relations


def test_a_relation_that_the_coordinates_deny_is_counted(folder: Path) -> None:
    spoil(folder, "scenes", lambda records: records[0]["relationships"].update(front=[[1], [], [0]]))
    assert found(folder) == {"relations_differ": 3}


@pytest.mark.parametrize(("gap", "listed"), [(0.2, True), (0.2, False), (0.2000005, False), (0.1999995, True)])
def test_so_near_the_threshold_both_are_right(gap: float, listed: bool) -> None:
    related = {"left": [[], [0] if listed else []], "right": [[1] if listed else [], []], "front": [[], []], "behind": [[], []]}
    graph = {"objects": [{"3d_coords": [x, 0, 0]} for x in (0, gap)], "relationships": related, "directions": DIRECTIONS}
    assert check.differing_relations(graph) == 0


@pytest.mark.parametrize(("gap", "listed"), [(0.21, False), (0.19, True)])
def test_farther_from_the_threshold_one_is_wrong(gap: float, listed: bool) -> None:
    related = {"left": [[], [0] if listed else []], "right": [[1] if listed else [], []], "front": [[], []], "behind": [[], []]}
    graph = {"objects": [{"3d_coords": [x, 0, 0]} for x in (0, gap)], "relationships": related, "directions": DIRECTIONS}
    assert check.differing_relations(graph) == 2


# pictures and splits


def image(folder: Path, number: int, split: str = "train") -> Path:
    return folder / "images" / split / picture_name(number, split)


def test_missing_and_broken_pictures_are_counted(folder: Path) -> None:
    image(folder, 0).unlink()
    image(folder, 2).write_bytes(image(folder, 2).read_bytes()[:60])
    assert found(folder) == {"images_missing": 1, "images_broken": 1}


@pytest.mark.parametrize(("mode", "size"), [("RGBA", (12, 8)), ("L", (12, 8)), ("RGB", (12, 9))])
def test_the_picture_that_differs_from_most_is_counted_even_if_it_is_the_first(folder: Path, mode: str, size: tuple[int, int]) -> None:
    Image.new(mode, size).save(image(folder, 0))
    assert found(folder) == {"images_odd_size": 1}


def test_pictures_with_the_same_content_in_one_split_are_counted(folder: Path) -> None:
    shutil.copy(image(folder, 0), image(folder, 3))
    assert found(folder) == {"equal_images": 1}


def test_a_picture_whose_content_is_in_two_splits_is_a_leak(folder: Path) -> None:
    shutil.copy(image(folder, 0), image(folder, 5, "val"))
    assert found(folder) == {"leaks": 1}


def test_a_picture_whose_name_is_in_two_splits_is_a_leak_and_lies_in_the_wrong_one(folder: Path) -> None:
    (folder / "images/val" / picture_name(0)).write_bytes(image(folder, 4, "val").read_bytes())
    image(folder, 4, "val").unlink()
    spoil(folder, "scenes", update(0, image_filename=picture_name(0)), "val")
    spoil(folder, "questions", lambda records: [record.update(image_filename=picture_name(0)) for record in records[:3]], "val")
    assert found(folder) == {"leaks": 1, "splits_differ": 5}


def test_a_record_of_another_split_is_counted(folder: Path) -> None:
    spoil(folder, "questions", update(0, split="val"))
    spoil(folder, "scenes", update(0, split=7))
    assert found(folder) == {"splits_differ": 2}


def test_a_picture_described_twice_is_counted(folder: Path) -> None:
    spoil(folder, "scenes", lambda records: records.append(scene(2)))
    assert found(folder) == {"duplicate_images": 1}


def test_a_question_asked_twice_about_one_picture_is_counted(folder: Path) -> None:
    spoil(folder, "questions", lambda records: records.append(questions(1)[0] | {"question_index": 99}))
    assert found(folder) == {"duplicate_questions": 1}


def test_of_very_many_pictures_only_some_are_decoded_and_all_are_summed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paliflow.clevr.check_pictures.WHOLE_DECODES", 2)
    content = bytearray(image(folder, 1).read_bytes())
    content[-20] ^= 1  # in the checksum of the last part with pixels: none of them is decoded here
    image(folder, 1).write_bytes(content)
    assert found(folder) == {"images_broken": 1}


def test_it_needs_neither_torch_nor_datasets_nor_mitsuba() -> None:
    assert reached_packages(SCRIPT) & HEAVY == set()
    code = f"import sys, runpy; sys.path.insert(0, {str(SCRIPT.parent)!r}); runpy.run_path({str(SCRIPT)!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()
    assert provenance.LIBRARY / "clevr" / "program.py" in provenance.reached_files(SCRIPT)


def test_a_folder_that_is_no_release_ends_with_1_and_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no CLEVR release"):
        Release.open(tmp_path)
    assert run(tmp_path) == (1, None, f"error: {tmp_path} is no CLEVR release: it holds no questions/CLEVR_<split>_questions.json.\n")
