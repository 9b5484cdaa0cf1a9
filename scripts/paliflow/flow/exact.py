"""The velocity field that flow matching aims at, in closed form, where it is known: between two mixtures of Gaussians."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

COMPONENTS_AT_ONCE = 2_000_000  # point by point, which bounds the memory


@dataclass(frozen=True)
class Mixture:
    """Equally heavy Gaussians N(c_k, deviation² I); centres: (k, dim), float64."""

    centres: np.ndarray
    deviation: float

    def sample(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Points (count, dim), float32."""
        chosen = self.centres[random.integers(0, len(self.centres), count)]
        return (chosen + self.deviation * random.standard_normal(chosen.shape)).astype(np.float32)


@dataclass(frozen=True)
class MixtureField:
    """The marginal field of straight paths of noise σ between independent points of two mixtures, N(a_i, s_0² I) and N(c_k, s_1² I).

    At t the pair (i, k) lies around m = (1 − t) a_i + t c_k with the variance s_t² = (1 − t)² s_0² + t² s_1² + σ², and
    v(t, x) = Σ_ik p(i, k | x_t = x) (c_k − a_i + (t s_1² − (1 − t) s_0²) / s_t² (x − m)) is the mean of x_1 − x_0 given x_t = x.
    It is what an endless training with the independent coupling arrives at, and with σ = 0 it carries one density exactly into the other.

    Source: Lipman et al. 2022, eq. 8, with Gaussian conditionals.
    """

    source: Mixture
    target: Mixture
    sigma: float = 0.0
    models: int = 1

    def __call__(self, time: Tensor | float, points: Tensor) -> Tensor:
        """The velocity (1, n, dim) at points (1, n, dim), at one time for all or at a time (1, n) for each."""
        moment = torch.as_tensor(time, dtype=points.dtype)[..., None, None]
        begin, end = (torch.from_numpy(mixture.centres).to(points.dtype) for mixture in (self.source, self.target))
        begin, end = begin.repeat_interleave(len(end), dim=0), end.repeat(len(begin), 1)
        variance = (1 - moment) ** 2 * self.source.deviation**2 + moment**2 * self.target.deviation**2 + self.sigma**2
        away = points[..., None, :] - (1 - moment) * begin - moment * end
        share = torch.softmax(-away.square().sum(-1) / (2 * variance[..., 0]), dim=-1)
        slope = (moment * self.target.deviation**2 - (1 - moment) * self.source.deviation**2) / variance
        return (share[..., None] * (end - begin + slope * away)).sum(-2)


def exact_path_energy(field: MixtureField, count: int, random: np.random.Generator) -> float:
    """The path energy E ∫ |v(t, x_t)|² dt of an exact field from `count` points, in the data's units squared.

    Nothing is solved: at each t the flow's points are distributed as those of the paths, (1 − t) x_0 + t x_1 + σ z. Times are stratified.

    Source: Benamou and Brenier 2000, with the continuity equation.
    """
    times = torch.from_numpy((np.arange(count) + random.random(count)) / count)[None]
    begin, end = (torch.from_numpy(mixture.sample(count, random)).double() for mixture in (field.source, field.target))
    noise = torch.from_numpy(random.standard_normal(begin.shape))
    points = ((1 - times[..., None]) * begin + times[..., None] * end + field.sigma * noise).float()
    chunk = max(1, COMPONENTS_AT_ONCE // (len(field.source.centres) * len(field.target.centres)))
    starts = range(0, count, chunk)
    squares = [field(times[:, start : start + chunk], points[:, start : start + chunk]).square().sum(-1)[0] for start in starts]
    return float(torch.cat(squares).double().mean())
