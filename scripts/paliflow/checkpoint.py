"""What an unfinished training leaves on the disk, and how the next run takes it up."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from paliflow import files, progress


def save(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values, whole or not at all."""
    content = io.BytesIO()  # a full disk is an OSError when bytes are written, and a RuntimeError from within torch.save
    torch.save(state, content)
    with files.replacing(path) as temporary:
        temporary.write_bytes(content.getvalue())


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """What `save` wrote; None if there is no such file, or one cut short, which is said. Only tensors and plain values are loaded."""
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    except (RuntimeError, EOFError, pickle.UnpicklingError):
        progress.say(f"{path} is cut short or broken: the training starts again from its beginning.")
        return None
    return state
