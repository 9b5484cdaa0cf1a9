"""The attention mask over one question, read off the model's own attention weights."""

from typing import Any

import torch
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from paliflow.vlm import examples


@torch.no_grad()
def attention_mask(model: PaliGemmaForConditionalGeneration, processor: PaliGemmaProcessor, question: str, answer: str) -> dict[str, Any]:
    """Which position attends to which in the first layer of `model`, loaded with eager attention; the picture plays no part.

    Returns:
        `tokens`, the text of each position; `mask`, 0 and 1, a row for each position that looks and a column for each that is seen;
        `spans` of image, prefix (BOS to newline) and suffix (to EOS) as [first, past the last]; `loss_on`, 1 where a token is learnt.
    """
    image_tokens = processor.image_seq_length
    encoded = examples.encode(processor.tokenizer, image_tokens, question, answer)
    batch = examples.collate([encoded], processor.tokenizer.pad_token_id)
    batch = {name: values.to(model.device) for name, values in batch.items()}
    names = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    output = model(**{name: batch[name] for name in names}, output_attentions=True)
    seen = output.attentions[0][0].mean(0) > 0
    prefix, total = len(encoded.prefix), len(encoded.prefix) + len(encoded.suffix)
    return {
        "tokens": processor.tokenizer.convert_ids_to_tokens(batch["input_ids"][0].tolist()),
        "mask": seen.int().tolist(),
        "spans": {"image": [0, image_tokens], "prefix": [image_tokens, prefix], "suffix": [prefix, total]},
        "loss_on": (batch["labels"][0] != examples.NO_LOSS).int().tolist(),
    }
