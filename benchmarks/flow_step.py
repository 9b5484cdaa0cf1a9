"""One training step of a velocity field, all that belongs to it: ours beside the tutorial loop of torchcfm.

Theirs is torchcfm's own network, samplers and matcher with torch's Adam, from 8 gaussians to moons as its notebook of the plane writes it.
Ours is what couple_flow and train_flow do for five seeds, the same network the other way round: draw the points, match them, train. Both
have one core and the same sizes, take turns, and are timed in CPU seconds, so that what else the machine does counts for neither. Last
comes what the default run would take, from 2,000 of its steps.
"""

import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from paliflow.flow import kernels
from paliflow.flow.couplings import couple
from paliflow.flow.train import TrainingPlan, train

TORCHCFM = "1.0.7"
ENVIRONMENT = Path(__file__).resolve().parent / ".torchcfm" / TORCHCFM
PAIR, BATCH, HIDDEN_UNITS, LEARNING_RATE = "moons_to_8gaussians", 64, 64, 2e-4
SEEDS, STEPS, THEIR_STEPS, TURNS = 5, 1000, 200, 5
DEFAULT_PAIRS, DEFAULT_STEPS, SHARE_STEPS = ("gaussian_to_8gaussians", "gaussian_to_moons"), 100_000, 2000
COUPLINGS = ("independent", "optimal_transport")


def prepare_torchcfm() -> None:
    """Put torchcfm alone into a folder of its own, and stand in for the one function of torchdyn that it uses."""
    if not ENVIRONMENT.exists():
        waiting = ENVIRONMENT.with_name("installing")
        shutil.rmtree(waiting, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(waiting), f"torchcfm=={TORCHCFM}"]
        if subprocess.run(command).returncode:
            sys.exit(f"error: torchcfm {TORCHCFM} cannot be installed into {ENVIRONMENT}: this comparison needs the package index once.")
        waiting.rename(ENVIRONMENT)
    sys.path.append(str(ENVIRONMENT))
    torchdyn, datasets = types.ModuleType("torchdyn"), types.ModuleType("torchdyn.datasets")
    datasets.generate_moons = generate_moons  # type: ignore[attr-defined]
    sys.modules |= {"torchdyn": torchdyn, "torchdyn.datasets": datasets}


def generate_moons(count: int, noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two interleaved half circles with noise, (count, 2), and which of the two each point is on."""
    angle = np.linspace(0, np.pi, count // 2)
    upper, lower = np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)
    points = np.concatenate([upper, lower]) + noise * np.random.standard_normal((count, 2))
    return torch.from_numpy(points).float(), torch.arange(count) // (count // 2)


def tutorial_loop(coupling: str) -> Callable[[int], None]:
    """The loop of torchcfm's tutorial, for a number of steps."""
    from torchcfm.conditional_flow_matching import ConditionalFlowMatcher, ExactOptimalTransportConditionalFlowMatcher
    from torchcfm.models import MLP
    from torchcfm.utils import sample_8gaussians, sample_moons

    matcher = (ConditionalFlowMatcher if coupling == "independent" else ExactOptimalTransportConditionalFlowMatcher)(sigma=0.0)
    model = MLP(dim=2, w=HIDDEN_UNITS, time_varying=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

    def run(steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            time, points, velocity = matcher.sample_location_and_conditional_flow(sample_8gaussians(BATCH), sample_moons(BATCH))
            loss = torch.mean((model(torch.cat([points, time[:, None]], dim=-1)) - velocity) ** 2)
            loss.backward()
            optimiser.step()

    return run


def run_ours(pair: str, couplings: Sequence[str], steps: int, activation: str, work: Path) -> None:
    """Couple and train as the two stages do, with nothing left over from a run before."""
    for left in [*work.glob("*.npz"), *work.glob("*.pt")]:
        left.unlink()
    plan = TrainingPlan(
        pair=pair,
        couplings=list(couplings),
        seed=1,
        seeds=SEEDS,
        steps=steps,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        hidden_units=HIDDEN_UNITS,
        sigma=0.0,
        activation=activation,
    )
    with contextlib.redirect_stderr(io.StringIO()):  # the progress bars
        train(plan, couple(pair, couplings, 1, SEEDS, steps, BATCH, work).indices, work)


def cpu_seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    prepare_torchcfm()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        way = "compiled" if kernels.load(work) else "torch and POT, for want of a compiler"
        print(
            f"One step of a field 3-64-64-64-2 on {PAIR}, batch {BATCH}, one core, CPU microseconds, median of {TURNS} turns (ours: {way}):"
        )
        loops = {coupling: tutorial_loop(coupling) for coupling in COUPLINGS}
        for coupling, loop in loops.items():  # what is done once, before the clock runs
            loop(20)
            run_ours(PAIR, [coupling], 20, "selu", work)
        turns: dict[str, list[tuple[float, float]]] = {coupling: [] for coupling in COUPLINGS}
        for _ in range(TURNS):
            for coupling, loop in loops.items():
                theirs = cpu_seconds(lambda loop=loop: loop(THEIR_STEPS)) / THEIR_STEPS
                ours = cpu_seconds(lambda coupling=coupling: run_ours(PAIR, [coupling], STEPS, "selu", work)) / (STEPS * SEEDS)
                turns[coupling].append((theirs * 1e6, ours * 1e6))
        whole = [cpu_seconds(lambda pair=pair: run_ours(pair, COUPLINGS, SHARE_STEPS, "silu", work)) for pair in DEFAULT_PAIRS]
    ratios = {}
    for coupling, pairs in turns.items():
        theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratios[coupling] = statistics.median(one / other for one, other in pairs)
        print(f"  {coupling:18s} torchcfm {theirs:7.0f}   paliflow {ours:7.1f}")
    minutes = max(whole) * DEFAULT_STEPS / SHARE_STEPS / 60
    print(
        f"  default run, {len(DEFAULT_PAIRS)} pairs x {len(COUPLINGS)} couplings x {SEEDS} seeds x {DEFAULT_STEPS:,} steps, a core a pair:"
    )
    print(f"  {minutes:.1f} minutes, from {SHARE_STEPS:,} steps of each")
    print(f"flow_step_ratio: {ratios['independent']:.1f}")
    print(f"flow_step_ratio_ot: {ratios['optimal_transport']:.1f}")


if __name__ == "__main__":
    main()
