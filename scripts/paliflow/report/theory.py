"""The numbers that the theory texts quote, computed: those of SigLIP's start, NF4, double quantisation, ROUGE and flow matching."""

import math
from collections import Counter
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from rouge_score import rouge_scorer, tokenize, tokenizers

from paliflow.report.theory_flow import compute_flow

NF4_OFFSET = 0.9677083
NF4_BLOCK = 64
CONSTANTS_GROUP = 256
NORMAL = NormalDist()
SIGLIP_BATCH = 32768

ROUGE_PAIRS = {
    "sentence": ("the large red cube is behind the small metal sphere", "a large red cube behind the metal spheres"),
    "plural": ("cube", "cubes"),
    "same": ("yes", "yes"),
    "other": ("yes", "no"),
    "digit": ("2", "two"),
    "synonym": ("sphere", "ball"),
    "wordy": ("yes", "yes, there is"),
    "negated": ("the cube is red", "the cube is not red"),
    "swapped": ("the cube is red\nthe sphere is blue", "the sphere is blue\nthe cube is red"),
}
"""Reference and candidate of the worked example, and of the answers that show where ROUGE misleads."""


def compute_theory(seed: int) -> dict[str, Any]:
    """All numbers that the theory texts quote; the seed is that of what is drawn for flow matching."""
    return {
        "siglip_start": {"batch": SIGLIP_BATCH, "rows": sigmoid_start(SIGLIP_BATCH)},
        "nf4": {**nf4_levels(), "offset": NF4_OFFSET},
        "double_quantisation": double_quantisation(),
        "rouge": {name: rouge_example(*pair) for name, pair in ROUGE_PAIRS.items()},
        "shared": {str(size): shared_ngrams(*ROUGE_PAIRS["sentence"], size) for size in (1, 2)},
        "lcs": lcs_table(*ROUGE_PAIRS["sentence"]),
        "flow": compute_flow(seed),
    }


def sigmoid_start(batch: int) -> list[dict[str, float]]:
    """What one image meets in the sigmoid loss while all similarities are 0, without a bias, at -10, and at minus log(batch - 1).

    The loss is that of the image's pairs together; the pull is the force on its own text, the push that on all others together.

    Source: Zhai et al. 2023, Sigmoid Loss for Language Image Pre-Training, section 3.2.
    """
    others = batch - 1
    rows = []
    for bias in (0.0, -10.0, -math.log(others)):
        odds = math.exp(bias)
        loss = math.log1p(1 / odds) + others * math.log1p(odds)
        rows.append({"bias": bias, "loss": loss, "pull": 1 / (1 + odds), "push": others * odds / (1 + odds)})
    return rows


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
    """ROUGE-1, -2, -L and -Lsum of one pair, with and without Porter's stemmer, as {precision, recall, f1}, and exact match."""
    scores: dict[str, Any] = {"reference": reference, "candidate": candidate, "exact_match": float(reference == candidate)}
    for name, stemming in (("plain", False), ("stemmed", True)):
        scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=stemming)
        scores[name] = {
            measure: {"precision": score.precision, "recall": score.recall, "f1": score.fmeasure}
            for measure, score in scorer.score(reference, candidate).items()
        }
    return scores


def shared_ngrams(reference: str, candidate: str, size: int) -> dict[str, Any]:
    """How many n-grams each text has, and those of the reference that the candidate shares, clipped, without and with Porter's stemmer."""
    words = tokenize.tokenize(reference, None)
    found: dict[str, Any] = {}
    for name, stemming in (("plain", False), ("stemmed", True)):
        tokenizer = tokenizers.DefaultTokenizer(use_stemmer=stemming)
        wanted, left = (_ngrams(tokenizer.tokenize(text), size) for text in (reference, candidate))
        found |= {"reference": len(wanted), "candidate": len(left)}
        unused, shared = Counter(left), []
        for place, ngram in enumerate(wanted):
            if unused[ngram]:
                unused[ngram] -= 1
                shared.append(" ".join(words[place : place + size]))
        found[name] = shared
    return found


def lcs_table(reference: str, candidate: str) -> dict[str, Any]:
    """The tokens of both texts, unstemmed, and the longest common subsequence of every pair of their beginnings."""
    rows, columns = (tokenize.tokenize(text, None) for text in (reference, candidate))
    lengths = [[0] * (len(columns) + 1)]
    for row in rows:
        above, line = lengths[-1], [0]
        for place, column in enumerate(columns):
            line.append(above[place] + 1 if row == column else max(above[place + 1], line[place]))
        lengths.append(line)
    return {"reference": rows, "candidate": columns, "lengths": lengths}


def _evenly(first: float, last: float, count: int) -> list[float]:
    return [first + (last - first) * step / (count - 1) for step in range(count)]


def _ngrams(tokens: list[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[start:] for start in range(size)), strict=False))
