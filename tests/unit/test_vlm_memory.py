"""What a training step keeps in memory: the formulas against the published sizes, and against what PyTorch is seen to keep."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from peft import PeftModel
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

from clone import ROOT
from paliflow.errors import InputError
from paliflow.vlm import examples, faults, measured_memory, memory, methods, model, published
from paliflow.vlm.loss import suffix_loss

PUBLISHED = {
    "google/paligemma-3b-pt-224": 2_923_466_480,
    "google/paligemma2-3b-pt-224": 3_032_242_416,
    "google/paligemma2-10b-pt-224": 9_662_638_832,
}
TOLERANCE = 0.02


@pytest.fixture
def paligemma() -> PaliGemmaForConditionalGeneration:
    """PaliGemma-3B without its weights."""
    with torch.device("meta"):
        return PaliGemmaForConditionalGeneration(published.config("google/paligemma-3b-pt-224"))


def shape_of(name: str) -> memory.Shape:
    return memory.Shape.of(published.config(name))


def compare(base: Path, method: str, compute: str, random_weights: bool = False) -> dict[str, tuple[int, int]]:
    """What is estimated and what is measured for a batch of three questions."""
    plain = model.load_base(str(base), methods.needs_nf4(method), compute, random_weights=random_weights)
    shape = memory.Shape.of(plain.config)
    encoded = [
        examples.Encoded([plain.config.image_token_index] * shape.image_tokens + [300] * length, [301] * answer)
        for length, answer in ((9, 2), (14, 3), (5, 2))
    ]
    batch = examples.collate(encoded, plain.config.pad_token_id)
    settings = memory.Settings(3, batch["labels"].shape[1], 7, 3, 8, plain.dtype.itemsize)
    if method == "everything":
        trained = plain.requires_grad_(True)
        pixels = torch.zeros(3, 3, 96, 96, dtype=plain.dtype)
        found = measured_memory.measure(
            trained.train(), lambda: suffix_loss(plain, batch, plain.get_image_features(pixels).pooler_output), settings.suffix_tokens
        )
    else:
        trained = methods.add_adapter(plain, method, settings.rank, 16)
        features = torch.zeros(3, shape.image_tokens, shape.width, dtype=plain.dtype)
        inner = methods.inner(trained)
        found = measured_memory.measure(trained.train(), lambda: suffix_loss(inner, batch, features), settings.suffix_tokens)
    estimated = memory.estimate(shape, method, settings)
    estimated["peak"] = memory.total(estimated) - estimated["features"]
    return {term: (estimated[term], size) for term, size in found.items()}


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_the_parts_of_a_published_model_add_up_to_what_its_checkpoint_holds(name: str, count: int) -> None:
    assert sum(memory.parameters(shape_of(name)).values()) == count


def test_a_published_configuration_builds_the_published_model(paligemma: PaliGemmaForConditionalGeneration) -> None:
    assert paligemma.num_parameters() == PUBLISHED["google/paligemma-3b-pt-224"]


def test_a_name_that_is_not_published_has_no_configuration() -> None:
    assert published.config("google/paligemma-3b-pt-448") is None


def test_rank_16_on_the_seven_projections_trains_19_611_648_parameters(paligemma: PaliGemmaForConditionalGeneration) -> None:
    with torch.device("meta"):
        adapted = methods.add_adapter(paligemma, "lora", 16, 32)
    assert isinstance(adapted, PeftModel)
    assert sum(parameter.numel() for parameter in methods.trained_parameters(adapted).values()) == 19_611_648
    assert memory.trained_parameters(shape_of("google/paligemma-3b-pt-224"), "lora", 16) == 19_611_648


@pytest.mark.parametrize("method", memory.METHODS)
def test_each_term_is_what_a_step_keeps(tiny_base: Path, method: str) -> None:
    for term, (estimated, measured) in compare(tiny_base, method, "float32").items():
        if term != "peak":
            assert measured == pytest.approx(estimated, rel=TOLERANCE), term


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("compute", ["bfloat16", "float32"])
def test_each_term_is_what_a_step_of_gemma_2_keeps(capped_base: Path, method: str, compute: str) -> None:
    for term, (estimated, measured) in compare(capped_base, method, compute, random_weights=True).items():
        if term != "peak":
            assert measured == pytest.approx(estimated, rel=TOLERANCE), term


@pytest.mark.parametrize("method", memory.METHODS)
def test_the_sum_of_the_terms_is_the_peak_of_a_step(tiny_base: Path, method: str) -> None:
    found = compare(tiny_base, method, "float32")
    estimated, measured = found["peak"]
    apart = min(found["gradients"][0], found["activations"][0])  # the ones come as the others go, so both are never whole at once
    assert 0.85 * (estimated - apart) < measured < 1.15 * estimated
    if method not in ("everything", "full"):  # whose gradients are small
        assert measured == pytest.approx(estimated, rel=0.15)


def test_a_full_gpu_measures_what_it_holds_at_the_largest_batch_that_holds_any(monkeypatch: pytest.MonkeyPatch) -> None:
    limits, tried = {"full": 0, "lora": 3, "qlora": 5}, []

    def measure_one(method: str, batch: int) -> int:
        tried.append((method, batch))
        if limits[method] == 0:
            raise faults.GpuMemoryError("the base alone is too large")
        if batch > limits[method]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch

    found = measured_memory.measure_those_that_fit(list(limits), measure_one, 16, lambda: None)
    assert found == ({"qlora": 4}, ["full", "lora"])
    assert [batch for _, batch in tried] == [16] * 3 + [8] * 3 + [4] * 3
    limits |= {"lora": -1, "qlora": -1}
    with pytest.raises(InputError, match="not even qlora"):
        measured_memory.measure_those_that_fit(list(limits), measure_one, 16, lambda: None)


@pytest.mark.parametrize("preset", ["paligemma-3b", "paligemma2-3b"])
def test_the_figures_in_a_presets_comment_are_those_of_the_formulas(preset: str) -> None:
    text = (ROOT / "presets" / f"{preset}.yaml").read_text(encoding="utf-8")
    said = re.search(r"checkpointing: true +# some (\d+) GiB by measure_memory's formulas .* and (\d+) without it", text)
    settings = yaml.safe_load(text)["vlm"]
    part = settings["batch_size"] // settings["accumulation"]
    terms = memory.estimate(shape_of(settings["base"]), "qlora", memory.Settings(part, 300, 3 * part, 700, 16, 4))
    for words, checkpointing in zip(said.groups(), (True, False), strict=True):
        assert memory.total(terms, checkpointing=checkpointing) / 2**30 == pytest.approx(int(words), abs=0.8)


def test_only_trained_weights_in_16_bits_have_a_master_copy() -> None:
    terms = {method: memory.estimate(shape_of("google/paligemma-3b-pt-224"), method, memory.ASSIGNMENT) for method in memory.METHODS}
    assert {method for method, sizes in terms.items() if sizes["master_copy"]} == {"everything", "full"}


def test_memory_shrinks_from_full_to_lora_to_qlora() -> None:
    totals = [
        memory.total(memory.estimate(shape_of(name), method, memory.ASSIGNMENT), checkpointing=True)
        for name in PUBLISHED
        for method in ("everything", "full", "lora", "qlora")
    ]
    assert all(totals[first : first + 4] == sorted(totals[first : first + 4], reverse=True) for first in (0, 4, 8))


def test_what_is_freed_no_longer_counts_as_live() -> None:
    with measured_memory.LiveBytes() as live:
        torch.zeros(1000).add(1)
        kept = torch.zeros(10)
    assert (live.now, live.peak) == (kept.nbytes, 8000)


def test_a_graph_that_is_gone_keeps_nothing(tiny_base: Path) -> None:
    plain = model.load_base(str(tiny_base), quantised=False).requires_grad_(True)
    weight = plain.lm_head.weight

    def loss_of() -> torch.Tensor:
        (weight * weight.detach().clone()).sum()  # its graph dies here
        return weight.sum()

    assert not measured_memory.saved_bytes(plain, loss_of)


def test_the_sizes_of_a_small_model_are_read_off_its_configuration(tiny_base: Path) -> None:
    config = PaliGemmaConfig.from_pretrained(tiny_base)
    plain = model.load_base(str(tiny_base), quantised=False)
    assert sum(memory.parameters(memory.Shape.of(config)).values()) == plain.num_parameters()
