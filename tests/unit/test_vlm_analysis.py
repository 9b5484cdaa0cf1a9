"""What is looked into after training: 4-bit errors, singular values of adapters, the attention mask, attention over the picture."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paliflow.errors import InputError
from paliflow.vlm import attention, attention_maps, methods, model, quantisation, singular_values

ASKED = [("how many things?", "2"), ("What color is the small metal sphere left of it?", "red")]
QUESTIONS = [(0, "how many things?"), (1, "What color is the small metal sphere left of it?"), (0, "what color is it?")]


@pytest.fixture(scope="module")
def eager(tiny_base: Path):
    return model.load_base(str(tiny_base), quantised=False, attention="eager")


@pytest.fixture(scope="module")
def processor(tiny_base: Path):
    return model.load_processor(str(tiny_base))


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    return torch.randn(2, 36, 160, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def normal() -> dict:
    return quantisation.measure_matrix(torch.randn(512, 512, generator=torch.Generator().manual_seed(3)))


# quantisation


def test_nf4_has_the_least_error_on_a_normal_sample(normal: dict) -> None:
    assert normal["error"]["nf4"]["single"] == pytest.approx(0.091, abs=0.002)  # a tenth of it is what 4 bits cost
    assert normal["error"]["nf4"]["single"] < min(normal["error"][kind]["single"] for kind in ("int4", "fp4"))


@pytest.mark.parametrize("kind", quantisation.TYPES)
def test_quantising_the_constants_too_costs_a_little(normal: dict, kind: str) -> None:
    assert 0 < normal["error"][kind]["double"] / normal["error"][kind]["single"] - 1 < 0.05


@pytest.mark.parametrize("kind", quantisation.TYPES)
@pytest.mark.parametrize("double", [False, True])
def test_what_lies_on_a_level_comes_back(kind: str, double: bool) -> None:
    """Blocks of levels, all with the same largest weight, so that its constant survives its own quantisation as well."""
    levels = torch.tensor(quantisation.levels(kind))
    weights = 0.3 * levels[torch.arange(4 * quantisation.BLOCK) % len(levels)]
    assert torch.allclose(quantisation.restore(weights, kind, double), weights, atol=1e-6)


@pytest.mark.parametrize("kind", quantisation.TYPES)
def test_each_type_rounds_to_the_nearest_of_its_levels(kind: str) -> None:
    weights = torch.randn(8 * quantisation.BLOCK, generator=torch.Generator().manual_seed(5))
    largest = weights.view(-1, quantisation.BLOCK).abs().amax(1, keepdim=True).expand(-1, quantisation.BLOCK).flatten()
    distances = (weights[:, None] - largest[:, None] * torch.tensor(quantisation.levels(kind))).abs()
    error = (quantisation.restore(weights, kind, double=False) - weights).abs()
    assert torch.allclose(error, distances.min(1).values, atol=1e-3 * largest.max().item())


def test_a_normal_sample_looks_normal(normal: dict) -> None:
    assert normal["excess_kurtosis"] == pytest.approx(0, abs=0.05)
    assert normal["quantiles"] == pytest.approx(quantisation.NORMAL_QUANTILES, abs=0.15)
    assert sum(normal["histogram"]) == pytest.approx(1) and len(normal["histogram"]) == quantisation.BINS
    assert all(bits <= 4 for bits in normal["code_bits"].values())


def test_heavy_tails_show_in_the_kurtosis_and_cost_the_more(normal: dict) -> None:
    drawn = torch.distributions.StudentT(5.0)
    torch.manual_seed(1)
    heavy = quantisation.measure_matrix(drawn.sample((512, 512)))
    assert heavy["excess_kurtosis"] > 1 and heavy["block_maximum"] > normal["block_maximum"]
    assert heavy["error"]["nf4"]["single"] > normal["error"]["nf4"]["single"]


def test_seven_projections_of_every_layer_are_measured(eager) -> None:
    matrices = quantisation.projections(eager)
    layers = eager.config.text_config.num_hidden_layers
    assert len(matrices) == 7 * layers
    values = quantisation.measure(matrices[:7], 7, "test")
    assert list(values["by_projection"]) == list(quantisation.PROJECTIONS)
    mean = sum(part["error"]["nf4"]["single"] for part in values["by_projection"].values()) / 7
    assert values["error"]["nf4"]["single"] == pytest.approx(mean)


def test_the_normal_sample_has_the_shapes_and_depends_on_its_seed_alone(eager) -> None:
    matrices = quantisation.projections(eager)[:3]
    first, again, other = (list(quantisation.normal_like(matrices, seed)) for seed in (1, 1, 2))
    assert [drawn.shape for _, drawn in first] == [matrix.shape for _, matrix in matrices]
    assert torch.equal(first[2][1], again[2][1]) and not torch.equal(first[2][1], other[2][1])


# singular values


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.floats(0.1, 8), st.integers(0, 99))
def test_the_singular_values_are_those_of_the_whole_update(rank: int, scale: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(rank, 24, generator=generator), torch.randn(16, rank, generator=generator)
    whole = torch.linalg.svdvals(scale * b @ a)[:rank]
    assert torch.allclose(singular_values.singular_values(a, b, scale), whole, rtol=1e-3, atol=1e-4)


def test_the_effective_rank_lies_between_one_direction_and_all() -> None:
    assert singular_values.effective_rank(torch.tensor([3.0, 0.0, 0.0])) == pytest.approx(1)
    assert singular_values.effective_rank(torch.ones(7)) == pytest.approx(7)
    assert 1 < singular_values.effective_rank(torch.tensor([3.0, 1.0, 0.5])) < 3
    assert singular_values.effective_rank(torch.zeros(3)) == 0


@pytest.fixture
def saved(tiny_base: Path, tmp_path: Path) -> tuple[Path, dict[str, torch.Tensor], dict[str, float]]:
    """The folder of an adapter with random factors, the updates that peft makes of it, and the base's norms."""
    torch.manual_seed(8)
    base = model.load_base(str(tiny_base), quantised=False)
    norms = {name: weight.norm().item() for name, weight in quantisation.projections(base)}
    adapted = methods.add_adapter(base, "lora", rank=3, alpha=6)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    methods.save_weights(adapted, "lora", tmp_path, "digest")
    updates = {
        name.split("language_model.")[1]: module.get_delta_weight("default").detach()
        for name, module in adapted.named_modules()
        if hasattr(module, "get_delta_weight")
    }
    return tmp_path, updates, norms


def test_a_saved_adapter_has_the_spectra_of_its_updates(saved) -> None:
    folder, updates, norms = saved
    analysed = singular_values.analyse(singular_values.read_adapter(folder, "digest"), norms)
    assert analysed["modules"].keys() == updates.keys() == norms.keys()
    for name, update in updates.items():
        assert analysed["modules"][name] == pytest.approx(torch.linalg.svdvals(update)[:3].tolist(), rel=1e-3)
    sizes = [update.norm().item() / norms[name] for name, update in updates.items()]
    assert analysed["relative_size"] == pytest.approx(sum(sizes) / len(sizes), rel=1e-3)
    assert analysed["energy"][-1] == pytest.approx(1) and analysed["energy"] == sorted(analysed["energy"])


def test_random_factors_have_the_spectrum_that_stands_beside(saved) -> None:
    folder, _, norms = saved
    analysed = singular_values.analyse(singular_values.read_adapter(folder, "digest"), norms)
    assert analysed["effective_rank"] == pytest.approx(analysed["random"]["effective_rank"], rel=0.02)


def test_an_adapter_of_another_base_is_refused(saved) -> None:
    with pytest.raises(InputError, match="trained on another base"):
        singular_values.read_adapter(saved[0], "another digest")


def test_what_is_no_low_rank_adapter_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    base = model.load_base(str(tiny_base), quantised=False)
    methods.save_weights(methods.add_adapter(base, "full", rank=3, alpha=6), "full", tmp_path, "digest")
    with pytest.raises(InputError, match="holds no low-rank adapter: "):
        singular_values.read_adapter(tmp_path, "digest")


def test_runs_are_summed_up_by_rank() -> None:
    means = {"relative_size": 0.1, "random": {"effective_rank": 1.9, "energy": [0.5, 1.0]}, "energy": [0.75, 1.0]}
    runs = [{"rank": 2, "effective_rank": value, **means} for value in (1.0, 1.5)]
    summed = singular_values.by_rank(runs)
    assert summed["2"]["runs"] == 2 and summed["2"]["effective_rank"] == 1.25
    assert (summed["2"]["leading"], summed["2"]["leading_four"]) == (0.75, 1.0)


# the mask of a batch


def test_the_mask_of_a_batch_is_that_of_a_prefix_language_model_with_padding(eager, processor) -> None:
    rows = attention.batch_mask(eager, processor, ASKED)
    assert [row["spans"]["padding"][1] - row["spans"]["padding"][0] > 0 for row in rows] == [True, False]
    for row in rows:
        prefix, (first, total) = row["spans"]["prefix"][1], row["spans"]["suffix"]
        assert prefix == first
        for place in range(total):  # what the rows of padding see, nobody reads
            wanted = [int(seen < prefix or prefix <= seen <= place) for seen in range(total)]
            assert row["mask"][place] == wanted + [0] * (len(row["tokens"]) - total)
        assert row["loss_on"] == [int(first <= place < total) for place in range(len(row["tokens"]))]


def test_the_batch_is_a_short_question_and_a_longer_one(processor) -> None:
    asked = [*ASKED[::-1], ("how many?", "3"), ("what color is the sphere left of it?", "red")]
    chosen = attention.two_lengths(processor, asked)
    assert chosen == [asked[2], asked[3]]
    assert attention.two_lengths(processor, asked[2:3]) == [asked[2], asked[2]]


# attention over the picture


def test_attention_over_the_picture_is_a_share_of_each_layers_attention(eager, processor, features) -> None:
    layers = attention_maps.attention_over_image(eager, processor.tokenizer, features, QUESTIONS[1])
    assert [len(layer) for layer in layers] == [features.shape[1]] * eager.config.text_config.num_hidden_layers
    assert all(0 < sum(layer) < 1 and min(layer) >= 0 for layer in layers)


def looks_of(eager, inputs, **cut) -> list[torch.Tensor]:
    """The attention of one question in each layer, (heads, looking, seen), with the cut."""
    image = inputs["input_ids"] == eager.config.image_token_index
    with torch.no_grad(), attention_maps._blind(eager, image=image, **cut):
        return [layer[0] for layer in attention_maps._forward(eager, inputs, output_attentions=True).attentions]


def test_a_cut_takes_the_picture_from_the_answers_position_in_its_layer_alone(eager, processor, features) -> None:
    inputs = attention_maps._inputs(eager, processor.tokenizer, features, QUESTIONS[:1])
    whole, cut = (looks_of(eager, inputs, layers=layers, whole_text=False) for layers in ([], [1]))
    assert [layer[:, -1, : features.shape[1]].max().item() == 0 for layer in cut] == [False, True, False, False]
    assert torch.allclose(cut[1][:, :-1], whole[1][:, :-1], atol=1e-6)
    assert cut[1][:, -1].sum(-1).tolist() == pytest.approx([1] * len(cut[1]), abs=1e-5)


def test_without_a_look_of_the_text_the_picture_plays_no_part(eager, processor, features) -> None:
    inputs = attention_maps._inputs(eager, processor.tokenizer, features, QUESTIONS)
    image = inputs["input_ids"] == eager.config.image_token_index
    with torch.no_grad(), attention_maps._blind(eager, range(4), image, whole_text=True):
        first, other = (attention_maps._first_token(eager, inputs | {"images": inputs["images"] * factor}) for factor in (1, -1))
    assert torch.allclose(first, other, atol=1e-6)


def test_cuts_do_not_depend_on_the_batch(eager, processor, features) -> None:
    together = attention_maps.cut_attention(eager, processor.tokenizer, features, QUESTIONS, "test")
    apart = attention_maps.cut_attention(eager, processor.tokenizer, features, QUESTIONS, "test", batch_size=1)
    assert together["n"] == 3 and len(together["layers"]) == 4
    assert [layer["probability"] for layer in together["layers"]] == pytest.approx(
        [layer["probability"] for layer in apart["layers"]], rel=1e-3
    )
    assert together["probability"] != pytest.approx(together["all"]["probability"], rel=1e-3)


def test_after_a_cut_the_model_is_as_before(eager, processor, features) -> None:
    inputs = attention_maps._inputs(eager, processor.tokenizer, features, QUESTIONS)
    with torch.no_grad():
        before = attention_maps._forward(eager, inputs).logits
        attention_maps.cut_attention(eager, processor.tokenizer, features, QUESTIONS, "test")
        assert torch.equal(attention_maps._forward(eager, inputs).logits, before)


def test_questions_are_drawn_from_as_many_kinds_as_there_are() -> None:
    kinds = ["count"] * 50 + ["exist"] * 20 + ["query_color"] * 3
    for seed in range(5):
        assert {kinds[place] for place in attention_maps.choose(kinds, 3, seed)} == set(kinds)
        places = attention_maps.choose(kinds, 6, seed)
        assert len(set(places)) == 6 and sorted(kinds[place] for place in places) == ["count"] * 2 + ["exist"] * 2 + ["query_color"] * 2
    assert len(attention_maps.choose(kinds[:4], 6, 1)) == 4
