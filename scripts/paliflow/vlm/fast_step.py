"""What makes a training step faster and computes the same."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Params4bit
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from transformers import PaliGemmaForConditionalGeneration

# measured on one core at rank 4 to 64: up to this width two thin products, and the passes over what they give, cost more than a square one
NARROW = 512


def merge_narrow_layers(model: nn.Module) -> None:
    """Have each narrow float32 layer with an adapter multiply by W + (alpha / rank) B A at once, made anew in each forward.

    On a CPU alone, where it was timed. Wider layers keep peft's own way, x W + (x A) B, as do those in bfloat16, in which W would round
    what an adapter adds to it.
    """
    for module in model.modules():
        if isinstance(module, LoraLayer) and module.get_base_layer().weight.device.type == "cpu":
            down = module.lora_A["default"].weight
            if min(module.in_features, module.out_features) <= NARROW and _base_type(module) == down.dtype == torch.float32:
                module.forward = functools.partial(_merged, module)


@contextmanager
def last_layer_at(model: PaliGemmaForConditionalGeneration, positions: Tensor) -> Iterator[None]:
    """In here the last layer computes queries, attention's output and the feed-forward part at `positions` alone, (batch, length) bool.

    Its other positions are left undefined: nothing looks at them afterwards. The keys and values are computed everywhere.
    """
    last = model.model.language_model.layers[-1]
    hooks = []
    for part in (last.self_attn.q_proj, last.self_attn.o_proj, last.mlp):
        hooks.append(part.register_forward_pre_hook(lambda part, inputs: (inputs[0][positions],)))
        hooks.append(part.register_forward_hook(lambda part, inputs, output: _scatter(output, positions)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _scatter(rows: Tensor, positions: Tensor) -> Tensor:
    full = rows.new_zeros(*positions.shape, rows.shape[-1])
    full[positions] = rows
    return full


def _base_type(layer: Any) -> torch.dtype:
    weight: Any = layer.get_base_layer().weight
    dtype: torch.dtype = weight.quant_state.dtype if isinstance(weight, Params4bit) else weight.dtype
    return dtype


def _merged(layer: Any, inputs: Tensor) -> Tensor:
    """The layer's output, (..., out): also DoRA's, m W' / |W'| with the norm of each row as a constant (Liu et al. 2024, section 4.3)."""
    base, down, up, scale = layer.get_base_layer(), layer.lora_A["default"].weight, layer.lora_B["default"].weight, layer.scaling["default"]
    if layer.disable_adapters:
        return cast(Tensor, base(inputs))
    weight = dequantize_4bit(base.weight.data, base.weight.quant_state) if isinstance(base.weight, Params4bit) else base.weight
    has_lengths = "default" in layer.lora_magnitude_vector
    halved = 2 * len(down) * sum(weight.shape) <= weight.numel() / 2  # thin products are slower, multiplication by multiplication
    if halved and not has_lengths and base.bias is None:
        return cast(Tensor, _Product.apply(inputs, weight, down, up, scale))
    weight = torch.addmm(weight, up, down, alpha=scale)
    if has_lengths:
        length = layer.lora_magnitude_vector["default"].weight / weight.detach().norm(dim=1)
        weight = length[:, None] * weight
    return functional.linear(inputs, weight, base.bias)


class _Product(torch.autograd.Function):
    """x (W + scale B A)ᵀ, whose gradient reaches A and B through products as thin as they are.

    PyTorch's own way takes the gradient of the whole matrix first, in · out multiplications a token, where these take 2 rank (in + out).
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
        merged = torch.addmm(weight, up, down, alpha=scale)
        ctx.save_for_backward(inputs, merged, down, up)
        ctx.scale = scale
        return functional.linear(inputs, merged)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, merged, down, up = ctx.saved_tensors
        before = gradient @ merged if ctx.needs_input_grad[0] else None
        rows, slopes = inputs.flatten(0, -2), gradient.flatten(0, -2)
        of_down = rows.T @ (slopes @ up)  # (in, rank)
        of_up = (rows @ down.T).T @ slopes  # (rank, out)
        return before, None, ctx.scale * of_down.T, ctx.scale * of_up.T, None
