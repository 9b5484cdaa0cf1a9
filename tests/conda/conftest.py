"""The conda that the tests of this folder call: the installed one, or else the stand-in beside this file."""

import os
import platform
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def conda(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment variables under which Snakemake finds a conda, and keeps its cache here; a stand-in says so in a warning."""
    folder = tmp_path_factory.mktemp("conda")
    if shutil.which("conda"):
        return {"CONDA_PKGS_DIRS": str(folder / "packages")}
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("no conda is installed, and the stand-in for it works on Linux x86-64 only")
    warnings.warn("tests/conda ran with its stand-in for conda (py-rattler), for no conda is installed", stacklevel=1)
    subprocess.run([sys.executable, HERE / "channel.py", folder / "channels"], check=True, capture_output=True)
    programs = folder / "bin"
    programs.mkdir()
    shutil.copy(HERE / "activate", programs / "activate")
    (programs / "conda").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "stand_in.py"}" "$@"\n')
    (programs / "conda").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    # Without PIP_NO_COMPILE pip would compile every module of torch, of which a job imports a few.
    return {"PATH": path, "PIP_NO_COMPILE": "1", "PALIFLOW_CONDA_BASE": str(folder), "PALIFLOW_CHANNELS": str(folder / "channels")}
