"""The methods: what each trains, and that what it trained comes back on its own base and on no other."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PaliGemmaForConditionalGeneration

from paliflow.errors import InputError
from paliflow.vlm import methods, model, published


def tuned(base: Path, method: str, rank: int = 4) -> nn.Module:
    """A model whose trained weights are no longer what they were at first."""
    torch.manual_seed(1)
    adapted = methods.add_adapter(model.load_base(str(base), methods.needs_nf4(method)), method, rank, alpha=8)
    with torch.no_grad():
        for parameter in methods.trained_parameters(adapted).values():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return adapted


@pytest.mark.parametrize("method", methods.METHODS)
def test_what_was_trained_comes_back(tiny_base: Path, tmp_path: Path, method: str) -> None:
    adapted = tuned(tiny_base, method)
    methods.save_weights(adapted, method, tmp_path, "digest")
    again = methods.load_weights(model.load_base(str(tiny_base), methods.needs_nf4(method)), tmp_path, "digest")
    expected = dict(methods.inner(adapted).named_parameters())
    assert all(torch.equal(expected.pop(name), value) for name, value in again.named_parameters())
    assert not expected
    assert not again.training


@pytest.mark.parametrize("method", ["qlora", "lora", "dora"])
def test_an_adapter_is_on_the_language_model_alone(tiny_base: Path, method: str) -> None:
    names = list(methods.trained_parameters(tuned(tiny_base, method)))
    layers = 7 * 4
    assert len(names) == layers * (3 if method == "dora" else 2)
    assert all(".language_model.layers." in name and "lora_" in name for name in names)


def test_full_trains_the_language_model_with_its_tied_head_and_nothing_that_features_depend_on(tiny_base: Path) -> None:
    adapted = tuned(tiny_base, "full")
    assert set(methods.trained_parameters(adapted)) == {
        name for name, _ in adapted.named_parameters() if name.startswith("model.language_model.")
    }
    assert adapted.lm_head.weight is adapted.model.language_model.embed_tokens.weight


def test_full_keeps_its_weights_in_the_type_they_were_trained_in(tiny_base: Path, tmp_path: Path) -> None:
    adapted = methods.add_adapter(model.load_base(str(tiny_base), quantised=False).bfloat16(), "full", 0, 0)
    methods.save_weights(adapted, "full", tmp_path, "digest")
    assert {value.dtype for value in methods.load_file(tmp_path / "model.safetensors").values()} == {torch.bfloat16}


def test_a_folder_holds_one_methods_weights(tiny_base: Path, tmp_path: Path) -> None:
    methods.save_weights(tuned(tiny_base, "full"), "full", tmp_path, "digest")
    methods.save_weights(tuned(tiny_base, "lora"), "lora", tmp_path, "digest")
    assert {path.name for path in tmp_path.iterdir()} == {"base.json", "adapter_model.safetensors", "adapter_config.json"}


def fault_of(tiny_base: Path, folder: Path, method: str) -> str:
    with pytest.raises(InputError) as caught:
        methods.load_weights(model.load_base(str(tiny_base), methods.needs_nf4(method)), folder, "digest")
    return str(caught.value)


def test_weights_of_another_base_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    methods.save_weights(tuned(tiny_base, "lora"), "lora", tmp_path, "another")
    assert "was trained on another base than vlm.base" in fault_of(tiny_base, tmp_path, "lora")


def test_weights_of_another_form_of_the_base_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    methods.save_weights(tuned(tiny_base, "qlora"), "qlora", tmp_path, "digest")
    assert "was trained by qlora" in fault_of(tiny_base, tmp_path, "lora")


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_weights_that_are_cut_short_are_refused(tiny_base: Path, tmp_path: Path, method: str, kept: int) -> None:
    methods.save_weights(tuned(tiny_base, method), method, tmp_path, "digest")
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    assert f"{path} is missing, cut short or changed since its training" in fault_of(tiny_base, tmp_path, method)


def test_a_folder_that_lacks_the_weights_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    methods.save_weights(tuned(tiny_base, "lora"), "lora", tmp_path, "digest")
    (tmp_path / "adapter_model.safetensors").unlink()
    assert "adapter_model.safetensors is missing" in fault_of(tiny_base, tmp_path, "lora")
    (tmp_path / "base.json").write_text(json.dumps({"base_digest": "digest"}))
    assert "names no method of training" in fault_of(tiny_base, tmp_path, "lora")
    (tmp_path / "base.json").unlink()
    assert "base.json is missing" in fault_of(tiny_base, tmp_path, "lora")


@pytest.mark.parametrize("method", ["lora", "full"])
def test_weights_that_lack_a_part_are_refused(tiny_base: Path, tmp_path: Path, method: str) -> None:
    methods.save_weights(tuned(tiny_base, method), method, tmp_path, "digest")
    (path,) = tmp_path.glob("*.safetensors")
    weights = load_file(path)
    save_file({name: value for name, value in weights.items() if ".layers.0." not in name}, path)
    assert "changed since its training" in fault_of(tiny_base, tmp_path, method)


def test_an_emptied_config_of_the_adapter_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    methods.save_weights(tuned(tiny_base, "lora"), "lora", tmp_path, "digest")
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "adapter_config.json is missing, cut short or changed" in fault_of(tiny_base, tmp_path, "lora")


def test_paligemma_3b_at_rank_16_trains_its_19_611_648_parameters() -> None:
    """The real model's shapes without its weights."""
    with torch.device("meta"):
        adapted = methods.add_adapter(
            PaliGemmaForConditionalGeneration(published.config("google/paligemma-3b-pt-224")), "lora", rank=16, alpha=32
        )
    assert sum(parameter.numel() for parameter in methods.trained_parameters(adapted).values()) == 19_611_648
