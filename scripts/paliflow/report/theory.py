"""The numbers that the theory texts quote, computed: NF4's levels, double quantisation, a ROUGE example, fine-tuning memory."""

from itertools import pairwise
from statistics import NormalDist
from typing import Any

from rouge_score import rouge_scorer

NF4_OFFSET = 0.9677083
NF4_BLOCK = 64
CONSTANTS_GROUP = 256
NORMAL = NormalDist()

PALIGEMMA_3B = {"layers": 18, "width": 2048, "mlp": 16_384, "heads": 8, "kv_heads": 1, "head_dim": 256, "vocabulary": 257_216}
"""Sizes of google/paligemma-3b-pt-224's language model, a Gemma-2B."""

VISION_TOWER = {"layers": 27, "width": 1152, "mlp": 4304, "patches": 256, "patch_values": 14 * 14 * 3}
"""Sizes of its SigLIP vision tower."""

EXAMPLE_TOKENS = 384
"""Positions of the example in the memory estimate: 256 of the image and 128 of text."""

SUFFIX_TOKENS = 4
"""Positions among them whose logits the loss needs."""

ROUGE_PAIRS = {
    "sentence": ("the large red cube is behind the small metal sphere", "a large red cube behind the metal spheres"),
    "plural": ("cube", "cubes"),
    "same": ("yes", "yes"),
    "other": ("yes", "no"),
    "digit": ("2", "two"),
}
"""Reference and candidate of the worked example, and of the one-word answers that show where ROUGE misleads."""


def compute_theory() -> dict[str, Any]:
    """All numbers that the theory texts quote."""
    return {
        "nf4": {**nf4_levels(), "offset": NF4_OFFSET},
        "double_quantisation": double_quantisation(),
        "rouge": {name: rouge_example(*pair) for name, pair in ROUGE_PAIRS.items()},
        "memory": fine_tuning_memory(rank=16),
        "example": example_memory(),
    }


def nf4_levels() -> dict[str, Any]:
    """The 16 levels of the 4-bit NormalFloat, normalised to [-1, 1], with the bounds between their bins.

    Nine probabilities evenly from the offset to 1/2 give eight positive quantiles, eight probabilities give seven that are mirrored to the
    negative side, and the last of each is an exact 0, kept once; dividing by the largest puts the ends at -1 and 1.

    Source: Dettmers et al. 2023, QLoRA, section 3 and appendix E.
    """
    positive = [NORMAL.inv_cdf(p) for p in _evenly(NF4_OFFSET, 0.5, 9)[:-1]]
    negative = [-NORMAL.inv_cdf(p) for p in _evenly(NF4_OFFSET, 0.5, 8)[:-1]]
    scale = positive[0]
    levels = sorted(level / scale for level in [*negative, 0.0, *positive])
    bounds = [(low + high) / 2 for low, high in pairwise(levels)]
    largest_gap = max(high - low for low, high in pairwise(levels))
    return {"levels": levels, "bounds": bounds, "scale": scale, "largest_gap": largest_gap}


def double_quantisation() -> dict[str, float]:
    """Bits a weight costs in NF4: 4 for itself, plus its share of the block's constant, kept in 32 bits or quantised to 8 itself.

    Source: Dettmers et al. 2023, QLoRA, section 3, "Double Quantization".
    """
    single, double = 32 / NF4_BLOCK, 8 / NF4_BLOCK + 32 / (NF4_BLOCK * CONSTANTS_GROUP)
    return {
        "constant_bits_single": single,
        "constant_bits_double": double,
        "bits_double": 4 + double,
        "saved_bits": single - double,
        "times_less_than_bfloat16": 16 / (4 + double),
    }


def rouge_example(reference: str, candidate: str) -> dict[str, Any]:
    """ROUGE-1, -2, -L and -Lsum of one pair, with and without Porter's stemmer, as {precision, recall, f1}."""
    scores: dict[str, Any] = {"reference": reference, "candidate": candidate}
    for name, stemming in (("plain", False), ("stemmed", True)):
        scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=stemming)
        scores[name] = {
            measure: {"precision": score.precision, "recall": score.recall, "f1": score.fmeasure}
            for measure, score in scorer.score(reference, candidate).items()
        }
    return scores


def lora_parameters(rank: int) -> int:
    """Trainable parameters of adapters of this rank on the seven projections of every language layer: rank · (inputs + outputs) each."""
    size = PALIGEMMA_3B
    width, mlp = size["width"], size["mlp"]
    queries, keys = size["heads"] * size["head_dim"], size["kv_heads"] * size["head_dim"]
    shapes = [(width, queries), (width, keys), (width, keys), (queries, width), (width, mlp), (width, mlp), (mlp, width)]
    return size["layers"] * sum(rank * (inputs + outputs) for inputs, outputs in shapes)


def parameters() -> dict[str, int]:
    """PaliGemma-3B's parameters by part; `projections`, the language model's seven a layer, is what QLoRA keeps in NF4."""
    size, tower = PALIGEMMA_3B, VISION_TOWER
    width, mlp, seen, seen_mlp = size["width"], size["mlp"], tower["width"], tower["mlp"]
    queries, keys = size["heads"] * size["head_dim"], size["kv_heads"] * size["head_dim"]
    attention, feed_forward, norms = 4 * (seen + 1) * seen, 2 * seen * seen_mlp + seen_mlp + seen, 2 * 2 * seen
    patches = (tower["patch_values"] + 1 + tower["patches"]) * seen
    return {
        "projections": size["layers"] * (2 * width * queries + 2 * width * keys + 3 * width * mlp),
        "embedding": size["vocabulary"] * width,
        "vision_tower": tower["layers"] * (attention + feed_forward + norms) + patches + 2 * seen,
        "connector": (seen + 1) * width,
        "norms": (2 * size["layers"] + 1) * width,
    }


def fine_tuning_memory(rank: int) -> dict[str, Any]:
    """GiB of weights, gradients and AdamW's two moments for PaliGemma-3B, without activations, per method.

    Trained parameters cost 2 bytes each for the bfloat16 weight, 2 for its gradient and 2 · 4 for the two moments in float32; frozen ones
    cost their weight alone: 2 bytes in bfloat16, `double_quantisation`'s bits in NF4.
    """
    parts = parameters()
    total, adapter, projections = sum(parts.values()), lora_parameters(rank), parts["projections"]
    quantised = double_quantisation()["bits_double"] / 8 * projections
    frozen = {"full": 0.0, "lora": 2.0 * total, "qlora": 2.0 * (total - projections) + quantised}
    methods = {}
    for method, bytes_frozen in frozen.items():
        trained = total if method == "full" else adapter
        terms = {"frozen_weights": bytes_frozen, "trained_weights": 2.0 * trained, "gradients": 2.0 * trained, "moments": 8.0 * trained}
        methods[method] = {"trained_parameters": trained} | {term: size / 2**30 for term, size in terms.items()}
        methods[method]["total"] = sum(terms.values()) / 2**30
    return {
        "parameters": total,
        "parts": parts,
        "lora_parameters": adapter,
        "trained_share": adapter / total,
        "quantised_share": projections / total,
        "projection_bytes": {"bfloat16": 2.0 * projections, "nf4": quantised},
        "frozen_bytes": frozen,
        "full_bytes_with_master_copy": 16.0 * total,
        "gib": methods,
    }


def example_memory(rank: int = 16) -> dict[str, Any]:
    """Bytes that one example of `EXAMPLE_TOKENS` positions adds to a training step without checkpointing, and the sums by method.

    Activations are those that the backward pass reads, in bfloat16; logits take 10 bytes each (bfloat16, float32, gradient in float32).
    LoRA and QLoRA store none of the vision tower's activations, as nothing before the first adapter needs a gradient.
    """
    size, tower = PALIGEMMA_3B, VISION_TOWER
    queries, keys = size["heads"] * size["head_dim"], size["kv_heads"] * size["head_dim"]
    activations = 2 * EXAMPLE_TOKENS * size["layers"] * (4 * size["width"] + 2 * queries + 2 * keys + 4 * size["mlp"])
    vision = 2 * tower["layers"] * (8 * tower["width"] + 2 * tower["mlp"]) * tower["patches"]
    logits_all, logits_suffix = (10 * size["vocabulary"] * positions for positions in (EXAMPLE_TOKENS, SUFFIX_TOKENS))
    totals = {}
    for method, terms in fine_tuning_memory(rank)["gib"].items():
        totals[method] = terms["total"] * 2**30 + activations + (vision if method == "full" else 0) + logits_suffix
    return {
        "activation_bytes": activations,
        "vision_bytes": vision,
        "logit_bytes_all_positions": logits_all,
        "logit_bytes_suffix": logits_suffix,
        "total_bytes": totals,
    }


def _evenly(first: float, last: float, count: int) -> list[float]:
    return [first + (last - first) * step / (count - 1) for step in range(count)]
