"""The velocity field: a small multilayer perceptron, many of them side by side in stacked matrices."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import selu, silu

from paliflow import files

HIDDEN_LAYERS = 3
ACTIVATIONS = {"silu": silu, "selu": selu}
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017


class VelocityFields:
    """M independent fields v(t, x) of one shape, (d + 1)-h-h-h-d with SiLU or SELU, computed together as batched matrix products.

    All numbers lie in one vector, `parameters`, so that an optimiser moves them in one call; `weights` (M, in, out) and `biases`
    (M, 1, out) are views of it, as those of the gradient are of `gradient`.
    """

    def __init__(self, models: int, hidden_units: int, dimension: int = 2, activation: str = "silu") -> None:
        """Make fields of zeros.

        Raises:
            ValueError: the activation is neither silu nor selu.
        """
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}: it must be {' or '.join(ACTIVATIONS)}")
        self.models, self.hidden_units, self.dimension, self.activation = models, hidden_units, dimension, activation
        self.widths = [dimension + 1] + [hidden_units] * HIDDEN_LAYERS + [dimension]
        shapes = [(models, rows, columns) for rows, columns in itertools.pairwise(self.widths)]
        shapes += [(models, 1, columns) for columns in self.widths[1:]]
        self.parameters = torch.zeros(sum(math.prod(shape) for shape in shapes))
        self.gradient = torch.zeros_like(self.parameters)
        self.parameters.grad = self.gradient
        self.weights, self.biases = _views(self.parameters, shapes)
        self._weight_gradients, self._bias_gradients = _views(self.gradient, shapes)

    def initialise(self, seeds: list[int]) -> None:
        """Draw each field's weights and biases uniformly within ±1/√inputs, PyTorch's own rule, from a seed a field."""
        for model, seed in enumerate(seeds):
            random = torch.Generator().manual_seed(seed)
            for weight, bias in zip(self.weights, self.biases, strict=True):
                bound = weight.shape[1] ** -0.5
                weight[model].uniform_(-bound, bound, generator=random)
                bias[model].uniform_(-bound, bound, generator=random)

    def __call__(self, time: Tensor | float, points: Tensor) -> Tensor:
        """The velocity (M, batch, d) at points (M, batch, d); one time for all, or one for each point, (M, batch, 1)."""
        column = torch.as_tensor(time, dtype=points.dtype).expand(*points.shape[:-1], 1)
        _, layers = self._forward(torch.cat([points, column], dim=-1))
        return layers[-1]

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Leave the gradient of each field's mean squared error in `gradient`.

        Written by hand, for autograd's bookkeeping costs more here than the arithmetic (390 against 640 µs for four fields).

        Args:
            inputs: points and times, (M, batch, d + 1).
            targets: what the field should be there, (M, batch, d).

        Returns:
            Each field's error, mean over points and coordinates, (M,).
        """
        before, after = self._forward(inputs)
        residual = after[-1] - targets
        loss = residual.square().mean((1, 2))
        upstream = residual * (2 / residual[0].numel())
        for layer in reversed(range(len(self.weights))):
            torch.bmm(before[layer].mT, upstream, out=self._weight_gradients[layer])
            torch.sum(upstream, 1, keepdim=True, out=self._bias_gradients[layer])
            if layer > 0:
                upstream = self._derive(torch.bmm(upstream, self.weights[layer].mT), after[layer - 1])
        return loss

    def _forward(self, inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """What goes into each layer, and what comes out of it before the activation, both (M, batch, width); the last is the velocity."""
        before, after = [inputs], list[Tensor]()
        for weight, bias in zip(self.weights, self.biases, strict=True):
            if after:
                before.append(ACTIVATIONS[self.activation](after[-1]))
            after.append(torch.baddbmm(bias, before[-1], weight))
        return before, after

    def _derive(self, upstream: Tensor, before: Tensor) -> Tensor:
        """`upstream` times the activation's derivative at what went into it."""
        if self.activation == "silu":
            return torch.ops.aten.silu_backward(upstream, before)
        return torch.ops.aten.elu_backward(upstream, SELU_ALPHA, SELU_SCALE, 1.0, False, before)

    def one(self, model: int) -> "VelocityFields":
        """A copy of one field alone, with M = 1."""
        alone = VelocityFields(1, self.hidden_units, self.dimension, self.activation)
        for mine, whole in zip(alone.weights + alone.biases, self.weights + self.biases, strict=True):
            mine.copy_(whole[model : model + 1])
        return alone


def save_fields(fields: VelocityFields, about: dict[str, Any], path: Path) -> None:
    """Write the fields as safetensors, with `about` (which field is which) as JSON in the file's header."""
    tensors = {f"weight_{n}": weight.contiguous() for n, weight in enumerate(fields.weights)}
    tensors |= {f"bias_{n}": bias.contiguous() for n, bias in enumerate(fields.biases)}
    # One entry only: safetensors writes several in an order that changes from run to run.
    content = safetensors.torch.save(tensors, {"about": json.dumps({"activation": fields.activation, "about": about}, sort_keys=True)})
    with files.replacing(path) as temporary:
        temporary.write_bytes(content)


def load_fields(path: Path) -> tuple[VelocityFields, dict[str, Any]]:
    """Read what `save_fields` wrote."""
    with safetensors.safe_open(path, "pt") as stored:
        header = json.loads(stored.metadata()["about"])
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
    models, inputs, hidden_units = tensors["weight_0"].shape
    fields = VelocityFields(models, hidden_units, inputs - 1, header["activation"])
    for layer, (weight, bias) in enumerate(zip(fields.weights, fields.biases, strict=True)):
        weight.copy_(tensors[f"weight_{layer}"])
        bias.copy_(tensors[f"bias_{layer}"])
    return fields, header["about"]


def _views(vector: Tensor, shapes: list[tuple[int, int, int]]) -> tuple[list[Tensor], list[Tensor]]:
    parts = vector.split([math.prod(shape) for shape in shapes])
    views = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
    return views[: len(views) // 2], views[len(views) // 2 :]
