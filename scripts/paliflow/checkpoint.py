"""What an unfinished training leaves on the disk, and how the next run takes it up."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from paliflow import files, progress


def save(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values behind their SHA-256, whole or not at all."""
    content = io.BytesIO()  # a full disk is an OSError when bytes are written, and a RuntimeError from within torch.save
    torch.save(state, content)
    with files.replacing(path) as temporary:
        temporary.write_bytes(hashlib.sha256(content.getbuffer()).digest() + content.getbuffer())


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """What `save` wrote; None if there is no such file, or one cut short, which is said. Only tensors and plain values are loaded."""
    if not path.exists():
        return None
    content = path.read_bytes()
    digest, rest = content[: hashlib.sha256().digest_size], content[hashlib.sha256().digest_size :]
    if hashlib.sha256(rest).digest() != digest:
        progress.say(f"{path} is cut short or broken: the training starts again from its beginning.")
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(rest), weights_only=True, map_location=device)
    return state
