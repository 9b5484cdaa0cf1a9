"""`snakemake --cores 1 --use-conda`, run for real: environments are made from envs/*.yaml, and the jobs work in them."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from clone import Clone

# Beside the project's own rules, one that tells where a job of an environment finds its Python and its packages.
WITNESS = """
include: "Snakefile"


rule tell_place:
    output:
        "results/tell_place/{environment}.json",
    conda:
        "envs/{environment}.yaml"
    shell:
        "python -c 'import json, numpy, sys; print(json.dumps([sys.prefix, numpy.__file__, sys.path]))' > {output}"
"""
# A rule of each environment, small enough for a test.
RESULTS = {
    "clevr": "results/subset_clevr/metrics.json",
    "report": "results/compute_theory/metrics.json",
    "ml": "results/couple_flow/gaussian_to_moons.json",
}
NO_CONDA = "Is conda installed and accessible?"  # Snakemake's words


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, conda: dict[str, str]) -> Clone:
    """A clone in which one Snakemake call made the environments and ran a real rule in each."""
    clone = Clone.fresh(tmp_path_factory.mktemp("with conda"))
    clone.environment.update(conda)
    (clone.folder / "witness.smk").write_text(WITNESS)
    places = [f"results/tell_place/{environment}.json" for environment in RESULTS]
    done = clone.run("--use-conda", "--snakefile", "witness.smk", *places, *RESULTS.values(), cores=1)
    assert done.returncode == 0, done.stdout[-6000:]
    return clone


@pytest.mark.parametrize("environment", RESULTS)
def test_a_real_rule_ends_with_its_result(ran: Clone, environment: str) -> None:
    metrics = json.loads((ran.folder / RESULTS[environment]).read_text())
    assert metrics["stage"] == RESULTS[environment].split("/")[1]


@pytest.mark.parametrize("environment", RESULTS)
def test_a_job_runs_in_the_environment_and_takes_nothing_from_elsewhere(ran: Clone, environment: str) -> None:
    prefix, package, search = json.loads((ran.folder / "results" / "tell_place" / f"{environment}.json").read_text())
    made = ran.folder / ".snakemake" / "conda"
    assert Path(prefix).parent == made
    assert Path(package).is_relative_to(prefix)
    assert [place for place in search if place and not Path(place).is_relative_to(prefix)] == []


def test_without_conda_the_call_stops_before_any_job(tmp_path: Path) -> None:
    clone = Clone.fresh(tmp_path)
    clone.environment["PATH"] = os.pathsep.join(
        place for place in os.environ["PATH"].split(os.pathsep) if not (Path(place) / "conda").exists()
    )
    if shutil.which("conda", path=f"{Path(sys.executable).parent}{os.pathsep}{clone.environment['PATH']}"):
        pytest.skip("a conda lies beside the Python that runs the tests, so that it cannot be hidden")
    done = clone.run("--use-conda", "results/compute_theory/metrics.json", cores=1)
    assert done.returncode == 1
    assert NO_CONDA in done.stdout
    assert not (clone.folder / "results").exists()


def test_the_readme_tells_what_to_do_without_conda() -> None:
    assert NO_CONDA in (Path(__file__).parents[2] / "README.md").read_text()
