"""The archive to hand in: report, code and results, the same bytes for the same contents."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from paliflow import files
from paliflow.errors import InputError

CODE = (
    "README.md LICENSE Makefile Snakefile config.yaml config.schema.yaml pyproject.toml .gitignore .ci rules scripts envs presets profiles "
    "report_template base_model tests benchmarks docs"
).split()
"""The top-level names that it takes to run the study again; those that are missing are passed over."""

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
MEGABYTE = 1_000_000
_LEFT_OUT = {"__pycache__", "node_modules"}
_LARGEST = 5  # files that the complaint about an archive's size names

CONTENTS = """What is in this archive

report/            the report: report.html (one file, any browser), report.pdf, and the Markdown both are made from
figures/, tables/  every figure and table of the report, as files
sample_answers/    the random test samples that the report shows, with their pictures
clevr/             the metrics of the rendering or of the download, where the scenes come from there
subset_clevr/      the data's counts, shares and digests
encode_images/     what showing every picture to the vision tower took
train_adapter/     the trained adapter of the study, and of every run the loss of each step
evaluate_base/, evaluate_adapter/  every prediction on the test questions, and the scores
compare_runs/      methods, ranks and consistency weights compared over seeds
measure_memory/    what a training step keeps in memory, estimated and measured
analyse_adapter/   errors of 4-bit types, singular values of the adapters, where the answer looks
couple_flow/, train_flow/, evaluate_flow/  costs of the couplings, losses, and distances of the flow experiments
train_diffusion/, evaluate_diffusion/      the diffusion models beside them
evaluate_digits/   flows and diffusions that draw digits
compare_transport/ what the transport's batch, the kind of coupling and the path do
reproduce_tong/    path energies at a paper's own setting
compute_theory/    the numbers that the theory computes
code/              what it takes to run the study again: see code/README.md
settings.json      the settings of this study, whole
manifest.json      the archive's name and the SHA-256 of each file

Each stage's metrics.json holds its numbers, settings, seed, versions, and what it took.

To check that nothing is missing or altered (Python 3.11 or newer, nothing to install), beside the archive after unpacking it:
    python3 code/scripts/check_submission.py HW….zip
To make the same study again:
    cd code && make report CONFIG=../settings.json
"""


def code_files(root: Path) -> list[Path]:
    """The files of the project that it takes to run it again, sorted; caches, hidden and compiled files are left out.

    It asks no git, so it works in a checkout and in the unpacked `code/` of an archive alike.
    """
    found = []
    for name in CODE:
        place = Path(root) / name
        found += [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file() and _is_kept(path.relative_to(place))]
    return sorted(found)


def pack(path: Path, contents: Mapping[str, Path], settings: Mapping[str, Any], most_megabytes: float) -> None:
    """Write an archive of some files with the settings and a manifest of all digests; equal files give equal bytes.

    Args:
        contents: the files by their names in the archive.
        settings: the config that the results were made with.
        most_megabytes: what the archive may take; the config's report.archive_megabytes.

    Raises:
        InputError: a file is missing, a name in the archive is absolute or leads upwards, or the archive is too large.
    """
    texts = {"CONTENTS.txt": CONTENTS, "settings.json": json.dumps(settings, indent=1) + "\n"}
    digests = _digests(contents) | {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    manifest = {"archive": Path(path).name, "sha256": digests}
    texts["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    with files.replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name in sorted([*contents, *texts]):
                entry = zipfile.ZipInfo(name, FIXED_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3
                content = texts[name].encode() if name in texts else contents[name].read_bytes()
                entry.external_attr = (0o100755 if content.startswith(b"#!") else 0o100644) << 16
                archive.writestr(entry, content)
            entries = archive.infolist()
        _check_size(Path(path).name, temporary.stat().st_size, entries, most_megabytes)


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


def _check_size(name: str, size: int, entries: Iterable[zipfile.ZipInfo], most_megabytes: float) -> None:
    if size > most_megabytes * MEGABYTE:
        largest = sorted(entries, key=lambda entry: entry.compress_size, reverse=True)[:_LARGEST]
        shares = ", ".join(f"{entry.filename} ({entry.compress_size / MEGABYTE:.1f} MB)" for entry in largest)
        raise InputError(
            f"{name} would take {size / MEGABYTE:.1f} MB, more than report.archive_megabytes ({most_megabytes:g}) allows; "
            f"most of it are {shares}: raise that setting if more may be handed in, or make the largest smaller."
        )


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
