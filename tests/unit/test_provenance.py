"""The code digest follows the imports and nothing else; metrics carry what made them."""

import ast
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clone import ROOT
from paliflow import files, provenance

SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of four modules and a script that reaches three of them: directly, in a function, and through another."""
    library = tmp_path / "scripts" / "paliflow"
    (library / "flow").mkdir(parents=True)
    (library / "__init__.py").write_text("")
    (library / "flow" / "__init__.py").write_text("")
    (library / "flow" / "train.py").write_text("def train():\n    from paliflow import seeds\n")
    (library / "seeds.py").write_text("import paliflow.errors\n")
    (library / "errors.py").write_text("")
    (library / "progress.py").write_text("")
    (tmp_path / "scripts" / "train_flow.py").write_text("import json\nfrom paliflow.flow.train import train\n")
    monkeypatch.setattr(provenance, "LIBRARY", library)
    return tmp_path / "scripts"


def test_imports_are_followed_however_deep(project: Path) -> None:
    reached = {path.relative_to(project).as_posix() for path in provenance.reached_files(project / "train_flow.py")}
    library = {"__init__.py", "flow/__init__.py", "flow/train.py", "seeds.py", "errors.py"}
    assert reached == {"train_flow.py"} | {f"paliflow/{name}" for name in library}


@pytest.mark.parametrize("name", ["train_flow.py", "paliflow/flow/train.py", "paliflow/seeds.py", "paliflow/errors.py"])
def test_an_edit_of_a_reached_file_changes_the_digest(project: Path, name: str) -> None:
    before = provenance.code_digest(project / "train_flow.py")
    (project / name).write_text((project / name).read_text() + "edited = True\n")
    assert provenance.code_digest(project / "train_flow.py") != before


def test_an_edit_elsewhere_keeps_the_digest(project: Path) -> None:
    before = provenance.code_digest(project / "train_flow.py")
    (project / "paliflow" / "progress.py").write_text("edited = True\n")
    assert provenance.code_digest(project / "train_flow.py") == before


def test_a_touch_keeps_the_digest(project: Path) -> None:
    before = provenance.code_digest(project / "train_flow.py")
    for path in project.rglob("*.py"):
        os.utime(path, (1, 1))
    assert provenance.code_digest(project / "train_flow.py") == before


def test_the_digest_does_not_depend_on_where_the_project_lies(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = provenance.code_digest(project / "train_flow.py")
    moved = shutil.copytree(project, project.parent / "else where")
    monkeypatch.setattr(provenance, "LIBRARY", moved / "paliflow")
    assert provenance.code_digest(moved / "train_flow.py") == before


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_nothing_is_imported_behind_the_digests_back(script: Path) -> None:
    """The digest reads `import` statements, so the code may not import by other means."""
    for path in provenance.reached_files(script):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        named = {ast.unparse(function) for function in calls}
        assert not named & {"__import__", "importlib.import_module", "import_module", "exec", "runpy.run_path"}, path


def test_metrics_hold_what_made_them(tmp_path: Path) -> None:
    provenance.Stage("train_flow", 7, {"steps": 10, "output": Path("x")}).write_metrics(
        tmp_path / "metrics.json", {"loss": 0.5}, {"loss": "1"}
    )
    metrics = files.read_json(tmp_path / "metrics.json")
    made = metrics.pop("provenance")
    assert metrics == {
        "stage": "train_flow",
        "values": {"loss": 0.5},
        "units": {"loss": "1"},
        "seed": 7,
        "settings": {"steps": 10, "output": "x"},
    }
    assert set(made) == {"commit", "python", "packages", "device", "machine", "seconds", "peak_memory_mib"}


@pytest.mark.parametrize(("seed", "settings"), [(8, {"steps": 10}), (7, {"steps": 11}), (7, {"steps": 10, "rank": 1})])
def test_another_seed_or_setting_does_not_take_up_an_unfinished_run(tmp_path: Path, seed: int, settings: dict[str, int]) -> None:
    unfinished = provenance.Stage("train_adapter", 7, {"steps": 10}).work_folder(tmp_path)
    assert provenance.Stage("train_adapter", 7, {"steps": 10}).work_folder(tmp_path) == unfinished
    assert provenance.Stage("train_adapter", seed, settings).work_folder(tmp_path) != unfinished


def test_the_packages_of_the_metrics_are_installed() -> None:
    assert [name for name in provenance.PACKAGES if provenance._version(name) is None] == []


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "LIBRARY", tmp_path)
    assert provenance.commit() == "unknown"


def test_a_copy_inside_a_checkout_of_something_else_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "__init__.py").touch()
    monkeypatch.setattr(provenance, "LIBRARY", copy)
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "x"], check=True)
    assert provenance.commit() == "unknown"
    subprocess.run([*git, "add", "."], check=True)
    assert provenance.commit().endswith("+changes")


def test_the_machine_is_told_with_its_processor_and_memory() -> None:
    told = provenance.machine()
    assert told.startswith(f"{platform.system()} {platform.machine()}, ")
    assert re.search(r", [1-9]\d* cores, \d+\.\d GiB$", told)


def test_peak_memory_is_in_mebibytes() -> None:
    assert 10 < provenance.peak_memory_mib() < 100_000
