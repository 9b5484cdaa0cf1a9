"""Train by any method: one loop, the figures of every step kept, resumable to the same bytes."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from paliflow import checkpoint, files, progress
from paliflow.errors import InputError
from paliflow.provenance import peak_memory_mib
from paliflow.seeds import derive_seed
from paliflow.vlm import consistency, examples, fast_step, faults, loss, methods
from paliflow.vlm.answer import MAX_ANSWER_TOKENS
from paliflow.vlm.data import Question
from paliflow.vlm.schedule import Schedule

CHECKPOINT_EVERY = 50
LOG = "train_log.jsonl"
FLOAT16_SCALE = 1024.0  # of the loss, where products run in float16, so that small gradients do not vanish on their way
GRADIENT_LIMIT = 1.0  # norm at which gradients are clipped

Record = dict[str, float]


def train(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    features: Tensor,
    questions: list[Question],
    schedule: Schedule,
    work: Path,
    label: str,
    observe: Callable[[Record], None] = lambda record: None,
) -> tuple[list[Record], float]:
    """Train in place.

    Args:
        model: what `methods.add_adapter` returned.
        tokenizer: the base's tokenizer.
        features: projected features of all pictures, (pictures, image tokens, width).
        questions: the training questions; `image` indexes `features`.
        schedule: length, rates, parts and seed.
        work: a folder for the checkpoint and for `train_log.jsonl`, which grows with every step; a run that finds a checkpoint there goes
            on from it and ends in the same weights.
        label: what the progress bar says.
        observe: is given each step's record.

    Returns:
        The log, a record a step, and the seconds that its steps took, those before an interruption included.

    Raises:
        InputError: an answer is too long or missing, a loss or gradient is not finite, or the GPU's memory is full.
    """
    run = _Run(model, tokenizer, features, questions, schedule, work)
    lengths = [len(encoded.prefix) + len(encoded.suffix) for encoded in run.encoded]
    steps = schedule.steps(len(questions))
    files.write_json_lines(work / LOG, run.log)  # of an interrupted run, without the steps behind its last checkpoint
    with progress.track(range(steps), label, unit="step") as bar, (work / LOG).open("a", encoding="utf-8") as live:
        bar.update(len(run.log))
        for step, (epoch, chosen) in enumerate(schedule.batches(lengths)):
            if step < len(run.log):
                continue
            record = run.take(step, epoch, chosen, schedule.rate(step, steps))
            observe(record)
            print(json.dumps(record), file=live, flush=True)
            losses = [line["loss"] for line in run.log]
            bar.set_postfix_str(f"loss {progress.curve(losses)} {record['loss']:.3f}", refresh=False)
            bar.update()
            if (step + 1) % CHECKPOINT_EVERY == 0:
                run.save()
    return run.log, run.seconds


def encode_questions(tokenizer: PreTrainedTokenizerBase, image_tokens: int, questions: list[Question]) -> list[examples.Encoded]:
    """Token ids of all questions with their answers.

    Raises:
        InputError: a question has no answer, or one that generation would cut.
    """
    encoded = [examples.encode(tokenizer, image_tokens, question.question, question.answer) for question in questions]
    for question, tokens in zip(questions, encoded, strict=True):
        where = f"Question {question.question_index} about {question.image_filename}"
        if not question.answer.strip():
            raise InputError(f"{where} has no answer, so that there is nothing to learn from it: give it one, or leave it out.")
        if len(tokens.suffix) > MAX_ANSWER_TOKENS:
            raise InputError(
                f"{where} has an answer of {len(tokens.suffix)} tokens with its end, and no more than {MAX_ANSWER_TOKENS} are generated: "
                "shorten it, or leave it out."
            )
    return encoded


@dataclass
class _Losses:
    """Of one step, summed over its parts; each part's graph is gone as soon as its gradient is added."""

    suffix: float = 0.0
    consistency: float = 0.0
    tokens: int = 0


class _Run:
    """The state of a training between two steps, and its way to the disk and back."""

    def __init__(
        self,
        model: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        features: Tensor,
        questions: list[Question],
        schedule: Schedule,
        work: Path,
    ) -> None:
        self.model, self.base, self.tokenizer = model, methods.inner(model), tokenizer
        self.features, self.questions, self.schedule = features, questions, schedule
        self.encoded = encode_questions(tokenizer, features.shape[1], questions)
        self.trained = list(methods.trained_parameters(model).values())
        self.optimizer = torch.optim.AdamW(self.trained, lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True)
        self.scale = FLOAT16_SCALE if faults.in_float16(model) else 1.0
        self.log: list[Record] = []
        self.seconds = 0.0
        self.path = work / "checkpoint.pt"
        self._load()
        fast_step.merge_narrow_layers(model)
        if schedule.checkpointing:
            self.base.activation_checkpointing_enable({"use_reentrant": False})
        model.train()

    def take(self, step: int, epoch: int, chosen: list[int], rate: float) -> Record:
        """Take one step on the chosen questions."""
        started = time.perf_counter()
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad()
        try:
            losses = self._accumulate(step, chosen)
            for parameter in self.trained:
                if parameter.grad is not None:
                    parameter.grad /= self.scale
            norm = nn.utils.clip_grad_norm_(self.trained, GRADIENT_LIMIT).item()
            for name, value in (("loss", losses.suffix + losses.consistency), ("gradient", norm)):
                if not math.isfinite(value):
                    kept = self.path if len(self.log) >= CHECKPOINT_EVERY else None
                    raise faults.not_finite(f"{name} of step {step + 1}", value, self.schedule, self.model, self.path.parent / LOG, kept)
            self.optimizer.step()
        except torch.OutOfMemoryError:
            raise faults.out_of_memory(step + 1, self.schedule) from None
        seconds = time.perf_counter() - started
        self.seconds += seconds
        figures = {"loss": losses.suffix} | ({"consistency": losses.consistency} if self.schedule.consistency else {})
        figures |= {"learning_rate": rate, "gradient_norm": norm}
        figures |= {"tokens_per_second": losses.tokens / seconds, "memory_mib": memory_mib(self.features.device)}
        record = {"step": step + 1, "epoch": epoch + 1} | {name: float(f"{value:.6g}") for name, value in figures.items()}
        self.log.append(record)
        return record

    def save(self) -> None:
        state = {"log": self.log, "seconds": self.seconds, "optimizer": self.optimizer.state_dict()}
        checkpoint.save(state | {"trained": [parameter.data for parameter in self.trained]}, self.path)

    def _load(self) -> None:
        state = checkpoint.load(self.path, self.features.device)
        if state is None:
            return
        self.log, self.seconds = state["log"], state["seconds"]
        self.optimizer.load_state_dict(state["optimizer"])
        for parameter, kept in zip(self.trained, state["trained"], strict=True):
            parameter.data.copy_(kept)

    def _accumulate(self, step: int, chosen: list[int]) -> _Losses:
        """Add up the gradient of the mean over the whole batch's suffix tokens, and questions, part by part."""
        losses, weight = _Losses(), self.schedule.consistency
        suffix_tokens = sum(len(self.encoded[index].suffix) for index in chosen)
        pictures = torch.tensor([self.questions[index].image for index in chosen], device=self.features.device)
        if weight:
            asked = [self.questions[index].question for index in chosen]
            seed = derive_seed(self.schedule.seed, "consistency", step)
            others, asked = consistency.perturb(self.features[pictures], asked, seed)
        for part in self.schedule.parts(chosen):
            indices = chosen[part]
            batch = examples.collate([self.encoded[index] for index in indices], self.tokenizer.pad_token_id)
            losses.tokens += int(batch["attention_mask"].sum())
            batch = {name: values.to(self.features.device) for name, values in batch.items()}
            if weight:
                frozen = consistency.frozen_summaries(self.model, self.tokenizer, others[part], asked[part])
            hidden = self._hidden_states(batch, self.features[pictures[part]])
            total = suffix = loss.loss_of(self.base, hidden, batch, suffix_tokens)
            if weight:
                apart = consistency.disagreement(consistency.summaries(hidden, batch, self.features.shape[1]), frozen)
                term = weight * apart / len(chosen)
                total = suffix + term
                losses.consistency += term.item()
            (self.scale * total).backward()
            losses.suffix += suffix.item()
        return losses

    def _hidden_states(self, batch: dict[str, Tensor], images: Tensor) -> Tensor:
        if self.schedule.consistency or self.schedule.checkpointing:  # which look at all positions, and at the last layer a second time
            return loss.hidden_states(self.base, batch, images)
        with fast_step.last_layer_at(self.base, loss.predicting(batch)):
            return loss.hidden_states(self.base, batch, images)


def memory_mib(place: torch.device) -> float:
    """The most that was held so far: of the GPU's memory by the training, on a CPU by the process."""
    if place.type == "cuda":
        return torch.cuda.max_memory_allocated(place) / 2**20
    return peak_memory_mib()
