"""The consistency term: nothing where there is nothing to hold back, fixed by its seed, and it holds back."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paliflow.vlm import consistency, examples, loss, methods, model, train
from paliflow.vlm.data import Question
from paliflow.vlm.schedule import Schedule

ASKED = ["What color is the small thing?", "How many big things are in the picture?", "Is it the same?"]
FEATURES = torch.randn(3, 36, 160, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path):
    return model.load_processor(str(tiny_base)).tokenizer


@pytest.fixture
def adapted(tiny_base: Path):
    torch.manual_seed(2)
    return methods.add_adapter(model.load_base(str(tiny_base), quantised=True), "qlora", rank=4, alpha=8)


def adapted_summaries(adapted, tokenizer) -> torch.Tensor:
    encoded = [examples.encode(tokenizer, 36, question, "red") for question in ASKED]
    batch = examples.collate(encoded, tokenizer.pad_token_id)
    return consistency.summaries(loss.hidden_states(adapted.get_base_model(), batch, FEATURES), batch, 36)


def test_an_untrained_adapter_agrees_with_the_base_on_the_same_input_whatever_the_answer(adapted, tokenizer) -> None:
    """An adapter is 0 at first; prompts of several lengths, padded on one side only."""
    frozen = consistency.frozen_summaries(adapted, tokenizer, FEATURES, ASKED)
    assert consistency.disagreement(adapted_summaries(adapted, tokenizer), frozen).item() == pytest.approx(0, abs=1e-4)


def test_it_grows_with_the_perturbation_and_with_the_adapter(adapted, tokenizer) -> None:
    features, questions = consistency.perturb(FEATURES, ASKED, seed=3)
    frozen = consistency.frozen_summaries(adapted, tokenizer, features, questions)
    perturbed = consistency.disagreement(adapted_summaries(adapted, tokenizer), frozen)
    assert perturbed > 1e-3
    with torch.no_grad():
        for parameter in methods.trained_parameters(adapted).values():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    again = consistency.frozen_summaries(adapted, tokenizer, features, questions)
    assert torch.equal(again, frozen)
    assert consistency.disagreement(adapted_summaries(adapted, tokenizer), again) > 2 * perturbed


def test_the_frozen_side_has_no_gradient_and_the_adapter_still_trains_after_it(adapted, tokenizer) -> None:
    frozen = consistency.frozen_summaries(adapted, tokenizer, FEATURES + 0.5, ASKED)
    assert not frozen.requires_grad
    with torch.no_grad():
        for name, parameter in methods.trained_parameters(adapted).items():
            parameter.add_(0.1 * ("lora_B" in name))
    consistency.disagreement(adapted_summaries(adapted, tokenizer), frozen).backward()
    assert all(parameter.grad.norm() > 0 for name, parameter in methods.trained_parameters(adapted).items() if "layers.0" in name)


def test_two_equal_states_disagree_by_nothing_and_two_opposite_ones_by_two() -> None:
    states = torch.randn(2, 5, 8)
    assert consistency.disagreement(states, 3 * states).item() == pytest.approx(0, abs=1e-5)
    assert consistency.disagreement(states, -states).item() == pytest.approx(2 * 2 * 5, rel=1e-5)


def test_the_seed_fixes_the_perturbation() -> None:
    first, again, other = (consistency.perturb(FEATURES, ASKED, seed) for seed in (5, 5, 6))
    assert torch.equal(first[0], again[0])
    assert first[1] == again[1]
    assert not torch.equal(first[0], other[0])


def test_a_perturbed_picture_is_near_the_picture_and_lacks_a_tenth_of_its_tokens() -> None:
    features = torch.randn(40, 100, 16)
    perturbed = consistency.perturb_features(features, torch.Generator().manual_seed(1))
    dropped = (perturbed == features.mean(1, keepdim=True)).all(-1)
    assert dropped.float().mean().item() == pytest.approx(consistency.DROPPED, abs=0.02)
    difference = (perturbed - features)[~dropped]
    assert difference.std().item() == pytest.approx(consistency.NOISE * features.std().item(), rel=0.05)


@given(seed=st.integers(0, 10_000))
def test_a_perturbed_question_keeps_its_other_words(seed: int) -> None:
    question = "What is the color of the big thing that is left of the tiny cube?"
    perturbed = consistency.perturb_question(question, random.Random(seed))
    lead = next(lead for lead in sorted(consistency.LEADS, key=len, reverse=True) if perturbed.startswith(lead))
    found, words = perturbed.removeprefix(lead).split(), question.split()
    pairs = [set(pair) for pair in consistency.SYNONYMS]
    assert len(found) == len(words)
    assert all(new == old or {new, old} in pairs for new, old in zip(found, words, strict=True))


def test_a_heavier_weight_ends_nearer_to_the_base(tiny_base: Path, tokenizer, tmp_path: Path) -> None:
    questions = [Question(index % 3, "a.png", index, "kind", ASKED[index % 3], "red") for index in range(6)]
    schedule = Schedule(learning_rate=0.01, weight_decay=0, batch_size=6, epochs=6, warmup_share=0.1, seed=1)
    apart = []
    for weight in (0.0, 8.0):
        torch.manual_seed(2)
        trained = methods.add_adapter(model.load_base(str(tiny_base), quantised=True), "qlora", rank=4, alpha=8)
        train.train(trained, tokenizer, FEATURES, questions, replace(schedule, consistency=weight), tmp_path, "test")
        frozen = consistency.frozen_summaries(trained, tokenizer, FEATURES, ASKED)
        apart.append(consistency.disagreement(adapted_summaries(trained, tokenizer), frozen).item())
    assert apart[1] < 0.7 * apart[0]
