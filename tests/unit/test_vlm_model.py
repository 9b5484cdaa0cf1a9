"""The model in its forms: plain, in four bits, drawn at random, with an adapter; and which checkpoints are refused."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch
from bitsandbytes.nn import Linear4bit
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import PaliGemmaForConditionalGeneration

from paliflow.errors import InputError
from paliflow.vlm import answer, examples, methods, model, published
from paliflow.vlm.features import encode_images
from paliflow.vlm.loss import suffix_loss

SCRIPTS = Path(model.__file__).parents[2]
ASKED = [(0, "What color is the small sphere?"), (1, "How many?"), (0, "are things left of it"), (1, "describe the large red metal cube")]


@pytest.fixture(scope="module")
def processor(tiny_base: Path):
    return model.load_processor(str(tiny_base))


@pytest.fixture(scope="module")
def plain(tiny_base: Path) -> PaliGemmaForConditionalGeneration:
    return model.load_base(str(tiny_base), quantised=False)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [Image.effect_noise((96, 96), 60).convert("RGB"), Image.new("RGB", (480, 320), (90, 20, 160))]


@pytest.fixture(scope="module")
def features(plain, processor, pictures: list[Image.Image]) -> torch.Tensor:
    return encode_images(plain, processor, pictures, "test")


def batch_of(processor) -> dict[str, torch.Tensor]:
    texts = [("What color is the small sphere?", "red"), ("How many things are left of it?", "large metal cube")]
    encoded = [examples.encode(processor.tokenizer, processor.image_seq_length, *text) for text in texts]
    return examples.collate(encoded, processor.tokenizer.pad_token_id)


def library_loss(plain, processor, pictures: list[Image.Image]) -> torch.Tensor:
    """The library's own loss, from the pictures themselves."""
    batch = batch_of(processor)
    pixels = processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
    return plain(**batch, pixel_values=pixels).loss


def test_our_loss_is_the_librarys_and_cached_features_change_nothing(plain, processor, pictures, features) -> None:
    ours = suffix_loss(plain, batch_of(processor), features)
    assert ours.item() == pytest.approx(library_loss(plain, processor, pictures).item(), rel=1e-5)


def test_our_loss_is_the_librarys_where_logits_are_capped(capped_base: Path, processor, pictures) -> None:
    capped = model.load_base(str(capped_base), quantised=False, random_weights=True)
    with torch.no_grad():
        capped.model.language_model.norm.weight.add_(60)  # so that the logits reach the cap
        encoded = encode_images(capped, processor, pictures, "test")
        ours, theirs = suffix_loss(capped, batch_of(processor), encoded), library_loss(capped, processor, pictures)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_our_gradient_is_the_librarys(tiny_base: Path, processor, pictures) -> None:
    gradients = []
    for ours in (True, False):
        torch.manual_seed(1)
        adapted = methods.add_adapter(model.load_base(str(tiny_base), quantised=False), "lora", rank=4, alpha=8)
        base = methods.inner(adapted)
        cached = encode_images(base, processor, pictures, "test")
        loss = suffix_loss(base, batch_of(processor), cached) if ours else library_loss(base, processor, pictures)
        loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in adapted.parameters() if p.grad is not None]))
    assert gradients[0].norm() > 0
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_four_bits_are_on_the_seven_projections_of_the_language_model_and_nowhere_else(tiny_base: Path) -> None:
    quantised = model.load_base(str(tiny_base), quantised=True)
    names = [name for name, module in quantised.named_modules() if isinstance(module, Linear4bit)]
    assert len(names) == 7 * quantised.config.text_config.num_hidden_layers
    assert all(".language_model.layers." in name for name in names)
    assert {module.weight.quant_state.quant_type for module in quantised.modules() if isinstance(module, Linear4bit)} == {"nf4"}
    assert all(module.weight.quant_state.nested for module in quantised.modules() if isinstance(module, Linear4bit))


def gradient(adapted: torch.nn.Module, processor, features: torch.Tensor) -> torch.Tensor:
    adapted.train()
    adapted.zero_grad()
    suffix_loss(methods.inner(adapted), batch_of(processor), features).backward()
    return torch.cat([p.grad.flatten().float() for p in adapted.parameters() if p.grad is not None])


def test_an_evaluation_between_two_steps_leaves_the_gradient_as_it_was(tiny_base: Path, processor, features) -> None:
    """bitsandbytes repacks four-bit weights in a forward without gradients on CPUs with AVX512_BF16, and then differentiates wrongly."""
    torch.manual_seed(2)
    adapted = methods.add_adapter(model.load_base(str(tiny_base), quantised=True), "qlora", rank=4, alpha=8)
    before = gradient(adapted, processor, features)
    answer.answer_questions(methods.inner(adapted), processor.tokenizer, features, ASKED, "test")
    assert torch.equal(gradient(adapted, processor, features), before)


def test_no_four_bit_layer_may_repack_its_weights(tiny_base: Path) -> None:
    """The same on a CPU without AVX512_BF16, where the fault does not show."""
    quantised = model.load_base(str(tiny_base), quantised=True)
    assert {module.support_avx512bf16_for_cpu for module in quantised.modules() if isinstance(module, Linear4bit)} == {False}


def test_a_program_takes_denormal_numbers_as_zero_and_the_library_alone_does_not() -> None:
    """Other code in a process counts on the numbers as they are, hypothesis among it."""
    code = "import torch; from paliflow.vlm import model; tiny = torch.tensor(1e-40); print(bool(tiny * 1 > 0)); "
    code += "model.use_cpu(1); print(bool(tiny * 1 > 0))"
    called = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert called.stdout.split() == ["True", "False"]


def test_a_gpu_without_native_bfloat16_computes_in_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda")
    for native, chosen in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, native=native: native or including_emulation)
        assert model.compute_type("auto", gpu) == chosen
        assert model.compute_type("float32", gpu) == torch.float32
    assert model.compute_type("auto", torch.device("cpu")) == torch.float32


def test_in_float16_only_the_products_with_four_bit_weights_leave_float32(tiny_base: Path, processor, features) -> None:
    gradients = []
    for compute in ("float32", "float16"):
        base = model.load_base(str(tiny_base), quantised=True, compute=compute)
        assert {p.dtype for p in base.parameters()} == {torch.float32, torch.uint8}
        assert {module.compute_dtype for module in base.modules() if isinstance(module, Linear4bit)} == {model.COMPUTE_TYPES[compute]}
        torch.manual_seed(2)
        gradients.append(gradient(methods.add_adapter(base, "qlora", rank=4, alpha=8), processor, features))
    assert 0 < (gradients[1] - gradients[0]).norm() < 0.01 * gradients[0].norm()


TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}


@pytest.fixture(params=["gemma", "gemma2"])
def drawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a published checkpoint, whose shapes are small here."""
    monkeypatch.setattr(published, "TOWER", published.TOWER | TINY)
    monkeypatch.setattr(published, "TEXT", {"google/drawn": TINY | {"model_type": request.param, "num_key_value_heads": 1, "head_dim": 16}})
    return "google/drawn"


def test_random_weights_are_the_same_in_four_bits_and_without(drawn: str) -> None:
    plain, quantised = (model.load_base(drawn, four_bits, random_weights=True) for four_bits in (False, True))
    assert quantised.lm_head.weight is quantised.model.language_model.embed_tokens.weight
    assert {p.device.type for p in [*quantised.parameters(), *quantised.buffers()]} == {"cpu"}
    kept = dict(quantised.named_parameters())
    for name, weight in plain.named_parameters():
        state = getattr(kept[name], "quant_state", None)
        assert (state is not None) == (".language_model.layers." in name and name.endswith("_proj.weight"))
        if state is None:
            assert torch.equal(kept[name], weight)
        else:
            back = bitsandbytes.functional.dequantize_4bit(kept[name].data, state)
            assert (back - weight).norm() < 0.12 * weight.norm()  # NF4's error on normal weights is 0.09


def test_random_weights_are_the_same_every_time_and_have_the_compute_type(drawn: str) -> None:
    first, again = (model.load_base(drawn, False, "bfloat16", random_weights=True).lm_head.weight for _ in range(2))
    assert first.dtype == torch.bfloat16
    assert torch.equal(first, again)


def test_random_weights_can_be_trained_and_asked(drawn: str) -> None:
    processor = model.load_processor(drawn, random_weights=True)
    assert processor.image_seq_length == 256
    base = model.load_base(drawn, quantised=True, random_weights=True)
    features = encode_images(base, processor, [Image.new("RGB", (40, 30), (90, 20, 160))] * 2, "test")
    assert features.shape == (2, 256, 64)
    assert gradient(methods.add_adapter(base, "qlora", rank=4, alpha=8), processor, features).norm() > 0
    assert len(answer.answer_questions(base, processor.tokenizer, features, ASKED[:2], "test", max_tokens=2)) == 2


def test_random_weights_of_unknown_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="whose shapes are not known here: for random weights give one of google/paligemma-3b-pt-224,"):
        model.load_base("somebody/else", quantised=False, random_weights=True)


def test_the_digest_tells_bases_apart(tiny_base: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model.base_digest(str(copy)) == model.base_digest(str(tiny_base))
    weights = load_file(copy / "model.safetensors")
    next(iter(weights.values())).flatten()[0] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    digests = [model.base_digest(str(tiny_base)), model.base_digest(str(copy))]
    digests += [model.base_digest(name, random_weights=True) for name in published.TEXT]
    assert len(set(digests)) == len(digests)


@pytest.fixture
def copy(tiny_base: Path, tmp_path: Path) -> Path:
    """A checkpoint to spoil."""
    return Path(shutil.copytree(tiny_base, tmp_path / "base"))


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


MISFITS = {
    r"tokenizer has \d+ entries and whose model has 600": ("config.json", lambda c: c["text_config"].update(vocab_size=600)),
    r"tokenizer has <image> at \d+ and whose model looks for it at 7": ("config.json", lambda c: c.update(image_token_index=7)),
    "processor makes pictures of 96 × 96 pixels and whose model takes 112 × 112": (
        "config.json",
        lambda c: c["vision_config"].update(image_size=112),
    ),
    "processor counts 49 tokens a picture and whose model makes 36": (
        "processor_config.json",
        lambda c: c["image_processor"].update(image_seq_length=49),
    ),
}


@pytest.mark.parametrize("fault", MISFITS)
def test_a_processor_that_does_not_fit_the_model_is_refused(copy: Path, fault: str) -> None:
    name, change = MISFITS[fault]
    edit(copy / name, change)
    with pytest.raises(InputError, match=rf"vlm\.base is '.*', whose {fault}: they do not belong together"):
        model.load_processor(str(copy))


def test_a_model_of_another_type_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "gemma"}')
    with pytest.raises(InputError, match="a model of the type gemma: give a PaliGemma"):
        model.load_processor(str(copy))


@pytest.mark.parametrize("kept", [0, 40, 200_000])
def test_weights_cut_short_are_refused(copy: Path, kept: int) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(InputError, match="no PaliGemma can be loaded"):
        model.load_base(str(copy), quantised=False)


def test_weights_of_another_version_are_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    names = sorted(name for name in weights if "mlp" in name)
    save_file({name: value for name, value in weights.items() if name not in names[:2]}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"whose weights lack .*mlp.* and 1 more: they are cut short or of another version"):
        model.load_base(str(copy), quantised=False)


def test_weights_of_other_shapes_are_refused(copy: Path) -> None:
    edit(copy / "config.json", lambda c: c["text_config"].update(intermediate_size=320))
    with pytest.raises(InputError, match=r"vlm\.base is '.*', from which no PaliGemma can be loaded"):
        model.load_base(str(copy), quantised=False)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder without a \*\.safetensors file"):
        model.base_digest(str(tmp_path))
    with pytest.raises(InputError, match="no PaliGemma can be loaded"):
        model.load_processor(str(tmp_path))


def test_a_base_that_the_gpu_does_not_hold_is_refused(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(PaliGemmaForConditionalGeneration, "from_pretrained", exhaust)
    with pytest.raises(InputError, match="which the GPU's memory does not hold: give a smaller"):
        model.load_base(str(tiny_base), quantised=False)
