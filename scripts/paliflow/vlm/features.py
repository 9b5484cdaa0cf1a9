"""The pictures as features that are computed once, for the tower that sees them is frozen."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from paliflow import files, progress
from paliflow.errors import InputError

IMAGES_PER_BATCH = 16


@torch.no_grad()
def encode_images(
    model: PaliGemmaForConditionalGeneration, processor: PaliGemmaProcessor, pictures: Sequence[Image.Image], label: str
) -> Tensor:
    """Projected features of every picture, (pictures, image tokens, width): the frozen tower sees each once for all its questions.

    Raises:
        InputError: the GPU's memory does not hold a single picture's way through the tower.
    """
    parts, done, size = [], 0, IMAGES_PER_BATCH
    with progress.track(range(len(pictures)), label, unit="picture") as bar:
        while batch := [picture.convert("RGB") for picture in pictures[done : done + size]]:
            pixels = processor.image_processor(batch, return_tensors="pt")["pixel_values"].to(model.device, model.dtype)
            try:
                parts.append(model.get_image_features(pixels).pooler_output)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise InputError("The GPU's memory does not hold a single picture in the tower: give a smaller vlm.base.") from None
                size = len(batch) // 2
                continue
            done += len(batch)
            bar.update(len(batch))
    return torch.cat(parts)


def as_encoded(features: Tensor) -> dict[str, BaseModelOutputWithPooling]:
    """Features as the model's forward takes them in place of pictures."""
    return {"image": BaseModelOutputWithPooling(pooler_output=features)}


def write_features(path: Path, features: Tensor, base_digest: str) -> None:
    """Keep features, in their own type, together with the digest of the base that made them."""
    with files.replacing(path) as temporary:
        save_file({"features": features.cpu().contiguous()}, temporary, metadata={"base_digest": base_digest})


def read_features(path: Path, base_digest: str, device: torch.device) -> Tensor:
    """Features that `write_features` kept, (pictures, image tokens, width).

    Raises:
        InputError: the file is missing or broken, or another base made it.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} is missing: run encode_images, which writes it.")
    try:
        with safe_open(path, framework="pt", device=str(device)) as stored:
            made_by = (stored.metadata() or {}).get("base_digest")
            features: Tensor = stored.get_tensor("features")
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} cannot be read as image features ({error}): run encode_images again.") from None
    if made_by != base_digest:
        raise InputError(f"{path} was made by another base than vlm.base: run encode_images again with this one.")
    return features
