"""How long and how fast to train, and which questions make up each step."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from paliflow.seeds import derive_seed

BATCHES_PER_BUCKET = 8  # so many batches are sorted by length together, which spares padding


@dataclass(frozen=True)
class Schedule:
    """The settings of a training: AdamW with a linear warm-up and a cosine to zero.

    A step takes `batch_size` questions, in `accumulation` parts one after another; `consistency` is the weight of the term of that name;
    `checkpointing` computes activations again in the backward pass instead of keeping them.
    """

    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    warmup_share: float
    seed: int
    accumulation: int = 1
    checkpointing: bool = False
    consistency: float = 0.0

    def steps(self, questions: int) -> int:
        """The number of steps over `questions` training questions."""
        return self.epochs * math.ceil(questions / self.batch_size)

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = max(1, round(self.warmup_share * steps))
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

    def batches(self, lengths: list[int]) -> Iterator[tuple[int, list[int]]]:
        """Epoch and indices of each step's questions: shuffled, those of like length together, the batches in random order."""
        for epoch in range(self.epochs):
            draw = random.Random(derive_seed(self.seed, "epoch", epoch))
            order = draw.sample(range(len(lengths)), len(lengths))
            bucket = self.batch_size * BATCHES_PER_BUCKET
            batches = []
            for start in range(0, len(order), bucket):
                together = sorted(order[start : start + bucket], key=lambda index: lengths[index])
                batches += [together[first : first + self.batch_size] for first in range(0, len(together), self.batch_size)]
            draw.shuffle(batches)
            for batch in batches:
                yield epoch, batch

    def parts(self, batch: list[int]) -> list[slice]:
        """Where a batch is cut."""
        size = math.ceil(self.batch_size / self.accumulation)
        return [slice(start, start + size) for start in range(0, len(batch), size)]
