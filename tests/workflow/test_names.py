"""One name for one thing: a rule, its script, its folder of results and its folder of logs."""

import re
from pathlib import Path

import pytest

from clone import ROOT

SHARED_FOLDERS = {  # the rules whose results lie together: a data set, the figures, the tables, what is handed in
    "plot": "figures",
    "tabulate": "tables",
    "render_report": "report",
    "pack_submission": "report",
    "render_clevr": "clevr",
    "ask_clevr": "clevr",
    "fetch_clevr": "clevr",
}
TOOLS = {"check_clevr", "check_submission"}  # for people to run by hand; no rule needs it


def rules() -> dict[str, str]:
    """The text of each rule that runs a program, by name."""
    found = {}
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for block in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            found[block.split(":", 1)[0]] = block
    return found


RULES = rules()


def directive(block: str, name: str) -> str:
    """The text of one directive of a rule, or nothing."""
    found = re.search(rf"^    {name}:\n((?:^(?:        .*)?\n)+)", block + "\n", re.MULTILINE) or re.search(
        rf"^    {name}: (.*)\n", block, re.MULTILINE
    )
    return found.group(1) if found else ""


def test_there_is_a_rule_for_every_script_and_a_script_for_every_rule() -> None:
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} - TOOLS == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_name_is_a_verb_and_a_noun(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_runs_its_script_and_no_other(name: str) -> None:
    assert re.findall(r"scripts/(\w+)\.py", directive(RULES[name], "shell")) == [name]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_carries_the_digest_of_its_script(name: str) -> None:
    assert re.search(rf'code=code_digest\("scripts/{name}\.py"\)', directive(RULES[name], "params"))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_logs_into_its_folder_and_shows_the_log(name: str) -> None:
    assert re.search(rf'"logs/{name}/[^"]+\.log"', directive(RULES[name], "log"))
    assert re.search(r"2>&1 \| tee \{log(:q)?\}", directive(RULES[name], "shell"))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_writes_into_its_folder(name: str) -> None:
    folder = SHARED_FOLDERS.get(name) or SHARED_FOLDERS.get(name.split("_")[0], name)
    written = re.findall(r'"([^"]+)"', directive(RULES[name], "output"))
    paths = [path for path in written if "/" in path]
    assert paths and all(path.startswith(f"results/{folder}/") for path in paths), paths


@pytest.mark.parametrize("name", RULES)
def test_a_rule_names_an_environment_file_and_its_threads(name: str) -> None:
    environment = re.findall(r'"\.\./envs/(\w+\.yaml)"', directive(RULES[name], "conda"))
    assert len(environment) == 1 and (ROOT / "envs" / environment[0]).is_file()
    assert re.search(r"^    threads:", RULES[name], re.MULTILINE)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_it_does(name: str) -> None:
    assert re.search(r'^    """[A-Z]', RULES[name], re.MULTILINE)


def test_the_documentation_names_existing_rules() -> None:
    told = set(
        re.findall(
            r"`((?:render|ask|check|fetch|subset|evaluate|train|sample|couple|compute|plot|tabulate|pack|pretrain)_\w+)`",
            Path(ROOT / "README.md").read_text(),
        )
    )
    assert told <= set(RULES) | TOOLS
