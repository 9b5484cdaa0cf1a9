"""The archive to hand in."""

import hashlib
import json
import os
import random
import re
import zipfile

import pytest
from report_fixture import REPOSITORY, load_settings

from paliflow.errors import InputError
from paliflow.report import submission
from paliflow.report.document import stages


@pytest.fixture
def project(tmp_path):
    """A small project with code, caches and results."""
    for name in ("Snakefile", "scripts/a.py", "scripts/__pycache__/a.pyc", "scripts/.hidden", ".ci/run", "results/report/report.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n" if name == ".ci/run" else name)
    return tmp_path


def pack(project, name="HW1.zip", most_megabytes=1):
    results = project / "results"
    contents = submission.arrange([results / "report"], results, submission.code_files(project), project)
    (project / name).parent.mkdir(exist_ok=True)
    submission.pack(project / name, contents, {"seed": 7}, most_megabytes)
    return project / name


def test_equal_files_give_equal_bytes_whatever_their_times(project):
    first = pack(project, "first/HW1.zip").read_bytes()
    os.utime(project / "Snakefile", (1, 1))
    (project / "Snakefile").chmod(0o600)
    assert pack(project, "second/HW1.zip").read_bytes() == first


def test_the_archive_holds_report_code_and_manifest_without_caches(project):
    with zipfile.ZipFile(pack(project)) as archive:
        assert archive.namelist() == [
            "CONTENTS.txt",
            "code/.ci/run",
            "code/Snakefile",
            "code/scripts/a.py",
            "manifest.json",
            "report/report.html",
            "settings.json",
        ]


def test_only_programs_are_executable(project):
    with zipfile.ZipFile(pack(project)) as archive:
        assert [entry.filename for entry in archive.infolist() if entry.external_attr >> 16 & 0o111] == ["code/.ci/run"]


def test_the_manifest_holds_each_files_digest(project):
    with zipfile.ZipFile(pack(project)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        digests = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != "manifest.json"}
        assert manifest == {"archive": "HW1.zip", "sha256": digests}


def test_the_settings_are_packed(project):
    with zipfile.ZipFile(pack(project)) as archive:
        assert json.loads(archive.read("settings.json")) == {"seed": 7}


def test_an_archive_over_the_limit_is_told_with_what_makes_it_large_and_not_written(project):
    (project / "results" / "report" / "large.bin").write_bytes(random.Random(3).randbytes(120_000))
    expected = (
        r"^HW1\.zip would take 0\.1 MB, more than report\.archive_megabytes \(0\.05\) allows; most of it are "
        r"report/large\.bin \(0\.1 MB\), .*: raise that setting if more may be handed in, or make the largest smaller\.$"
    )
    with pytest.raises(InputError, match=expected):
        pack(project, most_megabytes=0.05)
    assert [path.name for path in project.iterdir() if "HW1" in path.name] == []


def test_a_missing_result_leaves_no_archive(project):
    with pytest.raises(InputError, match="is missing"):
        submission.pack(project / "HW1.zip", {"report/report.pdf": project / "results" / "report" / "report.pdf"}, {}, 1)
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
    folders = {stage.split("/")[0] for source in ("embedded", "hub") for stage in stages(load_settings() | {"data": {"source": source}})}
    folders |= {"report", "figures", "tables", "code"}
    assert sorted(name for name in folders if not re.search(rf"(^|[ ,]){name}/", submission.CONTENTS, re.MULTILINE)) == []


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
