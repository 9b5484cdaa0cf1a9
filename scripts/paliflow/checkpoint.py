"""What an unfinished training leaves on the disk, and how the next run takes it up."""

import io
from pathlib import Path
from typing import Any

import torch

from paliflow import files


def save(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values, whole or not at all."""
    content = io.BytesIO()  # a full disk is an OSError when bytes are written, and a RuntimeError from within torch.save
    torch.save(state, content)
    with files.replacing(path) as temporary:
        temporary.write_bytes(content.getvalue())


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """What `save` wrote, or None if there is no such file; nothing but tensors and plain values is ever unpickled."""
    return torch.load(path, weights_only=True, map_location=device) if path.exists() else None
