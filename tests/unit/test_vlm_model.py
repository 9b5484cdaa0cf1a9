"""The model in its three forms: plain, in four bits, with an adapter; and what it answers."""

from pathlib import Path

import pytest
import torch
from bitsandbytes.nn import Linear4bit
from PIL import Image
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

from paliflow.errors import InputError
from paliflow.vlm import answer, examples, model
from paliflow.vlm.features import encode_images
from paliflow.vlm.loss import suffix_loss

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


def test_our_gradient_is_the_librarys(tiny_base: Path, processor, pictures) -> None:
    gradients = []
    for ours in (True, False):
        torch.manual_seed(1)
        adapted = model.add_adapter(model.load_base(str(tiny_base), quantised=False), rank=4, alpha=8)
        base = adapted.get_base_model()
        cached = encode_images(base, processor, pictures, "test")
        loss = suffix_loss(base, batch_of(processor), cached) if ours else library_loss(base, processor, pictures)
        loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in adapted.parameters() if p.grad is not None]))
    assert gradients[0].norm() > 0
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_answers_do_not_depend_on_the_batch_or_the_order(plain, processor, features, batch_size: int) -> None:
    together = answer.answer_questions(plain, processor.tokenizer, features, ASKED, "test", batch_size=4)
    apart = answer.answer_questions(plain, processor.tokenizer, features, ASKED[::-1], "test", batch_size=batch_size)
    assert together == apart[::-1]
    assert any(together)


def test_answers_are_those_of_the_librarys_generate(plain, processor, pictures, features) -> None:
    ours = answer.answer_questions(plain, processor.tokenizer, features, ASKED, "test", max_tokens=6)
    for (image, question), given in zip(ASKED, ours, strict=True):
        inputs = processor(images=pictures[image], text=f"<image>{question}", return_tensors="pt")
        inputs.pop("labels", None)
        tokens = plain.generate(**inputs, max_new_tokens=6, do_sample=False)[:, inputs["input_ids"].shape[1] :]
        assert processor.tokenizer.decode(tokens[0], skip_special_tokens=True).strip() == given


def test_four_bits_are_on_the_seven_projections_of_the_language_model_and_nowhere_else(tiny_base: Path) -> None:
    quantised = model.load_base(str(tiny_base), quantised=True)
    names = [name for name, module in quantised.named_modules() if isinstance(module, Linear4bit)]
    assert len(names) == 7 * quantised.config.text_config.num_hidden_layers
    assert all(".language_model.layers." in name for name in names)
    assert {module.weight.quant_state.quant_type for module in quantised.modules() if isinstance(module, Linear4bit)} == {"nf4"}
    assert all(module.weight.quant_state.nested for module in quantised.modules() if isinstance(module, Linear4bit))


def test_an_evaluation_between_two_steps_leaves_the_gradient_as_it_was(tiny_base: Path, processor, features) -> None:
    """bitsandbytes repacks four-bit weights in a forward without gradients on some CPUs, and then differentiates wrongly."""
    torch.manual_seed(2)
    adapted = model.add_adapter(model.load_base(str(tiny_base), quantised=True), rank=4, alpha=8)
    base = adapted.get_base_model()

    def gradient() -> torch.Tensor:
        adapted.train()
        adapted.zero_grad()
        suffix_loss(base, batch_of(processor), features).backward()
        return torch.cat([p.grad.flatten() for p in adapted.parameters() if p.grad is not None])

    before = gradient()
    answer.answer_questions(base, processor.tokenizer, features, ASKED, "test")
    assert torch.equal(gradient(), before)


def test_an_adapter_that_does_not_fit_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no adapter"):
        model.load_adapter(model.load_base(str(tiny_base), quantised=False), tmp_path)


def test_a_base_that_is_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"vlm\.base is '.*nowhere'"):
        model.load_processor(str(tmp_path / "nowhere"))


def test_paligemma_3b_at_rank_16_trains_its_19_611_648_parameters() -> None:
    """The real model's shapes without its weights."""
    with torch.device("meta"):
        adapted = model.add_adapter(PaliGemmaForConditionalGeneration(PaliGemmaConfig()), rank=16, alpha=32)
    assert sum(p.numel() for p in adapted.parameters() if p.requires_grad) == 19_611_648


def test_a_broken_checkpoint_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    for path in tiny_base.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 40 if path.suffix == ".safetensors" else None])
    with pytest.raises(InputError, match="no PaliGemma can be loaded"):
        model.load_base(str(tmp_path), quantised=False)
