"""The figures of the drawn digits: images beside their nearest training image, and likeness and copying by evaluations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from paliflow.report.names import COUPLINGS, NAMES
from paliflow.report.pairs import bars, distance_axis, floor_band
from paliflow.report.style import COLOURS, TEXT_WIDTH, bare, new_figure

SIDE, GAP = 8, 1  # pixels
SHOWN_IMAGES = 20
LABELS, GROUP_GAP = 1.25, 0.08  # inches
ROW_HEIGHT = (TEXT_WIDTH - LABELS) / SHOWN_IMAGES
MOST_LABELS = 5
AFTER_LAST = 4.0
"""How far behind the largest number of evaluations the adaptive solver stands, as a factor."""


def draw_digits(samples: Mapping[str, np.ndarray]) -> Figure:
    """Images by few and many evaluations, a row each; under a model's last row, the training image nearest to each of that row.

    Args:
        samples: the arrays of evaluate_digits: `{model}_{solver}_{evaluations}`, the same with `_nearest`, and `held_out`, each (n, 64)
            from -1 to 1.
    """
    groups: list[tuple[str, list[tuple[str, str, np.ndarray]]]] = [("", [("held-out images", COLOURS["target"], samples["held_out"])])]
    for model, solver, name in digit_models(samples):
        counts = _counts(samples, f"{model}_{solver}_")
        drawn = {count: samples[f"{model}_{solver}_{count}"] for count in few_and_many(counts)}
        rows = [(f"{count} evaluation{'s' if count != 1 else ''}", COLOURS[model], images) for count, images in drawn.items()]
        nearest = samples[f"{model}_{solver}_{counts[-1]}_nearest"]
        groups.append((name, [*rows, ("nearest in training", COLOURS["prior"], nearest)]))
    height = ROW_HEIGHT * sum(len(rows) for _, rows in groups) + GROUP_GAP * (len(groups) - 1)
    figure, axes = new_figure(height, len(groups))
    top = height
    for place, (name, rows) in zip(axes[:, 0], groups, strict=True):
        tall = ROW_HEIGHT * len(rows)
        place.set_position((LABELS / TEXT_WIDTH, (top - tall) / height, 1 - LABELS / TEXT_WIDTH, tall / height))
        top -= tall + GROUP_GAP
        place.imshow(mosaic([(images[:SHOWN_IMAGES], colour) for _, colour, images in rows]), interpolation="nearest", aspect="auto")
        bare(place)
        place.set_yticks(
            [(SIDE + GAP) * number + (SIDE - 1) / 2 for number in range(len(rows))], [label for label, _, _ in rows], fontsize=7
        )
        place.tick_params(length=0)
        place.text((0.04 - LABELS) / (TEXT_WIDTH - LABELS), 0.5, name, transform=place.transAxes, rotation=90, va="center", fontsize=6.5)
    return figure


def mosaic(rows: Sequence[tuple[np.ndarray, str]]) -> np.ndarray:
    """Rows of images (n, 64) from -1 to 1, each in a colour on white, beside and beneath each other: (9 rows - 1, 9 n - 1, 3)."""
    bands = []
    for images, colour in rows:
        framed = np.zeros((len(images), SIDE + GAP, SIDE + GAP))
        framed[:, :SIDE, :SIDE] = (np.clip(images, -1, 1).reshape(-1, SIDE, SIDE) + 1) / 2
        ink = framed.transpose(1, 0, 2).reshape(SIDE + GAP, -1, 1)
        bands.append(1 - ink * (1 - np.array(to_rgb(colour))))
    return np.concatenate(bands)[:-GAP, :-GAP]


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
    handles: dict[str, Any] = {}
    for place, (measure, label) in zip(axes[0], shown.items(), strict=True):
        scores = {f"{model}_{solver}": score for model, by in values[measure].items() for solver, score in by.items()}
        lowest = min(_reference(place, values, measure), *(score["value"] for score in scores.values()))
        _models(place, scores, list(values[measure]))
        place.set_ylabel(label)
        if measure == "near_copies":
            place.set_ylim(-0.03 * place.get_ylim()[1], None)
        else:
            distance_axis(place, [lowest])
        handles |= {str(name): handle for handle, name in zip(*place.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def _models(place: Axes, scores: Mapping[str, Any], models: Sequence[str]) -> None:
    """One measure of every model by evaluations, and behind them at dopri5."""
    counts: list[int] = []
    for model, solver, name in digit_models(scores):
        counts = _counts(scores, f"{model}_{solver}_")
        look: dict[str, Any] = {"marker": {"euler": "o", "ddpm": "s", "ddim": "^"}[solver], "linestyle": "--" if solver == "ddim" else "-"}
        label = name if model == "diffusion" else f"{name}, Euler"
        bars(place, counts, [scores[f"{model}_{solver}_{count}"] for count in counts], color=COLOURS[model], label=label, **look)
    beyond = counts[-1] * AFTER_LAST
    for model in models:
        bars(place, [beyond], [scores[f"{model}_dopri5"]], color=COLOURS[model], marker="D", linestyle="none")
    place.set(xlabel="evaluations of the field", xscale="log")
    place.set_xticks([*counts, beyond], [*(str(count) if count in shown_counts(counts) else "" for count in counts), "dopri5"])
    place.minorticks_off()


def shown_counts(counts: list[int]) -> list[int]:
    """Those of the sorted counts that stand under a narrow axis: all of a few, every second of many, always the largest."""
    return counts if len(counts) <= MOST_LABELS else counts[::-1][::2]


def _reference(place: Axes, values: Mapping[str, Any], measure: str) -> float:
    """Draw what real images score, training ones where likeness is measured and held-out ones where copying is; that score."""
    if measure == "frechet":
        floor_band(place, values["training_images"][measure], NAMES["training_images"])
        return float(values["training_images"][measure]["value"])
    look: dict[str, Any] = {"color": COLOURS["target"], "linewidth": 0.9, "linestyle": (0, (4, 2)), "zorder": 0.7}
    place.axhline(values["held_out_images"][measure], label=NAMES["held_out_images"], **look)
    return float(values["held_out_images"][measure])


def _counts(names: Mapping[str, Any], start: str) -> list[int]:
    """The numbers behind `start` among the names, rising."""
    return sorted(int(name.removeprefix(start)) for name in names if name.startswith(start) and name.removeprefix(start).isdecimal())
