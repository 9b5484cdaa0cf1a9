"""The training loss: next-token cross-entropy on the suffix, with the vocabulary's head computed there alone."""

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PaliGemmaForConditionalGeneration
from transformers.models.paligemma.modeling_paligemma import PaligemmaModelOutputWithPast

from paliflow.errors import InputError
from paliflow.vlm.examples import NO_LOSS
from paliflow.vlm.features import as_encoded


def suffix_loss(model: PaliGemmaForConditionalGeneration, batch: dict[str, Tensor], features: Tensor) -> Tensor:
    """Mean cross-entropy over all suffix tokens of the batch, equal to the library's own `labels` loss.

    Args:
        model: the model itself (of a peft model, `get_base_model()`).
        batch: what `examples.collate` returns, padded on the right.
        features: projected image features, (batch, image tokens, width).

    Raises:
        InputError: see `loss_of`.
    """
    return loss_of(model, hidden_states(model, batch, features), batch)


def loss_of(model: PaliGemmaForConditionalGeneration, hidden: Tensor, batch: dict[str, Tensor], tokens: int | None = None) -> Tensor:
    """The same from last hidden states, (batch, length, width).

    Args:
        model, batch: as above.
        hidden: what `hidden_states` returns.
        tokens: what the sum is divided by, the batch's suffix tokens unless told; a batch in parts gives each part those of the whole.

    Raises:
        InputError: every label is masked.
    """
    wanted = predicting(batch)
    count = int(wanted.sum())
    if count == 0:
        raise InputError("Every label of a batch is masked, so that there is nothing to learn from it: give its questions answers.")
    targets = batch["labels"][:, 1:][wanted[:, :-1]]
    logits = model.lm_head(hidden[wanted])
    cap = getattr(model.config.text_config, "final_logit_softcapping", None)  # Gemma 2 has one
    logits = (logits if cap is None else cap * torch.tanh(logits / cap)).float()
    return functional.cross_entropy(logits, targets, reduction="sum") / (tokens or count)


def predicting(batch: dict[str, Tensor]) -> Tensor:
    """The positions whose next token carries loss, (batch, length) bool."""
    return functional.pad(batch["labels"][:, 1:] != NO_LOSS, (0, 1))


def hidden_states(model: PaliGemmaForConditionalGeneration, batch: dict[str, Tensor], features: Tensor) -> Tensor:
    """The language model's last hidden states, (batch, length, width)."""
    return _forward(model, batch, features).last_hidden_state


def layer_states(model: PaliGemmaForConditionalGeneration, batch: dict[str, Tensor], features: Tensor) -> tuple[Tensor, ...]:
    """What goes into the first layer, what comes out of each, and of the last after its norm; (batch, length, width) each."""
    states: tuple[Tensor, ...] = _forward(model, batch, features, output_hidden_states=True).hidden_states
    return states


def _forward(
    model: PaliGemmaForConditionalGeneration, batch: dict[str, Tensor], features: Tensor, **options: object
) -> PaligemmaModelOutputWithPast:
    names = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    inputs = {name: batch[name] for name in names}
    return model.model(**inputs, mm_encoder_outputs=as_encoded(features), use_cache=False, **options)
