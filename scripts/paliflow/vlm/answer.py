"""Greedy answers to batches of questions, from image features that are computed once an image."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PreTrainedTokenizerBase
from transformers.modeling_outputs import BaseModelOutputWithPooling

from paliflow import progress
from paliflow.vlm import examples

MAX_ANSWER_TOKENS = 12


@torch.no_grad()
def answer_questions(
    model: PaliGemmaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    features: Tensor,
    questions: Sequence[tuple[int, str]],
    label: str,
    batch_size: int = 64,
    max_tokens: int = MAX_ANSWER_TOKENS,
) -> list[str]:
    """Answer every question greedily.

    Args:
        model: the model itself (of a peft model, `get_base_model()`).
        tokenizer: its tokenizer.
        features: projected features of all images, (images, image tokens, width).
        questions: (index of the image, question) pairs.
        label: what the progress bar says.
        batch_size: how many are decoded at a time; the longest questions come together.
        max_tokens: where an answer without an end is cut.

    Returns:
        The answers in the order of the questions, without special tokens and outer blanks.
    """
    model.eval()
    encoded = [examples.encode(tokenizer, features.shape[1], question, None) for _, question in questions]
    order = sorted(range(len(questions)), key=lambda index: len(encoded[index].prefix))
    answers = [""] * len(questions)
    with progress.track(range(len(questions)), label, unit="question") as bar:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            images = features[torch.tensor([questions[index][0] for index in chosen])]
            tokens = _decode(model, tokenizer, [encoded[index] for index in chosen], images, max_tokens)
            for index, text in zip(chosen, tokenizer.batch_decode(tokens, skip_special_tokens=True), strict=True):
                answers[index] = text.strip()
            bar.update(len(chosen))
    return answers


def _decode(
    model: PaliGemmaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    batch: list[examples.Encoded],
    features: Tensor,
    max_tokens: int,
) -> Tensor:
    """Token ids (batch, at most max_tokens), padded behind EOS."""
    inputs = examples.collate(batch, tokenizer.pad_token_id, pad_left=True)
    del inputs["labels"]
    inputs = {name: values.to(features.device) for name, values in inputs.items()}
    mask, position = inputs["attention_mask"], inputs["position_ids"][:, -1:]
    image = {"image": BaseModelOutputWithPooling(pooler_output=features)}
    output = model(**inputs, mm_encoder_outputs=image, use_cache=True, logits_to_keep=1)
    ended = torch.zeros(len(batch), 1, dtype=torch.bool, device=features.device)
    chosen: list[Tensor] = []
    while True:
        token = output.logits[:, -1:].argmax(-1).masked_fill(ended, tokenizer.pad_token_id)
        chosen.append(token)
        ended = ended | (token == tokenizer.eos_token_id)
        if ended.all() or len(chosen) == max_tokens:
            return torch.cat(chosen, 1)
        mask = torch.cat([mask, torch.ones_like(token)], 1)
        position = position + 1
        output = model(
            input_ids=token,
            attention_mask=mask,
            position_ids=position,
            past_key_values=output.past_key_values,
            use_cache=True,
            logits_to_keep=1,
        )
