"""What a trained adapter uses of its rank: the singular values of each update (alpha / rank) B A."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from paliflow.errors import InputError
from paliflow.vlm.methods import read_method

LEADING = 4  # singular values: the smallest rank that is usually tried


@dataclass(frozen=True)
class Adapter:
    """A trained adapter: `factors` holds A (rank, inputs) and B (outputs, rank) by the adapted matrix's name in the language model."""

    rank: int
    alpha: float
    factors: dict[str, tuple[Tensor, Tensor]]


def read_adapter(folder: Path, base_digest: str) -> Adapter:
    """Read what `methods.save_weights` wrote for LoRA or QLoRA.

    Raises:
        InputError: the folder holds no such adapter, or a broken one, or one of another base.
    """
    if read_method(folder, base_digest) not in ("qlora", "lora"):
        raise InputError(f"{folder} holds no low-rank adapter: name the weights of a run of qlora or lora.")
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "adapter_model.safetensors")
    factors = {}
    for name in sorted(tensors):
        if name.endswith(".lora_A.weight"):
            matrix = name.removesuffix(".lora_A.weight")
            factors[matrix.split("language_model.")[1]] = tensors[name].float(), tensors[f"{matrix}.lora_B.weight"].float()
    return Adapter(settings["r"], settings["lora_alpha"], factors)


def singular_values(a: Tensor, b: Tensor, scale: float) -> Tensor:
    """The singular values of scale · B A, largest first, (rank,): those of the small product of the two factors' triangular parts."""
    return scale * torch.linalg.svdvals(torch.linalg.qr(b).R @ torch.linalg.qr(a.T).R.T)


def effective_rank(values: Tensor) -> float:
    """The exponential of the entropy of the singular values' shares: 1 where one does it all, their number where all are equal.

    Source: Roy and Vetterli 2007, The effective rank.
    """
    shares = values[values > 0] / values.sum()
    return math.exp(-(shares * shares.log()).sum().item()) if len(shares) else 0.0


def analyse(adapter: Adapter, norms: Mapping[str, float]) -> dict[str, Any]:
    """The spectrum of every update, and means over the updates.

    Args:
        adapter: a trained one.
        norms: the Frobenius norm of each frozen matrix, by the same names.

    Returns:
        `rank`; `modules`, the singular values by matrix; `effective_rank`; `energy`, the share of the sum of squares in the leading
        1, 2, … values; `relative`, the singular values over the largest; `relative_size`, the update's Frobenius norm over its
        matrix's; `random`, effective rank and energy of a product of the same shapes with B as random as A was at the start.
    """
    scale = adapter.alpha / adapter.rank
    spectra = {name: singular_values(a, b, scale) for name, (a, b) in adapter.factors.items()}
    generator = torch.Generator().manual_seed(adapter.rank)
    drawn = [singular_values(_uniform(a, generator), torch.randn(b.shape, generator=generator), 1.0) for a, b in adapter.factors.values()]
    sizes = [values.norm().item() / norms[name] for name, values in spectra.items()]
    return {
        "rank": adapter.rank,
        "alpha": adapter.alpha,
        **_means(list(spectra.values())),
        "relative_size": sum(sizes) / len(sizes),
        "random": _means(drawn),
        "modules": {name: values.tolist() for name, values in spectra.items()},
    }


def by_rank(analysed: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Means over the runs of each rank.

    Args:
        analysed: what `analyse` gave for runs that differ in rank and seed alone.

    Returns:
        By rank: `runs`, their number; `effective_rank`; `leading` and `leading_four`, the shares of the sum of squares in the first
        singular value and in the first four; `relative_size`; and `random_effective_rank` and `random_leading_four` of random factors.
    """
    result = {}
    for rank in sorted({run["rank"] for run in analysed}):
        same = [run for run in analysed if run["rank"] == rank]
        last = min(rank, LEADING) - 1
        rows = [
            {
                "effective_rank": run["effective_rank"],
                "leading": run["energy"][0],
                "leading_four": run["energy"][last],
                "relative_size": run["relative_size"],
                "random_effective_rank": run["random"]["effective_rank"],
                "random_leading_four": run["random"]["energy"][last],
            }
            for run in same
        ]
        result[str(rank)] = {"runs": len(same)} | {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    return result


def _means(spectra: Sequence[Tensor]) -> dict[str, Any]:
    values = torch.stack(list(spectra))
    energy = values.square().cumsum(1)
    return {
        "effective_rank": sum(map(effective_rank, values)) / len(values),
        "energy": (energy / energy[:, -1:]).mean(0).tolist(),
        "relative": (values / values[:, :1]).mean(0).tolist(),
    }


def _uniform(a: Tensor, generator: torch.Generator) -> Tensor:
    """A as LoRA starts it, up to its scale, which no share depends on."""
    return 2 * torch.rand(a.shape, generator=generator) - 1
