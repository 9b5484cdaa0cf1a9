"""Training: it learns, computes what the library would, and ends in the same bytes wherever it was interrupted."""

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from paliflow import checkpoint, files
from paliflow.errors import InputError
from paliflow.vlm import events, examples, fast_step, loss, methods, model, train
from paliflow.vlm.data import Question
from paliflow.vlm.features import as_encoded
from paliflow.vlm.schedule import Schedule

WORDS = ["red", "2", "yes", "no metal cube"]
QUESTIONS = [
    Question(index % 3, f"{index % 3}.png", index, "kind", f"What color {'big ' * (index % 4)}?", WORDS[index % 4]) for index in range(12)
]
SCHEDULE = Schedule(learning_rate=5e-3, weight_decay=0.0, batch_size=4, epochs=3, warmup_share=0.1, seed=9)
SHORT = replace(SCHEDULE, batch_size=2, epochs=2, consistency=1.0)
FEW = QUESTIONS[:6]
FEATURES = torch.randn(3, 36, 160, generator=torch.Generator().manual_seed(1))
TIMES = ("tokens_per_second", "memory_mib")


class InterruptedRunError(Exception):
    pass


class Trainee:
    """An adapter on the tiny base that can be trained from its first weights again and again."""

    def __init__(self, base: Path, method: str) -> None:
        torch.manual_seed(3)
        self.model = methods.add_adapter(model.load_base(str(base), methods.needs_nf4(method)), method, rank=4, alpha=8)
        self.tokenizer = model.load_processor(str(base)).tokenizer
        self.trained = methods.trained_parameters(self.model)
        self.first = {name: parameter.detach().clone() for name, parameter in self.trained.items()}

    def train(
        self, work: Path, schedule: Schedule = SCHEDULE, questions: list[Question] = QUESTIONS
    ) -> tuple[list[dict], dict[str, Tensor]]:
        """The log without times, and the weights."""
        work.mkdir(exist_ok=True)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(self.first[name])
        log, _ = train.train(self.model, self.tokenizer, FEATURES, questions, schedule, work, "test")
        assert all(record[name] > 0 for record in log for name in TIMES)
        untimed = [{name: value for name, value in record.items() if name not in TIMES} for record in log]
        return untimed, {name: parameter.detach().clone() for name, parameter in self.trained.items()}


@pytest.fixture(scope="module")
def qlora(tiny_base: Path) -> Trainee:
    return Trainee(tiny_base, "qlora")


@pytest.fixture(scope="module")
def whole(qlora: Trainee, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict], dict[str, Tensor]]:
    return qlora.train(tmp_path_factory.mktemp("whole"), SHORT, FEW)


@pytest.mark.parametrize("method", methods.METHODS)
def test_every_method_learns_and_logs_every_step(tiny_base: Path, tmp_path: Path, method: str) -> None:
    log, _ = Trainee(tiny_base, method).train(tmp_path)
    assert [record["step"] for record in log] == list(range(1, SCHEDULE.steps(len(QUESTIONS)) + 1))
    assert sum(record["loss"] for record in log[-3:]) < sum(record["loss"] for record in log[:3])


@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(["_accumulate", "save", "replacing"]), call=st.integers(1, 6))
def test_a_run_interrupted_anywhere_ends_in_the_same_weights(
    qlora: Trainee, whole: tuple[list[dict], dict[str, Tensor]], tmp_path_factory: pytest.TempPathFactory, place: str, call: int
) -> None:
    """Before a step's gradient, before a checkpoint, or when half of it is written."""
    work = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "CHECKPOINT_EVERY", 2)
        with pytest.MonkeyPatch.context() as interruption:
            if place == "replacing":
                interruption.setattr(Path, "write_bytes", interrupting(Path.write_bytes, call, half=True))
            else:
                interruption.setattr(train._Run, place, interrupting(getattr(train._Run, place), call))
            interrupted = place == "_accumulate" or call <= 3
            try:
                qlora.train(work, SHORT, FEW)
            except InterruptedRunError:
                assert interrupted
            else:
                assert not interrupted
        log, weights = qlora.train(work, SHORT, FEW)
    assert log == whole[0]
    assert all(torch.equal(weights[name], value) for name, value in whole[1].items())


@pytest.mark.parametrize("method", ["dora", "full"])
def test_every_method_goes_on_where_it_was_interrupted(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 2)
    schedule = replace(SHORT, consistency=0.0)
    trainee = Trainee(tiny_base, method)
    log, weights = trainee.train(tmp_path / "whole", schedule, FEW)
    with monkeypatch.context() as interruption, pytest.raises(InterruptedRunError):
        interruption.setattr(train._Run, "_accumulate", interrupting(train._Run._accumulate, 4))
        trainee.train(tmp_path / "work", schedule, FEW)
    taken = []
    with monkeypatch.context() as counting:
        accumulate = train._Run._accumulate
        counting.setattr(train._Run, "_accumulate", lambda *arguments: taken.append(1) or accumulate(*arguments))
        again, resumed = trainee.train(tmp_path / "work", schedule, FEW)
    assert len(taken) == len(log) - 2  # the checkpoint of step 2 was kept
    assert again == log
    assert all(torch.equal(resumed[name], value) for name, value in weights.items())


def interrupting(function: Callable, call: int, half: bool = False) -> Callable:
    """The function, but for its call-th call, which raises; when `half` it first does its work on half of the bytes it is given."""
    calls = 0

    def wrapped(self: object, *arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call:
            if half:
                function(self, arguments[0][: len(arguments[0]) // 2])
            raise InterruptedRunError
        return function(self, *arguments)

    return wrapped


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2**20), flip=st.booleans())
def test_a_checkpoint_cut_short_or_changed_is_told_of_and_left_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: int, flip: bool
) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save({"log": [], "trained": [torch.ones(500)]}, path)
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place] ^= 1
    path.write_bytes(content if flip else content[:place])
    assert checkpoint.load(path) is None
    assert "is cut short or broken: the training starts again" in capsys.readouterr().err


def gradients(trainee: Trainee, schedule: Schedule, work: Path, monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """The gradient of the first step, before clipping."""
    found: list[Tensor] = []

    def keep(parameters: list[Tensor], limit: float) -> Tensor:
        found.append(torch.cat([parameter.grad.flatten() for parameter in parameters]))
        raise InterruptedRunError

    with monkeypatch.context() as patch, pytest.raises(InterruptedRunError):
        patch.setattr(train.nn.utils, "clip_grad_norm_", keep)
        trainee.train(work, schedule)
    return found[0]


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_a_batch_in_parts_gives_the_gradient_of_the_whole(
    qlora: Trainee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weight: float
) -> None:
    schedule = replace(SCHEDULE, batch_size=7, consistency=weight)
    together = gradients(qlora, schedule, tmp_path, monkeypatch)
    apart = gradients(qlora, replace(schedule, accumulation=3), tmp_path, monkeypatch)
    assert together.norm() > 0
    assert torch.allclose(together, apart, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", methods.METHODS)
def test_checkpointing_gives_the_same_gradient(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    trainee = Trainee(tiny_base, method)
    plain = gradients(trainee, SCHEDULE, tmp_path, monkeypatch)
    assert torch.allclose(plain, gradients(trainee, replace(SCHEDULE, checkpointing=True), tmp_path, monkeypatch), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", methods.METHODS)
def test_a_step_has_the_loss_and_gradient_of_the_librarys_labels(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """What makes a step fast, a product with merged weights and a last layer at the suffix alone, changes neither."""
    trainee, schedule = Trainee(tiny_base, method), replace(SCHEDULE, batch_size=len(QUESTIONS))
    with torch.no_grad():
        for value in trainee.first.values():
            value.add_(0.05 * torch.randn(value.shape, generator=torch.Generator().manual_seed(5)))
            trainee.trained[next(name for name, first in trainee.first.items() if first is value)].copy_(value)
    encoded = train.encode_questions(trainee.tokenizer, 36, QUESTIONS)
    batch = examples.collate(encoded, trainee.tokenizer.pad_token_id)
    image = as_encoded(FEATURES[[question.image for question in QUESTIONS]])
    theirs = methods.inner(trainee.model)(**batch, mm_encoder_outputs=image).loss
    theirs.backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in trainee.trained.values()])
    assert torch.allclose(gradients(trainee, schedule, tmp_path, monkeypatch), expected, rtol=1e-4, atol=1e-5)
    log, _ = trainee.train(tmp_path, replace(schedule, epochs=1))
    assert log[0]["loss"] == pytest.approx(theirs.item(), rel=1e-5)


def test_the_fast_step_is_in_use(qlora: Trainee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    kept = fast_step._merged
    trainee_model = qlora.model
    gradients(qlora, SCHEDULE, tmp_path, monkeypatch)
    layers = [module for module in trainee_model.modules() if hasattr(module, "lora_magnitude_vector")]
    assert layers and all(module.forward.func is kept for module in layers)
    mlp = methods.inner(trainee_model).model.language_model.layers[-1].mlp
    hook = mlp.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[0]))
    gradients(qlora, SCHEDULE, tmp_path, monkeypatch)
    hook.remove()
    assert seen[0] < 4 * 8  # rows of the suffix, not of whole questions


@pytest.mark.parametrize(("half", "cure"), [(False, "lower the learning rate (0.005 now);"), (True, "or set vlm.compute_type to float32;")])
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(
    qlora: Trainee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: bool, cure: str
) -> None:
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 2)
    true, calls = loss.loss_of, []

    def spoiled(*arguments: object) -> Tensor:
        calls.append(1)
        return true(*arguments) * (float("nan") if len(calls) == 6 else 1)

    monkeypatch.setattr(loss, "loss_of", spoiled)
    if half:
        monkeypatch.setattr(methods.inner(qlora.model), "compute_dtype", torch.float16, raising=False)
    with pytest.raises(InputError) as caught:
        qlora.train(tmp_path)
    assert "The loss of step 6 is nan" in str(caught.value)
    assert cure in str(caught.value)
    assert f"{tmp_path / 'checkpoint.pt'} the last good weights" in str(caught.value)
    assert [record["step"] for record in files.read_json_lines(tmp_path / "train_log.jsonl")] == [1, 2, 3, 4, 5]
    state = checkpoint.load(tmp_path / "checkpoint.pt")
    assert len(state["log"]) == 4
    assert all(value.isfinite().all() for value in state["trained"])
    assert all(parameter.isfinite().all() for parameter in qlora.trained.values())


def test_an_infinite_gradient_stops_the_run(qlora: Trainee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(float("inf")))
    with pytest.raises(InputError, match=r"The gradient of step 1 is inf.*no checkpoint was due yet"):
        qlora.train(tmp_path)


@pytest.mark.parametrize(
    ("schedule", "cure"),
    [
        (
            replace(SCHEDULE, accumulation=2),
            "double vlm.accumulation (2 now), which cuts a batch into smaller parts or set vlm.checkpointing to true",
        ),
        (replace(SCHEDULE, accumulation=4, checkpointing=True), "training: give a smaller vlm.base."),
    ],
)
def test_a_full_gpu_is_told_with_the_setting_that_mends_it(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: Schedule, cure: str
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loss, "loss_of", full)
    with pytest.raises(InputError, match="The GPU's memory does not hold step 1") as caught:
        Trainee(tiny_base, "lora").train(tmp_path, schedule)
    assert cure in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "sentence"), [("red " * 20, "has an answer of .* tokens with its end, and no more than 12"), (" ", "has no answer")]
)
def test_an_answer_that_cannot_be_learnt_is_refused_with_its_question(qlora: Trainee, tmp_path: Path, answer: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"Question 5 about 2.png {sentence}"):
        qlora.train(tmp_path, questions=[*QUESTIONS, replace(QUESTIONS[5], answer=answer)])


def test_labels_that_are_all_masked_are_refused(qlora: Trainee) -> None:
    batch = examples.collate(train.encode_questions(qlora.tokenizer, 36, QUESTIONS[:2]), 0)
    batch["labels"].fill_(examples.NO_LOSS)
    with pytest.raises(InputError, match="Every label of a batch is masked"):
        loss.suffix_loss(methods.inner(qlora.model), batch, FEATURES[:2])


def test_the_learning_rate_rises_then_falls_to_almost_nothing() -> None:
    rates = [SCHEDULE.rate(step, 100) for step in range(100)]
    assert max(rates) == pytest.approx(5e-3)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 5e-3 / 1000


@given(questions=st.integers(1, 70), batch_size=st.integers(1, 9), accumulation=st.integers(1, 12))
def test_an_epoch_takes_every_question_once_and_parts_are_no_larger_than_they_may(
    questions: int, batch_size: int, accumulation: int
) -> None:
    schedule = replace(SCHEDULE, epochs=1, batch_size=batch_size, accumulation=accumulation)
    batches = [chosen for _, chosen in schedule.batches(list(range(questions)))]
    assert sorted(index for chosen in batches for index in chosen) == list(range(questions))
    assert len(batches) == schedule.steps(questions)
    for chosen in batches:
        parts = [chosen[part] for part in schedule.parts(chosen)]
        assert [index for part in parts for index in part] == chosen
        assert len(parts) <= accumulation
        assert max(map(len, parts)) <= -(-batch_size // accumulation)


def test_a_missing_tensorboard_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(InputError, match=r"vlm\.tensorboard is true and the package tensorboard is not installed"):
        events.observer(tmp_path)


def test_tensorboard_gets_every_figure_of_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            written.append((folder, purge_step))

        def add_scalar(self, *scalar: object) -> None:
            written.append(scalar)

        def flush(self) -> None: ...

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=Writer))
    observe = events.observer(tmp_path)
    observe({"step": 7, "epoch": 1, "loss": 0.5})
    assert written == [(str(tmp_path), 7), ("train/loss", 0.5, 7)]


def test_a_record_of_a_step_can_be_written(whole: tuple[list[dict], dict[str, Tensor]], tmp_path: Path) -> None:
    files.write_json_lines(tmp_path / "log.jsonl", whole[0])
    assert set(whole[0][0]) == {"step", "epoch", "loss", "consistency", "learning_rate", "gradient_norm"}
