"""One question as PaliGemma reads it: image tokens, BOS, prefix, newline, suffix, EOS, PAD (Beyer et al. 2024, section 3.2).

Image tokens, BOS, prefix and newline see one another in both directions; the suffix is causal; the loss falls on the suffix and EOS only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

NO_LOSS = -100


@dataclass(frozen=True)
class Encoded:
    """Token ids of one question: `prefix` from the first image token to the newline, `suffix` with EOS, or empty to be generated."""

    prefix: list[int]
    suffix: list[int]


def encode(tokenizer: PreTrainedTokenizerBase, image_tokens: int, question: str, answer: str | None) -> Encoded:
    """Turn a question, and its answer if there is one, into token ids; equal to what `PaliGemmaProcessor` makes of them."""
    image = [tokenizer.convert_tokens_to_ids("<image>")] * image_tokens
    prefix = image + tokenizer(f"{tokenizer.bos_token}{question}\n", add_special_tokens=False)["input_ids"]
    suffix = [] if answer is None else tokenizer(f"{answer}{tokenizer.eos_token}", add_special_tokens=False)["input_ids"]
    return Encoded(prefix, suffix)


def collate(examples: Sequence[Encoded], pad_id: int, pad_left: bool = False) -> dict[str, Tensor]:
    """Pad to the longest and build all that the model's forward needs.

    Args:
        examples: the batch.
        pad_id: the id of the padding token.
        pad_left: pad on the left, as generation needs it, instead of on the right.

    Returns:
        input_ids, attention_mask, token_type_ids (0 prefix, 1 suffix), position_ids (from 1, as PaliGemma counts) and
        labels (`NO_LOSS` everywhere but on the suffix), each (batch, length) int64.
    """
    length = max(len(example.prefix) + len(example.suffix) for example in examples)
    rows: dict[str, list[list[int]]] = {name: [] for name in ("input_ids", "attention_mask", "token_type_ids", "labels")}
    for example in examples:
        tokens = len(example.prefix) + len(example.suffix)
        padding = length - tokens
        before, after = (padding, 0) if pad_left else (0, padding)
        rows["input_ids"].append([pad_id] * before + example.prefix + example.suffix + [pad_id] * after)
        rows["attention_mask"].append([0] * before + [1] * tokens + [0] * after)
        rows["token_type_ids"].append([0] * (before + len(example.prefix)) + [1] * (len(example.suffix) + after))
        rows["labels"].append([NO_LOSS] * (before + len(example.prefix)) + example.suffix + [NO_LOSS] * after)
    batch = {name: torch.tensor(values) for name, values in rows.items()}
    return batch | {"position_ids": batch["attention_mask"].cumsum(1).clamp(min=1)}
