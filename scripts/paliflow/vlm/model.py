"""Load PaliGemma: its processor, and its weights as they are, in four bits (NF4, Dettmers et al. 2023), or drawn at random."""

import hashlib
import json
from pathlib import Path

import torch
from bitsandbytes.nn import Linear4bit
from transformers import (
    AutoConfig,
    AutoProcessor,
    BitsAndBytesConfig,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
)
from transformers.utils import logging

from paliflow import files
from paliflow.arguments import Parser, positive_integer
from paliflow.errors import InputError
from paliflow.vlm import fit, hub, published
from paliflow.vlm import random_weights as random_model
from paliflow.vlm.faults import GpuMemoryError

EMBEDDED_BASE = Path(__file__).resolve().parents[3] / "base_model"
COMPUTE_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
NOT_QUANTISED = ["model.vision_tower", "model.multi_modal_projector", "lm_head"]

logging.disable_progress_bar()
logging.set_verbosity_error()


def add_arguments(parser: Parser) -> None:
    """What every program takes on its command line that loads a base."""
    parser.add_argument("--base", required=True, help="checkpoint folder or name on the model hub")
    parser.add_argument("--random-weights", action="store_true", help="the base's shapes with weights drawn at random: a check, no study")
    parser.add_argument("--compute-type", choices=("auto", *COMPUTE_TYPES), default="auto", help="of the numbers (default %(default)s)")
    parser.add_argument("--threads", type=positive_integer, default=1, help="threads of torch on a CPU (default %(default)s)")


def use_cpu(threads: int) -> None:
    """Have torch compute on so many threads of the CPU, with numbers below float's normal range taken as zero.

    A backward pass through sharp attention is full of such numbers, over which a CPU takes far longer: a step, 2.7 times as long.
    For programs alone, at their start: it holds for the whole process.
    """
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)


def device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_type(setting: str, place: torch.device) -> torch.dtype:
    """The type of the arithmetic: "auto" is float32 on a CPU, on a GPU bfloat16 where it is native (Ampere and later), else float16.

    >>> compute_type("auto", torch.device("cpu"))
    torch.float32
    """
    if setting != "auto":
        return COMPUTE_TYPES[setting]
    if place.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def load_config(base: str, random_weights: bool = False) -> PaliGemmaConfig:
    """The shapes of a checkpoint; those of a published one are known without the hub, and then serve `random_weights`.

    Raises:
        InputError: see `load_processor`.
    """
    if random_weights and not Path(base).is_dir():
        config = published.config(base)
        if config is None:
            raise InputError(
                f"vlm.base is '{base}', whose shapes are not known here: for random weights give one of {', '.join(published.TEXT)}."
            )
        config.image_token_index = PaliGemmaConfig.from_pretrained(EMBEDDED_BASE).image_token_index
        return config
    with hub.explained(base):
        config = AutoConfig.from_pretrained(base, revision=hub.commit(base))
    if not isinstance(config, PaliGemmaConfig):
        raise InputError(f"vlm.base is '{base}', a model of the type {config.model_type}: give a PaliGemma.")
    return config


def load_processor(base: str, random_weights: bool = False) -> PaliGemmaProcessor:
    """The tokenizer and image processor of a checkpoint: a folder, or a name on the model hub.

    Args:
        base: the checkpoint.
        random_weights: a name on the hub lends its shapes alone; the tokenizer is then the embedded base's.

    Raises:
        InputError: there is no such folder and the hub has it not or does not hand it out; or the processor and the model do not fit.
    """
    config = load_config(base, random_weights)
    source = str(EMBEDDED_BASE) if random_weights and not Path(base).is_dir() else base
    with hub.explained(base):
        processor = AutoProcessor.from_pretrained(source, revision=hub.commit(source))
    if not isinstance(processor, PaliGemmaProcessor):
        raise InputError(f"vlm.base is '{base}', whose processor is a {type(processor).__name__}: give a PaliGemma with its own processor.")
    if source != base:
        size = config.vision_config.image_size
        processor.image_processor.size = {"height": size, "width": size}
        processor.image_processor.image_seq_length = processor.image_seq_length = fit.image_tokens(config)
    fit.check_fit(base, processor, config)
    return processor


def load_base(
    base: str, quantised: bool, compute: str = "auto", attention: str = "sdpa", random_weights: bool = False
) -> PaliGemmaForConditionalGeneration:
    """The frozen base, the projections of its language model in NF4 with double quantisation if `quantised`.

    All weights but those have the compute type, except that float16 is left to the products with them: the residual stream of a Gemma
    can pass float16's 65,504, so the rest of such a model is float32.

    Args:
        base: a folder, or a name on the model hub.
        quantised: load the projections of the language model in 4 bits.
        compute: a key of `COMPUTE_TYPES`, or "auto", see `compute_type`.
        attention: the implementation; "eager" also gives the attention weights.
        random_weights: draw the weights instead of reading them, the same ones every time.

    Raises:
        InputError: see `load_processor`; or the checkpoint is not whole.
        GpuMemoryError: the GPU's memory does not hold it.
    """
    place = device()
    products = compute_type(compute, place)
    others = torch.float32 if products == torch.float16 else products
    quantisation = None
    if quantised:
        quantisation = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=products,
            llm_int8_skip_modules=NOT_QUANTISED,
        )
    config = load_config(base, random_weights)
    try:
        if random_weights:
            model = random_model.build(config, quantisation, others, attention_of(config, attention), place)
        else:
            model = _read(base, quantisation, others, attention_of(config, attention), place)
    except torch.OutOfMemoryError:
        smaller = "give a smaller vlm.base" if quantised else "give a smaller vlm.base, or leave only qlora in vlm.comparison.methods"
        raise GpuMemoryError(f"vlm.base is '{base}', which the GPU's memory does not hold: {smaller}.") from None
    for module in model.modules():
        if isinstance(module, Linear4bit):
            # bitsandbytes 0.50.2 repacks the weights in a forward without gradients and then computes wrong gradients from them
            module.support_avx512bf16_for_cpu = False
    return model.requires_grad_(False).eval()


def attention_of(config: PaliGemmaConfig, wanted: str) -> str | dict[str, str]:
    """`wanted` as transformers takes it; Gemma 2 caps its attention scores, which of the two only "eager" can."""
    if getattr(config.text_config, "attn_logit_softcapping", None) is None:
        return wanted
    return {"": wanted, "vision_config": wanted, "text_config": "eager"}


def base_digest(base: str, random_weights: bool = False) -> str:
    """What tells one base from another: of a folder its weights, of a name on the hub its commit, of random weights their shapes.

    Raises:
        InputError: see `load_processor`.
    """
    if random_weights:
        shapes = load_config(base, random_weights).to_diff_dict()
        del shapes["transformers_version"]
        return f"random:{hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()}"
    commit = hub.commit(base)
    if commit is not None:
        return f"hub:{commit}"
    weights = sorted(Path(base).glob("*.safetensors"))
    if not weights:
        raise InputError(f"vlm.base is '{base}', a folder without a *.safetensors file: give one with a whole checkpoint.")
    return hashlib.sha256("".join(files.sha256(path) for path in weights).encode()).hexdigest()


def weight_bytes(model: torch.nn.Module) -> int:
    """What the weights take in memory, quantisation constants included."""
    total = 0
    for parameter in model.parameters():
        total += parameter.numel() * parameter.element_size()
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            parts = [state.absmax, state.code] + ([state.state2.absmax, state.state2.code] if state.nested else [])
            total += sum(part.numel() * part.element_size() for part in parts)
    return total


def _read(
    base: str, quantisation: BitsAndBytesConfig | None, dtype: torch.dtype, attention: str | dict[str, str], place: torch.device
) -> PaliGemmaForConditionalGeneration:
    with hub.explained(base):
        model, report = PaliGemmaForConditionalGeneration.from_pretrained(
            base,
            revision=hub.commit(base),
            dtype=dtype,
            quantization_config=quantisation,
            device_map={"": place},
            attn_implementation=attention,
            output_loading_info=True,
        )
    if report["missing_keys"]:  # which transformers draws at random without a word
        first, *others = sorted(report["missing_keys"])
        raise InputError(
            f"vlm.base is '{base}', whose weights lack {first}{f' and {len(others)} more' if others else ''}: "
            "they are cut short or of another version, fetch or make the checkpoint anew."
        )
    return model
