"""Measure fields that draw digits: Fréchet distance on a classifier's features, shares of digits, and distances to training images."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paliflow import errors, files, progress, provenance
from paliflow.arguments import Parser, positive_integer, positive_number
from paliflow.errors import InputError
from paliflow.flow import measures
from paliflow.flow.classifier import Classifier, train_classifier
from paliflow.flow.diffusion import ProbabilityFlow, sample_diffusion
from paliflow.flow.digits import PIXELS, draw_digits, load_digits
from paliflow.flow.distances import frechet_distance, nearest_distances
from paliflow.flow.measures import spread
from paliflow.flow.network import VelocityFields, load_fields
from paliflow.flow.sample import solve_dopri5, solve_fixed
from paliflow.flow.transport import squared_distances
from paliflow.seeds import derive_seed

PAIR = "gaussian_to_digits"
NEAR_QUANTILE = 0.05
SHOWN = 32


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="to read: what train_flow or train_diffusion wrote")
    parser.add_argument("--seed", type=int, required=True, help="the study's seed")
    parser.add_argument("--evaluations", type=positive_integer, nargs="+", required=True, help="numbers of evaluations of the field")
    parser.add_argument("--sample-points", type=positive_integer, required=True, help="images drawn from each field by each solver")
    parser.add_argument("--tolerance", type=positive_number, required=True, help="of dopri5, relative and absolute")
    parser.add_argument("--samples", type=Path, required=True, help="to write: images of each first seed and their nearest, .npz")
    parser.add_argument("--metrics", type=Path, required=True, help="to write: distances and their references, .json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {name: getattr(arguments, name) for name in ("evaluations", "sample_points", "tolerance")}
    stage = provenance.Stage("evaluate_digits", arguments.seed, settings)

    digits = load_digits()
    classifier = train_classifier(derive_seed(arguments.seed, "digits classifier"))
    judge = Judge(classifier)
    found: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    kept: dict[str, np.ndarray] = {"held_out": digits.held_out_images[:SHOWN]}
    for field, name, replicate, about in progress.track(members(arguments.models), "evaluate digits", unit="field"):
        random = np.random.default_rng(derive_seed(arguments.seed, "flow evaluation", PAIR, replicate))
        noise = random.standard_normal((arguments.sample_points, PIXELS), dtype=np.float32)
        drawn, needed = draw_images(field, about, noise, arguments, random)
        found["dopri5_evaluations"][name]["dopri5"].append(needed)
        for solver, images in drawn.items():
            for measure, score in judge.scores(images).items():
                found[measure][name][solver].append(score)
            if replicate == 0:
                nearest = squared_distances(images[:SHOWN], digits.train_images).argmin(1)
                kept |= {f"{name}_{solver}": images[:SHOWN], f"{name}_{solver}_nearest": digits.train_images[nearest]}

    values: dict[str, Any] = {
        measure: {name: {solver: spread(runs, lowest=0) for solver, runs in solvers.items()} for name, solvers in by_name.items()}
        for measure, by_name in found.items()
    }
    random = np.random.default_rng(derive_seed(arguments.seed, "digits reference"))
    training = [judge.scores(draw_digits(arguments.sample_points, random)) for _ in range(measures.FLOOR_REPETITIONS)]
    values["training_images"] = {measure: spread([run[measure] for run in training], lowest=0) for measure in training[0]}
    values["held_out_images"] = judge.scores(digits.held_out_images)
    values |= {"classifier_accuracy": classifier.held_out_accuracy, "interval": measures.INTERVAL}
    with files.replacing(arguments.samples) as temporary:
        np.savez(temporary, **kept)
    units = {"nearest_training": "pixels from -1 to 1, Euclidean over 64", "near_copies": "share of the samples"}
    stage.write_metrics(arguments.metrics, values, units)


class Judge:
    """Scores images (n, 64): against held-out ones where likeness counts, against training ones where copying would show."""

    def __init__(self, classifier: Classifier) -> None:
        digits = load_digits()
        self.classifier = classifier
        self._features = classifier.features(digits.held_out_images)
        self._train = digits.train_images
        self._shares = np.bincount(digits.train_labels, minlength=10) / len(digits.train_labels)
        self._near = float(np.quantile(nearest_distances(digits.held_out_images, self._train), NEAR_QUANTILE))

    def scores(self, images: np.ndarray) -> dict[str, float]:
        """Four measures by name.

        frechet: from the held-out images, on the classifier's features.
        class_deviation: the largest deviation of a digit's share, as the classifier sees it, from its share of the training images.
        nearest_training: mean Euclidean distance to the nearest training image; far below that of held-out images it tells of copies.
        near_copies: the share nearer to a training image than all but 5 % of the held-out ones are; 0.05 where nothing is copied.
        """
        nearest = nearest_distances(images, self._train)
        shares = np.bincount(self.classifier.labels(images), minlength=10) / len(images)
        return {
            "frechet": frechet_distance(self.classifier.features(images), self._features),
            "class_deviation": float(np.abs(shares - self._shares).max()),
            "nearest_training": float(nearest.mean()),
            "near_copies": float((nearest < self._near).mean()),
        }


def members(paths: list[Path]) -> list[tuple[VelocityFields, str, int, dict[str, Any]]]:
    """Every field of the files: itself, its coupling or `diffusion`, its seed's number, and what its file says.

    Raises:
        InputError: a file's fields are not of digits.
    """
    found = []
    for path in paths:
        fields, about = load_fields(path)
        if about["pair"] != PAIR:
            raise InputError(f"{path} holds fields of {about['pair']}, not of {PAIR}: use evaluate_flow or evaluate_diffusion.")
        found += [(fields.one(n), one.get("coupling", "diffusion"), one["seed"], about) for n, one in enumerate(about["fields"])]
    return found


def draw_images(
    field: VelocityFields, about: dict[str, Any], noise: np.ndarray, arguments: Any, random: np.random.Generator
) -> tuple[dict[str, np.ndarray], int]:
    """Images by solver, and how often dopri5 evaluated: Euler and dopri5 of a flow; DDPM, DDIM and dopri5 on a diffusion's flow."""
    if "scale" not in about:
        drawn = {f"euler_{budget}": solve_fixed(field, noise, "euler", budget) for budget in arguments.evaluations}
        drawn["dopri5"] = solve_dopri5(field, noise, arguments.tolerance)
        return {name: one.points[-1] for name, one in drawn.items()}, drawn["dopri5"].num_function_evaluations
    drawn = {"dopri5": solve_dopri5(ProbabilityFlow(field), noise, arguments.tolerance)}
    for budget in arguments.evaluations:
        drawn[f"ddpm_{budget}"] = sample_diffusion(field, noise, budget, 1.0, random)
        drawn[f"ddim_{budget}"] = sample_diffusion(field, noise, budget, 0.0, random)
    deviation, mean = np.float32(about["scale"]["deviation"]), np.float32(about["scale"]["mean"])
    return {name: one.points[-1] * deviation + mean for name, one in drawn.items()}, drawn["dopri5"].num_function_evaluations


if __name__ == "__main__":
    errors.run(main)
