"""What Tong et al. 2023 published of their two-dimensional runs: path energies (Table 2), and the forms that their code gives the data."""

import numpy as np

from paliflow.flow.distributions import (
    MOONS_NOISE,
    MOONS_SCALE,
    MOONS_SHIFT,
    RING_DEVIATION,
    RING_RADIUS,
    WIDE_MOONS_NOISE,
    WIDE_MOONS_SCALE,
    WIDE_MOONS_SHIFT,
    WIDE_RING_DEVIATION,
    WIDE_RING_RADIUS,
    half_moon,
    ring_centres,
)
from paliflow.flow.exact import Mixture

NODES, SHIFTS = 64, 8  # that stand for an arc, and for noise spread evenly along a line

PATH_ENERGIES = {
    "gaussian_to_8gaussians": {"independent": 0.222, "optimal_transport": 0.018},
    "wide_moons_to_wide_8gaussians": {"independent": 2.738, "optimal_transport": 0.053},
}
"""Normalised path energy in their Table 2: CFM with independent pairs, and OT-CFM. Of the data's forms, those nearest in exact energy."""


def data_forms() -> dict[str, dict[str, tuple[Mixture, Mixture]]]:
    """Source and target in the forms in which their published code draws them under the same two names, by pair and description."""
    normal = Mixture(np.zeros((1, 2)), 1.0)
    ring, blurred, wide = (
        Mixture(ring_centres(radius), deviation)
        for radius, deviation in ((RING_RADIUS, RING_DEVIATION), (RING_RADIUS, 0.1**0.25), (WIDE_RING_RADIUS, WIDE_RING_DEVIATION))
    )
    angles = np.pi * (np.arange(NODES) + 0.5) / NODES
    arcs = np.concatenate([half_moon(angles, np.full(NODES, side)) for side in (0, 1)])
    # torchdyn's noise is uniform on [0, 0.2], and the same for both coordinates.
    along = MOONS_NOISE * (np.arange(SHIFTS) + 0.5) / SHIFTS
    notebook = Mixture(MOONS_SCALE * (arcs[:, None] + along[:, None]).reshape(-1, 2) + MOONS_SHIFT, 0.0)
    return {
        "gaussian_to_8gaussians": {
            "ring of radius 5, variance 0.1": (normal, ring),
            "their notebooks: radius 5, variance √0.1": (normal, blurred),
            "their two-dimensional runs: radius 12, deviation 1.5": (normal, wide),
        },
        "wide_moons_to_wide_8gaussians": {
            "moons 3x − 1 with normal noise 0.2; radius 5, variance 0.1": (
                Mixture(MOONS_SCALE * arcs + MOONS_SHIFT, MOONS_SCALE * MOONS_NOISE),
                ring,
            ),
            "their notebooks: moons 3x − 1 with uniform noise; radius 5, variance √0.1": (notebook, blurred),
            "their two-dimensional runs: moons of deviation 7; radius 12, deviation 1.5": (
                Mixture(WIDE_MOONS_SCALE * arcs + WIDE_MOONS_SHIFT, WIDE_MOONS_SCALE * WIDE_MOONS_NOISE),
                wide,
            ),
        },
    }
