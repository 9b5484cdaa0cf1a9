"""Ten thousand spoilt files: each is read to its end or refused in one sentence, soon and in little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clone import ROOT

FILES = 10_000
GENUINE_FILES = 600  # a genuine picture takes a hundred times as long to decode as a made one
MEMORY = 256  # MiB; Python and Pillow alone take 30
GENUINE = Path(os.environ.get("PALIFLOW_CLEVR", ""))
needs_genuine = pytest.mark.skipif(not (GENUINE / "questions").is_dir(), reason="PALIFLOW_CLEVR names no folder of genuine CLEVR")


@pytest.mark.parametrize("genuine", [False, pytest.param(True, marks=needs_genuine)], ids=["made", "genuine"])
def test_every_spoilt_file_is_read_or_refused_in_one_sentence(genuine: bool, tmp_path: Path) -> None:
    """In a process of its own, for its memory is limited."""
    search = os.pathsep.join(str(ROOT / folder) for folder in ("scripts", "tests", "tests/unit"))
    command = [sys.executable, ROOT / "tests/unit/fuzz_clevr.py", str(GENUINE_FILES if genuine else FILES), "1", tmp_path]
    command += [GENUINE.resolve()] if genuine else []
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["failures"] == []
    assert result["peak_mib"] < MEMORY
    assert len(result["outcomes"]) == 8
    assert all("refused" in outcomes and set(outcomes) <= {"read", "refused"} for outcomes in result["outcomes"].values())
