"""A user's mistake ends a program with one sentence and exit code 1; a bug keeps its traceback."""

import errno

import pytest
import torch

from paliflow import errors


def failing(error: Exception):
    def main() -> None:
        raise error

    return main


def test_a_mistake_becomes_one_sentence() -> None:
    with pytest.raises(SystemExit) as stopped:
        errors.run(failing(errors.InputError("x.json is missing: fetch it.")))
    assert stopped.value.code == "error: x.json is missing: fetch it."


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_file_that_cannot_be_written_becomes_one_sentence(number: int) -> None:
    with pytest.raises(SystemExit) as stopped:
        errors.run(failing(OSError(number, "reason", "results/x.json")))
    assert (
        stopped.value.code == "error: results/x.json cannot be written (reason): free some space or mend the permissions, then run again."
    )


def test_a_gpu_that_is_too_small_becomes_one_sentence() -> None:
    with pytest.raises(SystemExit, match=r"GPU's memory does not suffice.*vlm.base"):
        errors.run(failing(torch.OutOfMemoryError("CUDA out of memory")))


@pytest.mark.parametrize(
    "bug", [ValueError("bug"), RuntimeError("bug"), OSError(errno.EIO, "broken disk")], ids=["ValueError", "RuntimeError", "EIO"]
)
def test_anything_else_keeps_its_traceback(bug: Exception) -> None:
    with pytest.raises(type(bug)) as raised:
        errors.run(failing(bug))
    assert raised.value is bug
