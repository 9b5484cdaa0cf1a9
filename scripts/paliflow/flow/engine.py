"""The fast training step: many fields side by side, forward, backward and AdamW in one compiled loop, or in torch where none compiles."""

import ctypes
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from paliflow.flow import kernels
from paliflow.flow.network import VelocityFields

BETAS, EPSILON = (0.9, 0.999), 1e-8  # as in the kernel, and torch's own


class Engine:
    """Trains fields on given inputs and targets by AdamW on the mean squared error; with no weight decay it is Adam.

    `first` and `second` are the optimiser's moments, each as long as `fields.parameters`, and `taken` the number of steps taken: with
    the parameters they are all that a resumed training needs.

    Source: Kingma and Ba 2015 (Adam), Loshchilov and Hutter 2019 (AdamW).
    """

    def __init__(self, fields: VelocityFields, learning_rate: float, weight_decay: float, folder: Path) -> None:
        """Load the compiled step from `folder`, or compile it there; where that cannot be done, one line says so and torch is used."""
        self.fields, self.learning_rate, self.weight_decay = fields, learning_rate, weight_decay
        self.first, self.second, self.taken = torch.zeros_like(fields.parameters), torch.zeros_like(fields.parameters), 0
        self._library = kernels.load(folder)

    def take(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Take one step for each batch.

        Args:
            inputs: points and times, (steps, M, batch, d + 1), float32.
            targets: what the fields should be there, (steps, M, batch, d), float32.

        Returns:
            Each field's mean squared error before each step, (steps, M).

        Raises:
            ValueError: the shapes do not fit the fields or one another.
            MemoryError: there is no room for one model's numbers.
        """
        steps, models, batch, _ = inputs.shape
        widths = self.fields.widths
        expected = (steps, self.fields.models, batch, widths[0]), (steps, self.fields.models, batch, widths[-1])
        if (tuple(inputs.shape), tuple(targets.shape)) != expected:
            raise ValueError(f"inputs and targets are {tuple(inputs.shape)} and {tuple(targets.shape)}; these fields take {expected}")
        losses = torch.empty(steps, models)
        if self._library is None:
            for step in range(steps):
                losses[step] = self.fields.accumulate(inputs[step], targets[step])
                self._move(self.taken + step + 1)
        else:
            self._take_compiled(inputs.float().contiguous(), targets.float().contiguous(), losses)
        self.taken += steps
        return losses

    def _take_compiled(self, inputs: Tensor, targets: Tensor, losses: Tensor) -> None:
        steps, models, batch, _ = inputs.shape
        widths = np.array(self.fields.widths, np.intc)
        tensors = (inputs, targets, self.fields.parameters, self.first, self.second, losses)
        assert self._library is not None
        failed = self._library.train(
            models,
            steps,
            batch,
            len(widths) - 1,
            widths.ctypes.data_as(ctypes.c_void_p),
            self.fields.activation == "selu",
            self.learning_rate,
            self.weight_decay,
            self.taken,
            *(tensor.data_ptr() for tensor in tensors),
        )
        if failed:
            raise MemoryError("there is no memory for one field's numbers")

    def _move(self, step: int) -> None:
        """One step of AdamW along the gradient that the fields hold."""
        parameters, gradient = self.fields.parameters, self.fields.gradient
        self.first.lerp_(gradient, 1 - BETAS[0])
        self.second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        size, root = self.learning_rate / (1 - BETAS[0] ** step), (1 - BETAS[1] ** step) ** 0.5
        parameters.mul_(1 - self.learning_rate * self.weight_decay)
        parameters.addcdiv_(self.first, self.second.sqrt().div_(root).add_(EPSILON), value=-size)
