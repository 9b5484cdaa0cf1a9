"""Make the embedded base, a small checkpoint of PaliGemma, from rendered scenes."""

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from paliflow import errors, files
from paliflow.arguments import Parser, positive_integer, whole_number
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import answer, architecture, grounding, own_tasks, pretrain
from paliflow.vlm.card import model_card

HELD_OUT_SHARE = 0.03  # of the scenes, on which the tasks are measured at the end
TASKS_PER_SCENE = 20  # of those
OWN_PICTURES, OWN_TASKS = 100, 5  # of those, kept beside the weights: on them a study measures what its fine-tuning forgets
MOST_TASK_TOKENS = 48


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder with images/ and scenes/ in the release's layout")
    stages = ", ".join(pretrain.STAGES)
    parser.add_argument("--steps", type=_stage_steps, nargs="+", required=True, metavar="STAGE=STEPS", help=f"of each stage: {stages}")
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of weights, batches and tasks")
    parser.add_argument("--threads", type=positive_integer, default=1, help="threads of torch (default %(default)s)")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for model/ (checkpoint, processor, card, log, own tasks) and metrics.json"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    steps = dict(arguments.steps)
    if set(steps) != set(pretrain.STAGES):
        parser.error(f"argument --steps: give each of {stages}.")
    recipe = pretrain.Recipe(steps, arguments.seed)
    graphs = arguments.scenes / "scenes" / "CLEVR_train_scenes.json"
    stage = Stage("pretrain_base", arguments.seed, vars(recipe) | {"scenes_sha256": files.sha256(graphs)})
    scenes = files.read_json(graphs)["scenes"]
    size = architecture.IMAGE_SIZE
    values = grounding.attribute_values(scenes)
    draw = random.Random(derive_seed(arguments.seed, "tokenizer"))
    seen = [grounding.sample_task(scene, values, size, draw) for scene in scenes for _ in range(4)]
    corpus = [f"{task.prefix} {task.suffix}" for task in seen]
    words = [f"{blank}{word}" for word in architecture.QUESTION_WORDS.split() for blank in ("", " ")]
    processor = architecture.build_processor(corpus + words * 20)
    torch.manual_seed(derive_seed(arguments.seed, "weights"))
    model = architecture.build_model(processor)

    pictures = [arguments.scenes / "images" / "train" / scene["image_filename"] for scene in scenes]
    pixels = _pixels(processor, pictures)
    held_out = max(1, int(len(scenes) * HELD_OUT_SHARE))
    log = pretrain.pretrain(model, processor, scenes[held_out:], pixels[held_out:], recipe, work := stage.work_folder(arguments.output))

    model = model.to(torch.bfloat16).to(torch.float32)  # what is measured is what is shipped
    tasks = _held_out_tasks(scenes[:held_out], values, arguments.seed)
    scores = _measure(model, processor, pixels[:held_out], tasks)
    checkpoint = arguments.output / "model"
    model.to(torch.bfloat16).save_pretrained(checkpoint)
    processor.save_pretrained(checkpoint)
    kept = min(OWN_PICTURES, held_out)
    own_tasks.write_own_tasks(checkpoint / own_tasks.NAME, pictures[:kept], [asked[:OWN_TASKS] for asked in tasks[:kept]])
    card = model_card(len(scenes) - held_out, held_out, recipe, scores, log, sum(p.numel() for p in model.parameters()))
    files.write_text(checkpoint / "README.md", card)
    files.write_json_lines(checkpoint / "train_log.jsonl", log)
    stage.write_metrics(
        arguments.output / "metrics.json", {"held_out_scenes": held_out, "exact_match_by_task": scores}, {"exact_match_by_task": "share"}
    )
    shutil.rmtree(work)


def _stage_steps(text: str) -> tuple[str, int]:
    stage, _, steps = text.partition("=")
    return stage, positive_integer(steps)


def _pixels(processor: PaliGemmaProcessor, pictures: list[Path]) -> Tensor:
    """All pictures as the model sees them, (pictures, 3, size, size)."""
    return torch.cat(
        [
            processor.image_processor([Image.open(path) for path in pictures[start : start + 256]], return_tensors="pt")["pixel_values"]
            for start in range(0, len(pictures), 256)
        ]
    )


def _held_out_tasks(scenes: list[dict[str, Any]], values: grounding.Values, seed: int) -> list[list[dict[str, str]]]:
    """Tasks on each scene that was not trained on, as {prompt, answer, kind}."""
    draw = random.Random(derive_seed(seed, "held-out"))
    tasks = []
    for scene in scenes:
        drawn = [grounding.sample_task(scene, values, architecture.IMAGE_SIZE, draw) for _ in range(TASKS_PER_SCENE)]
        tasks.append([{"prompt": task.prefix, "answer": task.suffix, "kind": grounding.kind_of(task.prefix)} for task in drawn])
    return tasks


def _measure(
    model: PaliGemmaForConditionalGeneration, processor: PaliGemmaProcessor, pixels: Tensor, tasks: list[list[dict[str, str]]]
) -> dict[str, dict[str, float]]:
    """Exact match by kind of task."""
    with torch.no_grad():
        features = model.get_image_features(pixels).pooler_output
    asked = [(index, task) for index, each in enumerate(tasks) for task in each]
    prompts = [(index, task["prompt"]) for index, task in asked]
    answers = answer.answer_questions(model, processor.tokenizer, features, prompts, "pretrain_base held out", max_tokens=MOST_TASK_TOKENS)
    right: dict[str, list[bool]] = {}
    for (_, task), given in zip(asked, answers, strict=True):
        right.setdefault(task["kind"], []).append(given.text == task["answer"])
    return {kind: {"exact_match": round(float(np.mean(hits)), 4), "n": len(hits)} for kind, hits in sorted(right.items())}


if __name__ == "__main__":
    errors.run(main)
