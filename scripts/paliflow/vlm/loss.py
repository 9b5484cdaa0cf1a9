"""The training loss: next-token cross-entropy on the suffix, with the vocabulary's head computed there alone."""

from torch import Tensor
from torch.nn import functional
from transformers import PaliGemmaForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling

from paliflow.vlm.examples import NO_LOSS


def suffix_loss(model: PaliGemmaForConditionalGeneration, batch: dict[str, Tensor], features: Tensor) -> Tensor:
    """Mean cross-entropy over all suffix tokens of the batch, equal to the library's own `labels` loss.

    Args:
        model: the model itself (of a peft model, `get_base_model()`).
        batch: what `examples.collate` returns, padded on the right.
        features: projected image features, (batch, image tokens, width).
    """
    hidden = hidden_states(model, batch, features)
    targets = batch["labels"][:, 1:]
    wanted = targets != NO_LOSS
    logits = model.lm_head(hidden[:, :-1][wanted])
    return functional.cross_entropy(logits.float(), targets[wanted])


def hidden_states(model: PaliGemmaForConditionalGeneration, batch: dict[str, Tensor], features: Tensor, **options: object) -> Tensor:
    """The language model's last hidden states, (batch, length, width)."""
    names = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    inputs = {name: batch[name] for name in names}
    image = {"image": BaseModelOutputWithPooling(pooler_output=features)}
    return model.model(**inputs, mm_encoder_outputs=image, use_cache=False, **options).last_hidden_state
