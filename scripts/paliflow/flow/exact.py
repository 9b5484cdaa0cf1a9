"""The velocity field that flow matching aims at, in closed form, where it is known: from a standard normal to a mixture of Gaussians."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class MixtureField:
    """The marginal field of straight paths between independent points of N(0, I) and of equal Gaussians N(c_k, deviation² I).

    With the variance s_t² = (1 − t)² + t² deviation² of x_t around t c_k, it is
    v(t, x) = Σ_k p(k | x_t = x) (c_k + (t deviation² − (1 − t)) / s_t² (x − t c_k)), the mean of x_1 − x_0 given x_t = x.
    It is what an endless training with the independent coupling and sigma 0 arrives at, and it carries one density exactly into the other.

    centres: (k, dim).

    Source: Lipman et al. 2022, eq. 8, with Gaussian conditionals.
    """

    centres: Tensor
    deviation: float
    models: int = 1

    def __call__(self, time: Tensor | float, points: Tensor) -> Tensor:
        """The velocity (1, n, dim) at points (1, n, dim) and one time for all."""
        moment = torch.as_tensor(time, dtype=points.dtype)
        centres = self.centres.to(points.dtype)
        variance = (1 - moment) ** 2 + (moment * self.deviation) ** 2
        away = points[..., None, :] - moment * centres
        share = torch.softmax(-away.square().sum(-1) / (2 * variance), dim=-1)
        slope = (moment * self.deviation**2 - (1 - moment)) / variance
        return (share[..., None] * (centres + slope * away)).sum(-2)
