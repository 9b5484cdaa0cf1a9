"""Training: it learns, the seed fixes it, and an interrupted run ends where an uninterrupted one does."""

from pathlib import Path

import pytest
import torch

from paliflow.vlm import model, train
from paliflow.vlm.data import Question

WORDS = ["red", "2", "yes", "no"]
QUESTIONS = [Question(index % 3, f"{index % 3}.png", index, "kind", f"What color {index % 4}?", WORDS[index % 4]) for index in range(24)]
SCHEDULE = train.Schedule(learning_rate=5e-3, weight_decay=0.0, batch_size=4, epochs=3, warmup_share=0.1, seed=9)


class InterruptedRunError(Exception):
    pass


def run(base: Path, work: Path) -> tuple[list[dict], dict[str, torch.Tensor]]:
    work.mkdir(exist_ok=True)
    torch.manual_seed(3)
    adapted = model.add_adapter(model.load_base(str(base), quantised=True), rank=4, alpha=8)
    tokenizer = model.load_processor(str(base)).tokenizer
    features = torch.randn(3, 36, 160, generator=torch.Generator().manual_seed(1))
    log, _ = train.train(adapted, tokenizer, features, QUESTIONS, SCHEDULE, work, "test")
    return log, {name: p.detach().clone() for name, p in adapted.named_parameters() if p.requires_grad}


@pytest.fixture(scope="module")
def whole(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict], dict[str, torch.Tensor]]:
    return run(tiny_base, tmp_path_factory.mktemp("whole"))


def test_every_step_is_logged_and_the_loss_falls(whole: tuple[list[dict], dict[str, torch.Tensor]]) -> None:
    log, _ = whole
    assert [record["step"] for record in log] == list(range(1, SCHEDULE.steps(len(QUESTIONS)) + 1))
    assert sum(record["loss"] for record in log[-3:]) < sum(record["loss"] for record in log[:3])


def test_an_interrupted_run_ends_in_the_same_adapter(
    tiny_base: Path, whole: tuple[list[dict], dict[str, torch.Tensor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss, calls = train.suffix_loss, 0

    def interrupt(*arguments: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise InterruptedRunError
        return loss(*arguments)

    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 4)
    with monkeypatch.context() as patch, pytest.raises(InterruptedRunError):
        patch.setattr(train, "suffix_loss", interrupt)
        run(tiny_base, tmp_path / "work")
    log, parameters = run(tiny_base, tmp_path / "work")
    assert log == whole[0]
    assert all(torch.equal(parameters[name], value) for name, value in whole[1].items())


def test_the_learning_rate_rises_then_falls_to_almost_nothing() -> None:
    rates = [SCHEDULE.rate(step, 100) for step in range(100)]
    assert max(rates) == pytest.approx(5e-3)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 5e-3 / 1000
