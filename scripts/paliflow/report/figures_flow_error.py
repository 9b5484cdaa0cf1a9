"""The charts of the flow experiments: error by evaluations, straightness, diffusion beside flow, and the transport's batch."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paliflow.report import pairs
from paliflow.report.names import COUPLINGS, NAMES
from paliflow.report.pairs import bars, distance_axis, evaluations_axis, floor_band
from paliflow.report.style import COLOURS, new_figure

BESIDE = {"independent": 0.97, "optimal_transport": 1.03, "pooled_transport": 1.0, "entropic_transport": 1.06}
"""A mark's shift along a logarithmic axis, so that one coupling's bars do not hide the other's."""

FLOOR = "floor: target against target"
DISTANCE = "2-Wasserstein distance"
SAMPLERS: dict[str, tuple[float, dict[str, Any]]] = {
    "ddpm": (0.91, {"marker": "s", "linestyle": "-"}),
    "ddim": (1.09, {"marker": "^", "linestyle": "--"}),
    "probability_flow_euler": (1.0, {"marker": "v", "linestyle": ":"}),
}
"""How diffusion's ways of sampling are told apart, all in diffusion's colour: the marks' shift and look."""

Values = Mapping[str, Any]
Metrics = Mapping[str, Values]


def draw_error(metrics: Metrics) -> Figure:
    """The 2-Wasserstein distance against the number of evaluations with its interval over seeds, the floor shaded.

    Args:
        metrics: by pair, the values of evaluate_flow.
    """
    figure, places = pairs.charts(list(metrics), 2.3, 0.5)
    for pair, values in metrics.items():
        place = places[pair]
        floor_band(place, values["wasserstein_floor"], FLOOR)
        _finish(place, _couplings(place, values), values)
    _legend(figure, places[next(iter(metrics))], 3)
    return figure


def draw_straightness(metrics: Metrics) -> Figure:
    """How straight the paths are and what that saves: departure, normalised path energy, evaluations of dopri5; a line a coupling.

    Args:
        metrics: by pair, the values of evaluate_flow.
    """
    shown = {
        "straightness": "departure from straight\n(data's units squared)",
        "normalised_path_energy": "normalised path energy",
        "dopri5_evaluations": "evaluations of dopri5",
    }
    couplings = [name for name in COUPLINGS if name in next(iter(metrics.values()))["straightness"]]
    step = len(couplings) + 1
    figure, axes = new_figure(0.85 + 0.16 * step * len(metrics), columns=3, sharey=True)
    for place, (measure, title) in zip(axes[0], shown.items(), strict=True):
        for number, coupling in enumerate(couplings):
            at = [row * step + number for row in range(len(metrics))]
            scores = [values[measure][coupling] for values in metrics.values()]
            bars(place, at, scores, lying=True, color=COLOURS[coupling], marker="o", linestyle="none", label=NAMES[coupling])
        place.set(xlabel=title, xlim=(-0.03 * place.get_xlim()[1], None))
        place.grid(False, axis="y")
        for row in range(1, len(metrics)):
            place.axhline(row * step - 1, color="#CCCCCC", linewidth=0.6)
    middle = (len(couplings) - 1) / 2
    axes[0, 0].set_yticks([row * step + middle for row in range(len(metrics))], [NAMES[pair].replace("→ ", "→\n") for pair in metrics])
    axes[0, 0].set_ylim(len(metrics) * step - 1, -1)
    _legend(figure, axes[0, 0], 4)
    return figure


def draw_diffusion(metrics: Metrics, diffusions: Metrics) -> Figure:
    """The 2-Wasserstein distance against evaluations: the flows beside three ways of sampling from a diffusion model.

    Args:
        metrics: by pair, the values of evaluate_flow.
        diffusions: by pair, those of evaluate_diffusion; pairs that do not begin at a normal have none and are left out.
    """
    if not diffusions:
        return _empty("No pair begins at a Gaussian, where diffusion models begin.")
    figure, places = pairs.charts(list(diffusions), 2.5, 0.7)
    for pair, diffusion in diffusions.items():
        place = places[pair]
        floor_band(place, metrics[pair]["wasserstein_floor"], FLOOR)
        counts = _couplings(place, metrics[pair])
        scores, evaluations = diffusion["wasserstein"], diffusion["evaluations"]
        look: dict[str, Any] = {"color": COLOURS["diffusion"]}
        for sampler, (shift, style) in SAMPLERS.items():
            found = _by_count(scores, f"{sampler}_")
            name = NAMES["probability_flow"] + ", Euler" if sampler.startswith("probability") else NAMES[sampler]
            bars(place, [count * shift for count in found], list(found.values()), label=name, **look, **style)
        adaptive = "probability_flow_dopri5"
        needed = evaluations[adaptive]["value"]
        bars(place, [needed], [scores[adaptive]], label="probability flow, dopri5", marker="D", linestyle="none", **look)
        _finish(place, counts, metrics[pair], scores)
    _legend(figure, places[next(iter(diffusions))], 3)
    return figure


def draw_modes(metrics: Metrics) -> Figure:
    """The share of dopri5's samples that lie nearest each mode, by coupling, beside what each of equally heavy modes should hold.

    Args:
        metrics: by pair, the values of evaluate_flow; pairs whose target has no modes are left out.
    """
    with_modes = {pair: values for pair, values in metrics.items() if values["mode_share"]}
    if not with_modes:
        return _empty("No pair leads to a target that has modes.")
    figure, places = pairs.charts(list(with_modes), 2.0, 0.4)
    for pair, values in with_modes.items():
        place = places[pair]
        place.axhline(100 * values["mode_share_reference"], color=COLOURS["prior"], linewidth=0.8, label="equal shares", zorder=0.7)
        for coupling, shares in values["mode_share"].items():
            modes = range(1, len(shares) + 1)
            percent = [{end: 100 * share[end] for end in ("value", "low", "high")} for share in shares]
            at = [mode + 5 * (BESIDE[coupling] - 1) for mode in modes]
            bars(place, at, percent, color=COLOURS[coupling], marker="o", linestyle="none", label=NAMES[coupling])
            place.set_xticks(modes)
        place.set(xlabel="mode", ylabel="share of the samples (%)")
    _legend(figure, places[next(iter(with_modes))], 3)
    return figure


def draw_transport_batch(values: Values, provenance: Mapping[str, Any]) -> Figure:
    """What the batch of the transport does to the pairs' distance, the paths, one Euler step, and the time that pairing takes.

    Args:
        values, provenance: of compare_transport.
    """
    sizes = sorted(int(size) for size in values["batch"])
    figure, axes = new_figure(4.4, 2, 2)
    share, straight, error, cost = axes.flat
    for coupling in values["batch"][str(sizes[0])]:
        colour = COLOURS[coupling]
        by_size = [values["batch"][str(size)][coupling] for size in sizes]
        independent = [values["batch"][str(size)]["independent"]["mean_squared_distance"] for size in sizes]
        shares = [scores["mean_squared_distance"] / alone for scores, alone in zip(by_size, independent, strict=True)]
        share.plot(sizes, shares, color=colour, marker="o", label=NAMES[coupling])
        at = [size * BESIDE[coupling] for size in sizes]
        bars(straight, at, [scores["straightness"] for scores in by_size], color=colour, marker="o")
        bars(error, at, [scores["wasserstein_one_step"] for scores in by_size], color=colour, marker="o")
    floor_band(error, values["wasserstein_floor"], FLOOR)
    times = [provenance[f"microseconds_of_optimal_transport_batch_{size}"] for size in sizes]
    cost.plot(sizes, times, color=COLOURS["optimal_transport"], marker="o")
    share.set(ylabel="squared distance of a pair,\nshare of independent's", ylim=(0, 1.08))
    straight.set(ylabel="departure from straight\n(data's units squared)")
    error.set(ylabel=f"{DISTANCE},\none Euler step", ylim=(0, None))
    cost.set(ylabel="pairing one batch\n(microseconds)")
    distance_axis(cost, times)
    distance_axis(straight, [scores["straightness"]["value"] for by in values["batch"].values() for scores in by.values()])
    for place in axes.flat:
        place.set_xscale("log", base=2)
        place.set_xticks(sizes, [str(size) for size in sizes])
        place.set_xlabel("points in a batch")
    _legend(figure, share, 4, error)
    return figure


def _empty(why: str) -> Figure:
    figure, axes = new_figure(0.6)
    axes[0, 0].set_axis_off()
    axes[0, 0].text(0.5, 0.5, why, ha="center", va="center")
    return figure


def _couplings(place: Axes, values: Values) -> set[int]:
    """Every coupling's distances with Euler steps and with dopri5; the numbers of steps."""
    counts: set[int] = set()
    for coupling, scores in values["wasserstein"].items():
        euler = _by_count(scores, "euler_")
        look: dict[str, Any] = {"color": COLOURS[coupling]}
        at = [count * BESIDE[coupling] for count in euler]
        bars(place, at, list(euler.values()), label=f"{NAMES[coupling]}, Euler", marker="o", **look)
        needed = values["dopri5_evaluations"][coupling]["value"] * BESIDE[coupling]
        bars(place, [needed], [scores["dopri5"]], label=f"{NAMES[coupling]}, dopri5", marker="D", linestyle="none", **look)
        counts |= euler.keys()
    return counts


def _by_count(scores: Values, start: str) -> dict[int, Any]:
    """The scores whose name is `start` and a number, by that number in rising order."""
    found = {int(name.removeprefix(start)): score for name, score in scores.items() if name.removeprefix(start).isdecimal()}
    return dict(sorted(found.items()))


def _finish(place: Axes, counts: set[int], values: Values, more: Values | None = None) -> None:
    evaluations_axis(place, sorted(counts))
    scores = [
        values["wasserstein_floor"],
        *(more or {}).values(),
        *(score for by in values["wasserstein"].values() for score in by.values()),
    ]
    distance_axis(place, [score["value"] for score in scores])
    place.set_ylabel(DISTANCE)


def _legend(figure: Figure, place: Axes, columns: int, *more: Axes) -> None:
    handles, labels = place.get_legend_handles_labels()
    for other in more:
        further = other.get_legend_handles_labels()
        handles, labels = handles + further[0], labels + further[1]
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
