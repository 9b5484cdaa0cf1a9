"""Muon takes the library's steps, but for the rounding of the type that it iterates in."""

import torch

from paliflow.vlm.muon import Muon, orthogonalised


def test_ten_steps_are_those_of_the_library_to_bfloat16s_precision() -> None:
    generator = torch.Generator().manual_seed(1)
    start = [torch.randn(shape, generator=generator) for shape in ((24, 8), (8, 24), (16, 16))]
    gradients = [[torch.randn(weights.shape, generator=generator) for weights in start] for _ in range(10)]
    ends = []
    for make in (Muon, lambda *args, **options: torch.optim.Muon(*args, **options, adjust_lr_fn="match_rms_adamw")):
        matrices = [torch.nn.Parameter(weights.clone()) for weights in start]
        optimizer = make(matrices, lr=1e-2, weight_decay=0.1)
        for step in gradients:
            for matrix, gradient in zip(matrices, step, strict=True):
                matrix.grad = gradient
            optimizer.step()
        ends.append(matrices)
    for ours, theirs, weights in zip(*ends, start, strict=True):
        moved = (theirs - weights).norm()
        assert (ours - theirs).norm() < 0.02 * moved


def test_singular_values_come_near_one() -> None:
    matrix = torch.randn(20, 50, generator=torch.Generator().manual_seed(2))
    values = torch.linalg.svdvals(orthogonalised(matrix))
    assert values.min() > 0.6 and values.max() < 1.3
