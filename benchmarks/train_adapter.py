"""Seconds a training step: cached image features and a head on the suffix, against pictures and labels given to the model itself.

Both train the same QLoRA adapter on the embedded base with the same questions, in turns, on one core: `python benchmarks/train_adapter.py`.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import torch  # noqa: E402
from PIL import Image  # noqa: E402

from paliflow.vlm import examples, model  # noqa: E402
from paliflow.vlm.features import encode_images  # noqa: E402
from paliflow.vlm.loss import suffix_loss  # noqa: E402

IMAGES, QUESTIONS_PER_IMAGE, ROUNDS = 8, 4, 7
QUESTION, ANSWER = "What is the color of the small metal sphere that is left of the cube?", "red"


def main() -> None:
    torch.set_num_threads(1)
    processor = model.load_processor(str(ROOT / "base_model"))
    adapted = model.add_adapter(model.load_base(str(ROOT / "base_model"), quantised=True), rank=16, alpha=32).train()
    base, tokenizer = adapted.get_base_model(), processor.tokenizer
    pictures = [Image.effect_noise((96, 96), 40).convert("RGB") for _ in range(IMAGES)]
    count = IMAGES * QUESTIONS_PER_IMAGE
    features = encode_images(base, processor, pictures, "pictures").repeat_interleave(QUESTIONS_PER_IMAGE, 0)
    repeated = [picture for picture in pictures for _ in range(QUESTIONS_PER_IMAGE)]

    def ours() -> torch.Tensor:
        encoded = [examples.encode(tokenizer, processor.image_seq_length, QUESTION, ANSWER)] * count
        return suffix_loss(base, examples.collate(encoded, tokenizer.pad_token_id), features)

    def usual() -> torch.Tensor:
        texts = {"text": [f"<image>{QUESTION}"] * count, "suffix": [ANSWER] * count}
        return adapted(**processor(images=repeated, **texts, return_tensors="pt", padding="longest")).loss

    def seconds(loss: Callable[[], torch.Tensor]) -> float:
        started = time.perf_counter()
        loss().backward()
        adapted.zero_grad()
        return time.perf_counter() - started

    seconds(ours), seconds(usual)
    pairs = [(seconds(ours), seconds(usual)) for _ in range(ROUNDS)]
    print(f"seconds a step of {count} questions, median of {ROUNDS}: {statistics.median(a for a, _ in pairs):.3f} ours, ", end="")
    print(f"{statistics.median(b for _, b in pairs):.3f} usual")
    print(f"train_adapter_step_ratio: {statistics.median(b / a for a, b in pairs):.2f}")


if __name__ == "__main__":
    main()
