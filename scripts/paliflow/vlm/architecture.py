"""A PaliGemma small enough for a laptop: the same classes as the 3-billion-parameter model, other sizes, and a tokenizer of its own."""

import json
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import GemmaTokenizer, PaliGemmaConfig, PaliGemmaForConditionalGeneration, PaliGemmaProcessor, SiglipImageProcessorPil
from transformers.models.paligemma.processing_paligemma import IMAGE_TOKEN

IMAGE_SIZE = 96
PATCH_SIZE = 16
WIDTH = 160
LAYERS = 4
HEADS = 4
PIXEL_MEAN = 0.47  # of the rendered pictures in 0..1, all channels
PIXEL_DEVIATION = 0.10
VOCABULARY = 1500  # entries before the image, location and segmentation tokens that PaliGemma adds
# the words of questions about such scenes and of their answers, each to be one token, with a blank before it and without; the base never
# sees them in a question
QUESTION_WORDS = """
Altogether Among Are At By Can Could Count Counting Do Does Find For Give How If In Is It Look Name Of Say Take Tell The There What Where
Which With You a agree alike also altogether an and another any anything are as at ball balls behind big block blocks blue both brown call
can color contain count counting cube cubes cyan cylinder cylinders do does either else equal every exactly fewer find front get give gray
greater green has have higher how if image in is it its large larger left less look lower made many match matches material matte metal
metallic more no number object objects of on or other picture purple red right rubber same say scene see shape share shares shiny show
side size small smaller sphere spheres take than that the their then there they thing things tiny to total twice visible what where which
with would yellow yes you 0 1 2 3 4 5 6 7 8 9 10 , . : ; ?
"""
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]


def build_processor(corpus: Iterable[str]) -> PaliGemmaProcessor:
    """A processor whose byte-pair tokenizer, of Gemma's form with byte fallback, is trained on `corpus`; no merge crosses words."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex("▁"), "merged_with_next"), pre_tokenizers.Split(Regex(r"[^\w▁]"), "isolated")]
    )
    symbols = [chr(code) for code in range(32, 127)] + ["\n", "▁"]
    special = SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(
        corpus, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=symbols, show_progress=False)
    )
    merges = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    gemma = GemmaTokenizer(vocab=tokenizer.get_vocab(), merges=merges, model_max_length=512)
    image_processor = SiglipImageProcessorPil(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_DEVIATION] * 3,
        resample=3,
        do_convert_rgb=True,
    )
    image_processor.image_seq_length = (IMAGE_SIZE // PATCH_SIZE) ** 2
    return PaliGemmaProcessor(image_processor=image_processor, tokenizer=gemma)


def build_model(processor: PaliGemmaProcessor) -> PaliGemmaForConditionalGeneration:
    """A freshly initialised model for `processor`; the caller seeds torch."""
    tokenizer = processor.tokenizer
    shape = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    vision = shape | {"model_type": "siglip_vision_model", "image_size": IMAGE_SIZE, "patch_size": PATCH_SIZE, "vision_use_head": False}
    text = shape | {
        "model_type": "gemma",
        "num_key_value_heads": HEADS,
        "head_dim": WIDTH // HEADS,
        "vocab_size": len(tokenizer),
        "initializer_range": 0.08,  # the usual 0.02 barely learns at this width
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    config = PaliGemmaConfig(
        vision_config=vision,
        text_config=text,
        projection_dim=WIDTH,
        hidden_size=WIDTH,
        vocab_size=len(tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_TOKEN),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return PaliGemmaForConditionalGeneration(config)
