"""A model of real shapes with random weights, for checks on a machine that cannot have the real ones; its answers mean nothing."""

from typing import Any

import torch
from bitsandbytes.nn import Linear4bit, Params4bit
from torch import nn
from transformers import BitsAndBytesConfig, PaliGemmaConfig, PaliGemmaForConditionalGeneration

SEED = 0


@torch.no_grad()
def build(
    config: PaliGemmaConfig,
    quantisation: BitsAndBytesConfig | None,
    dtype: torch.dtype,
    attention: str | dict[str, str],
    device: torch.device,
) -> PaliGemmaForConditionalGeneration:
    """Draw every weight once, in its type and on its device; they are always the same, before quantisation and without it.

    Args:
        config: the shapes.
        quantisation: of the language model's projections, each as soon as it is drawn, so that no two are ever there in full.
        dtype: of all other weights.
        attention: the implementation.
        device: where the model is to be.
    """
    with torch.device("meta"):
        model = PaliGemmaForConditionalGeneration._from_config(config, dtype=dtype, attn_implementation=attention)
    torch.manual_seed(SEED)
    spread = config.text_config.initializer_range
    modules: list[tuple[str, Any]] = list(model.named_modules())
    for name, module in modules:
        projection = ".language_model." in name and isinstance(module, nn.Linear)
        if projection:
            module.weight = nn.Parameter(torch.empty(module.weight.shape, dtype=dtype, device=device).normal_(0, spread))
            module._is_hf_initialized = True  # transformers draws the rest below, and is to leave this
            if quantisation is not None:
                model.set_submodule(name, _in_four_bits(module, quantisation))
        elif module is not model.lm_head:  # which is the embedding
            module.to_empty(device=device, recurse=False)
    model.initialize_weights()
    model.tie_weights()
    if quantisation is not None:
        model.is_loaded_in_4bit = True  # by which peft knows
    return model


def _in_four_bits(linear: nn.Linear, quantisation: BitsAndBytesConfig) -> Linear4bit:
    settings = {"compress_statistics": quantisation.bnb_4bit_use_double_quant, "quant_type": quantisation.bnb_4bit_quant_type}
    with torch.device("meta"):
        quantised: Any = Linear4bit(linear.in_features, linear.out_features, False, quantisation.bnb_4bit_compute_dtype, **settings)
    weight: Any = Params4bit(linear.weight.data, requires_grad=False, module=quantised, **settings)
    quantised.weight = weight.to(linear.weight.device)  # which is when bitsandbytes quantises
    quantised._is_hf_initialized = True
    return quantised
