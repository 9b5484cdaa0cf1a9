"""Where the position that produces the answer looks in the picture, and what the answer loses when it must not look."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PreTrainedTokenizerBase

from paliflow import progress
from paliflow.vlm import examples
from paliflow.vlm.features import as_encoded

Asked = tuple[int, str]  # index of the picture, question


def choose(kinds: Sequence[str], count: int, seed: int) -> list[int]:
    """Places of questions drawn at random, a second of a kind only when every kind has one.

    Args:
        kinds: of all questions.
        count: how many; all where there are fewer.
    """
    order = random.Random(seed).sample(range(len(kinds)), len(kinds))
    drawn: Counter[str] = Counter()
    rounds = {}
    for index in order:
        rounds[index] = drawn[kinds[index]]
        drawn[kinds[index]] += 1
    return sorted(order, key=rounds.__getitem__)[:count]


@torch.no_grad()
def attention_over_image(
    model: PaliGemmaForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, features: Tensor, asked: Asked
) -> list[list[float]]:
    """Attention of the prefix's last position, which produces the answer's first token, to each image token, (layers, image tokens).

    Means over the heads. What a layer's row lacks to 1 goes to the text.

    Args:
        model: loaded with eager attention.
        tokenizer: its tokenizer.
        features: of all pictures, (pictures, image tokens, width).
        asked: one question.
    """
    output = _forward(model, _inputs(model, tokenizer, features, [asked]), output_attentions=True)
    return [layer[0, :, -1, : features.shape[1]].float().mean(0).tolist() for layer in output.attentions]


@torch.no_grad()
def cut_attention(
    model: PaliGemmaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    features: Tensor,
    asked: Sequence[Asked],
    label: str,
    batch_size: int = 64,
) -> dict[str, Any]:
    """What becomes of the answers' first tokens when text may not look at the picture, after Geva et al. 2023.

    Args:
        model: loaded with eager attention.
        tokenizer: its tokenizer.
        features: of all pictures.
        asked: the questions.
        label: what the progress bar says.
        batch_size: questions at a time.

    Returns:
        `n`; `probability`, the mean probability of the token that is chosen with nothing cut; and the same tokens' `probability`, with
        the share of questions that get another as `changed`, cut for the position that produces the answer in each layer alone
        (`layers`) and in all (`all`), and for the whole text in all layers (`text`), after which the picture plays no part.
    """
    count = model.config.text_config.num_hidden_layers
    cuts: list[tuple[Sequence[int], bool]] = [*(([layer], False) for layer in range(count)), (range(count), False), (range(count), True)]
    uncut = 0.0
    kept, changed = [0.0] * len(cuts), [0] * len(cuts)
    for start in progress.track(range(0, len(asked), batch_size), label, unit="batch"):
        inputs = _inputs(model, tokenizer, features, asked[start : start + batch_size])
        image = inputs["input_ids"] == model.config.image_token_index
        probabilities = _first_token(model, inputs)
        chosen = probabilities.argmax(1, keepdim=True)
        uncut += probabilities.gather(1, chosen).sum().item()
        for number, (layers, whole_text) in enumerate(cuts):
            with _blind(model, layers, image, whole_text):
                probabilities = _first_token(model, inputs)
            kept[number] += probabilities.gather(1, chosen).sum().item()
            changed[number] += int((probabilities.argmax(1, keepdim=True) != chosen).sum())
    n = len(asked)
    results = [{"probability": kept[number] / n, "changed": changed[number] / n} for number in range(len(cuts))]
    return {"n": n, "probability": uncut / n, "layers": results[:count], "all": results[count], "text": results[count + 1]}


@contextmanager
def _blind(model: PaliGemmaForConditionalGeneration, layers: Sequence[int], image: Tensor, whole_text: bool) -> Iterator[None]:
    """Forbid the last position of each row, or the whole text, to attend to the image in these layers.

    `image` (batch, length) is true on the image's tokens.
    """
    looking = ~image
    if not whole_text:
        looking[:, :-1] = False
    forbidden = (looking[:, :, None] & image[:, None, :])[:, None]

    def forbid(_module: torch.nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        mask = named["attention_mask"]
        return arguments, named | {"attention_mask": mask.masked_fill(forbidden, torch.finfo(mask.dtype).min)}

    blocks = model.model.language_model.layers
    hooks = [blocks[layer].self_attn.register_forward_pre_hook(forbid, with_kwargs=True) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _inputs(
    model: PaliGemmaForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, features: Tensor, asked: Sequence[Asked]
) -> dict[str, Any]:
    encoded = [examples.encode(tokenizer, features.shape[1], question, None) for _, question in asked]
    batch = examples.collate(encoded, tokenizer.pad_token_id, pad_left=True)
    names = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    images = features[torch.tensor([picture for picture, _ in asked])].to(model.device)
    return {name: batch[name].to(model.device) for name in names} | {"images": images}


def _forward(model: PaliGemmaForConditionalGeneration, inputs: dict[str, Any], **options: Any) -> Any:
    text = {name: values for name, values in inputs.items() if name != "images"}
    return model(**text, mm_encoder_outputs=as_encoded(inputs["images"]), logits_to_keep=1, use_cache=False, **options)


def _first_token(model: PaliGemmaForConditionalGeneration, inputs: dict[str, Any]) -> Tensor:
    """Probabilities of the answer's first token, (batch, vocabulary)."""
    return _forward(model, inputs).logits[:, -1].float().softmax(-1)
