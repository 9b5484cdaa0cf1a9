"""The model card of the embedded base, written from what was measured."""
# ruff: noqa: E501 (a table's row is one line)

from paliflow.vlm import architecture
from paliflow.vlm.pretrain import Recipe


def model_card(trained_on: int, held_out: int, recipe: Recipe, scores: dict[str, dict[str, float]], parameters: int) -> str:
    """The card as Markdown: what it is, how it was made, what it can do, what it is not for."""
    rows = "\n".join(f"| {task} | {score['exact_match']:.3f} | {score['n']} |" for task, score in scores.items())
    return f"""---
license: mit
library_name: transformers
pipeline_tag: image-text-to-text
---

# The embedded base: a small PaliGemma

`PaliGemmaForConditionalGeneration` with {parameters:,} parameters: a SigLIP tower and a Gemma language model of {architecture.LAYERS} layers of
width {architecture.WIDTH} each, pictures of {architecture.IMAGE_SIZE} × {architecture.IMAGE_SIZE} pixels in patches of {architecture.PATCH_SIZE},
weights in bfloat16. It stands in for PaliGemma-3B where no GPU and no model hub are at hand, so that the same code can be run and checked.

## How it was made

By the rule `pretrain_base`, on {trained_on:,} scenes rendered by this project (cubes, spheres and cylinders on a floor; {held_out} more were held out):

| stage | trained | on | steps | batch |
|---|---|---|---|---|
| 0 | vision tower and projector | a dense loss: each patch names the object whose middle lies there | {recipe.vision_steps:,} | {recipe.vision_batch} images |
| 1 | everything | grounded tasks in short prompts, the dense loss kept | {recipe.joint_steps:,} | {recipe.images_per_batch} images × {recipe.tasks_per_image} tasks |

Muon for matrices (learning rates {recipe.vision_learning_rates[0]} and {recipe.joint_learning_rates[0]}) and AdamW for the rest
({recipe.vision_learning_rates[1]} and {recipe.joint_learning_rates[1]}), trained in float32, linear decay over the last 30 % of each stage, seed {recipe.seed}.
Half of the pictures that it saw were mirrored. It has never seen a question of CLEVR's form: its prompts are words like `count red cube left small sphere`.

## What it can do

Exact match on tasks about held-out scenes:

| task | exact match | tasks |
|---|---|---|
{rows}

## What it is not for

Anything but rendered scenes of this kind. It knows a few dozen words, reads no other picture, and its scores say nothing about PaliGemma-3B.
"""
