"""The rooms of the library and the arrows between them, and the few rules about files that everybody relies on."""

import ast
import re
from pathlib import Path

import pytest

from clone import ROOT, project_files
from paliflow import provenance

LIBRARY = ROOT / "scripts" / "paliflow"
ROOMS = ("clevr", "vlm", "flow", "report")
MODULES = sorted(LIBRARY.rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
HEAVY = {"torch", "transformers", "peft", "bitsandbytes", "datasets", "torchdiffeq", "mitsuba", "accelerate"}


def imported(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports, at any depth of its code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which the code digest does not follow"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def room(name: str) -> str:
    """`paliflow.flow.train.fit` → `flow`; a shared module → its own name."""
    return name.split(".")[1] if name.count(".") else ""


def named(path: Path) -> str:
    return path.relative_to(ROOT / "scripts").as_posix()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_room_imports_itself_and_what_is_shared(module: Path) -> None:
    own = module.relative_to(LIBRARY).parts[0]
    others = set(ROOMS) - {own}
    assert {name for name in imported(module) if name.startswith("paliflow.") and room(name) in others} == set()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_the_library_knows_neither_snakemake_nor_the_scripts(module: Path) -> None:
    above = {"snakemake"} | {path.stem for path in SCRIPTS}
    assert {name for name in imported(module) if name.split(".")[0] in above} == set()


def reached_packages(script: Path) -> set[str]:
    files = provenance.reached_files(script)
    return {name.split(".")[0] for path in files for name in imported(path)}


REPORT_SCRIPTS = [
    path for path in SCRIPTS if path.stem.split("_")[0] in ("plot", "tabulate", "render", "pack") and path.stem != "render_clevr"
]


@pytest.mark.parametrize("script", [path for path in MODULES if path.is_relative_to(LIBRARY / "report")] + REPORT_SCRIPTS, ids=named)
def test_the_report_needs_no_model(script: Path) -> None:
    assert reached_packages(script) & HEAVY == set()


def test_the_front_door_needs_no_model() -> None:
    reached = provenance.reached_files(LIBRARY / "settings.py") | provenance.reached_files(LIBRARY / "provenance.py")
    assert {name.split(".")[0] for path in reached for name in imported(path)} & HEAVY == set()


def test_the_front_door_has_at_most_sixty_lines() -> None:
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 60


@pytest.mark.parametrize("name", ["Snakefile", "rules", "scripts", "envs", "config.yaml", "report_template", "README.md"])
def test_the_promised_names_are_there(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_a_script_ends_mistakes_with_one_sentence(script: Path) -> None:
    assert script.read_text().rstrip().endswith('if __name__ == "__main__":\n    errors.run(main)')


@pytest.mark.parametrize("path", MODULES + SCRIPTS, ids=named)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert documentation or path.read_text() == ""


@pytest.mark.parametrize("name", ["clevr", "vlm"])
def test_a_rooms_map_names_each_of_its_modules_once(name: str) -> None:
    told = re.findall(r"`(\w+)`", ast.get_docstring(ast.parse((LIBRARY / name / "__init__.py").read_text())) or "")
    assert sorted(told) == sorted(path.stem for path in (LIBRARY / name).glob("*.py") if path.stem != "__init__")


def text_files() -> list[Path]:
    return [path for path in project_files() if (ROOT / path).suffix in {".py", ".smk", ".yaml", ".md", ".j2", ".toml", ".txt", ".bib", ""}]


def test_no_path_of_a_machine_is_written_anywhere() -> None:
    absolute = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:home|root|work|Users)/")
    found = [str(path) for path in text_files() if path != Path(__file__).relative_to(ROOT)]
    assert [path for path in found if absolute.search((ROOT / path).read_text(encoding="utf-8", errors="ignore"))] == []


def test_everything_needed_is_tracked_or_made() -> None:
    """A tracked file may be at most 20 MB, as the base model is; data and results never are tracked."""
    sizes = {str(path): (ROOT / path).stat().st_size for path in project_files()}
    assert {path: size for path, size in sizes.items() if size > 20_000_000} == {}
    assert [path for path in sizes if path.split("/")[0] in {"results", "data", "logs", ".snakemake"}] == []


def test_every_job_that_holds_a_model_takes_its_turn_at_the_gpu() -> None:
    rules = re.split(r"(?m)^rule ", (ROOT / "rules" / "vlm.smk").read_text(encoding="utf-8"))
    holding = {rule.split(":")[0]: rule for rule in rules if "--compute-type" in rule}
    assert len(holding) == 6
    assert [name for name, rule in holding.items() if "gpu=GPU" not in rule] == []
    assert "resources: {gpu: 1}" in (ROOT / "profiles" / "default" / "config.yaml").read_text(encoding="utf-8")
