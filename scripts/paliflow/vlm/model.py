"""Load PaliGemma, and its adapters: QLoRA (Dettmers et al. 2023) on NF4 weights, LoRA (Hu et al. 2021) on plain ones."""

from pathlib import Path

import torch
from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from transformers import AutoProcessor, BitsAndBytesConfig, PaliGemmaForConditionalGeneration, PaliGemmaProcessor
from transformers.utils import logging

from paliflow import files
from paliflow.errors import InputError

# the seven projections of the language model alone: the vision tower shares some of these names
TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
NOT_QUANTISED = ["model.vision_tower", "model.multi_modal_projector", "lm_head"]

logging.disable_progress_bar()
logging.set_verbosity_error()


def device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_processor(base: str) -> PaliGemmaProcessor:
    """The tokenizer and image processor of a checkpoint: a folder, or a name on the model hub.

    Raises:
        InputError: there is no such folder and the hub has it not or cannot be reached.
    """
    try:
        return AutoProcessor.from_pretrained(base)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreachable(base, error) from None


def load_base(base: str, quantised: bool, attention: str = "sdpa") -> PaliGemmaForConditionalGeneration:
    """The frozen base: float32 on a CPU, bfloat16 on a GPU, the language model in NF4 with double quantisation if `quantised`.

    Args:
        base: a folder, or a name on the model hub.
        quantised: load the projections of the language model in 4 bits.
        attention: the implementation; "eager" also gives the attention weights.

    Raises:
        InputError: see `load_processor`.
    """
    place = device()
    dtype = torch.float32 if place.type == "cpu" else torch.bfloat16
    quantisation = None
    if quantised:
        quantisation = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            llm_int8_skip_modules=NOT_QUANTISED,
        )
    try:
        model = PaliGemmaForConditionalGeneration.from_pretrained(
            base, dtype=dtype, quantization_config=quantisation, device_map={"": place}, attn_implementation=attention
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreachable(base, error) from None
    for module in model.modules():
        if isinstance(module, Linear4bit):
            # bitsandbytes 0.50.2 repacks the weights in a forward without gradients and then computes wrong gradients from them
            module.support_avx512bf16_for_cpu = False
    return model.requires_grad_(False).eval()


def add_adapter(model: PaliGemmaForConditionalGeneration, rank: int, alpha: float) -> PeftModel:
    """Put a trainable low-rank adapter, W + (alpha / rank) B A, on the seven projections of the language model; the caller seeds torch."""
    settings = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=TARGETS, bias="none", task_type="CAUSAL_LM")
    return get_peft_model(model, settings)


def load_adapter(model: PaliGemmaForConditionalGeneration, folder: Path) -> PeftModel:
    """Put a trained adapter on its base.

    Raises:
        InputError: the folder holds no adapter, or one of another shape.
    """
    try:
        return PeftModel.from_pretrained(model, str(folder)).eval()
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{folder} holds no adapter that fits the base ({_first_line(error)}): train it again.") from None


def checkpoint_digests(base: str) -> dict[str, str]:
    """SHA-256 of each weights file of a checkpoint in a folder; none for a name on the model hub."""
    return {path.name: files.sha256(path) for path in sorted(Path(base).glob("*.safetensors"))}


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


def _unreachable(base: str, error: Exception) -> InputError:
    what = f"vlm.base is '{base}', from which no PaliGemma can be loaded ({_first_line(error)})"
    return InputError(f"{what}: give a folder with a checkpoint, or a name that the model hub has and can be reached for.")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
