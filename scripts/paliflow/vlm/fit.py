"""Whether a checkpoint's processor and its model belong together."""

from transformers import PaliGemmaConfig, PaliGemmaProcessor

from paliflow.errors import InputError


def check_fit(base: str, processor: PaliGemmaProcessor, config: PaliGemmaConfig) -> None:
    """Make sure that the tokens and pixels which the processor makes are those that the model takes.

    Raises:
        InputError: they are not.
    """
    tokenizer, pictures, vision = processor.tokenizer, processor.image_processor, config.vision_config
    image_id, entries = tokenizer.convert_tokens_to_ids("<image>"), max(tokenizer.get_vocab().values()) + 1
    size, tokens = (pictures.size["height"], pictures.size["width"]), image_tokens(config)
    fault = ""
    if entries > config.text_config.vocab_size:
        fault = f"tokenizer has {entries} entries and whose model has {config.text_config.vocab_size}"
    elif image_id != config.image_token_index:
        fault = f"tokenizer has <image> at {image_id} and whose model looks for it at {config.image_token_index}"
    elif size != (vision.image_size, vision.image_size):
        fault = f"processor makes pictures of {size[1]} × {size[0]} pixels and whose model takes {vision.image_size} × {vision.image_size}"
    elif processor.image_seq_length != tokens:
        fault = f"processor counts {processor.image_seq_length} tokens a picture and whose model makes {tokens}"
    if fault:
        raise InputError(f"vlm.base is '{base}', whose {fault}: they do not belong together, take both from one checkpoint.")


def image_tokens(config: PaliGemmaConfig) -> int:
    """The number of tokens that the vision tower makes of a picture."""
    return (config.vision_config.image_size // config.vision_config.patch_size) ** 2
