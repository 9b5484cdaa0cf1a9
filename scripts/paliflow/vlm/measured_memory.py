"""What a training step really keeps in memory: weights, gradients, optimiser and saved tensors counted, and the peak of a whole step."""

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PaliGemmaForConditionalGeneration

from paliflow import progress
from paliflow.errors import InputError
from paliflow.vlm import faults, methods

Loss = Callable[[], Tensor]
Terms = TypeVar("Terms")


def measure(model: nn.Module, loss_of: Loss, suffix_tokens: int) -> dict[str, int]:
    """Take training steps and count.

    Args:
        model: what `methods.add_adapter` returns, in training mode; its weights change by one step.
        loss_of: computes the loss of the batch anew, with its graph.
        suffix_tokens: positions of the batch that carry loss.

    Returns:
        Bytes of the terms of `memory.TERMS` but `features` and `master_copy` (there is none); `peak`, what a whole step without
        checkpointing holds at most; and on a GPU `peak_on_gpu`, the same as its allocator counts it, with all else that lives there.
    """
    inner, trained = methods.inner(model), list(methods.trained_parameters(model).values())
    adapters = [parameter for name, parameter in model.named_parameters() if ".lora_" in name]
    layers = saved_bytes(inner, loss_of)
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    loss_of().backward()
    gradients = sum(_bytes(parameter.grad) for parameter in trained if parameter.grad is not None)
    optimizer.step()
    moments = sum(_bytes(state[name]) for state in optimizer.state.values() for name in ("exp_avg", "exp_avg_sq"))
    optimizer.zero_grad()
    step = _peak_of_step(loss_of, optimizer)
    with _checkpointing(inner):
        checkpointed = saved_bytes(inner, loss_of)
    last = len(inner.model.language_model.layers) - 1
    constants = _constants(model)
    terms = {
        "weights": _stored(model.parameters()) - _stored(adapters),
        "quantisation_constants": constants,
        "adapter_weights": _stored(adapters),
        "gradients": gradients,
        "moments": moments,
        "activations": sum(layers.values()) - layers["logits"],
        "activations_checkpointed": sum(checkpointed.values()) - checkpointed["logits"] + layers[last],
        "logits": _logits(inner, suffix_tokens),
    }
    terms["peak"] = _stored(model.parameters()) + constants + moments + step
    return terms | ({"peak_on_gpu": _peak_on_gpu(loss_of, optimizer)} if inner.device.type == "cuda" else {})


def measure_those_that_fit(
    names: Sequence[str], measure_one: Callable[[str, int], Terms], batch: int, release: Callable[[], None]
) -> tuple[dict[str, Terms], list[str]]:
    """Measure each method that the GPU's memory holds, at the largest of `batch`, its half, a quarter and so on at which it holds one.

    Args:
        names: the methods.
        measure_one: takes a method and a number of questions, and runs out of memory where there are too many.
        batch: the most questions.
        release: called after each, to free what it left.

    Returns:
        What was measured, by method, and the methods that the memory does not hold at that number.

    Raises:
        InputError: it holds none, even for a single question.
    """
    found: dict[str, Terms] = {}
    while not found:
        if batch == 0:
            raise InputError("No method trains on a single question in the GPU's memory, not even qlora: give a smaller vlm.base.")
        for name in progress.track(names, f"measure_memory, {batch} questions", unit="method"):
            with suppress(torch.OutOfMemoryError, faults.GpuMemoryError):
                found[name] = measure_one(name, batch)
            release()
        batch //= 2
    return found, [name for name in names if name not in found]


def saved_bytes(model: PaliGemmaForConditionalGeneration, loss_of: Loss) -> Counter[int | str]:
    """What autograd keeps between the forward and the backward pass, each storage once and no weight.

    Returns:
        Bytes by number of the language layer, under "logits" what has a value for each entry of the vocabulary, "outside" the rest.
    """
    place: list[int | str] = ["outside"]
    kept: list[tuple[int | str, weakref.ref[_Saved]]] = []
    weights = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}

    def pack(tensor: Tensor) -> _Saved:
        saved = _Saved(tensor)
        logits = tensor.shape[-1:] == (model.config.text_config.vocab_size,)
        kept.append(("logits" if logits else place[0], weakref.ref(saved)))
        return saved

    hooks = []
    for number, layer in enumerate(model.model.language_model.layers):
        hooks.append(layer.register_forward_pre_hook(lambda *_, number=number: place.__setitem__(0, number)))
        hooks.append(layer.register_forward_hook(lambda *_: place.__setitem__(0, "outside")))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved.tensor):
        loss = loss_of()
    for hook in hooks:
        hook.remove()
    found: Counter[int | str] = Counter()
    for where, reference in kept:
        saved = reference()  # none where the graph that it was saved for is gone already
        if saved is not None and (storage := saved.tensor.untyped_storage()).data_ptr() not in weights:
            weights.add(storage.data_ptr())
            found[where] += storage.nbytes()
    del loss
    return found


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that are made inside it and still live, on any device: `now`, and the most that it was, `peak`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        self._known.update(_storages((arguments, named)))
        made = function(*arguments, **(named or {}))
        for storage in _storages(made):
            if storage not in self._known:
                self._known.add(storage)
                self.now += storage.nbytes()
                weakref.finalize(storage, self._freed, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return made

    def _freed(self, size: int) -> None:
        self.now -= size


class _Saved:
    """A tensor that autograd saved; it lives as long as the graph does."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def _peak_of_step(loss_of: Loss, optimizer: torch.optim.Optimizer) -> int:
    """The most that one step holds besides weights and moments."""
    with LiveBytes() as live:
        loss_of().backward()
        optimizer.step()
    optimizer.zero_grad()
    return live.peak


def _peak_on_gpu(loss_of: Loss, optimizer: torch.optim.Optimizer) -> int:
    torch.cuda.reset_peak_memory_stats()
    loss_of().backward()
    optimizer.step()
    optimizer.zero_grad()
    return torch.cuda.max_memory_allocated()


def _logits(model: PaliGemmaForConditionalGeneration, positions: int) -> int:
    """The most that head and loss of so many positions hold."""
    head = model.lm_head.weight.detach()
    hidden = torch.zeros(positions, head.shape[1], dtype=head.dtype, device=head.device, requires_grad=True)
    targets = torch.zeros(positions, dtype=torch.long, device=head.device)
    cap = getattr(model.config.text_config, "final_logit_softcapping", None)

    def logits() -> Tensor:
        plain = functional.linear(hidden, head)
        return (plain if cap is None else cap * torch.tanh(plain / cap)).float()

    with LiveBytes() as live:
        functional.cross_entropy(logits(), targets).backward()
    return live.peak


@contextmanager
def _checkpointing(model: PaliGemmaForConditionalGeneration) -> Iterator[None]:
    model.activation_checkpointing_enable({"use_reentrant": False})
    yield
    model.activation_checkpointing_disable()


def _constants(model: nn.Module) -> int:
    tensors = []
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            tensors += [state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code]
    return _stored(tensors)


def _stored(tensors: Any) -> int:
    """The bytes of all storages behind some tensors, each once."""
    return sum({storage.data_ptr(): storage.nbytes() for storage in _storages(list(tensors))}.values())


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
