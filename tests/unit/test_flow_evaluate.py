"""What the evaluating programs add to the library: paired differences, the judge of digits, refusals of the wrong file."""

import compare_transport
import evaluate_digits
import evaluate_flow
import numpy as np
import pytest

from paliflow.errors import InputError
from paliflow.flow.classifier import train_classifier
from paliflow.flow.digits import load_digits
from paliflow.flow.network import VelocityFields, save_fields
from paliflow.flow.train import TrainingPlan


@pytest.fixture(scope="module")
def judge():
    return evaluate_digits.Judge(train_classifier(1))


@pytest.fixture
def plane_model(tmp_path):
    fields = VelocityFields(1, 4)
    fields.initialise([1])
    save_fields(fields, {"pair": "gaussian_to_moons", "fields": [{"coupling": "independent", "seed": 0}]}, tmp_path / "moons.safetensors")
    return tmp_path / "moons.safetensors"


def test_differences_are_taken_seed_by_seed():
    runs = {"independent": {"euler_1": [5.0, 7.0, 9.0]}, "optimal_transport": {"euler_1": [4.0, 6.0, 8.0]}}
    found = evaluate_flow.paired_differences(runs)
    assert found == {"optimal_transport": {"euler_1": {"value": 1.0, "low": 1.0, "high": 1.0, "n": 3}}}


def test_velocity_grid_spans_the_target_at_four_times():
    field = VelocityFields(1, 4)
    field.initialise([1])
    target = np.array([[-2.0, 1.0], [3.0, 4.0]], np.float32)
    found = evaluate_flow.velocity_grid([(field, "independent", 0), (field, "independent", 1)], target)
    assert found["independent_velocity"].shape == (4, *found["velocity_grid"].shape)
    assert found["velocity_grid"].min(0).tolist() == [-2.5, 0.5]
    assert found["velocity_grid"].max(0).tolist() == [3.5, 4.5]


def test_held_out_images_are_as_they_should_be(judge):
    scores = judge.scores(load_digits().held_out_images)
    assert scores["frechet"] == pytest.approx(0, abs=1e-6)
    assert scores["near_copies"] == pytest.approx(0.05, abs=0.005)
    assert scores["class_deviation"] < 0.02


def test_copied_training_images_show_as_copies(judge):
    scores = judge.scores(load_digits().train_images)
    assert scores["near_copies"] == 1
    assert scores["nearest_training"] == pytest.approx(0, abs=1e-6)


def test_one_digit_over_and_over_shows_in_the_shares(judge):
    digits = load_digits()
    assert judge.scores(digits.held_out_images[digits.held_out_labels == 4])["class_deviation"] > 0.8


def test_fields_of_the_plane_are_no_digits(plane_model):
    with pytest.raises(InputError, match="gaussian_to_moons"):
        evaluate_digits.members([plane_model])


def test_digits_are_not_measured_in_the_plane(tmp_path, monkeypatch):
    fields = VelocityFields(1, 4, 64)
    model = tmp_path / "digits.safetensors"
    save_fields(fields, {"pair": "gaussian_to_digits", "fields": [{"coupling": "independent", "seed": 0}]}, model)
    line = f"evaluate_flow --model {model} --seed 1 --evaluations 1 --sample-points 10 --draws 1 --tolerance 0.1"
    line += " --large-points 10 --energy-points 10 --likelihood-points 10"
    line += f" --samples {tmp_path}/samples.npz --metrics {tmp_path}/metrics.json"
    monkeypatch.setattr("sys.argv", line.split())
    with pytest.raises(InputError, match="evaluate_digits"):
        evaluate_flow.main()
    assert [path.name for path in tmp_path.iterdir()] == ["digits.safetensors"]


def test_the_large_points_are_among_the_energy_points(plane_model, tmp_path, monkeypatch):
    line = f"evaluate_flow --model {plane_model} --seed 1 --evaluations 1 --sample-points 10 --draws 1 --tolerance 0.1"
    line += f" --large-points 11 --energy-points 10 --likelihood-points 10 --samples {tmp_path}/s.npz --metrics {tmp_path}/m.json"
    monkeypatch.setattr("sys.argv", line.split())
    with pytest.raises(InputError, match="--large-points are more than --energy-points"):
        evaluate_flow.main()


def test_pairing_is_timed_on_batches_that_no_run_left_behind(tmp_path, monkeypatch):
    plan = TrainingPlan("gaussian_to_moons", ["independent", "optimal_transport"], 1, 1, 600, 16, 0.001, 8, 0.0)
    couple, kept = compare_transport.couple, []

    def watched(*arguments):
        kept.append(list(arguments[-1].glob("*.npz")))
        return couple(*arguments)

    monkeypatch.setattr(compare_transport, "couple", watched)
    for _ in range(2):
        assert compare_transport.time_coupling(plan, "optimal_transport", tmp_path / "timed") > 0
    assert kept == [[]] * 2 * (1 + compare_transport.TIMED_ROUNDS)
