"""The conda that the tests of this folder call: the installed one, or else the stand-in beside this file."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def conda(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment variables under which Snakemake finds a conda, and keeps its cache here; says on the terminal which one it is."""
    folder = tmp_path_factory.mktemp("conda")
    installed = shutil.which("conda")
    if installed:
        version = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        announce(request, f"tests/conda runs with the installed conda: {version}, {installed}")
        return {"CONDA_PKGS_DIRS": str(folder / "packages")}
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("no conda is installed, and the stand-in for it works on Linux x86-64 only")
    announce(request, "tests/conda runs with its stand-in for conda (py-rattler), for no conda is installed")
    subprocess.run([sys.executable, HERE / "channel.py", folder / "channels"], check=True, capture_output=True)
    programs = folder / "bin"
    programs.mkdir()
    shutil.copy(HERE / "activate", programs / "activate")
    (programs / "conda").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "stand_in.py"}" "$@"\n')
    (programs / "conda").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    # Without PIP_NO_COMPILE pip would compile every module of torch, of which a job imports a few.
    return {"PATH": path, "PIP_NO_COMPILE": "1", "PALIFLOW_CONDA_BASE": str(folder), "PALIFLOW_CHANNELS": str(folder / "channels")}


def announce(request: pytest.FixtureRequest, message: str) -> None:
    """Print a line past pytest's capture, so that everybody who runs the tests sees it."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{message}", flush=True)
