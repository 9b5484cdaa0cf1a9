"""Every package is pinned once, the environment files agree with the pins, and torch stays the torch that was asked for."""

import ast
import importlib.metadata
import re
import sys

import pytest
import yaml

from clone import ROOT, project_files
from paliflow import provenance

ENVS = ROOT / "envs"
ENVIRONMENTS = sorted(ENVS.glob("*.yaml"))
LOCAL = {path.stem for path in (ROOT / "scripts").glob("*.py")} | {"paliflow"}
# Needed without an import of ours: by pandas for Parquet, by transformers for a 4-bit base, by the shell as programs.
NOT_IMPORTED = {"pyarrow", "accelerate", "snakemake"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines: list[str]) -> dict[str, str]:
    """Canonical name → version of each `name==version` line; anything else that is no comment is an error."""
    found = {}
    for line in lines:
        requirement = line.split("#")[0].strip()
        if requirement:
            name, version = requirement.split("==")
            found[canonical(name)] = version
    return found


REQUIREMENTS = pins((ENVS / "requirements.txt").read_text().splitlines())
DEVELOPMENT = pins((ENVS / "requirements-dev.txt").read_text().splitlines())
LOCK = pins((ENVS / "constraints.txt").read_text().splitlines())


def environment_pins(name: str) -> dict[str, str]:
    dependencies = yaml.safe_load((ENVS / name).read_text())["dependencies"]
    return pins(next(part["pip"] for part in dependencies if isinstance(part, dict)))


def imported_packages(script_name: str) -> set[str]:
    """The distributions behind the third-party modules that a script and its part of the library import."""
    modules = set()
    for path in provenance.reached_files(ROOT / "scripts" / f"{script_name}.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                modules.add(str(node.module).split(".")[0])
    providers = importlib.metadata.packages_distributions()
    return {canonical(providers[module][0]) for module in modules - sys.stdlib_module_names - LOCAL}


def rule_environments() -> dict[str, str]:
    """Rule → the file of its environment, read from the rules themselves."""
    found = {}
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for block in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            found[block.split(":", 1)[0]] = re.findall(r'"\.\./envs/(\w+\.yaml)"', block)[0]
    return found


def test_every_pin_says_why() -> None:
    lines = [line for name in ("requirements.txt", "requirements-dev.txt") for line in (ENVS / name).read_text().splitlines()]
    assert [line for line in lines if "==" in line and not re.search(r" # \S", line)] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.name)
def test_an_environment_repeats_the_pins(environment) -> None:
    pinned = environment_pins(environment.name)
    assert pinned == {name: REQUIREMENTS.get(name) for name in pinned}


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.name)
def test_only_python_and_pip_come_from_conda(environment) -> None:
    content = yaml.safe_load(environment.read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"]
    assert [part.split()[0] for part in content["dependencies"] if isinstance(part, str)] == ["python", "pip"]


def test_the_lock_holds_every_pin() -> None:
    direct = REQUIREMENTS | DEVELOPMENT
    assert {name: LOCK.get(name) for name in direct} == direct


def test_what_is_installed_is_what_is_locked() -> None:
    installed = {name: importlib.metadata.version(name).split("+")[0] for name in REQUIREMENTS | DEVELOPMENT}
    assert installed == REQUIREMENTS | DEVELOPMENT


def test_torchvision_is_asked_for_nowhere() -> None:
    """Its wheels come with another build of torch, which they would put in place of this one."""
    asked = [path for path in project_files() if path.parts[0] in ("envs", "scripts", "Makefile") and path.suffix != ".md"]
    wanted = re.compile(r"^[^#]*torchvision", re.MULTILINE)
    assert [str(path) for path in asked if wanted.search((ROOT / path).read_text(encoding="utf-8"))] == []


def test_torchvision_is_not_installed() -> None:
    assert "torchvision" not in importlib.metadata.packages_distributions()


def test_every_direct_package_is_used() -> None:
    used = set().union(*(imported_packages(path.stem) for path in (ROOT / "scripts").glob("*.py")))
    used |= {"jsonschema", "pyyaml"}  # by the settings, which the Snakefile reads and no script
    assert set(REQUIREMENTS) - NOT_IMPORTED - used == set()


@pytest.mark.parametrize(("rule", "environment"), rule_environments().items())
def test_an_environment_holds_what_its_rules_import(rule: str, environment: str) -> None:
    assert imported_packages(rule) - set(environment_pins(environment)) == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.name)
def test_an_environment_holds_nothing_that_no_rule_imports(environment) -> None:
    needed = set().union(*(imported_packages(rule) for rule, file in rule_environments().items() if file == environment.name))
    assert set(environment_pins(environment.name)) - NOT_IMPORTED - needed == set()


@pytest.mark.parametrize("environment", ["clevr.yaml", "report.yaml"])
def test_torch_is_only_where_models_are(environment: str) -> None:
    assert "torch" not in environment_pins(environment)


def test_pytest_and_its_plugin_keep_groups_of_tests_together(request: pytest.FixtureRequest) -> None:
    """Where they do not, each process makes anew what the tests of a group share; nothing else would tell."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("these tests are not shared out by group, as `make test` does")
    assert request.node.nodeid.endswith("@test_requirements.py")
