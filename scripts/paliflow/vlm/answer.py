"""Greedy answers to batches of questions, with the probability of each, from image features that are computed once an image."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PreTrainedTokenizerBase

from paliflow import progress
from paliflow.errors import InputError
from paliflow.vlm import examples
from paliflow.vlm.features import as_encoded

MAX_ANSWER_TOKENS = 12


@dataclass(frozen=True)
class Answer:
    """What a model said, without special tokens and outer blanks, and the product of its tokens' probabilities, EOS included."""

    text: str
    probability: float


@torch.no_grad()
def answer_questions(
    model: PaliGemmaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    features: Tensor,
    questions: Sequence[tuple[int, str]],
    label: str,
    batch_size: int = 64,
    max_tokens: int = MAX_ANSWER_TOKENS,
) -> list[Answer]:
    """Answer every question greedily; in float32 what is answered depends neither on the size of the batches nor on the order.

    In 16-bit types a rounding may tip two answers of almost the same probability.

    Args:
        model: the model itself (of a peft model, `get_base_model()`).
        tokenizer: its tokenizer.
        features: projected features of all images, (images, image tokens, width).
        questions: (index of the image, question) pairs.
        label: what the progress bar says.
        batch_size: how many are decoded at a time, fewer where a GPU's memory does not hold them; questions of like length come
            together, which spares padding.
        max_tokens: where an answer without an end is cut.

    Returns:
        The answers in the order of the questions.

    Raises:
        InputError: the model gives no finite scores, or the GPU does not hold a single question.
    """
    model.eval()
    encoded = [examples.encode(tokenizer, features.shape[1], question, None) for _, question in questions]
    order = sorted(range(len(questions)), key=lambda index: len(encoded[index].prefix))
    answers: dict[int, Answer] = {}
    with progress.track(range(len(questions)), label, unit="question") as bar:
        while chosen := order[len(answers) : len(answers) + batch_size]:
            images = features[torch.tensor([questions[index][0] for index in chosen])]
            try:
                tokens, scores = _decode(model, tokenizer, [encoded[index] for index in chosen], images, max_tokens)
            except torch.OutOfMemoryError:
                if len(chosen) == 1:
                    raise InputError("The GPU's memory does not hold the answer to a single question: give a smaller vlm.base.") from None
                batch_size = len(chosen) // 2  # which changes no answer
                continue
            if not scores.isfinite().all():
                question = questions[chosen[int(scores.isfinite().logical_not().nonzero()[0])]][1]
                raise InputError(f"the model gives no finite scores for {question[:60]!a}: set vlm.compute_type to float32.")
            texts = tokenizer.batch_decode(tokens, skip_special_tokens=True)
            for index, text, probability in zip(chosen, texts, scores.exp().tolist(), strict=True):
                answers[index] = Answer(text.strip(), probability)
            bar.update(len(chosen))
    return [answers[index] for index in range(len(questions))]


def _decode(
    model: PaliGemmaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    batch: list[examples.Encoded],
    features: Tensor,
    max_tokens: int,
) -> tuple[Tensor, Tensor]:
    """Token ids (batch, max_tokens), padded behind EOS, and the sum of their log probabilities (batch,)."""
    inputs = examples.collate(batch, tokenizer.pad_token_id, pad_left=True)
    del inputs["labels"]
    inputs = {name: values.to(features.device) for name, values in inputs.items()}
    mask, position = inputs["attention_mask"], inputs["position_ids"][:, -1:]
    output = model(**inputs, mm_encoder_outputs=as_encoded(features), use_cache=True, logits_to_keep=1)
    tokens = torch.full((len(batch), max_tokens), tokenizer.pad_token_id, device=features.device)
    scores = torch.zeros(len(batch), device=features.device)
    rows = torch.arange(len(batch), device=features.device)  # of the batch, those whose answers have not ended
    for place in range(max_tokens):
        logits = output.logits[:, -1].float()
        token = logits.argmax(-1, keepdim=True)
        tokens[rows, place] = token[:, 0]
        scores[rows] += logits.gather(1, token)[:, 0] - logits.logsumexp(-1)
        going = (token[:, 0] != tokenizer.eos_token_id).nonzero()[:, 0]
        if len(going) == 0 or place == max_tokens - 1:
            break
        if len(going) < len(rows):
            rows, token, mask, position = rows[going], token[going], mask[going], position[going]
            output.past_key_values.batch_select_indices(going)
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
    return tokens, scores
