"""Only what changed is done again: nothing the second time, and after an edit exactly the rules that reach it."""

import os
import re
from pathlib import Path

import pytest

from clone import Clone, project_files
from paliflow import provenance

EDITED = ["flow/network.py", "vlm/score.py", "clevr/questions.py", "report/render.py", "seeds.py"]


@pytest.fixture(scope="module")
def arrows(finished: Clone) -> set[tuple[str, str]]:
    """The pairs of rules of the study in which the second uses a result of the first."""
    graph = finished.run("--rulegraph", "--forceall").stdout
    names = dict(re.findall(r'(\d+)\[label\s*=\s*"(\w+)', graph))
    return {(names[tail], names[head]) for tail, head in re.findall(r"(\d+) -> (\d+)", graph)}


def with_dependants(rules: set[str], arrows: set[tuple[str, str]]) -> set[str]:
    """The rules, and all that use their results, directly or through others."""
    reached = set(rules)
    while new := {head for tail, head in arrows if tail in reached} - reached:
        reached |= new
    return reached


def changed(plan: dict[str, str]) -> set[str]:
    """The rules that a dry run would do for a change of their own; of those behind them Snakemake tells only that their input changes."""
    return {rule for rule, reason in plan.items() if "Params have changed" in reason}


def test_a_second_run_does_nothing(finished: Clone) -> None:
    again = finished.run()
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout


def test_a_touch_of_every_file_reruns_nothing(finished: Clone, tmp_path: Path) -> None:
    clone = finished.copy(tmp_path)
    for name in project_files():
        os.utime(clone.folder / name)
    assert clone.planned() == {}


@pytest.fixture(scope="module")
def editable(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A finished clone whose library the tests edit; each puts back what it changed."""
    return finished.copy(tmp_path_factory.mktemp("edits"))


@pytest.mark.parametrize("module", EDITED)
def test_an_edit_reruns_exactly_the_rules_that_reach_it(editable: Clone, arrows: set[tuple[str, str]], module: str) -> None:
    path = editable.folder / "scripts" / "paliflow" / module
    before = path.read_bytes()
    scripts = {script.stem: script for script in (editable.folder / "scripts").glob("*.py")}
    try:
        path.write_bytes(before + b"\nEDITED = True\n")
        plan = editable.planned()
    finally:
        path.write_bytes(before)
    studied = {rule for arrow in arrows for rule in arrow} & set(scripts)
    reaching = {rule for rule in studied if module in reached_modules(scripts[rule])}
    assert reaching, f"no rule of the study reaches {module}"
    assert changed(plan) and changed(plan) <= reaching
    assert set(plan) == with_dependants(reaching, arrows)


def reached_modules(script: Path) -> set[str]:
    """The library's modules that a script reaches, by name; asked of the project itself, of which the clone is a copy."""
    original = Path(provenance.LIBRARY).parent / script.name
    return {
        path.relative_to(provenance.LIBRARY).as_posix()
        for path in provenance.reached_files(original)
        if path.is_relative_to(provenance.LIBRARY)
    }


def test_an_edit_of_a_template_renders_and_packs_again_for_real(editable: Clone) -> None:
    template = next((editable.folder / "report_template" / "theory").glob("*.j2"))
    template.write_text(template.read_text() + "\nAn added line.\n")
    assert set(editable.planned()) == {"render_report", "pack_submission", "all"}
    done = editable.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert "An added line." in (editable.folder / "results" / "report" / "report.md").read_text()
    assert editable.planned() == {}


def test_a_changed_setting_reruns_only_the_rules_that_use_it(finished: Clone, arrows: set[tuple[str, str]]) -> None:
    preset = finished.write_preset("sample_points", flow={"sample_points": 201})
    try:
        plan = finished.planned(configfile=preset)
    finally:
        (finished.folder / preset).unlink()
    users = {"evaluate_flow", "evaluate_diffusion", "compare_transport"}
    assert changed(plan) == users
    assert set(plan) == with_dependants(users, arrows)
