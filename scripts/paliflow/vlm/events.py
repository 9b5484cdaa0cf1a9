"""The training's curves for TensorBoard, where a researcher has installed it."""

from collections.abc import Callable
from pathlib import Path

from paliflow.errors import InputError

Observer = Callable[[dict[str, float]], None]


def observer(folder: Path) -> Observer:
    """A function that writes each step's record, but for its step and epoch, to TensorBoard's event files in `folder`.

    Raises:
        InputError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError(
            "vlm.tensorboard is true and the package tensorboard is not installed: pip install it, or set the setting to false."
        ) from None
    writer: SummaryWriter | None = None

    def observe(record: dict[str, float]) -> None:
        nonlocal writer
        if writer is None:  # what an interrupted run wrote past its last checkpoint is not to stand beside its repetition
            writer = SummaryWriter(str(folder), purge_step=int(record["step"]))
        for name, value in record.items():
            if name not in ("step", "epoch"):
                writer.add_scalar(f"train/{name}", value, int(record["step"]))
        writer.flush()

    return observe
