"""The attention mask over a batch of questions, read off the model's own attention weights."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from paliflow.vlm import examples

LEAST_DIFFERENCE = 4  # tokens between the two questions of `two_lengths`, so that the padding can be seen


@torch.no_grad()
def batch_mask(
    model: PaliGemmaForConditionalGeneration, processor: PaliGemmaProcessor, asked: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Which position attends to which in the first layer, for each row of a batch padded as in training; the pictures play no part.

    Args:
        model: loaded with eager attention.
        processor: its processor.
        asked: question and answer of each row.

    Returns:
        For each row `tokens`, the text of each position; `mask`, 0 and 1, a row for each position that looks and a column for each that
        is seen; `spans` of image, prefix (BOS to newline), suffix (to EOS) and padding as [first, past the last]; `loss_on`, 1 where a
        token is learnt.
    """
    image_tokens, tokenizer = processor.image_seq_length, processor.tokenizer
    encoded = [examples.encode(tokenizer, image_tokens, question, answer) for question, answer in asked]
    batch = examples.collate(encoded, tokenizer.pad_token_id)
    batch = {name: values.to(model.device) for name, values in batch.items()}
    names = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    output = model(**{name: batch[name] for name in names}, output_attentions=True)
    seen, length = output.attentions[0].mean(1) > 0, batch["input_ids"].shape[1]
    rows = []
    for row, example in enumerate(encoded):
        prefix = len(example.prefix)
        total = prefix + len(example.suffix)
        spans = {"image": [0, image_tokens], "prefix": [image_tokens, prefix], "suffix": [prefix, total], "padding": [total, length]}
        rows.append(
            {
                "tokens": tokenizer.convert_ids_to_tokens(batch["input_ids"][row].tolist()),
                "mask": seen[row].int().tolist(),
                "spans": spans,
                "loss_on": (batch["labels"][row] != examples.NO_LOSS).int().tolist(),
            }
        )
    return rows


def two_lengths(processor: PaliGemmaProcessor, asked: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The question with the fewest tokens, and the shortest that is `LEAST_DIFFERENCE` longer, or the longest where there is none."""
    lengths = [len(examples.encode(processor.tokenizer, 0, *texts).prefix) for texts in asked]
    order = sorted(range(len(asked)), key=lengths.__getitem__)
    longer = [index for index in order if lengths[index] >= lengths[order[0]] + LEAST_DIFFERENCE]
    return [asked[order[0]], asked[(longer or order[-1:])[0]]]
