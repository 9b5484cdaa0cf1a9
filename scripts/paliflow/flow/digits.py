"""Handwritten digits: 1,797 real images of 8 × 8 pixels that come with scikit-learn, split into what a field sees and what is held out."""

import functools
from dataclasses import dataclass

import numpy as np

PIXELS = 64
HELD_OUT_SHARE = 0.25
SPLIT_SEED = 0  # one split for every study, as the data set is one


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 pixels in [−1, 1], float32, with the digit each shows: (n, 64) and (n,)."""

    train_images: np.ndarray
    train_labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray


@functools.cache
def load_digits() -> Digits:
    """The images, split at random with each digit's share kept: 1,347 to train on, 450 held out.

    Source: the test part of the UCI data set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998).
    """
    from sklearn.datasets import load_digits as load  # here, for it takes a second that no other pair should wait for

    content = load()
    images, labels = (content.data / 8 - 1).astype(np.float32), content.target.astype(np.int64)
    random = np.random.default_rng(SPLIT_SEED)
    order = random.permutation(len(images))
    order = order[np.argsort(labels[order], kind="stable")]
    # Of digits laid in order, every fourth: each digit keeps its share to within one image.
    held_out = np.zeros(len(images), bool)
    held_out[order[:: round(1 / HELD_OUT_SHARE)]] = True
    return Digits(images[~held_out], labels[~held_out], images[held_out], labels[held_out])


def draw_digits(count: int, random: np.random.Generator) -> np.ndarray:
    """Draw training images with replacement: (count, 64), float32."""
    images = load_digits().train_images
    return images[random.integers(0, len(images), count)]
