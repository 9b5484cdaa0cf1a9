"""Fold an adapter and its four-bit weights into plain ones, which answer the same and sooner on a CPU."""

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import PaliGemmaForConditionalGeneration


@torch.no_grad()
def merge(model: PaliGemmaForConditionalGeneration) -> PaliGemmaForConditionalGeneration:
    """Put one matrix in the place of each adapted projection, in place; on a GPU, where memory counts for more, and in a 16-bit model,
    whose type would round what the adapter adds, leave all as it is.

    The matrix is what the projection makes of the identity, in float32, so it is right for each kind of adapter; peft's own merging would
    quantise the sum anew.

    Args:
        model: PaliGemma itself, its adapter in place; it cannot be trained afterwards.
    """
    if model.device.type != "cpu" or model.dtype != torch.float32:
        return model
    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer) and module.base_layer.bias is None:
            plain = nn.Linear(module.in_features, module.out_features, bias=False, device="meta")
            plain.weight = nn.Parameter(module(torch.eye(module.in_features)).T.contiguous(), requires_grad=False)
            model.set_submodule(name, plain)
    return model
