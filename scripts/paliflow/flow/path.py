"""The probability path along which a field is trained: a straight line between paired points."""

from torch import Tensor


def conditional_velocity(source: Tensor, target: Tensor, time: Tensor, noise: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """The point on the path from `source` to `target` at a time, and the velocity that a field should have there.

    Args:
        source, target, noise: paired points and standard normal noise, (..., 2).
        time: in [0, 1], (..., 1).
        sigma: standard deviation of the path around the line, in the data's units; 0 is the line itself.

    Returns:
        x_t = (1 − t) x_0 + t x_1 + σ ε and u_t = x_1 − x_0, both (..., 2).

    Raises:
        ValueError: the two clouds differ in shape, or sigma is negative.

    Source: Tong et al. 2023, eq. 14-15.
    """
    if source.shape != target.shape:
        raise ValueError(f"source and target are paired, but their shapes are {tuple(source.shape)} and {tuple(target.shape)}")
    if sigma < 0:
        raise ValueError(f"sigma is {sigma}: a standard deviation is never negative")
    return (1 - time) * source + time * target + sigma * noise, target - source
