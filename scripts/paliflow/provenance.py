"""What made a result: the digest of the code behind a stage, and the metrics file that every stage writes."""

import ast
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from paliflow import files

LIBRARY = Path(__file__).resolve().parent
PACKAGES = (
    "bitsandbytes datasets jinja2 matplotlib mitsuba numpy pandas peft pot pypandoc-binary rouge-score scikit-learn scipy snakemake torch "
    "torchdiffeq transformers typst"
).split()


def code_digest(script: Path) -> str:
    """SHA-256 over a script and every module of the library that it reaches through its imports, however deep.

    The digest depends on the contents and the names of those files alone, not on where the project lies or on the files' times.
    """
    digest = hashlib.sha256()
    for path in sorted(reached_files(Path(script))):
        name = path.relative_to(LIBRARY).as_posix() if path.is_relative_to(LIBRARY) else path.name
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def reached_files(script: Path) -> set[Path]:
    """The script and the library's files that it imports, directly or through one another, at any level of the code."""
    waiting, reached = [Path(script).resolve()], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(_imported_files(path))
    return reached


def _imported_files(path: Path) -> list[Path]:
    found = []
    for name in _imported_names(path.read_bytes(), str(path)):
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            place = LIBRARY.joinpath(*parts[1:depth])
            found += [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
    return found


@functools.cache  # most modules are reached from many scripts, and every `snakemake` call asks about all of these
def _imported_names(source: bytes, path: str) -> frozenset[str]:
    """The dotted names that a module's code imports from the library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in names if name.split(".")[0] == LIBRARY.name)


class Stage:
    """One run of one stage, from its first line to the metrics file that it leaves."""

    def __init__(self, name: str, seed: int, settings: dict[str, Any]) -> None:
        self.name, self.seed, self.settings = name, seed, settings
        self._started = time.monotonic()

    def work_folder(self, output: Path) -> Path:
        """A folder in `output` for what an interrupted run leaves to the next; its name changes with code, seed and settings."""
        settings = json.dumps([self.seed, self.settings], default=str, sort_keys=True)
        key = hashlib.sha256((code_digest(LIBRARY.parent / f"{self.name}.py") + settings).encode()).hexdigest()[:16]
        folder = Path(output) / ".work" / self.name / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write_metrics(
        self,
        path: Path,
        values: dict[str, Any],
        units: dict[str, str] | None = None,
        device: str = "cpu",
        measured: dict[str, float] | None = None,
    ) -> None:
        """Write `{stage, values, units, seed, settings, provenance}`; what a score needs (low, high, n) stands inside `values`.

        `measured` is what differs from run to run, such as a cost; it stands in `provenance`, beside the run's time and memory.
        """
        versions = {name: version for name in PACKAGES if (version := _version(name))}
        provenance = {
            "commit": commit(),
            "python": platform.python_version(),
            "packages": versions,
            "device": device,
            "machine": machine(),
            "seconds": round(time.monotonic() - self._started, 2),
            "peak_memory_mib": peak_memory_mib(),
        } | (measured or {})
        settings = {key: str(value) if isinstance(value, Path) else value for key, value in self.settings.items()}
        document = {"stage": self.name, "values": values, "units": units or {}, "seed": self.seed}
        files.write_json(path, document | {"settings": settings, "provenance": provenance})


def has_gpu() -> bool:
    """Whether an NVIDIA GPU is to be seen, asked without importing torch."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


def peak_memory_mib() -> float:
    """The most memory that this process, or any one that it started and saw end, ever held, in MiB."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def machine() -> str:
    """System, processor, cores and memory, "Linux x86_64, Intel(R) Xeon(R) Processor, 2 cores, 23.5 GiB", as far as the system tells."""
    processor = platform.processor()
    if (told := Path("/proc/cpuinfo")).is_file():
        processor = next((line.split(":")[1].strip() for line in told.read_text().splitlines() if line.startswith("model name")), processor)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [f"{platform.system()} {platform.machine()}", processor, f"{os.cpu_count()} cores", f"{memory:.1f} GiB"]
    return ", ".join(part for part in parts if part)


def commit() -> str:
    """The commit the code stands at, with `+changes` behind it where tracked files differ; `unknown` where git does not track the code.

    A copy of the code may lie inside somebody's repository, whose commit says nothing of it.
    """
    try:
        subprocess.run(["git", "ls-files", "--error-unmatch", "__init__.py"], cwd=LIBRARY, capture_output=True, check=True)
        head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=LIBRARY, capture_output=True, text=True, check=True)
        changes = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=LIBRARY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if changes.stdout.strip() else "")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
