"""A tree of made-up results in the form that the stages write: test data, so that the report can be rendered without running them."""

import json
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas
import yaml
from analysis_fixture import make_analysis, write_analysis
from memory_fixture import make_memory

from paliflow.runs import comparison_groups, comparison_runs

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = {
    "exist": "yes",
    "count": "1",
    "query_color": "blue",
    "query_shape": "cube",
    "query_size": "large",
    "query_material": "metal",
    "equal_color": "no",
    "equal_integer": "no",
    "less_than": "no",
    "greater_than": "no",
}


FAMILIES = [str(family) for family in range(0, 42, 2)]
ANSWERS = ["0", "1", "2", "3", "blue", "cube", "cylinder", "large", "metal", "no", "red", "rubber", "small", "sphere", "yes"]


COMPARISON = {
    "methods": ["qlora", "lora", "dora", "full"],
    "ranks": [4, 16, 64],
    "consistency": [0, 1, 8],
    "seeds": 3,
    "questions": 4000,
    "epochs": 1,
}
ALONE = {"methods": ["qlora"], "ranks": [16], "consistency": [0], "seeds": 1, "questions": 0, "epochs": 1}
"""A comparison of every kind, and one without anything to compare."""

RULES: list[dict[str, Any]] = [
    {"name": "subset_clevr", "part": "clevr", "after": [], "writes": ["results/subset_clevr/metrics.json"]},
    {
        "name": "train_adapter",
        "part": "vlm",
        "after": ["subset_clevr"],
        "writes": ["results/train_adapter/{run}/metrics.json", "results/train_adapter/{run}/weights"],
    },
    {"name": "evaluate_base", "part": "vlm", "after": ["subset_clevr"], "writes": ["results/evaluate_base/metrics.json"]},
    {"name": "train_flow", "part": "flow", "after": [], "writes": ["results/train_flow/{pair}/metrics.json"]},
    {"name": "plot_vlm", "part": "report", "after": ["train_adapter"], "writes": ["results/figures/vlm_loss.svg"]},
    {"name": "tabulate_vlm", "part": "report", "after": ["train_adapter"], "writes": ["results/tables/vlm_by_family.csv"]},
    {
        "name": "render_report",
        "part": "report",
        "after": ["plot_vlm", "tabulate_vlm", "train_flow"],
        "writes": ["results/report/report.md"],
    },
]
"""A few rules in the form in which plot_workflow keeps them."""


def load_settings() -> dict[str, Any]:
    """The default config."""
    settings = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    assert isinstance(settings, dict)
    return settings


def make_results(results: Path, settings: dict[str, Any], question: str = "What color is the big metal cube?") -> None:
    """Write a metrics file for each stage, and what else the report's rules read; `question` is the first sample's."""
    draw = random.Random(7)
    pairs, source, conditions = (
        settings["flow"]["pairs"],
        settings["data"]["source"],
        ["A", "B"] if settings["data"]["compositional"] else [],
    )
    if source == "embedded":
        _metrics(results / "clevr" / "study" / "metrics.json", {"images": 760, "objects": 3420})
        asked = {"questions": 7600, "scenes": 760, "scenes_without_questions": 0, "groups": {"zero_hop": 3800, "one_hop": 3800}}
        _metrics(results / "clevr" / "study" / "ask_metrics.json", asked)
    if source == "hub":
        _metrics(results / "clevr" / "hub" / "metrics.json", {"images": 760, "questions": 7600})
    _metrics(results / "subset_clevr" / "metrics.json", make_subset(source, conditions))
    _examples(results, question, programs=source != "hub")
    encoded = {"pictures": {"train": 631, "test": 129, "own": 50}, "questions": {"train": 6310, "test": 1290}}
    _metrics(results / "encode_images" / "metrics.json", encoded | {"tower_calls": 760, "calls_without_reuse": 7600})
    base = make_scores(draw, 0.22, conditions, programs=source != "hub", own=(1.0, 0.61 if source == "embedded" else None))
    _metrics(results / "evaluate_base" / "metrics.json", base)
    write_analysis(results, _png(96, 96, (120, 140, 160)), question)
    _metrics(
        results / "analyse_adapter" / "metrics.json",
        make_analysis(tuple(settings["vlm"]["comparison"]["ranks"]), settings["vlm"]["comparison"]["seeds"]),
    )
    tuned = make_scores(draw, 0.69, conditions, programs=source != "hub", own=(0.42, 0.33 if source == "embedded" else None))
    _metrics(results / "evaluate_adapter" / "main" / "metrics.json", tuned)
    predictions = [{"family": family, "kind": "exist", "question": question, "answer": "yes", "prediction": "no"} for family in FAMILIES]
    lines = "".join(json.dumps(line) + "\n" for line in predictions)
    for stage in ("evaluate_base", "evaluate_adapter/main"):
        (results / stage / "predictions.jsonl").write_text(lines)
    _training(results, draw)
    sha256 = {"adapter_config.json": "0f1e2d3c" * 8, "adapter_model.safetensors": "4b5a6978" * 8}
    _write_json(results / "train_adapter" / "main" / "weights" / "base.json", {"base_digest": "89abcdef" * 8, "sha256": sha256})
    for run in comparison_runs(settings["vlm"]):
        _metrics(results / "train_adapter" / run / "metrics.json", {"steps": 125})
        _metrics(results / "evaluate_adapter" / run / "metrics.json", {"n": 1290})
    _metrics(results / "measure_memory" / "metrics.json", make_memory())
    _metrics(results / "compare_runs" / "metrics.json", make_comparison(settings))
    _samples(results, draw, question)
    for pair in pairs:
        _flow(results, pair, settings)
    _flow_studies(results, settings)
    _arrays(results, pairs)


def make_comparison(settings: dict[str, Any]) -> dict[str, Any]:
    """The values of compare_runs for the runs of these settings."""
    vlm, own = settings["vlm"], settings["data"]["source"] == "embedded"
    seeds = vlm["comparison"]["seeds"]
    groups: dict[str, Any] = {}
    costs = {"qlora": (311_296, 41.0), "lora": (311_296, 30.0), "dora": (325_888, 47.0), "full": (2_600_000, 33.0)}
    for number, label in enumerate(comparison_groups(vlm)):
        method, _, tail = label.partition("_rank")
        rank, _, weight = tail.partition("_consistency")
        trained, seconds = costs[method]
        level = 0.58 + 0.01 * number - 0.01 * float(weight or 0)
        kept = min(0.97, {"qlora": 0.55, "lora": 0.57, "dora": 0.56, "full": 0.31}[method] + 0.04 * float(weight or 0))
        group: dict[str, Any] = {"method": method, "rank": int(rank) if rank else None, "consistency": float(weight or 0), "seeds": seeds}
        measures = {"exact_match": level, "rouge2": 0.0, "kept": kept} | dict.fromkeys(("rouge1", "rougeL", "rougeLsum"), level + 0.01)
        group |= {name: _over_seeds(value, seeds) for name, value in measures.items()}
        group["own_exact_match"] = _over_seeds(kept - 0.1, seeds) if own else None
        group |= {"trainable_parameters": trained * int(rank or 16) / 16, "training_seconds": seconds, "peak_memory_mib": 640.5}
        groups[label] = group | {"adapter_bytes": 1_250_000.0, "questions_per_second": 4000 / seconds}
    difference = {"value": 0.47, "low": 0.449, "high": 0.492, "n": 1290}
    test = {"only_base": 31, "only_tuned": 637, "statistic": 548.0, "p_value": 1e-121}
    close = {"difference": {"value": -0.004, "low": -0.012, "high": 0.003, "n": 1290}, "mcnemar_by_seed": [test | {"p_value": 0.3}] * seeds}
    reference = f"qlora_rank{vlm['rank']}"
    values = {"groups": groups, "against_qlora": {label: close for label in groups if label != reference}}
    return values | {f"against_{name}": {"main": {"difference": difference, "mcnemar": test}} for name in ("base", "prior")}


def _training(results: Path, draw: random.Random) -> None:
    steps, folder = 394, results / "train_adapter" / "main"
    training = {
        "method": "qlora",
        "rank": 16,
        "consistency": 0.0,
        "questions": 6310,
        "steps": steps,
        "first_loss": 3.21,
        "final_loss": 0.412,
    }
    training |= {"trainable_parameters": 311_296, "total_parameters": 3_611_000, "adapter_bytes": 1_250_000, "base_weight_bytes": 4_300_000}
    _metrics(folder / "metrics.json", training | {"questions_per_second": 96.4, "training_seconds": 131.5, "peak_memory_mib": 790.2})
    log = [
        {"step": step, "epoch": 2 * step / steps, "loss": 0.35 + 3 / (1 + step / 15) * draw.uniform(0.8, 1.2), "learning_rate": 1e-3}
        for step in range(1, steps + 1)
    ]
    (folder / "train_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))


def make_subset(source: str, conditions: Sequence[str] = ()) -> dict[str, Any]:
    """The values of subset_clevr."""
    counts = {"train": 480, "test": 110, "most_frequent_share": 0.5}
    answers = {kind: {answer: 300, f"not {answer}": 290} for kind, answer in KINDS.items()}
    values = {"source": source, "share": 1.0, "test_share": 0.11, "compositional": bool(conditions), "images_available": 760}
    values |= {"images_used": 760, "images_without_questions": 0, "train_images": 631, "test_images": 129, "shared_images": 0}
    values |= {"train_questions": 6310, "test_questions": 1290, "distinct_questions": 7412, "families": 0 if source == "hub" else 88}
    values |= {"kinds": {kind: counts | {"most_frequent_answer": KINDS[kind], "answers": answers[kind]} for kind in KINDS}}
    values |= {"prior_by_kind": {"value": 0.42}, "prior_by_family": {"value": 0.44}, "image_size": [96, 96]}
    values |= {"origin": {"name": "a *name*", "licence": "MIT", "attribution": "somebody", "address": ""}}
    values |= {"sha256_train": "0123456789abcdef" * 4, "sha256_test": "fedcba9876543210" * 4}
    values |= {"sha256_questions": "00112233445566778899aabbccddeeff" * 2, "sha256_scenes": "" if source == "hub" else "f0e1" * 16}
    length = {"mean": 2.25, "min": 2, "max": 3, "histogram": {"2": 5700, "3": 1900}}
    values["lengths"] = {"question_words": length} | ({} if source == "hub" else {"program_functions": length})
    if conditions:
        values["conditions"] = {condition: {"train": 631 * (condition == "A"), "test": 64} for condition in conditions}
    return values


def make_program() -> list[dict[str, Any]]:
    """A program with two branches: which of two sets is the larger."""
    steps: list[tuple[str, list[int], list[str]]] = [("scene", [], []), ("filter_size", [0], ["large"]), ("filter_shape", [1], ["cube"])]
    steps += [("count", [2], []), ("scene", [], []), ("filter_color", [4], ["red"]), ("count", [5], []), ("greater_than", [3, 6], [])]
    return [{"function": function, "inputs": inputs, "value_inputs": values} for function, inputs, values in steps]


def make_flow_stand_ins(results: Path) -> None:
    """Stand-ins for the figures and tables of the flow experiments, and for the first page's figures."""
    figures = results / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for name in ("flow_samples.png", "flow_trajectories.png", "flow_digits.png", "flow_particles.png", "flow_particles.gif"):
        (figures / name).write_bytes(_png(60, 30, (120, 160, 200)))
    drawn = "error_by_evaluations loss couplings velocity straightness modes diffusion transport_batch digits_error".split()
    for name in (*(f"flow_{name}" for name in drawn), *(f"first_{name}" for name in ("kinds", "forgetting", "flow_error", "digits"))):
        (figures / f"{name}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="90"><rect width="300" height="90" fill="#cde"/></svg>'
        )
    (results / "tables").mkdir(parents=True, exist_ok=True)
    scores: dict[str, Any] = {"pair": "gaussian_to_moons", "solver": "euler", "evaluations": 4}
    for name, value in {"independent": 0.61, "optimal_transport": 0.42, "floor": 0.21}.items():
        scores |= {name: value, f"{name} low": value - 0.03, f"{name} high": value + 0.03}
    paths = {"pair": "gaussian_to_moons", "coupling": "independent", "squared distance": 3.2, "final loss": 1.1, "straightness": 0.7}
    measures = [
        "distance",
        "sliced distance",
        "energy distance",
        "mode deviation",
        "large distance",
        "negative log-likelihood",
        "divergence",
    ]
    texts = {
        "flow_measures": (["pair", "model"], measures),
        "flow_diffusion": (["pair", "model", "sampler"], ["evaluations", "distance", "seconds"]),
        "flow_digits": (
            ["model", "sampler"],
            ["evaluations", "Fréchet distance", "class deviation", "nearest training image", "near copies"],
        ),
        "flow_transport": (
            ["setting", "coupling"],
            ["share", "straightness", "normalised path energy", "distance of one step", "microseconds"],
        ),
        "flow_paper": (["pair", "field"], ["energy", "paper"]),
    }
    others = {name: dict.fromkeys(named, "independent") | dict.fromkeys(measured, 0.5) for name, (named, measured) in texts.items()}
    for name, row in {
        "flow_scores": scores,
        "flow_paths": paths | {"normalised path energy": 0.1, "dopri5 evaluations": 62.5},
        **others,
    }.items():
        (results / "tables" / f"{name}.csv").write_text(pandas.DataFrame([row]).to_csv(index=False))


def make_scores(
    draw: random.Random,
    level: float,
    conditions: Sequence[str] = (),
    programs: bool = True,
    own: tuple[float, float | None] = (1.0, 0.6),
) -> dict[str, Any]:
    """The values of an evaluation whose exact match is about `level`.

    Args:
        own: what is kept of the base's own answers, and their exact match, None where they have no reference.
    """

    def compared(n: int) -> dict[str, Any]:
        value = min(0.98, max(0.02, level + draw.uniform(-0.25, 0.25)))
        prior = draw.uniform(0.2, 0.55)
        lead = _score(value - prior, n)
        scores = {"exact_match": _score(value, n), "prior_exact_match": _score(prior, n), "exact_match_above_prior": lead}
        return {"n": n, "rouge2": _score(0, n)} | scores | dict.fromkeys(("rouge1", "rougeL", "rougeLsum"), scores["exact_match"])

    by_kind = {}
    for kind, answer in KINDS.items():
        by_kind[kind] = compared(129) | {"prior_answer": answer}
    values = {"n": 1290, "exact_match": _score(level, 1290), "exact_match_mean_over_kinds": _score(level - 0.01, 1290)}
    values |= {
        "prior_rougeL": _score(0.42, 1290),
        "prior_exact_match": _score(0.42, 1290),
        "prior_exact_match_mean_over_kinds": _score(0.43, 1290),
        "by_kind": by_kind,
    }
    values |= {"exact_match_above_prior": _score(level - 0.42, 1290), "exact_match_above_prior_mean_over_kinds": _score(level - 0.44, 1290)}
    values |= dict.fromkeys(("rouge1", "rougeL", "rougeLsum"), _score(level + 0.01, 1290)) | {"rouge2": _score(0, 1290)}
    values["by_family"] = {family: compared(61) for family in FAMILIES} if programs else {}
    values["by_objects"] = {str(count): compared(320) for count in range(3, 7)} if programs else None
    values["by_program_length"] = {str(length): compared(40 + 10 * (length % 7)) for length in range(2, 19)} if programs else None
    answers = len(ANSWERS)
    counts = [[(60 if row == column else draw.choice([0, 0, 0, 2, 9])) for column in range(answers + 1)] for row in range(answers)]
    values["confusion"] = {"answers": ANSWERS, "counts": counts}
    bins = [{"low": step / 10, "high": (step + 1) / 10, "n": 20 * step**2, "confidence": step / 10 + 0.06} for step in range(10)]
    bins = [part | {"accuracy": level * part["confidence"] if part["n"] else None} for part in bins]
    values["calibration"] = {"expected_calibration_error": _score(0.061, 1290), "bins": bins}
    kept, match = own
    by_own_kind = {kind: {"n": 50, "kept": _score(kept, 50), "exact_match": match and _score(match, 50)} for kind in ("describe", "find")}
    values["own"] = {"n": 100, "kept": _score(kept, 100), "exact_match": match and _score(match, 100), "by_kind": by_own_kind}
    if conditions:
        condition = {"exact_match": _score(level, 640), "prior_exact_match": _score(0.42, 640)}
        values["by_condition"] = dict.fromkeys(conditions, condition)
    return values


def _over_seeds(value: float, seeds: int) -> dict[str, float | None]:
    half = None if seeds == 1 else 0.02
    return {"value": value, "low": half and value - half, "high": half and value + half, "n": seeds}


def _flow(results: Path, pair: str, settings: dict[str, Any]) -> None:
    couplings = settings["flow"]["couplings"]
    solvers = [f"euler_{number}" for number in settings["flow"]["evaluations"]] + ["dopri5"]
    distances = {coupling: {solver: _score(0.4, 100) for solver in solvers} for coupling in couplings}
    names = ("straightness", "normalised_path_energy", "dopri5_evaluations", "wasserstein_large", "kl_target_model")
    spreads: dict[str, Any] = {name: {coupling: _score(0.5, 10) for coupling in couplings} for name in names}
    _coupling(results, pair)
    trained = {"steps": 100_000, "parameters_per_field": 8770, "final_loss": {coupling: _score(0.6, 5) for coupling in couplings}}
    _metrics(results / "train_flow" / pair / "metrics.json", trained)
    gain = {solver: {"value": 0.1, "low": -0.1, "high": 0.3, "n": 5} for solver in solvers}
    spreads |= {"less_than_independent": {"wasserstein": {"optimal_transport": gain}}, "interval": "95 % by Student's t"}
    measured = {"wasserstein": distances, "wasserstein_floor": _score(0.21, 20), "wasserstein_large_floor": _score(0.15, 20), **spreads}
    others = {f"{solver}_{count}": _score(0.4, 5) for solver in ("midpoint", "rk4") for count in settings["flow"]["evaluations"]}
    modes = pair.endswith(("8gaussians", "checkerboard"))
    measured["mode_share"] = {coupling: [_score(0.125, 9)] * 8 for coupling in couplings} if modes else {}
    measured["mode_share_reference"] = 1 / 8 if modes else None
    measured["wasserstein_other_solvers"] = dict.fromkeys(couplings, others)
    _metrics(results / "evaluate_flow" / pair / "metrics.json", measured, {f"seconds_of_{coupling}_dopri5": 0.21 for coupling in couplings})
    _metrics(results / "train_diffusion" / pair / "metrics.json", {"steps": 100_000})
    samplers = [f"{name}_{number}" for name in ("ddpm", "ddim", "probability_flow_euler") for number in settings["flow"]["evaluations"]]
    sampled = {sampler: _score(0.4, 5) for sampler in (*samplers, "probability_flow_dopri5")}
    values = {"wasserstein": sampled, "evaluations": sampled, "wasserstein_floor": _score(0.21, 20)}
    took = {"seconds_of_probability_flow_dopri5": 0.31}
    _metrics(results / "evaluate_diffusion" / pair / "metrics.json", values, took)


def _coupling(results: Path, pair: str) -> None:
    values = {"batches": 200_000, "share_of_independent_cost": {"independent": 1.0, "optimal_transport": 0.44}}
    _metrics(results / "couple_flow" / f"{pair}.json", values)


def _flow_studies(results: Path, settings: dict[str, Any]) -> None:
    """The digits, the transport's study and the paper's pairs."""
    couplings = ("independent", "optimal_transport")
    _coupling(results, "gaussian_to_digits")
    for stage in ("train_flow", "train_diffusion"):
        _metrics(results / stage / "gaussian_to_digits" / "metrics.json", {"steps": 20_000})
    frechet = {coupling: {f"euler_{number}": _score(0.5, 3) for number in settings["flow"]["evaluations"]} for coupling in couplings}
    many = max(settings["flow"]["evaluations"])
    frechet["diffusion"] = {sampler: _score(0.5, 3) for sampler in (f"ddpm_{many}", f"ddim_{many}", "dopri5")}
    values = {"frechet": frechet, "nearest_training": frechet, "near_copies": frechet, "held_out_images": {"nearest_training": 2.1}}
    values["training_images"] = {"frechet": _score(0.3, 10)}
    _metrics(results / "evaluate_digits" / "metrics.json", values | {"classifier_accuracy": 0.97})
    sizes = settings["flow"]["transport"]["batch_sizes"]
    found = {coupling: {name: _score(0.5, 3) for name in ("straightness", "wasserstein_one_step")} for coupling in couplings}
    took = {f"microseconds_of_optimal_transport_batch_{size}": 40.0 for size in sizes}
    kinds = {kind: found["independent"] for kind in (*couplings, "pooled_transport", "entropic_transport")}
    study = {"batch": {str(size): found for size in sizes}, "coupling": kinds}
    study["path"] = dict.fromkeys(("straight", "lipman", "variance_preserving"), found)
    _metrics(results / "compare_transport" / "metrics.json", study, took)
    energies: dict[str, Any] = {"transport_cost": _score(0.9, 5)}
    energies |= {
        coupling: {"normalised_path_energy": _score(0.2, 5), "path_energy_excess": _score(0.1, 5), "paper": 0.222} for coupling in couplings
    }
    for pair in ("gaussian_to_8gaussians", "wide_moons_to_wide_8gaussians"):
        _metrics(results / "reproduce_tong" / pair / "metrics.json", energies | {"exact_field": {"radius 5": _score(0.2, 5)}})


def _arrays(results: Path, pairs: Sequence[str]) -> None:
    """Empty stand-ins for the files of arrays that the report links to."""
    drawn = [file for pair in pairs for file in (f"train_flow/{pair}/train_log.parquet", f"evaluate_flow/{pair}/samples.npz")]
    for name in (*drawn, "evaluate_digits/samples.npz"):
        (results / name).touch()


def _score(value: float, n: int) -> dict[str, float]:
    half = 1.96 * (max(value * (1 - value), 0) / n) ** 0.5
    return {"value": value, "low": max(0, value - half), "high": min(1, value + half), "n": n}


def _examples(results: Path, question: str, programs: bool) -> None:
    folder = results / "subset_clevr" / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    examples = []
    for number, kind in enumerate(list(KINDS)[:6], 1):
        place = folder / f"example_{number:02d}.png"
        place.write_bytes(_png(96, 96, (90 + 12 * number, 140, 200 - 10 * number)))
        record = {"image": f"results/subset_clevr/examples/{place.name}", "image_filename": f"CLEVR_train_{number:06d}.png", "kind": kind}
        examples.append(record | {"question": question, "answer": KINDS[kind], "program": make_program() if programs else None})
    _write_json(results / "subset_clevr" / "examples.json", examples)


def _samples(results: Path, draw: random.Random, question: str) -> None:
    images = results / "sample_answers" / "images"
    images.mkdir(parents=True, exist_ok=True)
    drawn = []
    for number in range(10):
        name = f"CLEVR_train_{number:06d}.png"
        (images / name).write_bytes(_png(96, 96, (90 + 12 * number, 140, 200 - 10 * number)))
        kind = draw.choice(list(KINDS))
        text = (
            question
            if number == 0
            else "Are there any other things that are the same size as the small brown rubber cylinder left of the cube?"
        )
        record = {"image": f"results/sample_answers/images/{name}", "image_filename": name, "kind": kind, "question": text}
        drawn.append(
            record
            | {"reference": KINDS[kind], "before": draw.choice(["cube", "a red thing"]), "after": KINDS[kind] if number % 3 else "two"}
        )
    _write_json(results / "sample_answers" / "samples.json", drawn)
    _metrics(results / "sample_answers" / "metrics.json", {"samples": 10, "of": 1290})


def _metrics(path: Path, values: dict[str, Any], measured: dict[str, float] | None = None) -> None:
    provenance = {"commit": "0123456789ab", "python": "3.11.2", "packages": {"torch": "2.13.0", "peft": "0.21.2"}, "device": "cpu"}
    provenance |= {"machine": "Linux x86_64", "seconds": 12.34, "peak_memory_mib": 812.5} | (measured or {})
    folder = path.parts[path.parts.index("results") + 1]
    stages = {"clevr/study/metrics": "render_clevr", "clevr/study/ask_metrics": "ask_clevr", "clevr/hub/metrics": "fetch_clevr"}
    stage = stages.get("/".join(path.with_suffix("").parts[-3:]), folder)
    document = {"stage": stage, "values": values, "units": {}, "seed": 2026, "settings": {}, "provenance": provenance}
    _write_json(path, document)


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
