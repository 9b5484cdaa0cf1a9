"""The whole road: from nothing but a clone to the report and the archive, on rendered scenes and on genuine CLEVR."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from clone import Clone

ARCHIVE = "HW1_Lovelace_00000000.zip"
REPORTS = ("report.md", "report.html", "report.pdf")


def test_the_reports_are_there_in_all_three_forms(finished: Clone) -> None:
    report = finished.folder / "results" / "report"
    assert all((report / name).stat().st_size > 1000 for name in REPORTS)


def test_the_archive_carries_name_and_number_and_opens(finished: Clone) -> None:
    with zipfile.ZipFile(finished.folder / "results" / "report" / ARCHIVE) as archive:
        assert archive.testzip() is None
        assert {"report.pdf", "report.html"} <= {Path(name).name for name in archive.namelist()}


def test_each_stage_tells_what_made_it(finished: Clone) -> None:
    for path in (finished.folder / "results").rglob("metrics.json"):
        assert set(json.loads(path.read_text())) == {"stage", "values", "units", "seed", "settings", "provenance"}, path


def test_every_rule_left_a_log(finished: Clone) -> None:
    ran = {rule for rule in finished.planned("--forceall") if (finished.folder / "scripts" / f"{rule}.py").exists()}
    assert {path.name for path in (finished.folder / "logs").iterdir() if any(path.iterdir())} == ran


def test_the_archive_alone_can_be_made_by_name(finished: Clone, tmp_path: Path) -> None:
    clone = finished.copy(tmp_path)
    archive = clone.folder / "results" / "report" / ARCHIVE
    before = archive.read_bytes()
    archive.unlink()
    assert set(clone.planned("submission")) == {"pack_submission", "submission"}
    assert clone.run("submission").returncode == 0
    assert archive.read_bytes() == before


@pytest.fixture(scope="module")
def unpacked(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The archive of the whole run, unpacked as a marker does it, in a folder and a locale of their own: its code is a whole project."""
    folder = tmp_path_factory.mktemp("Übung, handed in")
    with zipfile.ZipFile(finished.folder / "results" / "report" / ARCHIVE) as archive:
        archive.extractall(folder)
    return Clone(folder / "code", {"LC_ALL": "C", "TZ": "Asia/Tehran"})


def test_a_marker_finds_nothing_missing_altered_or_unreferenced(finished: Clone, unpacked: Clone) -> None:
    program = [sys.executable, "-S", "scripts/check_submission.py", str(finished.folder / "results" / "report" / ARCHIVE)]
    done = subprocess.run(program, cwd=unpacked.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "nothing is missing, altered or unreferenced" in done.stdout, done.stdout


def test_the_contents_name_all_that_lies_at_the_archives_top(unpacked: Clone) -> None:
    contents = (unpacked.folder.parent / "CONTENTS.txt").read_text()
    names = [path.name + "/" * path.is_dir() for path in unpacked.folder.parent.iterdir() if path.name != "CONTENTS.txt"]
    assert [name for name in names if not re.search(rf"(^|[ ,]){re.escape(name)}", contents, re.MULTILINE)] == []


def test_the_unpacked_code_plans_the_whole_study_by_the_archives_settings(unpacked: Clone, fresh: Clone) -> None:
    assert set(unpacked.planned(configfile="../settings.json")) == set(fresh.planned())


def test_the_unpacked_code_makes_the_same_archive_from_the_same_numbers(finished: Clone, unpacked: Clone) -> None:
    """Figures, tables, report and archive, in no git checkout; the stages before them are those that made `finished`."""
    made = shutil.ignore_patterns("figures", "tables", "report", ".*")
    shutil.copytree(finished.folder / "results", unpacked.folder / "results", ignore=made)
    shutil.copytree(finished.folder / ".snakemake" / "metadata", unpacked.folder / ".snakemake" / "metadata", dirs_exist_ok=True)
    try:
        done = unpacked.run(configfile="../settings.json")
        assert done.returncode == 0, done.stdout[-6000:]
        ran = {path.name for path in (unpacked.folder / "logs").iterdir()}
        assert {"render_report", "pack_submission"} <= ran
        assert {name.split("_")[0] for name in ran} == {"plot", "tabulate", "render", "pack"}
        archive = Path("results", "report", ARCHIVE)
        assert (unpacked.folder / archive).read_bytes() == (finished.folder / archive).read_bytes()
        assert unpacked.planned(configfile="../settings.json") == {}
    finally:
        for name in ("results", "logs", ".snakemake"):
            shutil.rmtree(unpacked.folder / name, ignore_errors=True)


@pytest.mark.parametrize("target", ["data", "vlm", "flow", "report", "submission"])
def test_a_part_can_be_asked_for_by_name(fresh: Clone, target: str) -> None:
    assert target in fresh.planned(target)


def test_genuine_clevr_goes_all_the_way_to_the_archive(finished: Clone, tmp_path: Path) -> None:
    """In a copy whose flows are done, for they are the same on any pictures."""
    folder = os.environ.get("PALIFLOW_CLEVR", "")
    if not Path(folder, "questions").is_dir():
        pytest.skip("PALIFLOW_CLEVR names no folder of genuine CLEVR images in the release's layout")
    clone = finished.copy(tmp_path)
    archive = shutil.make_archive(str(tmp_path / "CLEVR_v1.0"), "zip", Path(folder).parent, Path(folder).name)
    data = {"source": "clevr", "clevr": {"path": archive, "share": 0.3}}
    one = {"comparison": {"methods": ["qlora"], "ranks": [16], "consistency": [0]}}  # the comparison at its smallest
    preset = clone.write_preset("genuine", data=data, vlm=one, report={"last_name": "Hopper", "student_number": "12"})
    done = clone.run(configfile=preset)
    assert done.returncode == 0, done.stdout[-6000:]
    with zipfile.ZipFile(clone.folder / "results" / "report" / "HW1_Hopper_12.zip") as archive:
        assert archive.testzip() is None
    assert not re.search(r"rule (render_clevr|train_flow)", done.stdout)
    subset = json.loads((clone.folder / "results" / "subset_clevr" / "metrics.json").read_text())
    assert subset["values"]["source"] == "clevr" and subset["values"]["shared_images"] == 0


def test_random_weights_are_trained_and_evaluated_all_the_way(finished: Clone, tmp_path: Path) -> None:
    clone = finished.copy(tmp_path)
    preset = clone.write_preset("random", vlm={"random_weights": True})
    made = "results/evaluate_adapter/main/metrics.json"
    done = clone.run(made, configfile=preset)
    assert done.returncode == 0, done.stdout[-6000:]
    drawn, learnt = (json.loads((folder / made).read_text())["values"] for folder in (clone.folder, finished.folder))
    assert drawn["n"] == learnt["n"]
    assert drawn["own"]["exact_match"]["value"] < learnt["own"]["exact_match"]["value"]
