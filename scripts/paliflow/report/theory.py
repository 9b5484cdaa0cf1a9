"""The numbers that the theory texts quote, computed: NF4's levels, double quantisation, a ROUGE example, fine-tuning memory."""

from itertools import pairwise
from statistics import NormalDist
from typing import Any

from rouge_score import rouge_scorer

NF4_OFFSET = 0.9677083
NF4_BLOCK = 64
CONSTANTS_GROUP = 256
NORMAL = NormalDist()

PALIGEMMA_3B = {"parameters": 2_923_466_480, "layers": 18, "width": 2048, "mlp": 16_384, "heads": 8, "kv_heads": 1, "head_dim": 256}
"""Sizes of google/paligemma-3b-pt-224: all parameters, and the dimensions of its Gemma-2B language model."""

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
    gaps = [high - low for low, high in pairwise(levels)]
    return {"levels": levels, "bounds": bounds, "scale": scale, "smallest_gap": min(gaps), "largest_gap": max(gaps)}


def double_quantisation() -> dict[str, float]:
    """Bits a weight costs in NF4: 4 for itself, plus its share of the block's constant, kept in 32 bits or quantised to 8 itself.

    Source: Dettmers et al. 2023, QLoRA, section 3, "Double Quantization".
    """
    single, double = 32 / NF4_BLOCK, 8 / NF4_BLOCK + 32 / (NF4_BLOCK * CONSTANTS_GROUP)
    return {
        "block": NF4_BLOCK,
        "group": CONSTANTS_GROUP,
        "constant_bits_single": single,
        "constant_bits_double": double,
        "bits_single": 4 + single,
        "bits_double": 4 + double,
        "saved_bits": single - double,
        "saved_mib_of_3b": PALIGEMMA_3B["parameters"] * (single - double) / 8 / 2**20,
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


def quantised_parameters() -> int:
    """Weights of the language model's seven projections, the part that QLoRA keeps in NF4."""
    size = PALIGEMMA_3B
    width, mlp = size["width"], size["mlp"]
    queries, keys = size["heads"] * size["head_dim"], size["kv_heads"] * size["head_dim"]
    return size["layers"] * (2 * width * queries + 2 * width * keys + 3 * width * mlp)


def fine_tuning_memory(rank: int) -> dict[str, Any]:
    """GiB of weights, gradients and AdamW's two moments for PaliGemma-3B, without activations, per method.

    Trained parameters cost 2 bytes each for the bfloat16 weight, 2 for its gradient and 2 · 4 for the two moments in float32; frozen ones
    cost their weight alone: 2 bytes in bfloat16, 4.127 bits in NF4 with double quantisation.
    """
    total, adapter, projections = PALIGEMMA_3B["parameters"], lora_parameters(rank), quantised_parameters()
    quantised = double_quantisation()["bits_double"] / 8 * projections
    frozen = {"full": 0.0, "lora": 2.0 * total, "qlora": 2.0 * (total - projections) + quantised}
    methods = {}
    for method, bytes_frozen in frozen.items():
        trained = total if method == "full" else adapter
        terms = {"frozen_weights": bytes_frozen, "trained_weights": 2.0 * trained, "gradients": 2.0 * trained, "moments": 8.0 * trained}
        methods[method] = {"trained_parameters": trained} | {term: size / 2**30 for term, size in terms.items()}
        methods[method]["total"] = sum(terms.values()) / 2**30
    shares = {"trained_share": adapter / total, "quantised_share": projections / total}
    return {"rank": rank, "parameters": total, "quantised_parameters": projections, "lora_parameters": adapter, **shares, "gib": methods}


def _evenly(first: float, last: float, count: int) -> list[float]:
    return [first + (last - first) * step / (count - 1) for step in range(count)]
