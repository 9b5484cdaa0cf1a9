"""The figures of the drawn digits: images beside their nearest training image, and likeness and copying by evaluations."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from paliflow.report.names import COUPLINGS, NAMES
from paliflow.report.pairs import bars, distance_axis, floor_band
from paliflow.report.style import COLOURS, bare, new_figure

SIDE, GAP = 8, 1  # pixels
SHOWN_IMAGES = 20
ROW_HEIGHT = 0.27  # inches
AFTER_LAST = 2.5
"""How far behind the largest number of evaluations the adaptive solver stands, as a factor."""


def draw_digits(samples: Mapping[str, np.ndarray]) -> Figure:
    """Images by few and many evaluations, a row each; under a model's last row, the training image nearest to each of that row.

    Args:
        samples: the arrays of evaluate_digits: `{model}_{solver}` and `{model}_{solver}_nearest` (n, 64) from -1 to 1, and `held_out`.
    """
    rows = [("held-out images", COLOURS["target"], samples["held_out"])]
    for model, solver, name in digit_models(samples):
        counts = _counts(samples, f"{model}_{solver}_")
        colour = COLOURS[model]
        for count in few_and_many(counts):
            rows.append((f"{name}, {count}", colour, samples[f"{model}_{solver}_{count}"]))
        rows.append(("nearest in training", COLOURS["prior"], samples[f"{model}_{solver}_{counts[-1]}_nearest"]))
    figure, axes = new_figure(ROW_HEIGHT * len(rows), len(rows))
    for place, (label, colour, images) in zip(axes[:, 0], rows, strict=True):
        ink = LinearSegmentedColormap.from_list(label, ["#FFFFFF", colour])
        place.imshow(strip(images[:SHOWN_IMAGES]), cmap=ink, vmin=-1, vmax=1, interpolation="nearest", aspect="equal")
        bare(place)
        place.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
    return figure


def strip(images: np.ndarray) -> np.ndarray:
    """Images (n, 64) beside each other with a white gap between them, (8, 9 n - 1)."""
    framed = np.full((len(images), SIDE, SIDE + GAP), -1.0)
    framed[:, :, :SIDE] = images.reshape(-1, SIDE, SIDE)
    return framed.transpose(1, 0, 2).reshape(SIDE, -1)[:, :-GAP]


def few_and_many(counts: list[int]) -> list[int]:
    """The smallest, the middle and the largest of the sorted counts, each once."""
    return sorted({counts[0], counts[len(counts) // 2], counts[-1]})


def digit_models(names: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Model, solver and printed name of every way in which these arrays or scores were drawn with a fixed number of evaluations."""
    for coupling in COUPLINGS:
        if _counts(names, f"{coupling}_euler_"):
            yield coupling, "euler", NAMES[coupling]
    for solver in ("ddim", "ddpm"):
        if _counts(names, f"diffusion_{solver}_"):
            yield "diffusion", solver, NAMES[solver]


def draw_digits_error(values: Mapping[str, Any]) -> Figure:
    """Fréchet distance from held-out images, distance to the nearest training image and share of near copies, by evaluations.

    Args:
        values: of evaluate_digits.
    """
    shown = {
        "frechet": "Fréchet distance\nfrom held-out images",
        "nearest_training": "distance to the\nnearest training image",
        "near_copies": "share nearer than\n95 % of held-out images",
    }
    figure, axes = new_figure(2.7, columns=3)
    for place, (measure, label) in zip(axes[0], shown.items(), strict=True):
        scores = {f"{model}_{solver}": score for model, by in values[measure].items() for solver, score in by.items()}
        counts: list[int] = []
        for model, solver, name in digit_models(scores):
            counts = _counts(scores, f"{model}_{solver}_")
            look: dict[str, Any] = {"color": COLOURS[model], "marker": {"euler": "o", "ddpm": "s", "ddim": "^"}[solver]}
            line: dict[str, Any] = {
                "linestyle": "--" if solver == "ddim" else "-",
                "label": name if model == "diffusion" else f"{name}, Euler",
            }
            bars(place, counts, [scores[f"{model}_{solver}_{count}"] for count in counts], **look, **line)
        beyond = counts[-1] * AFTER_LAST
        for model in values[measure]:
            bars(place, [beyond], [scores[f"{model}_dopri5"]], color=COLOURS[model], marker="D", linestyle="none")
        _reference(place, values, measure)
        place.set(xlabel="evaluations of the field", xscale="log")
        place.set_xticks([*counts, beyond], [*map(str, counts), "dopri5"])
        place.minorticks_off()
        place.set_ylabel(label)
    distance_axis(axes[0, 0])
    handles = dict(zip(*reversed(axes[0, 0].get_legend_handles_labels()), strict=True))
    handles |= dict(zip(*reversed(axes[0, 1].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def _reference(place: Axes, values: Mapping[str, Any], measure: str) -> None:
    """What real images score: training ones where likeness is measured, held-out ones where copying is."""
    if measure == "frechet":
        floor_band(place, values["training_images"][measure], NAMES["training_images"])
    else:
        look: dict[str, Any] = {"color": COLOURS["target"], "linewidth": 0.9, "linestyle": (0, (4, 2)), "zorder": 0}
        place.axhline(values["held_out_images"][measure], label=NAMES["held_out_images"], **look)


def _counts(names: Mapping[str, Any], start: str) -> list[int]:
    """The numbers behind `start` among the names, rising."""
    return sorted(int(name.removeprefix(start)) for name in names if name.startswith(start) and name.removeprefix(start).isdecimal())
