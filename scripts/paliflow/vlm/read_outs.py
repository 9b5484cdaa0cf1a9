"""What the embedded base is asked in passing while it is made, by linear read-outs that are thrown away afterwards: of the tower, what lies
at each patch; of the language model, which patches a prompt means, and how many and what things these are.

An answer of one word says little about what must happen on the way to it. Without the first, grounding stays at chance; without the second,
the language model finds most of what a plain description means, and half of what stands in a relation to it.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from paliflow.vlm import grounding
from paliflow.vlm.examples import NO_LOSS

OFFSET_BINS = 4  # places of an object's middle inside its patch, a side
MAX_CENTRES = 2  # more objects in one patch count as this many
POINTED_LAYERS = (4, 5)  # behind which patches are told: the last from which an answer can still be read, and the one before
SUMMED_LAYER = 5  # behind which what is meant is summed up; the last layer then has only to answer
MAX_COUNT = 6  # more things count as this many


class DenseHead(nn.Module):
    """Of each patch's projected feature: the object whose middle lies there, and how many do."""

    def __init__(self, width: int, values: grounding.Values) -> None:
        super().__init__()
        self.classes = [len(values[name]) for name in grounding.ATTRIBUTES] + [OFFSET_BINS, OFFSET_BINS, MAX_CENTRES + 1]
        self.readout = nn.Linear(width, sum(self.classes))

    def forward(self, features: Tensor, targets: Tensor) -> Tensor:
        """Sum of the mean cross-entropies; features (batch, patches, width), targets (batch, patches, 7), -100 where there is no object."""
        return _cross_entropies(self.readout(features), self.classes, targets).sum()


class PointingHead(nn.Module):
    """Of the language model's states at the image tokens: whether the prompt asks about the object there, compares with it, passes it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.readouts = nn.ModuleList([nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 3)) for _ in POINTED_LAYERS])

    def forward(self, states: Sequence[Tensor], targets: Tensor) -> Tensor:
        """Mean over the told patches, summed over three questions and all layers, of the binary cross-entropy.

        Args:
            states: all hidden states, the embeddings first, each (batch, length, width); the image tokens come first.
            targets: `pointing_targets` of each, (batch, patches, 3).
        """
        told = targets >= 0
        count = told.sum().clamp(min=1)
        losses = []
        for layer, readout in zip(POINTED_LAYERS, self.readouts, strict=True):
            logits = readout(states[layer][:, : targets.shape[1]])
            losses.append(functional.binary_cross_entropy_with_logits(logits[told], targets[told], reduction="sum"))
        return 3 * torch.stack(losses).sum() / count


class SummaryHead(nn.Module):
    """Of the language model's state behind the prompt: how many things are asked about and compared with, and what a single one is like."""

    def __init__(self, width: int, values: grounding.Values) -> None:
        super().__init__()
        self.classes = 2 * [MAX_COUNT + 1, *(len(values[name]) for name in grounding.ATTRIBUTES)]
        self.readout = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, sum(self.classes)))

    def forward(self, states: Sequence[Tensor], ends: Tensor, targets: Tensor) -> Tensor:
        """Mean of the ten mean cross-entropies; `ends` (batch,) are the positions of the prompts' last tokens, targets (batch, 10)."""
        state = states[SUMMED_LAYER][torch.arange(len(ends)), ends]
        return _cross_entropies(self.readout(state), self.classes, targets).mean()


def dense_targets(scene: dict[str, Any], values: grounding.Values, image_size: int, patch_size: int) -> Tensor:
    """For each patch: the attributes of the nearest object whose middle lies there, its offset in the patch, and the number of middles.

    Returns:
        (patches, 7) int64: four attributes, x and y bin (-100 without an object), count.
    """
    side = image_size // patch_size
    targets = torch.full((side * side, 7), NO_LOSS)
    targets[:, 6] = 0
    for thing in sorted(scene["objects"], key=lambda thing: -thing["pixel_coords"][2]):  # the nearest comes last and stays
        column, row = _place(thing, image_size)
        patch = int(row // patch_size) * side + int(column // patch_size)
        targets[patch, :4] = torch.tensor(_looks(thing, values))
        targets[patch, 4] = int(column % patch_size / patch_size * OFFSET_BINS)
        targets[patch, 5] = int(row % patch_size / patch_size * OFFSET_BINS)
        targets[patch, 6] = min(int(targets[patch, 6]) + 1, MAX_CENTRES)
    return targets


def pointing_targets(scene: dict[str, Any], task: grounding.Task, image_size: int, patch_size: int) -> Tensor:
    """For each patch that holds an object's middle, whether one there is asked about, compared with, passed; -1 elsewhere.

    Returns:
        (patches, 3) float32 of 1, 0 and -1; all -1 where it is not known what the task asks about.
    """
    side = image_size // patch_size
    targets = torch.full((side * side, 3), -1.0)
    if task.asked is None:
        return targets
    for thing in scene["objects"]:
        column, row = _place(thing, image_size)
        patch = int(row // patch_size) * side + int(column // patch_size)
        meant = [any(thing is each for each in things or ()) for things in (task.asked, task.compared, task.passed)]
        targets[patch] = torch.maximum(targets[patch], torch.tensor(meant, dtype=torch.float32))
    return targets


def summary_targets(task: grounding.Task, values: grounding.Values) -> list[int]:
    """Of what is asked about, and of what it is compared with: the number, and the four attributes where it is one thing; -100 else."""
    targets = []
    for things in (task.asked, task.compared):
        targets.append(NO_LOSS if things is None else min(len(things), MAX_COUNT))
        targets.extend(_looks(things[0], values) if things is not None and len(things) == 1 else [NO_LOSS] * len(grounding.ATTRIBUTES))
    return targets


def _place(thing: grounding.Thing, image_size: int) -> tuple[float, float]:
    """Column and row of an object's middle, inside the picture."""
    column, row = (min(max(value, 0), image_size - 1e-3) for value in thing["pixel_coords"][:2])
    return column, row


def _looks(thing: grounding.Thing, values: grounding.Values) -> list[int]:
    return [values[name].index(thing[name]) for name in grounding.ATTRIBUTES]


def _cross_entropies(logits: Tensor, classes: list[int], targets: Tensor) -> Tensor:
    """The mean cross-entropy of each part of the last dimension, 0 where it has no target; targets (..., parts)."""
    losses = []
    for place, part in enumerate(logits.float().split(classes, dim=-1)):
        wanted = targets[..., place] != NO_LOSS
        summed = functional.cross_entropy(part[wanted], targets[..., place][wanted], reduction="sum")
        losses.append(summed / wanted.sum().clamp(min=1))
    return torch.stack(losses)
