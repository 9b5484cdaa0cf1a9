"""One training step of several velocity fields: ours, batched and differentiated by hand, beside the loop that one would write in PyTorch.

Both take the same points and the same Adam; each is timed in turns, and the median of the turns is told.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from paliflow.flow.network import HIDDEN_LAYERS, VelocityFields

MODELS, HIDDEN_UNITS, BATCH, STEPS, TURNS = 4, 64, 64, 200, 7
LEARNING_RATE = 0.0002


def usual_loop() -> Callable[[torch.Tensor, torch.Tensor], None]:
    """One `nn.Sequential` and one Adam a field, one after another, through autograd."""
    networks = []
    for _ in range(MODELS):
        layers: list[torch.nn.Module] = []
        for inputs in [3] + [HIDDEN_UNITS] * (HIDDEN_LAYERS - 1):
            layers += [torch.nn.Linear(inputs, HIDDEN_UNITS), torch.nn.SiLU()]
        network = torch.nn.Sequential(*layers, torch.nn.Linear(HIDDEN_UNITS, 2))
        networks.append((network, torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)))

    def step(inputs: torch.Tensor, velocity: torch.Tensor) -> None:
        for model, (network, optimiser) in enumerate(networks):
            optimiser.zero_grad()
            (network(inputs[model]) - velocity[model]).square().mean().backward()
            optimiser.step()

    return step


def ours() -> Callable[[torch.Tensor, torch.Tensor], None]:
    """All fields together, as train_flow trains them."""
    fields = VelocityFields(MODELS, HIDDEN_UNITS)
    fields.initialise(list(range(MODELS)))
    optimiser = torch.optim.Adam([fields.parameters], lr=LEARNING_RATE, fused=True)

    def step(inputs: torch.Tensor, velocity: torch.Tensor) -> None:
        fields.accumulate(inputs, velocity)
        optimiser.step()

    return step


def main() -> None:
    torch.set_num_threads(1)
    inputs, velocity = torch.randn(MODELS, BATCH, 3), torch.randn(MODELS, BATCH, 2)
    steps = {"usual PyTorch loop": usual_loop(), "paliflow": ours()}
    microseconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(TURNS):
        for name, step in steps.items():
            started = time.perf_counter()
            for _ in range(STEPS):
                step(inputs, velocity)
            microseconds[name].append((time.perf_counter() - started) / STEPS * 1e6)
    print(f"One step of {MODELS} fields with {HIDDEN_UNITS} hidden units, batch {BATCH}, one thread, median of {TURNS} turns:")
    for name, turns in microseconds.items():
        print(f"  {name:20s}{statistics.median(turns):8.0f} microseconds")


if __name__ == "__main__":
    main()
