"""Training questions a second: cached features, a head on the suffix and batches by length, against the usual recipe.

The usual recipe is transformers' Trainer with the processor in the collator: every question brings its picture through the tower again, and
the model's own `labels` loss computes the vocabulary at every position. Both train the same QLoRA adapter on the same questions, in turns,
for one epoch; ours also pays for encoding the pictures, as if that one epoch were all: `python benchmarks/train_adapter.py`.
"""

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch import nn  # noqa: E402
from transformers import Trainer, TrainingArguments  # noqa: E402

from paliflow.vlm import methods, model, train  # noqa: E402
from paliflow.vlm.data import Question  # noqa: E402
from paliflow.vlm.features import encode_images  # noqa: E402
from paliflow.vlm.schedule import Schedule  # noqa: E402

QUESTIONS_PER_IMAGE, RATE = 10, 1e-3
PUBLISHED = "google/paligemma-3b-pt-224"


class Contest:
    """One base, its pictures and questions, and the two ways to train on them."""

    def __init__(self, base: str, images: int, batch_size: int, random_weights: bool = False) -> None:
        self.base, self.batch_size, self.random_weights = base, batch_size, random_weights
        self.processor = model.load_processor(base, random_weights)
        side = self.processor.image_processor.size["height"]
        self.pictures = [Image.effect_noise((side, side), 40).convert("RGB") for _ in range(images)]
        self.questions = [
            Question(number // QUESTIONS_PER_IMAGE, "noise.png", number, "kind", *_question(random.Random(number)))
            for number in range(images * QUESTIONS_PER_IMAGE)
        ]

    def ours(self) -> tuple[float, int, float]:
        """Questions a second, pictures that went through the tower, and the peak of the GPU's memory in MiB."""
        adapted, calls = self._adapted()
        started = time.perf_counter()
        features = encode_images(methods.inner(adapted), self.processor, self.pictures, "pictures")
        schedule = Schedule(RATE, 0.0, self.batch_size, epochs=1, warmup_share=0.05, seed=1)
        with tempfile.TemporaryDirectory() as work:
            train.train(adapted, self.processor.tokenizer, features, self.questions, schedule, Path(work), "ours")
        return self._result(started, calls)

    def usual(self) -> tuple[float, int, float]:
        """The same of the usual recipe."""
        adapted, calls = self._adapted()

        def collate(asked: list[Question]) -> dict[str, torch.Tensor]:
            texts = {"text": [f"<image>{one.question}" for one in asked], "suffix": [one.answer for one in asked]}
            return self.processor(images=[self.pictures[one.image] for one in asked], **texts, return_tensors="pt", padding="longest")

        with tempfile.TemporaryDirectory() as work:
            settings = TrainingArguments(
                work,
                per_device_train_batch_size=self.batch_size,
                num_train_epochs=1,
                learning_rate=RATE,
                lr_scheduler_type="cosine",
                remove_unused_columns=False,
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
                dataloader_pin_memory=False,
            )
            trainer = Trainer(adapted, settings, data_collator=collate, train_dataset=self.questions)
            started = time.perf_counter()
            trainer.train()
        return self._result(started, calls)

    def _adapted(self) -> tuple[nn.Module, list[int]]:
        """A fresh adapter on a fresh base, and a list that grows by the pictures of each call of its tower."""
        torch.manual_seed(1)
        loaded = model.load_base(self.base, quantised=True, random_weights=self.random_weights)
        calls: list[int] = []
        loaded.model.vision_tower.register_forward_hook(lambda tower, inputs, output: calls.append(len(output.last_hidden_state)))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        return methods.add_adapter(loaded, "qlora", rank=16, alpha=32), calls

    def _result(self, started: float, calls: list[int]) -> tuple[float, int, float]:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        peak = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
        return len(self.questions) / seconds, sum(calls), peak


def _question(draw: random.Random) -> tuple[str, str]:
    """A question as long as CLEVR's, and a one-word answer."""
    colors, shapes, sides = ("red", "cyan", "brown"), ("cube", "sphere", "cylinder"), ("left of", "right of", "behind")
    chain = "".join(
        f" that is {draw.choice(sides)} the {draw.choice(colors)} metal {draw.choice(shapes)}" for _ in range(draw.randint(0, 3))
    )
    return f"What is the color of the large {draw.choice(shapes)}{chain}?", draw.choice(colors)


def compare(contest: Contest, rounds: int, name: str) -> None:
    """Run both in turns and print their speeds, the ratio, the tower's calls and, on a GPU, the peak memory."""
    turns = [(contest.ours(), contest.usual()) for _ in range(rounds)]
    speeds = [statistics.median(turn[side][0] for turn in turns) for side in (0, 1)]
    (_, calls, peak), (_, usual_calls, usual_peak) = turns[-1]
    print(f"{len(contest.questions)} questions of {len(contest.pictures)} pictures, batch {contest.batch_size}, median of {rounds} turns:")
    print(f"  questions a second: {speeds[0]:.1f} ours, encoding included, {speeds[1]:.1f} usual")
    print(f"  pictures through the vision tower: {calls} ours, {usual_calls} usual, {usual_calls / calls:.0f} times as many")
    if peak:
        print(f"  peak of the GPU's memory, MiB: {peak:.0f} ours, {usual_peak:.0f} usual")
        print(f"{name}_memory_share: {peak / usual_peak:.2f}")
    print(f"{name}_ratio: {statistics.median(ours[0] / usual[0] for ours, usual in turns):.2f}")


def main() -> None:
    torch.set_num_threads(1)
    compare(Contest(str(ROOT / "base_model"), images=30, batch_size=32), 7, "train_adapter")
    if torch.cuda.is_available():
        compare(Contest(PUBLISHED, images=16, batch_size=8, random_weights=True), 1, "train_adapter_3b")
    else:
        print("train_adapter_3b: not measured: no GPU here")


if __name__ == "__main__":
    main()
