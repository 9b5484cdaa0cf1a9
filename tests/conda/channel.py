"""A conda channel on disk with two packages, this machine's own Python and pip, so that an environment can be solved without a network.

Run as `python channel.py FOLDER`; then FOLDER/conda-forge is a channel for linux-64, with what envs/*.yaml ask of conda.
"""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import rattler.index
from conda_package_handling.conda_fmt import CondaFormat_v2

VERSION = ".".join(map(str, sys.version_info[:3]))
NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
# Debian's Python looks for packages elsewhere than the others do.
SITE = "lib/python3/dist-packages" if "deb_system" in sysconfig.get_scheme_names() else f"lib/{NAME}/site-packages"
LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "turtledemo", "ensurepip", "site-packages", "dist-packages", "EXTERNALLY-MANAGED"}
PROGRAMS = Path(sys.executable).parent


def build_channel(folder: Path) -> Path:
    """Build FOLDER/conda-forge anew and return it."""
    channel = folder / "conda-forge"
    shutil.rmtree(channel, ignore_errors=True)
    for platform in ("linux-64", "noarch"):
        (channel / platform).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / f"python-{VERSION}-0"
        copy_python(tree)
        describe_python(tree)
        members = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if is_member(path)]
        CondaFormat_v2.create(str(tree), members, f"{tree.name}.conda", str(channel / "linux-64"), compression_level=1)
        wheels = Path(scratch) / "wheels"
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", wheels, "pip"], check=True)
        for wheel in wheels.glob("*.whl"):
            subprocess.run([PROGRAMS / "whl2conda", "convert", wheel, "--out", channel / "noarch", "--batch"], check=True)
    asyncio.run(rattler.index.index_fs(str(channel)))
    return channel


def copy_python(tree: Path) -> None:
    """Copy the interpreter that runs this, and its standard library, so that it works wherever the copy is put."""
    library, base = Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix)
    shutil.copytree(
        library,
        tree / "lib" / NAME,
        symlinks=False,
        ignore_dangling_symlinks=True,
        ignore=lambda _, names: [name for name in names if name in LEFT_OUT or name.startswith("config-")],
    )
    (tree / SITE).mkdir(parents=True)
    (tree / SITE / "README.txt").write_text("Packages go here.\n")
    for shared in (base / "lib").glob(f"lib{NAME}*.so*"):
        shutil.copy2(shared, tree / "lib")
    (tree / "bin").mkdir()
    shutil.copy2(base / "bin" / NAME, tree / "bin" / NAME)
    subprocess.run([PROGRAMS / "patchelf", "--set-rpath", "$ORIGIN/../lib", tree / "bin" / NAME], check=True)
    for name in ("python", "python3"):
        (tree / "bin" / name).symlink_to(NAME)


def describe_python(tree: Path) -> None:
    """Write the `info/` folder that makes the copy a conda package."""
    entries = [path_entry(tree, path) for path in sorted(tree.rglob("*")) if is_member(path)]
    index = {
        "name": "python",
        "version": VERSION,
        "build": "0",
        "build_number": 0,
        "depends": [],
        "subdir": "linux-64",
        "license": "PSF-2.0",
        "python_site_packages_path": SITE,
    }
    write_info(tree, "paths.json", {"paths": entries, "paths_version": 1})
    write_info(tree, "index.json", index)
    write_info(tree, "about.json", {})
    (tree / "info" / "files").write_text("".join(f"{entry['_path']}\n" for entry in entries))


def path_entry(tree: Path, path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "_path": path.relative_to(tree).as_posix(),
        "path_type": "softlink" if path.is_symlink() else "hardlink",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_in_bytes": len(content),
    }


def is_member(path: Path) -> bool:
    return path.is_file() or path.is_symlink()


def write_info(tree: Path, name: str, content: dict[str, Any]) -> None:
    (tree / "info").mkdir(exist_ok=True)
    (tree / "info" / name).write_text(json.dumps(content))


if __name__ == "__main__":
    build_channel(Path(sys.argv[1]).resolve())
    os._exit(0)  # rattler's threads now and then crash an interpreter that ends in order
