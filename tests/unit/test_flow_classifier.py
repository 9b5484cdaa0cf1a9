"""The digits' classifier: it knows held-out images, and its features tell digits from noise."""

import numpy as np
import pytest

from paliflow.flow.classifier import train_classifier
from paliflow.flow.digits import load_digits
from paliflow.flow.distances import frechet_distance


@pytest.fixture(scope="module")
def classifier():
    return train_classifier(1)


def test_held_out_digits_are_recognised(classifier):
    assert classifier.held_out_accuracy > 0.93
    digits = load_digits()
    assert (classifier.labels(digits.held_out_images) == digits.held_out_labels).mean() == classifier.held_out_accuracy


def test_features_put_held_out_digits_nearer_the_training_ones_than_noise_or_one_digit(classifier):
    digits = load_digits()
    train = classifier.features(digits.train_images)

    def distance(images):
        return frechet_distance(classifier.features(images), train)

    noise = np.random.default_rng(0).uniform(-1, 1, digits.held_out_images.shape).astype(np.float32)
    ones = digits.held_out_images[digits.held_out_labels == 1]
    held_out = distance(digits.held_out_images)
    assert distance(noise) > 5 * held_out
    assert distance(ones) > 5 * held_out


def test_same_seed_gives_the_same_features(classifier):
    images = load_digits().held_out_images[:5]
    assert np.array_equal(train_classifier(1).features(images), classifier.features(images))
