"""Make the embedded base checkpoint of PaliGemma's architecture from rendered scenes: vision first, then grounded tasks jointly."""

import random
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import answer, architecture, grounding, pretrain
from paliflow.vlm.card import model_card

HELD_OUT_SHARE = 0.03  # of the scenes, on which the tasks are measured at the end


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder with images/ and scenes/ in the release's layout")
    parser.add_argument("--vision-steps", type=int, required=True, help="steps of stage 0, the vision tower alone")
    parser.add_argument("--joint-steps", type=int, required=True, help="steps of stage 1, everything jointly")
    parser.add_argument("--seed", type=int, required=True, help="seed of weights, batches and tasks")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default %(default)s)")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for the checkpoint, its processor, its card, its log and metrics.json"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    recipe = pretrain.Recipe(arguments.vision_steps, arguments.joint_steps, arguments.seed)
    graphs = arguments.scenes / "scenes" / "CLEVR_train_scenes.json"
    stage = Stage("pretrain_base", arguments.seed, vars(recipe) | {"scenes_sha256": files.sha256(graphs)})
    scenes = files.read_json(graphs)["scenes"]
    size = architecture.IMAGE_SIZE
    values = grounding.attribute_values(scenes)
    draw = random.Random(derive_seed(arguments.seed, "tokenizer"))
    corpus = [" ".join(grounding.sample_task(scene, values, size, draw)) for scene in scenes for _ in range(4)]
    words = [f"{blank}{word}" for word in architecture.QUESTION_WORDS.split() for blank in ("", " ")]
    processor = architecture.build_processor(corpus + words * 20)
    torch.manual_seed(derive_seed(arguments.seed, "weights"))
    model = architecture.build_model(processor)

    pictures = [Image.open(arguments.scenes / "images" / "train" / scene["image_filename"]) for scene in scenes]
    pixels = processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
    held_out = max(1, int(len(scenes) * HELD_OUT_SHARE))
    log = pretrain.pretrain(model, processor, scenes[held_out:], pixels[held_out:], recipe, work := stage.work_folder(arguments.output))

    model = model.to(torch.bfloat16).to(torch.float32)  # what is measured is what is shipped
    scores = _measure(model, processor, scenes[:held_out], pixels[:held_out], values, arguments.seed)
    model.to(torch.bfloat16).save_pretrained(arguments.output / "model")
    processor.save_pretrained(arguments.output / "model")
    card = model_card(len(scenes) - held_out, held_out, recipe, scores, sum(p.numel() for p in model.parameters()))
    files.write_text(arguments.output / "model" / "README.md", card)
    files.write_json_lines(arguments.output / "train_log.jsonl", log)
    stage.write_metrics(
        arguments.output / "metrics.json", {"held_out_scenes": held_out, "exact_match_by_task": scores}, {"exact_match_by_task": "share"}
    )
    shutil.rmtree(work)


def _measure(model, processor, scenes, pixels, values, seed) -> dict[str, dict[str, float]]:
    """Exact match of each task on scenes that were not trained on."""
    draw = random.Random(derive_seed(seed, "held-out"))
    with torch.no_grad():
        features = model.get_image_features(pixels).pooler_output
    tasks = [
        (index, *grounding.sample_task(scene, values, pixels.shape[-1], draw)) for index, scene in enumerate(scenes) for _ in range(12)
    ]
    answers = answer.answer_questions(
        model, processor.tokenizer, features, [task[:2] for task in tasks], "pretrain_base held out", max_tokens=48
    )
    right: dict[str, list[bool]] = {}
    for (_, prefix, suffix), given in zip(tasks, answers, strict=True):
        right.setdefault(prefix.split()[0], []).append(given == suffix)
    return {name: {"exact_match": round(float(np.mean(hits)), 4), "n": len(hits)} for name, hits in sorted(right.items())}


if __name__ == "__main__":
    errors.run(main)
