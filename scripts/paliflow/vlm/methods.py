"""The ways to fine-tune: which weights train, and how what was trained is kept and put back on its base.

`qlora` (Dettmers et al. 2023): a low-rank adapter on NF4 weights. `lora` (Hu et al. 2021): one on plain weights. `dora` (Liu et al. 2024):
one on plain weights whose columns' lengths are trained apart from their directions. `full`: every weight of the language model, the
embedding and the head that is tied to it included. The vision tower and its connector are frozen in all, so features are computed once.
"""

import tempfile
from pathlib import Path

from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PaliGemmaForConditionalGeneration

from paliflow import files
from paliflow.errors import InputError

FILES = ("base.json", "adapter_model.safetensors", "adapter_config.json", "model.safetensors")
METHODS = ("qlora", "lora", "dora", "full")
# the seven projections of the language model alone: the vision tower shares some of these names
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
TARGETS = rf".*language_model.*\.({'|'.join(PROJECTIONS)})"


def needs_nf4(method: str) -> bool:
    """Whether the method trains on a base whose language projections are in 4 bits."""
    return method == "qlora"


def add_adapter(model: PaliGemmaForConditionalGeneration, method: str, rank: int, alpha: float) -> nn.Module:
    """Make what the method trains require gradients, and nothing else; the caller seeds torch.

    Args:
        model: the frozen base, loaded with `quantised=needs_nf4(method)`.
        method: one of `METHODS`.
        rank, alpha: of the adapter, W + (alpha / rank) B A on the seven projections of the language model; `full` has none.

    Returns:
        A peft model, or for `full` the model itself.
    """
    if method == "full":
        model.model.language_model.requires_grad_(True)
        return model
    settings = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=0.0,
        use_dora=method == "dora",
        target_modules=TARGETS,
        bias="none",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, settings)


def inner(model: nn.Module) -> PaliGemmaForConditionalGeneration:
    """PaliGemma itself, its adapter in place."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def trained_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that train, by name, in a fixed order."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def save_weights(model: nn.Module, method: str, folder: Path, base_digest: str) -> None:
    """Write what was trained, in its own type, and `base.json`, which says on which base it belongs and holds the files' SHA-256.

    An adapter becomes adapter_model.safetensors and adapter_config.json, as peft reads them; `full` becomes model.safetensors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:  # another method's, and first of all base.json, without which the folder is refused
        (folder / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        if isinstance(model, PeftModel):
            model.save_pretrained(place)
            names = ["adapter_model.safetensors", "adapter_config.json"]
        else:
            save_file({name: p.detach().contiguous() for name, p in trained_parameters(model).items()}, f"{place}/model.safetensors")
            names = ["model.safetensors"]
        for name in names:
            with files.replacing(folder / name) as temporary:
                (Path(place) / name).replace(temporary)
    digests = {name: files.sha256(folder / name) for name in names}
    files.write_json(folder / "base.json", {"base_digest": base_digest, "method": method, "sha256": digests})


def read_method(folder: Path, base_digest: str) -> str:
    """The method by which `save_weights` wrote a folder, once its files are seen to be whole and of this base.

    Raises:
        InputError: they are not.
    """
    made = files.read_json(folder / "base.json")
    if not isinstance(made, dict) or made.get("method") not in METHODS or not isinstance(made.get("sha256"), dict):
        raise InputError(f"{folder / 'base.json'} names no method of training: train the adapter again.")
    if made.get("base_digest") != base_digest:
        raise InputError(f"{folder} was trained on another base than vlm.base: train it again, or give the base that it was trained on.")
    for name, digest in made["sha256"].items():
        if not (folder / name).is_file() or files.sha256(folder / name) != digest:
            raise InputError(f"{folder / name} is missing, cut short or changed since its training: train it again.")
    return str(made["method"])


def load_weights(model: PaliGemmaForConditionalGeneration, folder: Path, base_digest: str) -> PaliGemmaForConditionalGeneration:
    """Put what `save_weights` wrote on its base.

    Returns:
        PaliGemma itself, ready to answer questions.

    Raises:
        InputError: the folder holds no whole adapter, or one of another base or form of the base.
    """
    method = read_method(folder, base_digest)
    if needs_nf4(method) != any(isinstance(module, Linear4bit) for module in model.modules()):
        raise InputError(f"{folder} was trained by {method}, whose base is loaded otherwise: evaluate it as {method}.")
    if method == "full":
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
        return model.eval()
    return PeftModel.from_pretrained(model, str(folder)).get_base_model().eval()
