"""A run that is killed, by stage or as a whole, goes on afterwards and ends in the same bytes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clone import Clone

TARGET = "results/train_flow/gaussian_to_moons/model.safetensors"
SCRIPT = "scripts/train_flow.py"

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the processes in /proc, which this system lacks")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, str]:
    """A clone whose training is long enough for a checkpoint, with everything before it done, and its preset."""
    clone = Clone.fresh(tmp_path_factory.mktemp("ready"))
    preset = clone.write_preset("longer", flow={"steps": 60000, "seeds": 2, "pairs": ["gaussian_to_moons"]})
    done = clone.run("results/couple_flow/gaussian_to_moons.npz", configfile=preset)
    assert done.returncode == 0, done.stdout[-3000:]
    return clone, preset


@pytest.fixture(scope="module")
def unbroken(ready: tuple[Clone, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The results of a training that nobody killed."""
    clone = ready[0].copy(tmp_path_factory.mktemp("unbroken"))
    done = clone.run(TARGET, configfile=ready[1])
    assert done.returncode == 0, done.stdout[-3000:]
    return clone.produced()


@pytest.fixture
def training(ready: tuple[Clone, str], tmp_path: Path) -> Iterator[tuple[Clone, subprocess.Popen[str], int]]:
    """A copy whose training runs and has just kept its first checkpoint; its driver, and the process of the training."""
    clone = ready[0].copy(tmp_path)
    driver = clone.start(TARGET, configfile=ready[1])
    yield clone, driver, wait_for_checkpoint(clone, driver)
    for process in stage_processes(clone):
        os.kill(process, signal.SIGKILL)


def stage_processes(clone: Clone) -> list[int]:
    """The training processes that work in this clone."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if (
                folder.name.isdigit()
                and words[0].endswith(b"python")
                and SCRIPT.encode() in words
                and (folder / "cwd").resolve() == clone.folder
            ):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait_for_checkpoint(clone: Clone, driver: subprocess.Popen[str]) -> int:
    """Wait until the training has kept something; returns its process."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if list(clone.folder.glob("results/train_flow/*/.work/train_flow/*/checkpoint.pt")):
            return stage_processes(clone)[0]
        assert driver.poll() is None, driver.communicate()[0]
        time.sleep(0.05)
    raise AssertionError("the training kept no checkpoint within two minutes")


def test_a_killed_stage_goes_on_and_ends_in_the_same_bytes(ready, unbroken: dict[str, bytes], training) -> None:
    clone, driver, stage = training
    os.kill(stage, signal.SIGKILL)
    output, _ = driver.communicate()
    assert driver.returncode == 1, output
    assert not (clone.folder / TARGET).exists()
    done = clone.run(TARGET, configfile=ready[1])
    assert done.returncode == 0, done.stdout
    assert min(int(step) for step in re.findall(r" ([1-9]\d*)/60000", done.stdout)) >= 10000, "the training began anew"
    assert clone.produced() == unbroken


def test_a_killed_driver_is_recovered_as_the_readme_says(ready, unbroken: dict[str, bytes], training) -> None:
    clone, driver, stage = training
    driver.kill()
    driver.wait()
    os.kill(stage, signal.SIGSTOP)  # or a fast machine has it finish before the next call is refused
    locked = clone.run(TARGET, configfile=ready[1])
    assert locked.returncode == 1 and "--unlock" in locked.stdout
    os.kill(stage, signal.SIGKILL)
    call = re.search(r"`\.venv/bin/snakemake ([^`]*--unlock)`", (clone.folder / "README.md").read_text(encoding="utf-8"))
    assert call is not None
    unlocked = subprocess.run([sys.executable, "-m", "snakemake", *call[1].split()], cwd=clone.folder, capture_output=True, text=True)
    assert unlocked.returncode == 0, unlocked.stderr
    done = clone.run(TARGET, configfile=ready[1])
    assert done.returncode == 0, done.stdout
    assert clone.produced() == unbroken
