"""What a marker is told of an archive: nothing to complain of, or one line for each fault."""

import hashlib
import json
import stat
import struct
import subprocess
import sys
import zipfile

import pytest
from report_fixture import REPOSITORY

from paliflow.errors import InputError
from paliflow.report import submission, submission_check

NAME = "HW1_Lovelace_00000000.zip"
PAGE = '<a href="../figures/a.svg">a</a> <a href="../tables/a%20b.csv#x">b</a> <a href="#top">t</a> <a href="https://x.org/y">x</a>'
RESULTS = {
    "report/report.html": PAGE + '<img src="data:image/png;base64,AAAA">',
    "report/report.pdf": "%PDF",
    "figures/a.svg": "<svg/>" * 50,
    "tables/a b.csv": "a,b\n1,2\n",
    "train_adapter/main/weights/adapter_model.safetensors": "weights",
    "evaluate_base/predictions.jsonl": "{}\n",
    "evaluate_adapter/main/predictions.jsonl": "{}\n",
}
CODE = ("Snakefile", "Makefile", "config.yaml", "scripts/a.py", "rules/a.smk")


def make(folder, without="", **others):
    """A packed archive, without one of its results or with others besides."""
    for name, text in (RESULTS | others).items():
        path = folder / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in CODE:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / "results" / without).unlink() if without else None
    contents = submission.arrange([folder / "results"], folder / "results", submission.code_files(folder), folder)
    submission.pack(folder / NAME, contents, {}, 1)
    return folder / NAME


def rewrite(archive, changes, name=NAME):
    """The same archive with some members changed, added, or, where the change is None, left out; the manifest stays as it was."""
    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()} | changes
    target = archive.parent / "rewritten" / name
    target.parent.mkdir()
    with zipfile.ZipFile(target, "w") as written:
        for member, content in members.items():
            if content is not None:
                written.writestr(member, content)
    return target


def test_a_whole_archive_has_no_faults_and_is_summed_up(tmp_path):
    findings = submission_check.check(make(tmp_path))
    assert findings.faults == []
    assert f"{NAME}: nothing is missing, altered or unreferenced." in findings.summary
    assert "predictions  of 2 evaluations" in findings.summary


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"report/report.pdf": b"%PDF-2"}, "altered: report/report.pdf: its SHA-256 is not the manifest's"),
        ({"CONTENTS.txt": b"other"}, "altered: CONTENTS.txt: its SHA-256 is not the manifest's"),
        ({"code/scripts/a.py": None, "code/scripts/b.py": b"x"}, "missing: code/scripts/a.py, which the manifest lists"),
        ({"notes.txt": b"x"}, "added: notes.txt, which the manifest does not list"),
        ({"figures/b.svg": b"x"}, "unreferenced: figures/b.svg, which the report neither shows nor links to"),
    ],
    ids=["altered", "altered contents", "missing", "added", "added figure"],
)
def test_a_change_after_packing_is_told(tmp_path, changes, fault):
    assert fault in submission_check.check(rewrite(make(tmp_path), changes)).faults


@pytest.mark.parametrize(
    ("without", "fault"),
    [
        ("report/report.pdf", "missing: the report on paper: report/report.pdf"),
        ("train_adapter/main/weights/adapter_model.safetensors", "missing: the adapter: train_adapter/main/weights/"),
        ("evaluate_base/predictions.jsonl", "missing: the predictions before tuning: evaluate_base/predictions.jsonl"),
    ],
)
def test_what_was_never_packed_is_told(tmp_path, without, fault):
    assert submission_check.check(make(tmp_path, without)).faults == [fault]


def test_a_table_that_the_report_links_to_and_nobody_packed_is_told(tmp_path):
    found = submission_check.check(make(tmp_path, "tables/a b.csv", **{"tables/c.csv": "c"})).faults
    assert found == [
        "missing: tables/a b.csv, which the report links to",
        "unreferenced: tables/c.csv, which the report neither shows nor links to",
    ]


@pytest.mark.parametrize(("name", "faults"), [("HW1_Hopper_1.zip", 1), ("homework (1).zip", 2)])
def test_another_name_is_told(tmp_path, name, faults):
    found = submission_check.check(rewrite(make(tmp_path), {}, name)).faults
    assert len(found) == faults and found[-1] == f"name: '{name}', but it was packed as '{NAME}'"


def test_a_flipped_byte_is_told_and_the_other_files_are_still_looked_at(tmp_path):
    archive = make(tmp_path)
    with zipfile.ZipFile(archive) as opened:
        entry = opened.getinfo("figures/a.svg")
    content = bytearray(archive.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + 4] ^= 0xFF
    archive.write_bytes(content)
    (fault,) = submission_check.check(archive).faults
    assert fault.startswith("altered: figures/a.svg: it cannot be unpacked")


def test_a_member_that_is_there_twice_is_told(tmp_path):
    archive = make(tmp_path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("report/report.pdf", "%PDF")
    assert "twice in the archive: report/report.pdf" in submission_check.check(archive).faults


def test_a_truncated_archive_is_one_sentence(tmp_path):
    archive = make(tmp_path)
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(InputError, match="is no whole zip: the upload or download broke off"):
        submission_check.check(archive)


@pytest.mark.parametrize(
    "manifest", [b"[" * 100_000, b"{", b"[]", b'{"archive": 1, "sha256": {}}', b'{"archive": "a", "sha256": ["b"]}', b"\xff"]
)
def test_a_broken_manifest_is_one_sentence(tmp_path, manifest):
    with pytest.raises(InputError, match=r"its manifest\.json is broken"):
        submission_check.check(rewrite(make(tmp_path), {"manifest.json": manifest}))


def test_a_foreign_zip_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"holds no manifest\.json of this project"):
        submission_check.check(rewrite(make(tmp_path), {"manifest.json": None}))


def add_listed(archive, name, mode=stat.S_IFREG | 0o644):
    """One more member, which the manifest lists, in an archive that is otherwise whole."""
    with zipfile.ZipFile(archive) as opened:
        manifest = json.loads(opened.read("manifest.json"))
    manifest["sha256"][name] = hashlib.sha256(b"x").hexdigest()
    target = rewrite(archive, {"manifest.json": json.dumps(manifest).encode()})
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    with zipfile.ZipFile(target, "a") as opened:
        opened.writestr(entry, b"x")
    return target


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x", "C:x"])
def test_a_member_that_leads_out_of_the_folder_is_told_even_if_the_manifest_lists_it(tmp_path, name):
    found = submission_check.check(add_listed(make(tmp_path), name)).faults
    assert found == [f"unsafe: {name!a}: it leads out of the folder in which the archive is unpacked"]


def test_a_link_is_told_even_if_the_manifest_lists_it(tmp_path):
    found = submission_check.check(add_listed(make(tmp_path), "a.txt", stat.S_IFLNK | 0o777)).faults
    assert found == ["unsafe: 'a.txt': it is no file but a link or a device"]


def test_a_name_cannot_steer_the_terminal(tmp_path):
    (fault,) = submission_check.check(rewrite(make(tmp_path), {"a\n\x1b[31m\u202eb": b""})).faults
    assert fault == r"added: 'a\n\x1b[31m\u202eb', which the manifest does not list"


def test_a_link_that_is_no_address_is_passed_over(tmp_path):
    page = RESULTS["report/report.html"] + '<a href="http://[no">x</a>'
    assert submission_check.check(make(tmp_path, **{"report/report.html": page})).faults == []


@pytest.mark.parametrize("member", ["manifest.json", "report/report.html"])
def test_a_member_that_would_fill_the_memory_is_not_read_whole(tmp_path, monkeypatch, member):
    monkeypatch.setattr(submission_check, "_MOST_BYTES", 10_000)
    archive = rewrite(make(tmp_path), {member: b" " * 20_000})
    if member == "manifest.json":
        with pytest.raises(InputError, match=r"its manifest\.json is broken"):
            submission_check.check(archive)
    else:
        assert "altered: report/report.html: its SHA-256 is not the manifest's" in submission_check.check(archive).faults


def recompress(archive, member, method):
    """Write another method of compression to a member's two headers and leave its bytes as they are."""
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        start, directory = opened.getinfo(member).header_offset, opened.start_dir
    content[start + 8 : start + 10] = struct.pack("<H", method)
    listed = content.index(member.encode(), directory) - 46
    content[listed + 10 : listed + 12] = struct.pack("<H", method)
    archive.write_bytes(content)
    return archive


@pytest.mark.parametrize("method", [12, 14, 99], ids=["bzip2", "lzma", "unknown"])
@pytest.mark.parametrize("member", ["figures/a.svg", "report/report.html", "manifest.json"])
def test_a_member_of_another_compression_is_told(tmp_path, member, method):
    archive = recompress(make(tmp_path), member, method)
    if member == "manifest.json":
        with pytest.raises(InputError, match=r"its manifest\.json is broken"):
            submission_check.check(archive)
    else:
        assert any(fault.startswith(f"altered: {member}: it cannot be unpacked") for fault in submission_check.check(archive).faults)


def run(*arguments):
    """The program as a marker runs it: with the standard library alone."""
    script = REPOSITORY / "scripts" / "check_submission.py"
    return subprocess.run([sys.executable, "-S", script, *arguments], capture_output=True, text=True, check=False)


def test_the_program_needs_no_package_and_ends_well(tmp_path):
    done = run(make(tmp_path))
    assert (done.returncode, done.stderr) == (0, "") and "nothing is missing" in done.stdout


def test_the_program_tells_each_fault_on_a_line_and_fails(tmp_path):
    done = run(rewrite(make(tmp_path), {"notes.txt": b"x", "report/report.pdf": b"x"}))
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["altered", "added"]
    assert done.stderr == "error: 2 faults found: have the archive packed and handed in again.\n"


def test_the_program_tells_of_no_archive(tmp_path):
    done = run(tmp_path / "none.zip")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1) and "none.zip is missing" in done.stderr
