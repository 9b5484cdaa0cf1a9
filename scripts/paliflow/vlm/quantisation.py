"""What 4 bits cost the language model's own weights: the error of int4, fp4 and NF4 on them, and how far they are from a normal sample."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import NormalDist
from typing import Any

import torch
from bitsandbytes import functional
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration

from paliflow import progress
from paliflow.vlm.methods import PROJECTIONS

TYPES = ("int4", "fp4", "nf4")
BLOCK = 64  # weights that share a constant, as in QLoRA
CONSTANTS_GROUP = 256  # constants that share one of their own where they are quantised too
INT4_LARGEST = 7  # a symmetric scale leaves the code -8 unused
BINS = 60  # of the histogram over [-1, 1]
NORMAL_QUANTILES = [step / 4 for step in range(-14, 15)]


def projections(model: PaliGemmaForConditionalGeneration) -> list[tuple[str, Tensor]]:
    """Name and weight of each of the seven projections in every layer of the language model, which has to be loaded unquantised."""
    modules = model.model.language_model.named_modules()
    return [(name, module.weight.detach()) for name, module in modules if name.rsplit(".")[-1] in PROJECTIONS]


def normal_like(matrices: Sequence[tuple[str, Tensor]], seed: int) -> Iterator[tuple[str, Tensor]]:
    """Matrices of the same names and shapes, drawn from the standard normal distribution."""
    generator = torch.Generator().manual_seed(seed)
    for name, matrix in matrices:
        yield name, torch.randn(matrix.shape, generator=generator).to(matrix.device)


def measure(matrices: Iterable[tuple[str, Tensor]], total: int, label: str) -> dict[str, Any]:
    """Means over the matrices of what `measure_matrix` gives, of all and by projection, and the extremes of the kurtosis.

    Args:
        matrices: names that end in a projection's, and weights.
        total: how many they are.
        label: what the progress bar says.
    """
    measured = []
    for name, matrix in progress.track(matrices, label, unit="matrix", total=total):
        measured.append((name.rsplit(".")[-1], measure_matrix(matrix)))
    kurtosis = [values["excess_kurtosis"] for _, values in measured]
    by_projection = {}
    for projection in PROJECTIONS:
        mean = _mean([values for name, values in measured if name == projection])
        by_projection[projection] = {key: mean[key] for key in ("error", "excess_kurtosis", "block_maximum", "quantiles")}
    extremes = {"lowest_excess_kurtosis": min(kurtosis), "highest_excess_kurtosis": max(kurtosis)}
    return {**_mean([values for _, values in measured]), **extremes, "by_projection": by_projection}


def measure_matrix(matrix: Tensor) -> dict[str, Any]:
    """The error of each type on one matrix, and how its weights are distributed.

    Returns:
        `error`: root mean square error over the weights' own root mean square, by type, with each block's constant in 32 bits (`single`)
        and quantised itself (`double`); `excess_kurtosis`, 0 for a normal; `block_maximum`, the mean over blocks of the largest weight
        over the block's root mean square; `histogram`, the share of the weights in each of `BINS` bins after division by their block's
        largest; `codes`, the share that each level of a type gets, and `code_bits`, the entropy of these shares, at most 4;
        `quantiles`, of the standardised weights where a standard normal has `NORMAL_QUANTILES`.
    """
    weights = matrix.float().flatten()
    size = weights.square().mean().sqrt()
    error = {
        kind: {
            name: ((restore(weights, kind, double) - weights).square().mean().sqrt() / size).item()
            for name, double in (("single", False), ("double", True))
        }
        for kind in TYPES
    }
    standardised = (weights - weights.mean()) / weights.std()
    places = torch.tensor([NormalDist().cdf(quantile) for quantile in NORMAL_QUANTILES]) * (len(weights) - 1)
    blocks = weights.view(-1, BLOCK)
    largest = blocks.abs().amax(1, keepdim=True)
    scaled = (blocks / largest).flatten()
    codes = {kind: _shares(scaled, _middles(levels(kind))) for kind in TYPES}
    return {
        "error": error,
        "excess_kurtosis": standardised.pow(4).mean().item() - 3,
        "block_maximum": (largest[:, 0] / blocks.square().mean(1).sqrt()).mean().item(),
        "histogram": _shares(scaled, torch.linspace(-1, 1, BINS + 1)[1:-1]),
        "codes": codes,
        "code_bits": {kind: -sum(share * torch.tensor(share).log2().item() for share in codes[kind] if share) for kind in TYPES},
        "quantiles": standardised.sort().values[places.round().long().to(weights.device)].tolist(),
    }


def levels(kind: str) -> list[float]:
    """The distinct values of a 4-bit type, rescaled to [-1, 1], in order: 16 of NF4, 15 of fp4, which has zero twice, and of int4."""
    if kind == "int4":
        return [code / INT4_LARGEST for code in range(-INT4_LARGEST, INT4_LARGEST + 1)]
    return sorted({value.item() + 0.0 for value in functional.get_4bit_type(kind, device="cpu")})


def restore(weights: Tensor, kind: str, double: bool) -> Tensor:
    """Weights after the way into a 4-bit type and back, in blocks of `BLOCK`.

    Args:
        weights: (n,) float32, n a multiple of `BLOCK`.
        kind: one of `TYPES`.
        double: quantise the blocks' constants to 8 bits as well.

    Source: Dettmers et al. 2023, QLoRA, section 3; fp4 and NF4 are bitsandbytes' own.
    """
    if kind != "int4":
        packed, state = functional.quantize_4bit(weights, blocksize=BLOCK, compress_statistics=double, quant_type=kind)
        return functional.dequantize_4bit(packed, state)
    blocks = weights.view(-1, BLOCK)
    largest = blocks.abs().amax(1, keepdim=True)
    codes = (INT4_LARGEST * blocks / largest).round()
    if double:
        mean = largest.mean()
        packed, state = functional.quantize_blockwise((largest - mean).flatten(), blocksize=CONSTANTS_GROUP)
        largest = functional.dequantize_blockwise(packed, state)[:, None] + mean
    return (largest * codes / INT4_LARGEST).flatten()


def _middles(values: list[float]) -> Tensor:
    places = torch.tensor(values)
    return (places[1:] + places[:-1]) / 2


def _shares(values: Tensor, bounds: Tensor) -> list[float]:
    counts = torch.bincount(torch.bucketize(values, bounds.to(values.device)), minlength=len(bounds) + 1)
    return (counts / len(values)).tolist()


def _mean(values: Sequence[Any]) -> Any:
    """The mean of numbers, or of what stands at the same place in lists or dictionaries of them."""
    first = values[0]
    if isinstance(first, dict):
        return {key: _mean([value[key] for value in values]) for key in first}
    if isinstance(first, list):
        return [_mean(column) for column in zip(*values, strict=True)]
    return sum(values) / len(values)
