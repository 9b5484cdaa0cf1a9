"""A term that holds the adapted model to the frozen base, after CoPrompt (Roy and Etemad 2024, arXiv 2306.01195).

CoPrompt fine-tunes CLIP with L = L_task + W [(1 − cos(v, v₀)) + (1 − cos(t, t₀))]: v and t are what the adapted image and text encoders
give, v₀ and t₀ what the frozen ones give for a perturbed input, an augmented image and another wording of the prompt by a language model.

A generative model has one stack for both, and no single vector for either. Here v is the mean of the last hidden states over the image
tokens and t that over the prompt's tokens, from BOS to the newline, from which the answer is produced:

    L = L_suffix + W / n Σ_i [(1 − cos(v_i, v₀_i)) + (1 − cos(t_i, t₀_i))]

with v_i, t_i of question i as it is, and v₀_i, t₀_i of its perturbed form, the adapter disabled. The states bind what is read, not what is
answered. The picture is perturbed in its cached features, so that the tower is not needed: Gaussian noise, and some tokens replaced by
the picture's mean. The prompt is perturbed by generic lead-ins and synonyms, since no second language model is at hand.
"""

import random
import re
from collections.abc import Sequence

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from paliflow.vlm import examples
from paliflow.vlm.loss import hidden_states

NOISE = 0.1  # of the features' own deviation
DROPPED = 0.1  # share of the image tokens
LEADS = ("", "Question: ", "Look at the picture. ", "In this image: ", "Please answer. ")
SYNONYMS = (("big", "large"), ("small", "tiny"), ("thing", "object"), ("things", "objects"), ("picture", "image"), ("same", "identical"))


def perturb(features: Tensor, questions: Sequence[str], seed: int) -> tuple[Tensor, list[str]]:
    """Slightly other pictures and wordings of a batch, fixed by the seed; features (batch, image tokens, width)."""
    draw = random.Random(seed)
    generator = torch.Generator(features.device).manual_seed(seed)
    return perturb_features(features, generator), [perturb_question(question, draw) for question in questions]


def frozen_summaries(model: PeftModel, tokenizer: PreTrainedTokenizerBase, features: Tensor, questions: Sequence[str]) -> Tensor:
    """v₀ and t₀, (2, batch, width): what the base without its adapter makes of perturbed pictures and questions."""
    encoded = [examples.encode(tokenizer, features.shape[1], question, None) for question in questions]
    batch = examples.collate(encoded, tokenizer.pad_token_id)
    batch = {name: values.to(features.device) for name, values in batch.items()}
    with torch.no_grad(), model.disable_adapter():
        return summaries(hidden_states(model.get_base_model(), batch, features), batch, features.shape[1])


def disagreement(adapted: Tensor, frozen: Tensor) -> Tensor:
    """Sum over questions and both summaries of one minus the cosine; each (2, batch, width)."""
    return (1 - functional.cosine_similarity(adapted.float(), frozen.float(), dim=-1)).sum()


def summaries(hidden: Tensor, batch: dict[str, Tensor], image_tokens: int) -> Tensor:
    """Means of the last hidden states over the image tokens and over the prompt's, (2, batch, width); padded on the right."""
    prefix = (batch["attention_mask"] == 1) & (batch["token_type_ids"] == 0)
    prompt = prefix[:, image_tokens:, None]
    text = (hidden[:, image_tokens:] * prompt).sum(1) / prompt.sum(1)
    return torch.stack([hidden[:, :image_tokens].mean(1), text])


def perturb_features(features: Tensor, generator: torch.Generator) -> Tensor:
    """A slightly other picture: noise on all tokens, and some replaced by the picture's mean; (batch, image tokens, width)."""
    noise = torch.randn(features.shape, generator=generator, device=features.device).to(features.dtype)
    deviation = features.std(dim=(1, 2), keepdim=True)
    dropped = torch.rand(*features.shape[:2], 1, generator=generator, device=features.device) < DROPPED
    return torch.where(dropped, features.mean(1, keepdim=True), features + NOISE * deviation * noise)


def perturb_question(question: str, draw: random.Random) -> str:
    """The question in slightly other words: perhaps a lead-in, and some words replaced by a synonym."""
    lead = draw.choice(LEADS)
    for pair in SYNONYMS:
        if draw.random() < 0.5:
            there = draw.sample(pair, 2)
            question = re.sub(rf"\b{there[0]}\b", there[1], question)
    return lead + question
