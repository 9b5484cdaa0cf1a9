"""Made-up results of analyse_adapter, and an attention mask of a batch, in the form that the stages write."""

import json
import math
from pathlib import Path
from typing import Any

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ERRORS = {"int4": 0.108, "fp4": 0.115, "nf4": 0.091}
SIDE, LAYERS = 6, 4


def make_analysis(ranks: tuple[int, ...] = (4, 16, 64), seeds: int = 3) -> dict[str, Any]:
    """The values of analyse_adapter."""
    runs = {f"qlora_rank{rank}_seed{seed}": _spectrum(rank) for rank in ranks for seed in range(1, seeds + 1)}
    by_rank = {
        str(rank): {
            "runs": seeds,
            "effective_rank": 0.5 * rank,
            "leading": 0.3,
            "leading_four": 0.7,
            "relative_size": 0.05 * rank**0.5,
            "random_effective_rank": 0.9 * rank,
            "random_leading_four": 4 / rank,
        }
        for rank in ranks
    }
    measured = {"n": 300, "probability": 0.81, "layers": [{"probability": 0.7 - 0.1 * layer, "changed": 0.1} for layer in range(LAYERS)]}
    attention = {"questions": 6, "right": 4, "shown_layer": 3, "image_share": [0.4] * LAYERS}
    return {
        "quantisation": make_quantisation(),
        "singular_values": {"main": _spectrum(16), **runs},
        "by_rank": by_rank,
        "attention": attention
        | {"cut": measured | {"all": {"probability": 0.5, "changed": 0.3}, "text": {"probability": 0.3, "changed": 0.55}}},
    }


def make_quantisation() -> dict[str, Any]:
    """The 4-bit types on a base and on a normal sample."""
    quantiles = [step / 4 for step in range(-14, 15)]
    error = {kind: {"single": value, "double": value + 0.0004} for kind, value in ERRORS.items()}
    shares = [math.exp(-(((place - 29.5) / 12) ** 2)) for place in range(60)]
    sample = {
        "error": error,
        "excess_kurtosis": 0.4,
        "lowest_excess_kurtosis": -0.1,
        "highest_excess_kurtosis": 2.5,
        "block_maximum": 2.6,
        "histogram": [share / sum(shares) for share in shares],
        "code_bits": {"int4": 3.3, "fp4": 3.2, "nf4": 3.9},
        "quantiles": [1.05 * quantile for quantile in quantiles],
    }
    each = {key: sample[key] for key in ("error", "excess_kurtosis", "block_maximum", "quantiles")}
    sample["by_projection"] = dict.fromkeys(PROJECTIONS, each)
    levels = {"int4": [code / 7 for code in range(-7, 8)], "fp4": [code / 12 for code in (-12, -8, -6, 0, 6, 8, 12)]}
    levels["nf4"] = [code / 8 for code in range(-7, 9)]
    return {
        "block": 64,
        "matrices": 28,
        "weights": 1_638_400,
        "levels": levels,
        "normal_quantiles": quantiles,
        "base": sample,
        "normal": sample,
    }


def make_looks(question: str = "What color is the big metal cube?") -> dict[str, Any]:
    """The content of attention.json, whose pictures are `question_{1…6}.png`."""
    tokens = SIDE * SIDE
    attention = [[(place + layer) / tokens**2 for place in range(tokens)] for layer in range(LAYERS)]
    samples = [
        {
            "image": f"results/analyse_adapter/attention/question_{number}.png",
            "image_filename": f"CLEVR_train_{number:06d}.png",
            "kind": "query_color",
            "question": question,
            "answer": "blue",
            "prediction": "blue" if number % 2 else "a $red$ cube",
            "probability": 0.7,
            "attention": attention,
        }
        for number in range(1, 7)
    ]
    return {"side": SIDE, "shown_layer": 3, "samples": samples}


def make_mask() -> dict[str, Any]:
    """The mask of a prefix language model over a batch of two questions, the first of them padded."""
    questions = [["▁how", "▁many", "?"], ["▁what", "▁color", "▁is", "▁the", "▁cube", "?"]]
    length = 36 + 2 + len(questions[1]) + 2
    rows = []
    for words in questions:
        tokens = ["<image>"] * 36 + ["<bos>", *words, "\n", "blue", "<eos>"]
        prefix, total = len(tokens) - 2, len(tokens)
        mask = [[int(column < prefix or prefix <= column <= min(row, total - 1)) for column in range(length)] for row in range(length)]
        spans = {"image": [0, 36], "prefix": [36, prefix], "suffix": [prefix, total], "padding": [total, length]}
        loss_on = [int(prefix <= place < total) for place in range(length)]
        rows.append({"tokens": tokens + ["<pad>"] * (length - total), "mask": mask, "spans": spans, "loss_on": loss_on})
    return {"rows": rows}


def write_analysis(results: Path, picture: bytes, question: str = "What color is the big metal cube?") -> None:
    """Write attention.json, its pictures and the mask below `results`; the metrics are for the caller, who adds their provenance."""
    folder = results / "analyse_adapter" / "attention"
    folder.mkdir(parents=True, exist_ok=True)
    looks = make_looks(question)
    for sample in looks["samples"]:
        (folder / Path(sample["image"]).name).write_bytes(picture)
    folder.with_suffix(".json").write_text(json.dumps(looks))
    (results / "evaluate_base").mkdir(parents=True, exist_ok=True)
    (results / "evaluate_base" / "attention_mask.json").write_text(json.dumps(make_mask()))


def _spectrum(rank: int) -> dict[str, Any]:
    relative = [(place + 1) ** -0.5 for place in range(rank)]
    random = {"effective_rank": 0.9 * rank, "relative": [1 - place / rank / 2 for place in range(rank)]}
    means = {"effective_rank": 0.5 * rank, "energy": [(place + 1) / rank for place in range(rank)], "relative": relative}
    return {"rank": rank, "alpha": 32, **means, "relative_size": 0.1, "random": random | {"energy": means["energy"]}, "modules": {}}
