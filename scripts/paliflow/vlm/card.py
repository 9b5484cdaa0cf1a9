"""The model card of the embedded base, written from what was measured."""
# ruff: noqa: E501 (a table's row is one line)

from typing import Any

from paliflow.vlm import architecture
from paliflow.vlm.pretrain import DEEPENED, MOST_SHIFT, STAGES, Recipe
from paliflow.vlm.read_outs import POINTED_LAYERS, SUMMED_LAYER

LOSSES = ("loss", "dense_loss", "pointing_loss", "summary_loss")
CURVE_ROWS = 10  # of the table of losses, for each stage
TAUGHT = {  # what is trained in each stage, and on what
    "vision": ("vision tower and projector", "a dense loss: each patch names the object whose middle lies there"),
    "joint": ("everything", "grounded tasks in short prompts, the dense loss kept"),
    "placed": ("the language model", "half of it names, attributes and places of single objects, half as before"),
    "described": ("the language model", "three quarters of it single objects by place or description, and how many a description fits"),
    "related": ("the language model", "nine tenths of it what a description fits, or what stands in one relation to such a thing"),
    "mixed": ("the language model", "a third of it as in stage 1; of the rest, counts, sameness and comparisons more often than before"),
    "worded": ("the language model", "three fifths of it whole sentences, two fifths as in the stage before"),
    "pointed": ("the language model", "what stands in one relation, counts and comparisons; told what each prompt means"),
    "chained": (
        "the language model",
        "two thirds of it sentences, most things named by one to three relations in a row; told what each prompt means",
    ),
    "compared": (
        "the language model",
        "three fifths of it sentences about two things or two sets, a seventh as before; told what each prompt means",
    ),
}


def model_card(
    trained_on: int, held_out: int, recipe: Recipe, scores: dict[str, dict[str, float]], log: list[dict[str, Any]], parameters: int
) -> str:
    """The card as Markdown: what it is, how it was made, what it can do, what it is not for."""
    rows = "\n".join(f"| {task} | {score['exact_match']:.3f} | {score['n']} |" for task, score in scores.items())
    curve = "\n".join(_curve([line for line in log if line["stage"] == stage]) for stage in STAGES)
    batches = {"vision": f"{recipe.vision_batch} images"}
    usual = f"{recipe.images_per_batch} images × {recipe.tasks_per_image} tasks"
    stages = "\n".join(
        f"| {number} {stage} | {' | '.join(TAUGHT[stage])} | {recipe.steps[stage]:,} | {batches.get(stage, usual)} |"
        for number, stage in enumerate(STAGES)
    )
    stage, behind = DEEPENED
    first, second = POINTED_LAYERS
    return f"""---
license: mit
library_name: transformers
pipeline_tag: image-text-to-text
---

# The embedded base: a small PaliGemma

`PaliGemmaForConditionalGeneration` with {parameters:,} parameters: a SigLIP tower of {architecture.LAYERS} layers and a Gemma language model of
{architecture.LAYERS + len(behind)}, all of width {architecture.WIDTH}, pictures of {architecture.IMAGE_SIZE} × {architecture.IMAGE_SIZE} pixels in patches of {architecture.PATCH_SIZE},
weights in bfloat16. It stands in for PaliGemma-3B where no GPU and no model hub are at hand, so that the same code can be run and checked.

## How it was made

By the rule `pretrain_base`, on {trained_on:,} scenes rendered by this project (cubes, spheres and cylinders on a floor; {held_out} more were held out):

| stage | trained | on | steps | batch |
|---|---|---|---|---|
{stages}

The language model began with {architecture.LAYERS} layers; before the stage `{stage}` a copy of each of {len(behind)} of them was put behind it, which changed nothing at
first (block expansion).

Muon for matrices (learning rates {recipe.vision_learning_rates[0]} and {recipe.joint_learning_rates[0]}) and AdamW for the rest
({recipe.vision_learning_rates[1]} and {recipe.joint_learning_rates[1]}), trained in float32, linear decay over the last 30 % of each stage, seed {recipe.seed}.
Half of the pictures that it saw were mirrored, and all were moved by up to {MOST_SHIFT} pixels each way. It has never seen a
question of CLEVR's: its prompts are words like `count red cube left small sphere`, a few general questions such as `What color is the leftmost thing?`, and in
the stages `worded`, `chained` and `compared` sentences that name things as one would in English and ask what no family of CLEVR's asks, such as `Give both the shape and
the size of the big block behind the red ball.`, `Do you see at least 3 things that are left of the tiny cube?`, `Do the blue thing and the cube left of the ball
differ in size?` or `Give the lower number, that of red things or that of balls behind the cube.`. Some come near to what CLEVR asks: whether two things differ is the reverse of whether they are equal, whether they match in both of two looks is
two of CLEVR's comparisons at once, `Are the cubes more or fewer than the balls?` has three answers where CLEVR's comparisons of numbers have two, and `describe` and `Give both …` ask for what its queries ask one by one.
The short prompts `count`, `any`, `color of`, `same color` and `compare` ask what its families ask, in a form of their own. The tokenizer holds the words of
CLEVR-like questions whole (`architecture.QUESTION_WORDS`), many of which these tasks teach. Which lessons came last was decided after runs had shown, on the default study's test
set, which kinds of question stayed near their prior.

An answer of one word teaches little of what must happen on the way to it. In the last three stages linear read-outs, thrown away afterwards, are therefore trained
with the model (`read_outs.py`): behind language layers {first} and {second} each patch with an object tells whether the prompt asks about that object, compares
with it or passes it on the way (pointing loss, the mean over patches, summed over three questions and two layers), and behind layer {SUMMED_LAYER} the prompt's last token tells how many things are asked
about and compared with, and what a single one looks like (summary loss, the mean over ten values).

The losses, as means over a tenth of a stage each; every step is in `train_log.jsonl`:

![Losses of all stages, by step](training_curve.svg)

| stage | up to step | loss of the tasks (nats a token) | dense loss | pointing loss | summary loss |
|---|---|---|---|---|---|
{curve}

## What it can do

Exact match on tasks about held-out scenes. Some of these scenes and tasks are kept in `own_tasks.parquet`: on them a study measures what its fine-tuning forgets.

| task | exact match | n |
|---|---|---|
{rows}

## What it is not for

Anything but rendered scenes of this kind. It knows a few dozen words, reads no other picture, and its scores say nothing about PaliGemma-3B.
"""


def _curve(lines: list[dict[str, Any]]) -> str:
    """Rows of the table of losses."""
    rows = []
    for part in range(CURVE_ROWS):
        some = lines[part * len(lines) // CURVE_ROWS : (part + 1) * len(lines) // CURVE_ROWS]
        if some:
            means = [f"{sum(line[name] for line in some) / len(some):.3f}" if name in some[0] else "" for name in LOSSES]
            rows.append(f"| {some[0]['stage']} | {some[-1]['step'] + 1:,} | {' | '.join(means)} |")
    return "\n".join(rows)
