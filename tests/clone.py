"""A copy of the project as a newcomer gets it, in a path with a space, and the calls that a newcomer makes there."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SMOKE = "presets/smoke.yaml"


def project_files() -> list[Path]:
    """Every file that git tracks or would track, relative to the project's root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@dataclass
class Clone:
    """A working copy of the project, and Snakemake with the smoke preset in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)  # variables beside the ambient ones

    @classmethod
    def fresh(cls, parent: Path) -> "Clone":
        """Copy the project's own files, and nothing that was produced, into a folder below `parent`."""
        folder = parent / "a clone"
        for name in project_files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        return cls(folder)

    def copy(self, parent: Path) -> "Clone":
        """The same clone, results included, somewhere else: what a test does there stays there."""
        return Clone(Path(shutil.copytree(self.folder, parent / "a clone", symlinks=True)), dict(self.environment))

    def write_preset(self, name: str, **sections: object) -> str:
        """Overlay `sections` on the smoke preset, as a new preset file; returns its path for `--configfile`."""
        preset = yaml.safe_load((self.folder / SMOKE).read_text())
        for section, content in sections.items():
            _overlay(preset, section, content)
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(preset))
        return path.name

    def start(self, *arguments: str, configfile: str = SMOKE, cores: int = 2) -> subprocess.Popen[str]:
        """Start Snakemake in the background, in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores), "--configfile", configfile]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, configfile: str = SMOKE, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end; `stdout` holds both its streams."""
        process = self.start(*arguments, configfile=configfile, cores=cores)
        output, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output, "")

    def planned(self, *arguments: str, configfile: str = SMOKE) -> dict[str, str]:
        """What a dry run would do: each rule with the reasons that Snakemake gives for its jobs."""
        dry = self.run("--dry-run", *arguments, configfile=configfile)
        assert dry.returncode == 0, dry.stdout
        plan: dict[str, str] = {}
        for block in re.split(r"^(?:local)?rule ", dry.stdout, flags=re.MULTILINE)[1:]:
            reason = re.search(r"^    reason: (.*)$", block, re.MULTILINE)
            name = block.split(":", 1)[0]
            plan[name] = plan.get(name, "") + (reason.group(1) if reason else "")
        return plan

    def produced(self) -> dict[str, bytes]:
        """The contents of every result; of the metrics without their provenance, which tells how long a stage took."""
        files = sorted(path for path in (self.folder / "results").rglob("*") if path.is_file())
        shown = {path.relative_to(self.folder).as_posix(): path for path in files}
        return {name: _lasting_content(path) for name, path in shown.items() if "/." not in name}

    def _variables(self) -> dict[str, str]:
        variables = {**os.environ, "XDG_CACHE_HOME": str(self.folder.parent / "cache"), **self.environment}
        return variables | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"}


def _overlay(preset: dict[str, object], section: str, content: object) -> None:
    below = preset.get(section)
    if isinstance(below, dict) and isinstance(content, dict):
        for key, value in content.items():
            _overlay(below, key, value)
    else:
        preset[section] = content


def _lasting_content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".json" and b'"provenance"' in content:
        document = json.loads(content)
        document.pop("provenance", None)
        return json.dumps(document).encode()
    return content
