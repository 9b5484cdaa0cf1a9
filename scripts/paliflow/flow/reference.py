"""The training of one field as one would write it in plain torch: what the fast engine must agree with."""

import torch
from torch import Tensor, nn

from paliflow.flow.network import HIDDEN_LAYERS, VelocityFields

ACTIVATIONS = {"silu": nn.SiLU, "selu": nn.SELU}


def reference_network(fields: VelocityFields) -> nn.Sequential:
    """A network of `nn.Linear` that begins with the numbers of one field (M = 1)."""
    layers: list[nn.Module] = []
    for weight, bias in zip(fields.weights, fields.biases, strict=True):
        linear = nn.Linear(*weight.shape[1:])
        with torch.no_grad():
            linear.weight.copy_(weight[0].T)
            linear.bias.copy_(bias[0, 0])
        layers += [linear, ACTIVATIONS[fields.activation]()]
    assert len(layers) == 2 * (HIDDEN_LAYERS + 1)
    return nn.Sequential(*layers[:-1])


def train_reference(
    network: nn.Sequential, inputs: Tensor, targets: Tensor, learning_rate: float, weight_decay: float = 0.0
) -> list[float]:
    """Take one step of AdamW on the mean squared error of each batch, through autograd.

    Args:
        inputs, targets: points and times (steps, batch, d + 1), and what the field should be there, (steps, batch, d).

    Returns:
        The error before each step.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    losses = []
    for batch, target in zip(inputs, targets, strict=True):
        loss = nn.functional.mse_loss(network(batch), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
