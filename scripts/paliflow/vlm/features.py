"""The pictures as features that are computed once, for the tower that sees them is frozen."""

import torch
from PIL import Image
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from paliflow import progress

IMAGES_PER_BATCH = 16


@torch.no_grad()
def encode_images(
    model: PaliGemmaForConditionalGeneration, processor: PaliGemmaProcessor, pictures: list[Image.Image], label: str
) -> Tensor:
    """Projected features of every picture, (pictures, image tokens, width): the frozen tower sees each once for all its questions."""
    parts = []
    for start in progress.track(range(0, len(pictures), IMAGES_PER_BATCH), label, unit="batch"):
        batch = [picture.convert("RGB") for picture in pictures[start : start + IMAGES_PER_BATCH]]
        pixels = processor.image_processor(batch, return_tensors="pt")["pixel_values"].to(model.device, model.dtype)
        parts.append(model.get_image_features(pixels).pooler_output)
    return torch.cat(parts)
