"""A run that is killed, by stage or as a whole, goes on afterwards and ends in the same bytes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clone import Clone

TARGET = "results/train_flow/gaussian_to_moons/model.safetensors"
SCRIPT = "scripts/train_flow.py"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, str]:
    """A clone with a longer training, done in one go, and its preset."""
    clone = Clone.fresh(tmp_path_factory.mktemp("in one go"))
    preset = clone.write_preset("longer", flow={"steps": 6000, "pairs": ["gaussian_to_moons"]})
    done = clone.run(TARGET, configfile=preset)
    assert done.returncode == 0, done.stdout[-3000:]
    return clone, preset


@pytest.fixture
def killed_in(reference: tuple[Clone, str], tmp_path: Path) -> Iterator[tuple[Clone, str]]:
    """The same clone with the couplings ready and the training still to do; what a test leaves running is ended."""
    clone, preset = reference[0].copy(tmp_path), reference[1]
    cleaned = clone.run("--delete-all-output", TARGET, configfile=preset)
    assert cleaned.returncode == 0, cleaned.stdout
    assert clone.run("results/couple_flow/gaussian_to_moons.npz", configfile=preset).returncode == 0
    yield clone, preset
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


def wait_for_stage(clone: Clone, driver: subprocess.Popen[str]) -> int:
    """Wait until the training has begun and has had a second to get somewhere; returns its process."""
    log = clone.folder / "logs" / "train_flow" / "gaussian_to_moons.log"
    for _ in range(600):
        processes = stage_processes(clone)
        if processes and log.exists() and log.read_text():
            time.sleep(1)
            return processes[0]
        assert driver.poll() is None, driver.communicate()[0]
        time.sleep(0.1)
    raise AssertionError("the training did not begin within a minute")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the processes in /proc, which this system lacks")
def test_a_killed_stage_goes_on_and_ends_in_the_same_bytes(reference: tuple[Clone, str], killed_in: tuple[Clone, str]) -> None:
    clone, preset = killed_in
    driver = clone.start(TARGET, configfile=preset)
    os.kill(wait_for_stage(clone, driver), signal.SIGKILL)
    output, _ = driver.communicate()
    assert driver.returncode == 1, output
    assert not (clone.folder / TARGET).exists()
    done = clone.run(TARGET, configfile=preset)
    assert done.returncode == 0, done.stdout
    assert clone.produced() == reference[0].produced()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the processes in /proc, which this system lacks")
def test_a_killed_driver_is_recovered_as_the_readme_says(reference: tuple[Clone, str], killed_in: tuple[Clone, str]) -> None:
    clone, preset = killed_in
    driver = clone.start(TARGET, configfile=preset)
    stage = wait_for_stage(clone, driver)
    driver.kill()
    driver.wait()
    locked = clone.run(TARGET, configfile=preset)
    assert locked.returncode == 1 and "--unlock" in locked.stdout
    os.kill(stage, signal.SIGKILL)
    assert clone.run("--unlock", configfile=preset).returncode == 0
    done = clone.run(TARGET, configfile=preset)
    assert done.returncode == 0, done.stdout
    assert clone.produced() == reference[0].produced()
