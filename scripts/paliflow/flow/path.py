"""The conditional paths along which a field is trained: how a pair of points is joined, and how fast it is run through."""

import math

import torch
from torch import Tensor

PATHS = ("straight", "lipman", "variance_preserving")


def conditional_velocity(path: str, source: Tensor, target: Tensor, time: Tensor, noise: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """The point on the path from `source` x_0 to `target` x_1 at a time, and the velocity that a field should have there.

    - straight: x_t = (1 − t) x_0 + t x_1 + σ ε and u_t = x_1 − x_0 (Tong et al. 2023, eq. 14-15).
    - lipman: x_t = (1 − (1 − σ) t) x_0 + t x_1 and u_t = x_1 − (1 − σ) x_0, where x_0 is itself the noise and σ is the paper's σ_min
      (Lipman et al. 2022, eq. 22-23, the "conditional optimal transport" path: of each Gaussian to its data point, not of the pairs).
    - variance_preserving: x_t = cos(πt/2) x_0 + sin(πt/2) x_1 + σ ε and u_t = π/2 (cos(πt/2) x_1 − sin(πt/2) x_0), the trigonometric
      interpolant of Albergo and Vanden-Eijnden 2023.

    Args:
        path: one of PATHS.
        source, target, noise: paired points and standard normal noise ε, (..., dim); lipman has no use for the noise.
        time: in [0, 1], (..., 1).
        sigma: a standard deviation in the data's units, of the noise around the path, with lipman of what is left of x_0 at the end.

    Returns:
        x_t and u_t, both (..., dim).

    Raises:
        ValueError: the path has no such name, the two clouds differ in shape, or sigma is negative.
    """
    if source.shape != target.shape:
        raise ValueError(f"source and target are paired, but their shapes are {tuple(source.shape)} and {tuple(target.shape)}")
    if sigma < 0:
        raise ValueError(f"sigma is {sigma}: a standard deviation is never negative")
    if path == "straight":
        return (1 - time) * source + time * target + sigma * noise, target - source
    if path == "lipman":
        return (1 - (1 - sigma) * time) * source + time * target, target - (1 - sigma) * source
    if path == "variance_preserving":
        cosine, sine = torch.cos(math.pi / 2 * time), torch.sin(math.pi / 2 * time)
        return cosine * source + sine * target + sigma * noise, math.pi / 2 * (cosine * target - sine * source)
    raise ValueError(f"path is {path!r}: it must be {', '.join(PATHS[:-1])} or {PATHS[-1]}")
