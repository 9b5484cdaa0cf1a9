"""Figures and tables of the flow experiments, from made-up results: one pair or two, one coupling or both."""

import io

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.report import figures_flow, figures_flow_error, tables_flow

COUPLINGS = ["independent", "optimal_transport"]
PAIRS = ["gaussian_to_8gaussians", "gaussian_to_moons"]


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 2}


def evaluation(couplings: list[str]) -> dict[str, object]:
    distances = {"euler_1": score(2.0), "euler_4": score(1.0), "dopri5": score(0.5)}
    return {
        "wasserstein": dict.fromkeys(couplings, distances),
        "wasserstein_floor": score(0.4),
        "straightness": dict.fromkeys(couplings, score(0.3)),
        "normalised_path_energy": dict.fromkeys(couplings, score(0.2)),
        "dopri5_evaluations": dict.fromkeys(couplings, score(26.0)),
    }


def samples(couplings: list[str]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    names = [f"{coupling}_{solver}" for coupling in couplings for solver in ("euler_1", "euler_4", "dopri5")]
    clouds = {name: random.standard_normal((20, 2)) for name in [*names, "source", "target"]}
    return clouds | {f"{coupling}_paths": random.standard_normal((9, 20, 2)) for coupling in couplings}


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:1]])
@pytest.mark.parametrize("couplings", [COUPLINGS, COUPLINGS[:1]])
@pytest.mark.parametrize("draw", ["samples", "trajectories", "error"])
def test_figure_is_drawn_for_any_choice_of_pairs_and_couplings(pairs, couplings, draw):
    content = evaluation(couplings) if draw == "error" else samples(couplings)
    room = figures_flow_error if draw == "error" else figures_flow
    figure = getattr(room, f"draw_{draw}")(dict.fromkeys(pairs, content))
    figure.savefig(io.BytesIO())


def test_couplings_figure_has_a_panel_a_pair_and_coupling():
    random = np.random.default_rng(0)
    batch = {"example_source": random.standard_normal((4, 2)), "example_target": random.standard_normal((4, 2))}
    figure = figures_flow.draw_couplings(dict.fromkeys(PAIRS, batch | {"optimal_transport": np.array([[[1, 0, 3, 2]]], np.uint8)}))
    assert len(figure.axes) == 4


def test_loss_figure_has_a_line_a_seed():
    log = pandas.DataFrame([(step, name, seed, 1.0) for name in COUPLINGS for seed in range(2) for step in range(5)])
    log.columns = ["step", "coupling", "seed", "loss"]
    figure = figures_flow.draw_loss({PAIRS[0]: log})
    assert sum(len(line.get_xdata()) > 0 for line in figure.axes[0].lines) == 4


@given(st.integers(200, 2000))
def test_smoothing_keeps_the_mean_of_whole_windows(length):
    losses = np.arange(length, dtype=float)
    window = length // 200
    _, smoothed = figures_flow.smooth(np.arange(length), losses)
    assert smoothed.mean() == pytest.approx(losses[: length // window * window].mean())


@given(st.lists(st.integers(1, 1000), min_size=1, unique=True).map(sorted))
def test_shown_evaluations_are_few_and_hold_the_extremes(counts):
    shown = figures_flow.spaced(counts)
    assert len(shown) <= 4
    assert (shown[0], shown[-1]) == (counts[0], counts[-1])


def test_scores_table_has_a_row_a_pair_and_solver():
    table = tables_flow.scores_table(dict.fromkeys(PAIRS, evaluation(COUPLINGS)))
    assert list(zip(table["pair"], table["solver"], table["evaluations"], strict=True)) == [
        (pair, solver, count) for pair in PAIRS for solver, count in (("Euler", "1"), ("Euler", "4"), ("dopri5", ""))
    ]


def test_paths_table_has_a_row_a_pair_and_coupling():
    coupled = {"mean_squared_distance": {"independent": 9.0, "optimal_transport": 4.0}}
    trained = {"final_loss": dict.fromkeys(COUPLINGS, score(1.0))}
    table = tables_flow.paths_table({PAIRS[0]: coupled}, {PAIRS[0]: trained}, {PAIRS[0]: evaluation(COUPLINGS)})
    assert list(table["squared distance"]) == [9.0, 4.0]
