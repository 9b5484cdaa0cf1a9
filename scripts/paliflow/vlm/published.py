"""The shapes of the published PaliGemma checkpoints, as configurations built in code: what they would take can be told without them.

Sources: SigLIP So400m/14 (Alabdulmohsin et al. 2023, table 2), Gemma 2B (Gemma Team 2024a, table 1), Gemma 2 2B and 9B (Gemma Team 2024b,
table 1, whose feed-forward width counts gate and up together), and the `config.json` of each checkpoint on the model hub, which adds
1,024 location, 128 segmentation and 64 spare entries to Gemma's vocabulary.
"""

from typing import Any

from transformers import PaliGemmaConfig

VOCABULARY = 257_216
IMAGE_TOKEN = 257_152
TOKENS = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}

TOWER = {
    "model_type": "siglip_vision_model",
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 224,
    "patch_size": 14,
    "vision_use_head": False,
}

TEXT: dict[str, dict[str, Any]] = {
    "google/paligemma-3b-pt-224": {
        "model_type": "gemma",
        "hidden_size": 2048,
        "intermediate_size": 16_384,
        "num_hidden_layers": 18,
        "num_attention_heads": 8,
        "num_key_value_heads": 1,
        "head_dim": 256,
    },
    "google/paligemma2-3b-pt-224": {
        "model_type": "gemma2",
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "query_pre_attn_scalar": 256,
    },
    "google/paligemma2-10b-pt-224": {
        "model_type": "gemma2",
        "hidden_size": 3584,
        "intermediate_size": 14_336,
        "num_hidden_layers": 42,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 256,
        "query_pre_attn_scalar": 256,
    },
}
"""The language model of each checkpoint by its name on the model hub; all have the same vision tower."""


def config(name: str) -> PaliGemmaConfig | None:
    """The configuration of a published checkpoint by its name on the model hub, or None for any other name."""
    if name not in TEXT:
        return None
    text = TEXT[name]
    return PaliGemmaConfig(
        vision_config=dict(TOWER),
        text_config=text | TOKENS | {"vocab_size": VOCABULARY},
        projection_dim=text["hidden_size"],
        hidden_size=text["hidden_size"],
        vocab_size=VOCABULARY,
        image_token_index=IMAGE_TOKEN,
        **TOKENS,
    )
