"""Made-up results of the flow experiments in the form that the stages write: test data for figures and tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas

COUPLINGS = ("independent", "optimal_transport", "pooled_transport", "entropic_transport")
PAIRS = ("gaussian_to_8gaussians", "gaussian_to_moons", "moons_to_8gaussians", "gaussian_to_scurve", "gaussian_to_checkerboard")
COUNTS = (1, 2, 4, 8, 16, 32, 64)
SAMPLERS = ("ddpm", "ddim", "probability_flow_euler")
SIDE, BATCH = 21, 8
FORMS = ("this study: radius 5", "their notebooks: radius 5")


def score(value: float, reach: float = 0.1) -> dict[str, Any]:
    """A score with its interval."""
    return {"value": value, "low": value - reach, "high": value + reach, "n": 3}


def make_evaluation(couplings: Sequence[str] = COUPLINGS[:2], counts: Sequence[int] = COUNTS, modes: bool = True) -> dict[str, Any]:
    """The values of evaluate_flow; the n-th coupling's distance at k evaluations is n + 1 + 1 / k, dopri5's n + 1."""
    distances = {
        coupling: {**{f"euler_{count}": score(number + 1 + 1 / count) for count in counts}, "dopri5": score(number + 1)}
        for number, coupling in enumerate(couplings)
    }
    values: dict[str, Any] = {"wasserstein": distances, "wasserstein_floor": score(0.9)}
    for measure in ("sliced_wasserstein", "energy_distance", *(["mode_deviation"] if modes else [])):
        values |= {measure: {coupling: {"dopri5": score(0.3)} for coupling in couplings}, f"{measure}_floor": score(0.2)}
    measures = {"straightness": 0.5, "normalised_path_energy": 0.2, "dopri5_evaluations": 26.4, "wasserstein_large": 0.6}
    for measure, level in (measures | {"negative_log_likelihood": 2.5, "kl_target_model": 0.25}).items():
        values[measure] = {coupling: score(level + number) for number, coupling in enumerate(couplings)}
    values["mode_share"] = {coupling: [score(0.125, 0.01)] * 8 for coupling in couplings} if modes else {}
    values["mode_share_reference"] = 1 / 8 if modes else None
    return values | {"wasserstein_large_floor": score(0.4), "negative_log_likelihood_reference": score(2.25)}


def make_diffusion(counts: Sequence[int] = COUNTS) -> dict[str, Any]:
    """The values of evaluate_diffusion; at k evaluations every sampler's distance is 5 + 1 / k, dopri5's 5."""
    samplers = {f"{sampler}_{count}": count for sampler in SAMPLERS for count in counts}
    values: dict[str, Any] = {"wasserstein": {name: score(5 + 1 / count) for name, count in samplers.items()}}
    values["wasserstein"]["probability_flow_dopri5"] = score(5)
    values["evaluations"] = {name: score(count, 0) for name, count in samplers.items()} | {"probability_flow_dopri5": score(116.6)}
    for measure in ("sliced_wasserstein", "energy_distance", "mode_deviation"):
        values[measure] = {"probability_flow_dopri5": score(0.7)}
    return values | {name: {"probability_flow": score(3)} for name in ("wasserstein_large", "negative_log_likelihood", "kl_target_model")}


def make_times(counts: Sequence[int] = COUNTS) -> dict[str, float]:
    """The provenance of evaluate_flow and evaluate_diffusion together."""
    flows = [f"{coupling}_{solver}" for coupling, by in make_evaluation(counts=counts)["wasserstein"].items() for solver in by]
    return dict.fromkeys([f"seconds_of_{name}" for name in flows], 0.125) | {
        f"seconds_of_{name}": 0.25 for name in make_diffusion(counts)["wasserstein"]
    }


def make_samples(couplings: Sequence[str] = COUPLINGS[:2], counts: Sequence[int] = COUNTS) -> dict[str, np.ndarray]:
    """The arrays of evaluate_flow, 300 points."""
    random = np.random.default_rng(0)
    arrays = {"source": random.standard_normal((300, 2)), "target": 3 * random.standard_normal((300, 2))}
    arrays |= {
        "velocity_times": np.array([0, 0.33, 0.67, 1]),
        "velocity_grid": np.array([(x, y) for x in range(SIDE) for y in range(SIDE)]),
    }
    for coupling in couplings:
        arrays |= {f"{coupling}_{name}": random.standard_normal((300, 2)) for name in (*(f"euler_{count}" for count in counts), "dopri5")}
        moments = np.linspace(0, 1, 65)[:, None, None]
        arrays[f"{coupling}_paths"] = ((1 - moments) * arrays["source"] + moments * arrays["target"])[:, :256]
        arrays[f"{coupling}_velocity"] = random.standard_normal((4, SIDE**2, 2))
    return arrays


def make_couplings(couplings: Sequence[str] = COUPLINGS[:2]) -> dict[str, np.ndarray]:
    """The arrays of couple_flow: a batch of eight, of which a pool of sixteen holds the target points of every second one."""
    random = np.random.default_rng(0)
    arrays = {f"example_{end}": random.standard_normal((BATCH, 2)) for end in ("source", "target")}
    reverse = np.arange(BATCH)[::-1]
    for coupling in couplings[1:]:
        partner = np.where(reverse % 2, reverse + BATCH, reverse) if coupling == "pooled_transport" else reverse
        arrays[coupling] = partner.astype(np.uint8)[None, None]
    return arrays


def make_log(couplings: Sequence[str] = COUPLINGS[:2], seeds: int = 2) -> pandas.DataFrame:
    """The log of train_flow, five steps."""
    rows = [(step, coupling, seed, 1.0 + seed) for coupling in couplings for seed in range(seeds) for step in range(1, 6)]
    log = pandas.DataFrame(rows, columns=["step", "coupling", "seed", "loss"])
    return log.astype({"coupling": pandas.CategoricalDtype(list(couplings))})


def make_digits(couplings: Sequence[str] = COUPLINGS[:2], counts: Sequence[int] = COUNTS) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The values and the arrays of evaluate_digits; the images drawn by k evaluations are all of brightness 1 / k, the nearest -1."""
    euler = {f"euler_{count}": count for count in counts}
    diffusion = {f"{sampler}_{count}": count for sampler in ("ddpm", "ddim") for count in counts}
    names = {**dict.fromkeys(couplings, euler), "diffusion": diffusion}
    drawn = {model: {**{name: score(1 / count) for name, count in by.items()}, "dopri5": score(1)} for model, by in names.items()}
    values: dict[str, Any] = dict.fromkeys(("frechet", "class_deviation", "nearest_training", "near_copies"), drawn)
    real = {"frechet": 0.4, "class_deviation": 0.01, "nearest_training": 2.0, "near_copies": 0.05}
    arrays = {"held_out": np.zeros((32, 64))}
    for model, by in names.items():
        arrays |= {f"{model}_{name}": np.full((32, 64), 1 / count) for name, count in by.items()}
        arrays |= {f"{model}_{name}_nearest": np.full((32, 64), -1.0) for name in by}
    values["dopri5_evaluations"] = {model: {"dopri5": score(44)} for model in names}
    return values | {"training_images": {name: score(level, 0.01) for name, level in real.items()}, "held_out_images": real}, arrays


def make_transport(sizes: Sequence[int] = (16, 32, 64)) -> dict[str, Any]:
    """The metrics file of compare_transport; transport halves the squared distance of a pair."""
    measures = ("straightness", "normalised_path_energy", "wasserstein_one_step", "wasserstein_dopri5", "dopri5_evaluations")
    scores = {
        coupling: {measure: score(1 + number) for measure in measures} | {"mean_squared_distance": 8.0 if number == 0 else 4.0}
        for number, coupling in enumerate(COUPLINGS)
    }
    two = {coupling: scores[coupling] for coupling in COUPLINGS[:2]}
    paths = ("straight", "lipman", "variance_preserving")
    values = {"batch": {str(size): two for size in sizes}, "coupling": scores, "path": dict.fromkeys(paths, two)}
    timed = [f"optimal_transport_batch_{size}" for size in sizes] + [f"{coupling}_coupling_all" for coupling in COUPLINGS[1:]]
    times = {f"microseconds_of_{one}": 300.0 + number for number, one in enumerate(timed)}
    return {"values": values | {"wasserstein_floor": score(0.9)}, "provenance": times}


def make_paper() -> dict[str, Any]:
    """The values of reproduce_tong."""
    trained = {coupling: {"normalised_path_energy": score(0.2), "paper": 0.222} for coupling in COUPLINGS[:2]}
    return {"transport_cost": score(14.6), "interval": "95 %", **trained, "exact_field": {form: score(0.19) for form in FORMS}}
