"""The archive to hand in."""

import hashlib
import json
import os
import zipfile

import pytest
from report_fixture import REPOSITORY

from paliflow.errors import InputError
from paliflow.report import submission


@pytest.fixture
def project(tmp_path):
    """A small project with code, caches and results."""
    for name in ("Snakefile", "scripts/a.py", "scripts/__pycache__/a.pyc", "scripts/.hidden", ".ci/run", "results/report/report.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n" if name == ".ci/run" else name)
    return tmp_path


def pack(project, name="HW1.zip"):
    results = project / "results"
    contents = submission.arrange([results / "report"], results, submission.code_files(project), project)
    submission.pack(project / name, contents)
    return project / name


def test_the_name_follows_the_pattern():
    assert submission.archive_name(1, "Lovelace", "00000000") == "HW1_Lovelace_00000000.zip"


@pytest.mark.parametrize(("last_name", "number"), [("a/b", "1"), ("Lovelace", "../1"), ("Lovelace", "a\\b"), ("", "1"), (".x", "1")])
def test_a_name_that_leads_elsewhere_is_refused(last_name, number):
    with pytest.raises(InputError, match=r"config: report\.(last_name|student_number) is .*: use letters, digits and hyphens\."):
        submission.archive_name(1, last_name, number)


def test_equal_files_give_equal_bytes_whatever_their_times(project):
    first = pack(project, "first.zip").read_bytes()
    os.utime(project / "Snakefile", (1, 1))
    (project / "Snakefile").chmod(0o600)
    assert pack(project, "second.zip").read_bytes() == first


def test_the_archive_holds_report_code_and_manifest_without_caches(project):
    with zipfile.ZipFile(pack(project)) as archive:
        assert archive.namelist() == [
            "CONTENTS.txt",
            "code/.ci/run",
            "code/Snakefile",
            "code/scripts/a.py",
            "manifest.json",
            "report/report.html",
        ]


def test_only_programs_are_executable(project):
    with zipfile.ZipFile(pack(project)) as archive:
        assert [entry.filename for entry in archive.infolist() if entry.external_attr >> 16 & 0o111] == ["code/.ci/run"]


def test_the_manifest_holds_each_files_digest(project):
    with zipfile.ZipFile(pack(project)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest == {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name not in ("manifest.json", "CONTENTS.txt")
        }


def test_a_missing_result_leaves_no_archive(project):
    with pytest.raises(InputError, match="is missing"):
        submission.pack(project / "HW1.zip", {"report/report.pdf": project / "results" / "report" / "report.pdf"})
    assert not (project / "HW1.zip").exists()


def test_a_file_outside_the_results_is_refused(project):
    with pytest.raises(InputError, match="does not lie below"):
        submission.arrange([project / "Snakefile"], project / "results", [], project)


def test_archives_packed_under_another_name_are_removed_and_nothing_else(project):
    latest, earlier = pack(project, "HW1_Lovelace_1.zip"), pack(project, "HW1_Hopper_2.zip")
    foreign, backup = project / "HW1_Other_3.zip", pack(project, "backup.zip")
    foreign.write_text("no archive of ours")
    assert submission.remove_others(latest) == [earlier]
    assert [path.exists() for path in (latest, earlier, foreign, backup)] == [True, False, True, True]


def test_the_contents_name_each_folder_of_results():
    folders = "report figures tables clevr subset_clevr sample_answers compute_theory couple_flow train_flow evaluate_flow"
    assert [
        name for name in (folders + " evaluate_base evaluate_adapter train_adapter code").split() if f"{name}/" not in submission.CONTENTS
    ] == []


def test_the_unpacked_code_is_all_that_its_archive_would_hold(project, tmp_path):
    with zipfile.ZipFile(pack(project)) as archive:
        archive.extractall(tmp_path / "unpacked")
    root = tmp_path / "unpacked" / "code"
    assert [path.relative_to(root) for path in submission.code_files(root)] == [
        path.relative_to(project) for path in submission.code_files(project)
    ]


def test_the_projects_own_code_is_packed():
    names = {path.relative_to(REPOSITORY).as_posix() for path in submission.code_files(REPOSITORY)}
    assert {"Snakefile", "config.yaml", "rules/report.smk", "scripts/paliflow/errors.py", "report_template/report.md.j2"} <= names
