"""The archive to hand in: report, code and results, the same bytes for the same contents."""

import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from paliflow import files
from paliflow.errors import InputError

CODE = (
    "README.md LICENSE Makefile Snakefile config.yaml config.schema.yaml pyproject.toml .gitignore .ci rules scripts envs presets profiles "
    "report_template base_model tests benchmarks docs"
).split()
"""The top-level names that it takes to run the study again; those that are missing are passed over."""

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = {"__pycache__", "node_modules"}

CONTENTS = """What is in this archive

report/            the report: report.html (one file, any browser), report.pdf, and the Markdown both are made from
figures/, tables/  every figure and table of the report
sample_answers/    the random test samples that the report shows, with their pictures
clevr/             the metrics of the rendering, where the scenes were rendered for this study
subset_clevr/      the data's counts, shares and digests
train_adapter/     the trained adapters with the loss of every step
evaluate_base/, evaluate_adapter/  every prediction on the test questions, and the scores
couple_flow/, train_flow/, evaluate_flow/  costs of the couplings, losses, and distances of the flow experiments
compute_theory/    the numbers that the theory computes
code/              what it takes to run the study again: see code/README.md
manifest.json      SHA-256 of each file
Each stage's metrics.json holds its numbers, settings, seed, versions, and what it took.
"""


def archive_name(homework: int, last_name: str, student_number: str) -> str:
    """The archive's file name, HW{n}_{LastName}_{StudentNumber}.zip.

    Raises:
        InputError: a part of it would lead into another folder or is no text.
    """
    for key, part in (("last_name", last_name), ("student_number", student_number)):
        if not part or any(character in part for character in "/\\:\0") or part.startswith("."):
            raise InputError(f"config: report.{key} is {part!r}, which cannot be part of a file name: use letters, digits and hyphens.")
    return f"HW{homework}_{last_name}_{student_number}.zip"


def code_files(root: Path) -> list[Path]:
    """The files of the project that it takes to run it again, sorted; caches, hidden and compiled files are left out.

    It asks no git, so it works in a checkout and in the unpacked `code/` of an archive alike.
    """
    found = []
    for name in CODE:
        place = Path(root) / name
        found += [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file() and _is_kept(path.relative_to(place))]
    return sorted(found)


def pack(path: Path, contents: Mapping[str, Path]) -> None:
    """Write an archive of some files with a manifest of their digests; equal files give equal bytes.

    Args:
        contents: the files by their names in the archive.

    Raises:
        InputError: a file is missing, or a name in the archive is absolute or leads upwards.
    """
    texts = {"CONTENTS.txt": CONTENTS, "manifest.json": json.dumps(_digests(contents), indent=1, sort_keys=True) + "\n"}
    with files.replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted([*contents, *texts]):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            content = texts[name].encode() if name in texts else contents[name].read_bytes()
            entry.external_attr = (0o100755 if content.startswith(b"#!") else 0o100644) << 16
            archive.writestr(entry, content)


def remove_others(path: Path) -> list[Path]:
    """Remove the archives beside `path` that were packed under another name, so that only the latest can be handed in.

    An archive is one of ours if it is called as `archive_name` does and holds the CONTENTS.txt and manifest.json of `pack`.

    Returns:
        The removed files.
    """
    path = Path(path)
    others = [other for other in path.parent.glob("HW*_*.zip") if other.name != path.name and _is_ours(other)]
    for other in others:
        other.unlink()
    return sorted(others)


def arrange(results: Iterable[Path], results_folder: Path, code: Iterable[Path], root: Path) -> dict[str, Path]:
    """Names in the archive: results (files, or folders with all in them) as they lie below the results folder, code below `code/`.

    Raises:
        InputError: a result does not lie below the results folder.
    """
    names = {}
    for path in (
        file for result in map(Path, results) for file in (result.rglob("*") if result.is_dir() else [result]) if not file.is_dir()
    ):
        if not path.resolve().is_relative_to(Path(results_folder).resolve()):
            raise InputError(f"{path} does not lie below {results_folder}: only results and the project's code go into the archive.")
        if not path.name.startswith("."):
            names[path.resolve().relative_to(Path(results_folder).resolve()).as_posix()] = path
    return names | {"code/" + path.relative_to(root).as_posix(): path for path in code}


def _digests(contents: Mapping[str, Path]) -> dict[str, str]:
    digests = {}
    for name, path in contents.items():
        if name.startswith("/") or ".." in Path(name).parts:
            raise InputError(f"the archive's entry '{name}' leads out of the archive: name files below results/ or the project.")
        if not Path(path).is_file():
            raise InputError(f"{path} is missing: run the stage that writes it before packing.")
        digests[name] = files.sha256(path)
    return digests


def _is_ours(path: Path) -> bool:
    if not re.fullmatch(r"HW\d+_.+_.+\.zip", path.name):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("CONTENTS.txt").startswith(CONTENTS.split("\n", 1)[0].encode()) and "manifest.json" in archive.namelist()
    except (zipfile.BadZipFile, KeyError):
        return False


def _is_kept(path: Path) -> bool:
    return not (
        _LEFT_OUT.intersection(path.parts)
        or any(part.startswith(".") for part in path.parts)
        or path.suffix == ".pyc"
        or path.name.endswith("~")
    )
