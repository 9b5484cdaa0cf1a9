"""The tables of the flow experiments, from made-up results."""

import flow_fixture as made
import pytest
from flow_fixture import COUPLINGS, FORMS, PAIRS, score
from hypothesis import given
from hypothesis import strategies as st

from paliflow.report import tables_flow, tables_studies


def rows_of(table, *columns):
    """The rows of some columns, cells that are missing as None."""
    return [tuple(None if cell != cell else cell for cell in row) for row in table[list(columns)].itertuples(index=False)]


def test_scores_have_a_row_a_pair_and_solver_and_a_column_a_coupling():
    table = tables_flow.scores_table(dict.fromkeys(PAIRS[:2], made.make_evaluation(COUPLINGS[:2], (1, 4))))
    assert rows_of(table, "pair", "solver", "evaluations", "optimal_transport", "floor") == [
        (pair, solver, count, distance, 0.9)
        for pair in PAIRS[:2]
        for solver, count, distance in (("Euler", "1", 3), ("Euler", "4", 2.25), ("dopri5", "", 2))
    ]


def test_paths_have_a_row_a_pair_and_coupling():
    coupled = {"mean_squared_distance": {"independent": 9.0, "optimal_transport": 4.0}}
    trained = {"final_loss": dict.fromkeys(COUPLINGS[:2], score(1.0))}
    table = tables_flow.paths_table({PAIRS[0]: coupled}, {PAIRS[0]: trained}, {PAIRS[0]: made.make_evaluation()})
    found = rows_of(table, "coupling", "squared distance", "straightness", "normalised path energy", "dopri5 evaluations", "final loss low")
    assert found == [("independent", 9.0, 0.5, 0.2, 26.4, 0.9), ("optimal_transport", 4.0, 1.5, 1.2, 27.4, 0.9)]


def test_measures_tell_every_model_and_the_floor():
    evaluations = {PAIRS[0]: made.make_evaluation(), PAIRS[2]: made.make_evaluation()}
    table = tables_flow.measures_table(evaluations, {PAIRS[0]: made.make_diffusion()})
    assert rows_of(table, "pair", "model", "distance", "sliced distance", "large distance", "negative log-likelihood", "divergence") == [
        (PAIRS[0], "independent", 1, 0.3, 0.6, 2.5, 0.25),
        (PAIRS[0], "optimal_transport", 2, 0.3, 1.6, 3.5, 1.25),
        (PAIRS[0], "probability_flow", 5, 0.7, 3, 3, 3),
        (PAIRS[0], "floor", 0.9, 0.2, 0.4, 2.25, None),
        (PAIRS[2], "independent", 1, 0.3, 0.6, 2.5, 0.25),
        (PAIRS[2], "optimal_transport", 2, 0.3, 1.6, 3.5, 1.25),
        (PAIRS[2], "floor", 0.9, 0.2, 0.4, 2.25, None),
    ]


def test_a_target_without_modes_leaves_their_cells_empty():
    evaluations = {PAIRS[0]: made.make_evaluation(modes=True), PAIRS[1]: made.make_evaluation(modes=False)}
    table = tables_flow.measures_table(evaluations, {})
    assert rows_of(table, "mode deviation", "mode deviation low") == [(0.3, 0.3 - 0.1)] * 2 + [(0.2, 0.2 - 0.1)] + [(None, None)] * 3


def test_unknown_likelihoods_leave_their_cells_empty():
    values = made.make_evaluation()
    del values["negative_log_likelihood"], values["kl_target_model"]
    table = tables_flow.measures_table({PAIRS[0]: values | {"negative_log_likelihood_reference": None}}, {})
    assert rows_of(table, "negative log-likelihood", "divergence") == [(None, None)] * 3


def test_diffusion_stands_beside_the_flow_at_few_and_many_evaluations():
    evaluations, times = dict.fromkeys(PAIRS, made.make_evaluation()), {PAIRS[1]: made.make_times()}
    table = tables_studies.diffusion_table(evaluations, {PAIRS[1]: made.make_diffusion()}, times)
    assert set(table["pair"]) == {PAIRS[1]}
    found = rows_of(table, "model", "sampler", "evaluations", "distance", "seconds")
    assert found[:4] == [(COUPLINGS[0], "Euler", count, 1 + 1 / count, 0.125) for count in (1, 8, 64)] + [
        (COUPLINGS[0], "dopri5", 26, 1, 0.125)
    ]
    assert found[8:11] == [("diffusion", "DDPM", count, 5 + 1 / count, 0.25) for count in (1, 8, 64)]
    assert found[-1] == ("diffusion", "probability flow, dopri5", 117, 5, 0.25)


def test_without_a_diffusion_the_table_has_its_header_alone():
    table = tables_studies.diffusion_table({PAIRS[2]: made.make_evaluation()}, {}, {})
    assert list(table) == ["pair", "model", "sampler", "evaluations", "distance", "distance low", "distance high", "seconds"]
    assert len(table) == 0


def test_digits_stand_above_what_real_images_score():
    table = tables_studies.digits_table(made.make_digits(COUPLINGS[:1], (1, 2))[0])
    assert rows_of(table, "model", "sampler", "evaluations", "Fréchet distance", "near copies", "near copies low") == [
        ("independent", "Euler", "1", 1, 1, 0.9),
        ("independent", "Euler", "2", 0.5, 0.5, 0.4),
        ("independent", "dopri5", "44", 1, 1, 0.9),
        *(("diffusion", name, count, 1 / int(count), 1 / int(count), 1 / int(count) - 0.1) for name in ("DDPM", "DDIM") for count in "12"),
        ("diffusion", "dopri5", "44", 1, 1, 0.9),
        ("training_images", None, None, 0.4, 0.05, 0.04),
        ("held_out_images", None, None, 0.4, 0.05, None),
    ]


def test_transport_is_told_by_batch_in_rising_order_then_by_coupling_and_path():
    transport = made.make_transport((128, 16))
    table = tables_studies.transport_table(transport["values"], transport["provenance"])
    assert rows_of(table, "setting", "coupling", "share", "straightness", "microseconds") == [
        ("batch: 16", "independent", 1, 1, None),
        ("batch: 16", "optimal_transport", 0.5, 2, 301),
        ("batch: 128", "independent", 1, 1, None),
        ("batch: 128", "optimal_transport", 0.5, 2, 300),
        ("kinds of coupling", "independent", 1, 1, None),
        *(("kinds of coupling", coupling, 0.5, 2 + number, 302 + number) for number, coupling in enumerate(COUPLINGS[1:])),
        ("path: straight", "independent", 1, 1, None),
        ("path: straight", "optimal_transport", 0.5, 2, None),
        ("path: Lipman et al.", "independent", 1, 1, None),
        ("path: Lipman et al.", "optimal_transport", 0.5, 2, None),
        ("path: variance preserving", "independent", 1, 1, None),
        ("path: variance preserving", "optimal_transport", 0.5, 2, None),
    ]


def test_energies_stand_beside_the_papers_and_the_exact_fields():
    table = tables_studies.paper_table({PAIRS[0]: made.make_paper()})
    trained = [(coupling, 0.2, 0.222) for coupling in COUPLINGS[:2]]
    exact = [(f"exact, {form}", 0.19, None) for form in FORMS]
    assert rows_of(table, "field", "energy", "paper") == [*trained, *exact]


@given(st.lists(st.integers(1, 500), min_size=1, unique=True), st.lists(st.integers(1, 500), min_size=1, unique=True))
def test_of_every_sampler_the_extremes_are_chosen_and_adaptive_ones_always(one, other):
    names = [*(f"ddpm_{count}" for count in one), "probability_flow_dopri5", *(f"probability_flow_euler_{count}" for count in other)]
    chosen = tables_studies.chosen(dict.fromkeys(names))
    assert set(chosen) <= set(names) and "probability_flow_dopri5" in chosen and len(chosen) <= 7
    for start, counts in (("ddpm", one), ("probability_flow_euler", other)):
        found = [name for name in chosen if name.startswith(start)]
        assert (found[0], found[-1]) == (f"{start}_{min(counts)}", f"{start}_{max(counts)}")


@pytest.mark.parametrize("measure", list(tables_studies.DIGIT_MEASURES.values()))
def test_every_digit_measure_has_its_interval(measure):
    table = tables_studies.digits_table(made.make_digits()[0])
    assert {f"{measure} low", f"{measure} high"} <= set(table)
