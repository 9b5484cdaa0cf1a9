"""Train an adapter: one loop for all methods, the loss of every step kept, resumable to the same bytes."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from paliflow import checkpoint, progress
from paliflow.seeds import derive_seed
from paliflow.vlm import examples
from paliflow.vlm.data import Question
from paliflow.vlm.loss import suffix_loss

CHECKPOINT_EVERY = 50
GRADIENT_LIMIT = 1.0  # norm at which gradients are clipped
BATCHES_PER_BUCKET = 8  # so many batches are sorted by length together, which spares padding


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train: AdamW with a linear warm-up and a cosine to zero."""

    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    warmup_share: float
    seed: int

    def steps(self, questions: int) -> int:
        """The number of steps over `questions` training questions."""
        return self.epochs * math.ceil(questions / self.batch_size)

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = max(1, round(self.warmup_share * steps))
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def train(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    features: Tensor,
    questions: list[Question],
    schedule: Schedule,
    work: Path,
    label: str,
) -> tuple[list[dict[str, float]], int]:
    """Train the adapter in place.

    Args:
        model: the base with its adapter.
        tokenizer: the base's tokenizer.
        features: projected features of all pictures, (pictures, image tokens, width).
        questions: the training questions; `image` indexes `features`.
        schedule: length, rates and seed.
        work: a folder for the checkpoint; a run that finds one there goes on from it and ends in the same adapter.
        label: what the progress bar says.

    Returns:
        The log, a record a step, and how many of its steps this run took itself.
    """
    base = model.get_base_model()
    encoded = [examples.encode(tokenizer, features.shape[1], question.question, question.answer) for question in questions]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    log: list[dict[str, float]] = []
    state = checkpoint.load(work / "checkpoint.pt", features.device)
    if state is not None:
        log = state["log"]
        optimizer.load_state_dict(state["optimizer"])
        for parameter, kept in zip(trained, state["trained"], strict=True):
            parameter.data.copy_(kept)
    steps, start = schedule.steps(len(questions)), len(log)
    model.train()
    with progress.track(range(steps), label, unit="step") as bar:
        bar.update(start)
        for step, (epoch, chosen) in enumerate(_batches(encoded, schedule)):
            if step < start:
                continue
            batch = examples.collate([encoded[index] for index in chosen], tokenizer.pad_token_id)
            batch = {name: values.to(features.device) for name, values in batch.items()}
            images = features[torch.tensor([questions[index].image for index in chosen])]
            rate = optimizer.param_groups[0]["lr"] = schedule.rate(step, steps)
            loss = suffix_loss(base, batch, images)
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(trained, GRADIENT_LIMIT)
            optimizer.step()
            figures = {"loss": loss.item(), "learning_rate": rate, "gradient_norm": norm.item()}
            log.append({"step": step + 1, "epoch": epoch + 1} | {name: float(f"{value:.6g}") for name, value in figures.items()})
            bar.set_postfix_str(f"loss {figures['loss']:.3f}", refresh=False)
            bar.update()
            if (step + 1) % CHECKPOINT_EVERY == 0:
                state = {"log": log, "optimizer": optimizer.state_dict(), "trained": [parameter.data for parameter in trained]}
                checkpoint.save(state, work / "checkpoint.pt")
    return log, steps - start


def _batches(encoded: list[examples.Encoded], schedule: Schedule) -> Iterator[tuple[int, list[int]]]:
    """Epoch and indices of each batch: shuffled, questions of like length together, batches in random order."""
    for epoch in range(schedule.epochs):
        draw = random.Random(derive_seed(schedule.seed, "epoch", epoch))
        order = draw.sample(range(len(encoded)), len(encoded))
        bucket = schedule.batch_size * BATCHES_PER_BUCKET
        batches = []
        for start in range(0, len(order), bucket):
            together = sorted(order[start : start + bucket], key=lambda index: len(encoded[index].prefix) + len(encoded[index].suffix))
            batches += [together[first : first + schedule.batch_size] for first in range(0, len(together), schedule.batch_size)]
        draw.shuffle(batches)
        for batch in batches:
            yield epoch, batch
