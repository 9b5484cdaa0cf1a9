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


def load_settings() -> dict[str, Any]:
    """The default config."""
    settings = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    assert isinstance(settings, dict)
    return settings


def make_results(results: Path, settings: dict[str, Any], question: str = "What color is the big metal cube?") -> None:
    """Write a metrics file for each stage, and what else the report's rules read; `question` is the first sample's."""
    draw = random.Random(7)
    methods, pairs = settings["vlm"]["methods"], settings["flow"]["pairs"]
    source, conditions = settings["data"]["source"], ["A", "B"] if settings["data"]["compositional"] else []
    if source == "embedded":
        _metrics(results / "clevr" / "study" / "metrics.json", {"images": 760, "objects": 3420})
        asked = {"questions": 7600, "scenes": 760, "scenes_without_questions": 0, "groups": {"zero_hop": 3800, "one_hop": 3800}}
        _metrics(results / "clevr" / "study" / "ask_metrics.json", asked)
    if source == "hub":
        _metrics(results / "clevr" / "hub" / "metrics.json", {"images": 760, "questions": 7600})
    _metrics(results / "subset_clevr" / "metrics.json", make_subset(source, conditions))
    _examples(results, question, programs=source != "hub")
    _metrics(results / "evaluate_base" / "metrics.json", make_scores(draw, 0.22, conditions))
    _write_json(results / "evaluate_base" / "attention_mask.json", make_mask())
    for number, method in enumerate(methods):
        steps = 394
        training = {"steps": steps, "first_loss": 3.21, "final_loss": 0.412, "trainable_parameters": 311_296, "total_parameters": 3_611_000}
        training |= {"adapter_bytes": 1_250_000, "questions_per_second": 96.4, "base_weight_bytes": 4_300_000}
        folder = results / "train_adapter" / method
        _metrics(folder / "metrics.json", training)
        (folder / "adapter_model.safetensors").write_bytes(b"adapter")
        (folder / "adapter_config.json").write_text("{}")
        log = [
            {"step": step, "epoch": 2 * step / steps, "loss": 0.35 + 3 / (1 + step / 15) * draw.uniform(0.8, 1.2), "learning_rate": 1e-3}
            for step in range(1, steps + 1)
        ]
        (folder / "train_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
        _metrics(results / "evaluate_adapter" / method / "metrics.json", make_scores(draw, 0.69 - 0.02 * number, conditions))
    for stage in ("evaluate_base", *(f"evaluate_adapter/{method}" for method in methods)):
        (results / stage / "predictions.jsonl").write_text("{}\n")
    _samples(results, draw, question)
    for pair in pairs:
        _flow(results, pair, settings)


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
    """Stand-ins for the figures and tables of the flow experiments."""
    figures = results / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for name in ("flow_samples.png", "flow_trajectories.png"):
        (figures / name).write_bytes(_png(60, 30, (120, 160, 200)))
    for name in ("flow_error_by_evaluations.svg", "flow_loss.svg", "flow_couplings.svg"):
        (figures / name).write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="90"><rect width="300" height="90" fill="#cde"/></svg>'
        )
    (results / "tables").mkdir(parents=True, exist_ok=True)
    scores: dict[str, Any] = {"pair": "gaussian_to_moons", "solver": "euler", "evaluations": 4}
    for name, value in {"independent": 0.61, "optimal_transport": 0.42, "floor": 0.21}.items():
        scores |= {name: value, f"{name} low": value - 0.03, f"{name} high": value + 0.03}
    paths = {"pair": "gaussian_to_moons", "coupling": "independent", "squared distance": 3.2, "final loss": 1.1, "straightness": 0.7}
    for name, row in {"flow_scores": scores, "flow_paths": paths | {"dopri5 evaluations": 62.5}}.items():
        (results / "tables" / f"{name}.csv").write_text(pandas.DataFrame([row]).to_csv(index=False))


def make_scores(draw: random.Random, level: float, conditions: Sequence[str] = ()) -> dict[str, Any]:
    """The values of an evaluation whose exact match is about `level`."""
    by_kind = {}
    for kind, answer in KINDS.items():
        value = min(0.98, max(0.02, level + draw.uniform(-0.25, 0.25)))
        entry: dict[str, Any] = {"n": 129, "prior_answer": answer, "prior_exact_match": _score(draw.uniform(0.2, 0.55), 129)}
        by_kind[kind] = entry | {
            "exact_match": _score(value, 129),
            "rouge1": _score(value, 129),
            "rougeL": _score(value, 129),
            "rouge2": _score(0, 129),
        }
    values = {"n": 1290, "exact_match": _score(level, 1290), "exact_match_mean_over_kinds": _score(level - 0.01, 1290)}
    values |= {"prior_exact_match": _score(0.42, 1290), "prior_exact_match_mean_over_kinds": _score(0.43, 1290), "by_kind": by_kind}
    if conditions:
        condition = {"exact_match": _score(level, 640), "prior_exact_match": _score(0.42, 640)}
        values["by_condition"] = dict.fromkeys(conditions, condition)
    return values | {"rouge1": _score(level + 0.01, 1290), "rouge2": _score(0, 1290), "rougeL": _score(level + 0.01, 1290)}


def _flow(results: Path, pair: str, settings: dict[str, Any]) -> None:
    couplings = settings["flow"]["couplings"]
    solvers = [f"euler_{number}" for number in settings["flow"]["evaluations"]] + ["dopri5"]
    distances = {coupling: {solver: _score(0.4, 100) for solver in solvers} for coupling in couplings}
    spreads = {name: {coupling: _score(0.5, 10) for coupling in couplings} for name in ("straightness", "dopri5_evaluations")}
    _metrics(results / "couple_flow" / f"{pair}.json", {"batches": 200_000, "transport_share_of_cost": 0.44})
    _metrics(results / "train_flow" / pair / "metrics.json", {"steps": 100_000, "parameters_per_field": 8770})
    runs = {coupling: {solver: [0.3 + 0.1 * number, 0.4] for solver in solvers} for number, coupling in enumerate(couplings)}
    measured = {"wasserstein": distances, "wasserstein_runs": runs, "wasserstein_floor": _score(0.21, 20), **spreads}
    _metrics(results / "evaluate_flow" / pair / "metrics.json", measured)


def _score(value: float, n: int) -> dict[str, float]:
    half = 1.96 * (max(value * (1 - value), 0) / n) ** 0.5
    return {"value": value, "low": max(0, value - half), "high": min(1, value + half), "n": n}


def make_mask() -> dict[str, Any]:
    """The attention mask of a prefix language model over 36 image tokens, a prefix and a suffix."""
    image, prefix, suffix = 36, ["<bos>", "answer", "▁what", "▁color", "▁is", "▁the", "▁cube", "?", "\n"], ["blue", "<eos>"]
    tokens = ["<image>"] * image + prefix + suffix
    length, open_until = len(tokens), image + len(prefix)
    mask = [[int(column < open_until or column <= row) for column in range(length)] for row in range(length)]
    spans = {"image": [0, image], "prefix": [image, open_until], "suffix": [open_until, length]}
    return {"tokens": tokens, "mask": mask, "spans": spans, "loss_on": [int(place >= open_until) for place in range(length)]}


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


def _metrics(path: Path, values: dict[str, Any]) -> None:
    provenance = {"commit": "0123456789ab", "python": "3.11.2", "packages": {"torch": "2.13.0", "peft": "0.21.2"}, "device": "cpu"}
    provenance |= {"machine": "Linux x86_64", "seconds": 12.34, "peak_memory_mib": 812.5}
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
