"""The programs that draw and tabulate the flow experiments: they write what their rules promise, and tell what is wrong."""

import json
import re
import subprocess
import sys

import flow_fixture as made
import numpy as np
import pytest
from flow_fixture import PAIRS
from report_fixture import REPOSITORY

TWO = PAIRS[:2]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Made-up results of two pairs, the second without a diffusion; small, for few evaluations."""
    folder = tmp_path_factory.mktemp("results")
    counts = (1, 4)
    digits, images = made.make_digits(counts=counts)
    transport = made.make_transport()
    write(folder / "digits.json", digits)
    np.savez(folder / "digits.npz", **images)
    write(folder / "transport.json", **transport)
    write(folder / "diffusion.json", made.make_diffusion(counts), made.make_times(counts))
    for name in ("paper_0", "paper_1"):
        write(folder / f"{name}.json", made.make_paper())
    for number in range(len(TWO)):
        write(folder / f"coupling_{number}.json", {"mean_squared_distance": dict.fromkeys(made.COUPLINGS, 4.0)})
        write(folder / f"training_{number}.json", {"final_loss": dict.fromkeys(made.COUPLINGS, made.score(1))})
        write(folder / f"evaluation_{number}.json", made.make_evaluation(counts=counts), made.make_times(counts))
        np.savez(folder / f"coupling_{number}.npz", **made.make_couplings())
        np.savez(folder / f"samples_{number}.npz", **made.make_samples(counts=counts))
        made.make_log().to_parquet(folder / f"log_{number}.parquet")
    return folder


def write(path, values, provenance=None):
    path.write_text(json.dumps({"values": values, "provenance": provenance or {}}))


def call(folder, script, **options):
    """Run a program of scripts/ in a folder; a list or a text for each option."""
    words = [
        word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", *([value] if isinstance(value, str) else value))
    ]
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / script, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def each(name):
    return [name.format(number) for number in range(len(TWO))]


def plot(folder, **changed):
    options = {"pairs": TWO, "couplings": each("coupling_{}.npz"), "logs": each("log_{}.parquet"), "samples": each("samples_{}.npz")}
    options |= {"metrics": each("evaluation_{}.json"), "diffused": TWO[:1], "diffusions": ["diffusion.json"], "digits": "digits.json"}
    return call(
        folder, "plot_flow.py", **options | {"digit_samples": "digits.npz", "transport": "transport.json", "figures": "drawn"} | changed
    )


def tabulate(folder, **changed):
    options = {"pairs": TWO, "couplings": each("coupling_{}.json"), "trainings": each("training_{}.json")}
    options |= {"evaluations": each("evaluation_{}.json"), "diffused": TWO[:1], "diffusions": ["diffusion.json"], "digits": "digits.json"}
    options |= {"transport": "transport.json", "paper_pairs": [PAIRS[0], PAIRS[2]], "paper": ["paper_0.json", "paper_1.json"]}
    return call(folder, "tabulate_flow.py", **options | {"tables": "written"} | changed)


def promised(folder):
    """The files of results/`folder` that the rules of the flow promise."""
    return set(re.findall(rf'"results/{folder}/(\S+)"', (REPOSITORY / "rules" / "flow.smk").read_text()))


@pytest.mark.parametrize(("program", "folder", "promise"), [(plot, "drawn", "figures"), (tabulate, "written", "tables")])
def test_a_program_writes_what_its_rule_promises(results, program, folder, promise):
    done = program(results)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in (results / folder).iterdir()} == promised(promise)


@pytest.mark.parametrize("program", [plot, tabulate])
def test_a_file_too_few_is_told(results, program):
    done = program(results, couplings=["coupling_0.npz"])
    assert done.returncode == 1
    assert done.stderr == f"error: 1 files were given for the 2 pairs {', '.join(TWO)}: give one a pair, in their order.\n"


@pytest.mark.parametrize(
    ("option", "file", "complaint"),
    [
        ("digit_samples", "broken.npz", "broken.npz is no whole .npz file: run the stage that writes it again."),
        ("digits", "absent.json", "absent.json is missing: run the stage that writes it, or correct the path."),
        ("logs", ["broken.npz", "log_1.parquet"], "broken.npz is no whole Parquet file: run the stage that writes it again."),
    ],
)
def test_a_broken_file_is_named_and_nothing_is_written(results, option, file, complaint):
    (results / "broken.npz").write_bytes(b"PK\x03\x04 cut off")
    done = plot(results, **{option: file}, figures="nothing")
    assert (done.returncode, done.stderr) == (1, f"error: {complaint}\n")
    assert not (results / "nothing").exists()
