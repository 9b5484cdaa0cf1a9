"""What a training says when it cannot go on, and which setting mends it."""

import math
from pathlib import Path

import torch
from torch import nn

from paliflow.errors import InputError
from paliflow.vlm.schedule import Schedule


class GpuMemoryError(InputError):
    """The GPU's memory does not hold a base."""


def not_finite(what: str, value: float, schedule: Schedule, model: nn.Module, log: Path, kept: Path | None) -> InputError:
    """A loss or gradient that is infinite or no number.

    Args:
        what: which, and of which step.
        value: what it is.
        schedule, model: of the training.
        log: the file of the steps before.
        kept: the last checkpoint, if one was written.
    """
    cure = f"lower the learning rate ({schedule.learning_rate:g} now)"
    if in_float16(model):
        cure += " or set vlm.compute_type to float32"
    rest = f"{log} holds the steps before, and " + (f"{kept} the last good weights" if kept else "no checkpoint was due yet")
    again = "A run with other settings begins anew."
    return InputError(f"The {what} is {value}, and the training stops before it spoils the weights: {cure}; {rest}. {again}")


def in_float16(model: nn.Module) -> bool:
    """Whether products of the model with 4-bit weights run in float16."""
    return any(getattr(module, "compute_dtype", None) == torch.float16 for module in model.modules())


def out_of_memory(step: int, schedule: Schedule) -> InputError:
    """A step, counted from 1, that the GPU's memory does not hold."""
    cures = []
    if math.ceil(schedule.batch_size / schedule.accumulation) > 1:
        cures.append(f"double vlm.accumulation ({schedule.accumulation} now), which cuts a batch into smaller parts")
    if not schedule.checkpointing:
        cures.append("set vlm.checkpointing to true")
    return InputError(f"The GPU's memory does not hold step {step} of the training: {' or '.join(cures or ['give a smaller vlm.base'])}.")
