"""Make the embedded base: the vision tower alone with a dense loss, then all of it on grounded tasks with the dense loss kept, then the
language model alone through the lessons, deepened before the third of these, and told in the last three what each prompt means.

The order follows PaliGemma: unimodal first, then everything jointly (Beyer et al. 2024, section 3.2). The dense loss, which has each patch
name the object at it, is what makes grounding learnable in minutes. The lessons are there because after the joint stage the tower knows
what stands where, and the language model still looks it up at the wrong place. The language model is deepened by copies of layers that
change nothing at first (block expansion, Wu et al. 2024), for a relation is a look-up upon a look-up.
"""

import copy
import functools
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from paliflow import checkpoint, progress
from paliflow.seeds import derive_seed
from paliflow.vlm import examples, grounding
from paliflow.vlm.lessons import LESSONS, POINTED
from paliflow.vlm.loss import layer_states, loss_of
from paliflow.vlm.muon import Muon
from paliflow.vlm.read_outs import DenseHead, PointingHead, SummaryHead, dense_targets, pointing_targets, summary_targets

MOST_SHIFT = 8  # pixels by which a picture is moved each way, so that an object lies anywhere on the grid of patches
CHECKPOINT_EVERY = 200
STAGES = ("vision", "joint", *LESSONS)
DEEPENED = ("related", (1, 3))  # before which stage, and the language layers behind which a copy is put
SHORT_SHARE = 0.75  # of a batch's tasks, in order of length, that are padded apart from the rest


@dataclass(frozen=True)
class Recipe:
    """The pretraining's settings; learning rates are peaks, reached after 50 steps and decayed linearly over the last 30 %."""

    steps: dict[str, int]  # of each of `STAGES`
    seed: int
    vision_batch: int = 64
    images_per_batch: int = 16
    tasks_per_image: int = 3
    vision_learning_rates: tuple[float, float] = (3e-3, 2e-3)  # Muon for matrices, AdamW for the rest
    joint_learning_rates: tuple[float, float] = (2e-3, 1e-3)


def pretrain(
    model: PaliGemmaForConditionalGeneration,
    processor: PaliGemmaProcessor,
    scenes: list[dict[str, Any]],
    pixels: Tensor,
    recipe: Recipe,
    work: Path,
) -> list[dict[str, Any]]:
    """Train `model` in place and return the log, a record a step.

    Args:
        scenes: scene graphs in the release's fields, one an image; each is seen in the mirror as often as plain, and moved a little.
        pixels: the pictures as the processor gives them, (images, 3, size, size), in the same order.
        recipe: the settings.
        work: a folder for checkpoints; a run that finds one there goes on from it and ends in the same weights.
    """
    size, patch = pixels.shape[-1], model.config.vision_config.patch_size
    values = grounding.attribute_values(scenes)
    scenes = scenes + [grounding.mirrored(scene, size) for scene in scenes]
    width = model.config.projection_dim
    dense, pointing, summary = DenseHead(width, values), PointingHead(width), SummaryHead(width, values)
    log: list[dict[str, Any]] = []

    def look(images: int, draw: random.Random) -> tuple[list[dict[str, Any]], Tensor]:
        """So many scenes as they are shown, and the features of their pictures."""
        chosen = [draw.randrange(len(scenes)) for _ in range(images)]
        shifts = [(draw.randint(-MOST_SHIFT, MOST_SHIFT), draw.randint(-MOST_SHIFT, MOST_SHIFT)) for _ in chosen]
        shown = [grounding.moved(scenes[index], *shift) for index, shift in zip(chosen, shifts, strict=True)]
        return shown, _features(model, _shifted(_pictures(pixels, torch.tensor(chosen)), shifts), draw)

    def dense_loss(shown: list[dict[str, Any]], features: Tensor) -> Tensor:
        return dense(features, torch.stack([dense_targets(scene, values, size, patch) for scene in shown]))

    def vision_loss(step: int) -> dict[str, Tensor]:
        draw = random.Random(derive_seed(recipe.seed, "vision", step))
        return {"dense_loss": dense_loss(*look(recipe.vision_batch, draw))}

    def text_losses(
        shown: list[dict[str, Any]], features: Tensor, table: grounding.Table, told: bool, draw: random.Random
    ) -> dict[str, Tensor]:
        """Of so many tasks on each of the scenes the mean over the suffix tokens and, if `told`, how far the prompts' meaning is read."""
        tasks = []
        for picture, scene in enumerate(shown):
            for _ in range(recipe.tasks_per_image):
                task = grounding.sample_from(table, scene, values, size, draw)
                tasks.append((examples.encode(processor.tokenizer, features.shape[1], task.prefix, task.suffix), picture, task))
        tasks.sort(key=lambda each: len(each[0].prefix) + len(each[0].suffix))
        tokens = sum(len(encoded.suffix) for encoded, _, _ in tasks)
        short = round(len(tasks) * SHORT_SHARE)
        losses = []
        for part in (tasks[:short], tasks[short:]):  # the longest are padded apart from the rest
            encoded, pictures, asked = zip(*part, strict=True)
            batch = examples.collate(encoded, processor.tokenizer.pad_token_id)
            states = layer_states(model, batch, features[list(pictures)])
            losses.append({"loss": loss_of(model, states[-1], batch, tokens)})
            if not told:
                continue
            places = torch.stack([pointing_targets(shown[picture], task, size, patch) for _, picture, task in part])
            sums = torch.tensor([summary_targets(task, values) for task in asked])
            ends = torch.tensor([len(each.prefix) - 1 for each in encoded])
            share = len(part) / len(tasks)
            losses[-1] |= {"pointing_loss": share * pointing(states, places), "summary_loss": share * summary(states, ends, sums)}
        return {name: losses[0][name] + losses[1][name] for name in losses[0]}

    def joint_loss(step: int) -> dict[str, Tensor]:
        draw = random.Random(derive_seed(recipe.seed, "joint", step))
        shown, features = look(recipe.images_per_batch, draw)
        return text_losses(shown, features, grounding.TASKS, False, draw) | {"dense_loss": dense_loss(shown, features)}

    def lesson_loss(lesson: str, step: int) -> dict[str, Tensor]:
        draw = random.Random(derive_seed(recipe.seed, lesson, step))
        with torch.no_grad():
            shown, features = look(recipe.images_per_batch, draw)
        return text_losses(shown, features, LESSONS[lesson], lesson in POINTED, draw)

    everything = nn.ModuleList([model, dense, pointing, summary])
    tower = nn.ModuleList([model.model.vision_tower, model.model.multi_modal_projector, dense])
    seeing = nn.ModuleList([model, dense])
    reading = nn.ModuleList([model.model.language_model, pointing, summary])
    _run("vision", vision_loss, tower, everything, recipe.steps["vision"], recipe.vision_learning_rates, work, log)
    _run("joint", joint_loss, seeing, everything, recipe.steps["joint"], recipe.joint_learning_rates, work, log)
    for lesson in LESSONS:
        if lesson == DEEPENED[0]:
            deepen(model, DEEPENED[1])
        loss = functools.partial(lesson_loss, lesson)
        trained = reading if lesson in POINTED else model.model.language_model
        _run(lesson, loss, trained, everything, recipe.steps[lesson], recipe.joint_learning_rates, work, log)
    return log


def deepen(model: PaliGemmaForConditionalGeneration, after: tuple[int, ...]) -> None:
    """Put a copy of each of these language layers behind it, its two output projections zero, so that the model computes what it did."""
    language = model.model.language_model
    layers = []
    for index, layer in enumerate(language.layers):
        layers.append(layer)
        if index in after:
            twin = copy.deepcopy(layer)
            nn.init.zeros_(twin.self_attn.o_proj.weight)
            nn.init.zeros_(twin.mlp.down_proj.weight)
            layers.append(twin)
    for index, layer in enumerate(layers):
        layer.self_attn.layer_idx = index
    language.layers = nn.ModuleList(layers)
    model.config.text_config.num_hidden_layers = len(layers)


def _pictures(pixels: Tensor, chosen: Tensor) -> Tensor:
    """The pictures of the chosen scenes; those counted on from the last picture are mirror images."""
    count = len(pixels)
    plain = pixels[chosen % count]
    return torch.where((chosen < count).view(-1, 1, 1, 1), plain, plain.flip(-1))


def _shifted(pictures: Tensor, shifts: list[tuple[int, int]]) -> Tensor:
    """Each picture moved by its (columns, rows), the edge repeated where nothing is left to show."""
    side = pictures.shape[-1]
    wide = functional.pad(pictures, (MOST_SHIFT,) * 4, mode="replicate")
    parts = []
    for picture, (columns, rows) in zip(wide, shifts, strict=True):
        top, left = MOST_SHIFT - rows, MOST_SHIFT - columns
        parts.append(picture[:, top : top + side, left : left + side])
    return torch.stack(parts)


def _features(model: PaliGemmaForConditionalGeneration, pixels: Tensor, draw: random.Random) -> Tensor:
    """Projected patch features (batch, patches, width) of pictures whose brightness and contrast are changed a little."""
    contrast = torch.tensor([1 + draw.uniform(-0.15, 0.15) for _ in pixels]).view(-1, 1, 1, 1)
    brightness = torch.tensor([draw.uniform(-0.3, 0.3) for _ in pixels]).view(-1, 1, 1, 1)
    return model.get_image_features(pixels * contrast + brightness).pooler_output


def _run(
    stage: str,
    loss_of: Callable[[int], dict[str, Tensor]],
    trained: nn.Module,
    saved: nn.Module,
    steps: int,
    rates: tuple[float, float],
    work: Path,
    log: list[dict[str, Any]],
) -> None:
    """Take `steps` steps on what `loss_of` gives for each, from the stage's last checkpoint on if there is one."""
    matrices = [p for name, p in trained.named_parameters() if p.ndim == 2 and "embed" not in name and "lm_head" not in name]
    known = set(map(id, matrices))
    rest = [p for p in trained.parameters() if id(p) not in known]
    optimizers = [
        Muon(matrices, lr=rates[0], weight_decay=0.01),
        torch.optim.AdamW(rest, lr=rates[1], weight_decay=0.0, betas=(0.9, 0.98)),
    ]
    start = 0
    state = checkpoint.load(work / f"{stage}.pt")
    if state is not None:
        start = state["step"]
        saved.load_state_dict(state["model"])
        for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        log[:] = state["log"]
    trained.train()
    with progress.track(range(steps), f"pretrain_base {stage}", unit="step") as bar:
        bar.update(start)
        for step in range(start, steps):
            factor = min(1.0, (step + 1) / 50, (steps - step) / (0.3 * steps))
            for optimizer, rate in zip(optimizers, rates, strict=True):
                optimizer.param_groups[0]["lr"] = rate * factor
                optimizer.zero_grad()
            losses = loss_of(step)
            torch.stack(list(losses.values())).sum().backward()
            nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
            log.append({"stage": stage, "step": step} | {name: round(value.item(), 5) for name, value in losses.items()})
            bar.set_postfix_str(" ".join(f"{name} {value.item():.3f}" for name, value in losses.items()), refresh=False)
            bar.update()
            if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
                state = {"step": step + 1, "model": saved.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "log": log}
                checkpoint.save(state, work / f"{stage}.pt")
