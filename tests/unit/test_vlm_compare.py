"""Paired comparisons: McNemar's test, the difference by picture, groups over seeds, and the stage that writes them."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clone import ROOT
from paliflow import files, provenance
from paliflow.errors import InputError
from paliflow.vlm import compare, data
from paliflow.vlm.statistics import Bootstrap, mcnemar, over_seeds

COUNTS = st.integers(0, 400)
HITS = st.lists(st.booleans(), min_size=24, max_size=24)


@given(COUNTS, COUNTS)
def test_mcnemar_is_symmetric_and_its_p_value_a_probability(first: int, second: int) -> None:
    one, other = mcnemar(first, second), mcnemar(second, first)
    assert (one["p_value"], one["statistic"]) == (other["p_value"], other["statistic"])
    assert 0 <= one["p_value"] <= 1
    assert (one["only_base"], one["only_tuned"]) == (first, second)


def test_mcnemars_p_value_is_the_binomials() -> None:
    assert mcnemar(0, 5)["p_value"] == pytest.approx(2 * 0.5**5)
    assert mcnemar(3, 3) == {"only_base": 3, "only_tuned": 3, "statistic": 0, "p_value": 1}
    assert mcnemar(0, 0)["p_value"] == 1
    assert 0 < mcnemar(100, 1000)["p_value"] < 1e-100


def test_the_interval_over_three_seeds_is_students() -> None:
    found = over_seeds([0.1, 0.2, 0.3])
    assert (found["value"], found["n"]) == (0.2, 3)
    assert found["high"] - found["low"] == pytest.approx(2 * 4.302653 * 0.1 / 3**0.5, abs=1e-5)


def test_one_seed_has_no_interval() -> None:
    assert over_seeds([0.25]) == {"value": 0.25, "low": None, "high": None, "n": 1}


def run(name: str, hits: list[bool], **training: Any) -> compare.Run:
    share = {"value": float(np.mean(hits))}
    evaluation = dict.fromkeys(compare.QUALITY, share) | {"own": {"kept": share, "exact_match": None}}
    evaluation |= {"by_kind": {"exist": {"prior_answer": "yes"}}}
    costs = dict.fromkeys(compare.COSTS, 4)
    return compare.Run(name, np.array(hits), evaluation, {"method": "qlora", "rank": 16, "consistency": 0} | costs | training)


def compared(runs: list[compare.Run], base: list[bool], prior: list[bool], pictures: list[int]) -> dict[str, Any]:
    return compare.compare(runs, np.array(base), np.array(prior), Bootstrap(pictures, 100, 3))


PICTURES = [index // 4 for index in range(24)]


@given(HITS, HITS, HITS, st.randoms(use_true_random=False))
def test_no_comparison_hangs_on_the_order_of_the_questions(
    tuned: list[bool], base: list[bool], prior: list[bool], draw: random.Random
) -> None:
    order = draw.sample(range(24), 24)
    shuffled = [[values[index] for index in order] for values in (tuned, base, prior, PICTURES)]
    once = compared([run("main", tuned)], base, prior, PICTURES)
    assert compared([run("main", shuffled[0])], *shuffled[1:]) == once  # type: ignore[arg-type]
    found = once["against_base"]["main"]
    assert found["difference"]["value"] == pytest.approx(np.mean(tuned) - np.mean(base), abs=1e-6)
    assert found["difference"]["low"] - 1e-9 <= found["difference"]["value"] <= found["difference"]["high"] + 1e-9
    assert found["mcnemar"]["only_tuned"] - found["mcnemar"]["only_base"] == sum(tuned) - sum(base)


@given(HITS, HITS)
def test_changing_sides_changes_the_sign_alone(first: list[bool], second: list[bool]) -> None:
    there = compared([run("main", first)], second, second, PICTURES)["against_base"]["main"]
    back = compared([run("main", second)], first, first, PICTURES)["against_base"]["main"]
    for end, other in (("value", "value"), ("low", "high")):
        assert there["difference"][end] == pytest.approx(-back["difference"][other], abs=1e-6)
    assert there["mcnemar"]["p_value"] == back["mcnemar"]["p_value"]


def test_runs_are_grouped_over_seeds_and_held_against_qlora_at_the_main_runs_rank() -> None:
    none, all_, half = [False] * 24, [True] * 24, [True, False] * 12
    runs = [run("main", all_, training_seconds=90)]
    runs += [run(f"qlora_rank16_seed{seed}", hits) for seed, hits in ((1, none), (2, half))]
    runs += [run("qlora_rank4_seed2", all_, rank=4), run("full_seed1", half, method="full", adapter_bytes=10)]
    runs += [run("full_seed2", all_, method="full", adapter_bytes=11), run("lora_rank16_seed9", all_, method="lora")]
    found = compared(runs, half, none, PICTURES)
    assert list(found["groups"]) == ["main", "qlora_rank16", "qlora_rank4", "full", "lora_rank16"]
    assert (found["groups"]["full"]["exact_match"]["value"], found["groups"]["full"]["adapter_bytes"]) == (0.75, 10.5)
    assert (found["groups"]["qlora_rank16"]["seeds"], found["groups"]["main"]["training_seconds"]) == (2, 90)
    assert found["groups"]["full"]["own_exact_match"] is None
    assert list(found["against_qlora"]) == ["qlora_rank4", "full"]  # no seed of lora has its pair
    assert found["against_qlora"]["full"]["difference"]["value"] == 0.5
    tests = {group: [test["only_tuned"] for test in paired["mcnemar_by_seed"]] for group, paired in found["against_qlora"].items()}
    assert (sum(tests["full"]), sum(tests["qlora_rank4"])) == (24, 12)
    assert len(tests["full"]) == 2
    assert found["against_prior"]["main"]["difference"]["value"] == 1


def test_without_a_main_run_nothing_is_held_against_qlora() -> None:
    assert compared([run("qlora_rank16_seed1", [True] * 24)], [True] * 24, [True] * 24, PICTURES)["against_qlora"] == {}


def test_metrics_without_a_value_are_named() -> None:
    broken = run("full_seed1", [True] * 24)
    broken.evaluation["own"].pop("kept")
    with pytest.raises(InputError, match=r"runs full lack a value \('kept'\)"):
        compared([broken], [True] * 24, [True] * 24, PICTURES)


# what is read, and the stage


def write_subset(path: Path, **changes: Any) -> list[data.Question]:
    """Two pictures with three questions each."""
    rows = []
    for image in range(2):
        asked = [
            {
                "question": "Is it?",
                "answer": "yes" if index else "no",
                "question_index": 3 * image + index,
                "kind": "exist",
                "question_family_index": -1 if image else 4,
                "program": "" if image else '[{"function":"scene"},{"function":"exist"}]',
            }
            for index in range(3)
        ]
        rows.append({"image": {"bytes": b"", "path": ""}, "image_filename": f"{image}.png", "condition": "", "objects": -1 if image else 5})
        rows[-1] |= {"questions": asked} | changes
    pq.write_table(pa.Table.from_pylist(rows), path)
    return data.read_questions(path)


def test_what_a_source_does_not_tell_is_none(tmp_path: Path) -> None:
    questions = write_subset(tmp_path / "test.parquet")
    assert [(q.image, q.family, q.objects, q.program_length) for q in questions] == [(0, 4, 5, 2)] * 3 + [(1, None, None, None)] * 3


def test_a_subset_of_an_older_version_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([{"image_filename": "0.png", "condition": "", "questions": []}]), tmp_path / "test.parquet")
    with pytest.raises(InputError, match=r"test\.parquet lacks the column 'objects'.*run subset_clevr again"):
        data.read_questions(tmp_path / "test.parquet")


@pytest.mark.parametrize("content", [None, b"", b"PAR1 and no more"])
def test_a_broken_subset_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "test.parquet").write_bytes(content)
    with pytest.raises(InputError, match=r"test\.parquet cannot be read as a subset"):
        data.read_subset(tmp_path / "test.parquet")


def write_results(folder: Path) -> list[str]:
    """A subset, the base's and two runs' results; the stage's arguments for them."""
    questions = write_subset(folder / "test.parquet")

    def predictions(path: Path, answers: list[str]) -> None:
        records = [
            {"question_index": q.question_index, "answer": q.answer, "prediction": a} for q, a in zip(questions, answers, strict=True)
        ]
        files.write_json_lines(path, records)

    predictions(folder / "evaluate_base" / "predictions.jsonl", ["no"] * 6)
    for number, name in enumerate(("main", "full_seed1")):
        predictions(folder / "evaluate_adapter" / name / "predictions.jsonl", [["yes", " No"][number]] * 6)
        made = run(name, [True, False])
        files.write_json(folder / "evaluate_adapter" / name / "metrics.json", {"values": made.evaluation})
        files.write_json(folder / "train_adapter" / name / "metrics.json", {"values": made.training})
    places = {stage: [str(folder / stage / name) for name in ("main", "full_seed1")] for stage in ("evaluate_adapter", "train_adapter")}
    options = ["--test", str(folder / "test.parquet"), "--base-predictions", str(folder / "evaluate_base" / "predictions.jsonl")]
    options += ["--runs", *places["evaluate_adapter"], "--training", *places["train_adapter"]]
    return [*options, "--seed", "1", "--bootstrap-resamples", "50", "--output", str(folder / "compare_runs")]


def start(options: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(ROOT / "scripts" / "compare_runs.py"), *options], capture_output=True, text=True)


def test_the_stage_compares_what_the_others_wrote(tmp_path: Path) -> None:
    done = start(write_results(tmp_path))
    assert done.returncode == 0, done.stderr
    values = files.read_json(tmp_path / "compare_runs" / "metrics.json")["values"]
    assert values["against_base"]["main"]["difference"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert values["against_base"]["main"]["mcnemar"]["only_base"] == 2
    assert values["against_prior"]["full_seed1"]["difference"]["value"] == pytest.approx(-1 / 3, abs=1e-6)
    assert values["n"] == 6


def test_predictions_of_other_questions_are_refused(tmp_path: Path) -> None:
    options = write_results(tmp_path)
    path = tmp_path / "evaluate_adapter" / "main" / "predictions.jsonl"
    records = files.read_json_lines(path)
    files.write_json_lines(path, records[1:])
    done = start(options)
    assert done.returncode == 1 and not (tmp_path / "compare_runs").exists()
    assert done.stderr.startswith(f"error: {path} answers other questions than ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("record", [{"question_index": 0}, {"prediction": "yes"}, {"question_index": 0, "prediction": 3}, []])
def test_a_record_that_is_no_prediction_is_named(tmp_path: Path, record: Any) -> None:
    questions = write_subset(tmp_path / "test.parquet")
    files.write_json_lines(tmp_path / "predictions.jsonl", [record])
    with pytest.raises(InputError, match=r"predictions\.jsonl, line 1 has no question_index or no prediction"):
        data.read_predictions(tmp_path / "predictions.jsonl", tmp_path / "test.parquet", questions)


def test_a_run_that_was_not_trained_is_named(tmp_path: Path) -> None:
    options = write_results(tmp_path)
    options.remove(str(tmp_path / "train_adapter" / "main"))
    assert start(options).stderr == "error: --training has no folder for the run main of --runs: give one for each, of the same name.\n"


def test_the_comparison_needs_no_model() -> None:
    reached = provenance.reached_files(ROOT / "scripts" / "compare_runs.py")
    heavy = ("import torch", "from torch", "import transformers", "from transformers", "import datasets", "from datasets", "rouge_score")
    assert [path.name for path in reached if any(name in path.read_text() for name in heavy)] == []
