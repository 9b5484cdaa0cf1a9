"""Answers the calls that Snakemake makes of `conda` under --use-conda, where no conda is installed.

Solving and linking are done for real by rattler, from the channels that an environment file names, looked up below the folder
PALIFLOW_CHANNELS; the `pip:` part of the file is installed by the new environment's own pip. The calls known are

    conda --version · conda info --json · conda config --get channel_priority --json · conda clean -y --tarballs
    conda env create --quiet --no-default-packages --file FILE --prefix FOLDER
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import rattler
import yaml

BASE = Path(os.environ["PALIFLOW_CONDA_BASE"])
CHANNELS = Path(os.environ["PALIFLOW_CHANNELS"])
VERSION = "24.11.3"


def main(call: list[str]) -> None:
    match call:
        case ["--version"]:
            print(f"conda {VERSION}")
        case ["info", *_]:
            known = {"conda_prefix": str(BASE), "root_prefix": str(BASE), "conda_version": VERSION, "platform": "linux-64", "envs": []}
            print(json.dumps(known))
        case ["config", "--get", "channel_priority", *_]:
            print(json.dumps({"get": {"channel_priority": "strict"}, "success": True, "warnings": []}))
        case ["clean", *_]:
            pass
        case ["env", "create", *options]:
            create_environment(options)
        case _:
            sys.exit(f"error: the stand-in for conda does not know the call `conda {' '.join(call)}`.")


def create_environment(options: list[str]) -> None:
    """Solve, link and pip-install one environment file, as `conda env create` does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--prefix", type=Path, required=True)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--no-default-packages", action="store_true")
    arguments = parser.parse_args(options)
    content = yaml.safe_load(arguments.file.read_text())
    asyncio.run(link_packages(content, arguments.prefix))
    for part in content["dependencies"]:
        if isinstance(part, dict):
            install_with_pip(part["pip"], arguments.prefix)


async def link_packages(content: dict[str, Any], prefix: Path) -> None:
    channels = [rattler.Channel((CHANNELS / name).as_uri()) for name in content["channels"] if name != "nodefaults"]
    wanted = [part for part in content["dependencies"] if isinstance(part, str)]
    records = await rattler.solve(
        channels,
        wanted,
        gateway=rattler.Gateway(cache_dir=str(BASE / "repodata")),
        platforms=[rattler.Platform.current(), rattler.Platform("noarch")],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(records, str(prefix), cache_dir=str(BASE / "packages"), show_progress=False)
    (prefix / "conda-meta").mkdir(exist_ok=True)
    (prefix / "conda-meta" / "history").touch()


def install_with_pip(requirements: list[str], prefix: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(requirements) + "\n")
        listed.flush()
        command = [
            prefix / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
            listed.name,
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # rattler's threads now and then crash an interpreter that ends in order
