"""A small classifier of the digits, trained within the study: its hidden layer is the feature space of the Fréchet distance."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from paliflow.flow.digits import PIXELS, load_digits

FEATURES = 32
STEPS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 1500, 128, 2e-3, 1e-2


@dataclass(frozen=True)
class Classifier:
    """The trained layers up to the features and after them, and the share of held-out images that it names rightly."""

    body: nn.Sequential
    head: nn.Linear
    held_out_accuracy: float

    def features(self, images: np.ndarray) -> np.ndarray:
        """What the last hidden layer says of images (n, 64): (n, 32), float32."""
        with torch.no_grad():
            features: Tensor = self.body(torch.from_numpy(images))
        return features.numpy()

    def labels(self, images: np.ndarray) -> np.ndarray:
        """The likeliest digit of each image (n, 64): (n,)."""
        with torch.no_grad():
            scores: Tensor = self.head(self.body(torch.from_numpy(images)))
        return scores.argmax(-1).numpy()


def train_classifier(seed: int) -> Classifier:
    """Fit 64-128-32-10 with AdamW on the training images, moved by noise of a tenth of their range; about two seconds."""
    digits = load_digits()
    torch_random = torch.Generator().manual_seed(seed)
    first, second, head = nn.Linear(PIXELS, 128), nn.Linear(128, FEATURES), nn.Linear(FEATURES, 10)
    body = nn.Sequential(first, nn.SiLU(), second, nn.SiLU())
    for layer in (first, second, head):
        for part in (layer.weight, layer.bias):
            nn.init.uniform_(part, -(layer.in_features**-0.5), layer.in_features**-0.5, generator=torch_random)
    optimiser = torch.optim.AdamW([*body.parameters(), *head.parameters()], lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    images, labels = torch.from_numpy(digits.train_images), torch.from_numpy(digits.train_labels)
    for _ in range(STEPS):
        chosen = torch.randint(len(images), (BATCH,), generator=torch_random)
        noisy = images[chosen] + 0.2 * torch.randn(BATCH, PIXELS, generator=torch_random)
        optimiser.zero_grad()
        nn.functional.cross_entropy(head(body(noisy)), labels[chosen]).backward()
        optimiser.step()
    fitted = Classifier(body, head, 0.0)
    accuracy = float((fitted.labels(digits.held_out_images) == digits.held_out_labels).mean())
    return Classifier(body, head, accuracy)
