"""Answers and their probabilities: the library's own, whatever the batch and the order."""

import random
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clone import ROOT
from paliflow.errors import InputError
from paliflow.vlm import answer, data, merge, methods, model, own_tasks
from paliflow.vlm.evaluate import read_asked
from paliflow.vlm.features import encode_images, write_features

QUESTIONS = [
    "Are there any red things?",
    "How many things are there?",
    "What color is the big metal cube?",
    "Is the number of small balls less than the number of big cylinders?",
    "What is the count of balls that share their material with the large yellow cylinder?",
    "What would you say is the size of the matte thing that is both behind the red metal sphere and in front of the small blue cylinder?",
    "Look at the small object to the left of the small red ball: which shape does it have?",
    "In size, does the green rubber object match the gray shiny block?",
    "Does the thing in front of the tiny metallic ball share its color with the tiny cube?",
    "list left",
    "detect thing",
    "Count every other object that matches the large matte cylinder in color: how many are there altogether?",
]
ASKED = [(number % 3, question) for number, question in enumerate(QUESTIONS)]


@pytest.fixture(scope="module")
def processor():
    return model.load_processor(str(ROOT / "base_model"))


@pytest.fixture(scope="module")
def base():
    torch.set_num_threads(1)
    return model.load_base(str(ROOT / "base_model"), quantised=False)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    noise = [random.Random(seed).randbytes(12 * 12 * 3) for seed in range(3)]
    return [Image.frombytes("RGB", (12, 12), content).resize((96, 96)) for content in noise]


@pytest.fixture(scope="module")
def features(base, processor, pictures: list[Image.Image]) -> torch.Tensor:
    return encode_images(base, processor, pictures, "test")


@pytest.fixture(scope="module")
def alone(base, processor, features) -> list[answer.Answer]:
    """Each question answered in a batch of its own."""
    return answer.answer_questions(base, processor.tokenizer, features, ASKED, "test", batch_size=1)


@pytest.mark.parametrize("room", [0, 1, 5])
def test_a_gpu_too_small_for_a_batch_answers_fewer_at_a_time(
    base, processor, features, alone, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = answer._decode

    def crowded(model, tokenizer, batch: list, *rest):
        if len(batch) > room:
            raise torch.OutOfMemoryError
        return decode(model, tokenizer, batch, *rest)

    monkeypatch.setattr(answer, "_decode", crowded)
    if room == 0:
        with pytest.raises(InputError, match="does not hold the answer to a single question"):
            answer.answer_questions(base, processor.tokenizer, features, ASKED, "test")
    else:
        found = answer.answer_questions(base, processor.tokenizer, features, ASKED, "test")
        assert [given.text for given in found] == [given.text for given in alone]


@settings(max_examples=4)
@given(st.integers(2, 14), st.permutations(range(len(ASKED))))
def test_answers_do_not_depend_on_the_batch_or_the_order(base, processor, features, alone, batch_size: int, order: list[int]) -> None:
    found = answer.answer_questions(base, processor.tokenizer, features, [ASKED[i] for i in order], "test", batch_size=batch_size)
    assert [given.text for given in found] == [alone[index].text for index in order]
    assert [given.probability for given in found] == pytest.approx([alone[index].probability for index in order], abs=1e-5)


def test_answers_and_probabilities_are_those_of_the_librarys_generate(base, processor, pictures, alone) -> None:
    eos = processor.tokenizer.eos_token_id
    for (image, question), ours in zip(ASKED, alone, strict=True):
        inputs = processor(images=pictures[image], text=f"<image>{question}", return_tensors="pt")
        inputs.pop("labels", None)
        told = base.generate(**inputs, max_new_tokens=12, do_sample=False, return_dict_in_generate=True, output_logits=True)
        tokens = told.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        chances = [logits[0].softmax(-1)[token].item() for logits, token in zip(told.logits, tokens, strict=True)]
        assert processor.tokenizer.decode(tokens, skip_special_tokens=True).strip() == ours.text
        assert torch.tensor(chances).prod().item() == pytest.approx(ours.probability, abs=1e-5)
        assert tokens[-1] == eos or len(tokens) == 12


def test_answers_of_several_lengths_end_each_by_itself(base, processor, features, alone) -> None:
    """The questions above must have them, or the tests above would not see one answer outlast another."""
    lengths = {len(processor.tokenizer(given.text)["input_ids"]) for given in alone}
    assert len(lengths) > 1
    cut = answer.answer_questions(base, processor.tokenizer, features, ASKED, "test", max_tokens=1)
    assert all(whole.text.startswith(first.text) for whole, first in zip(alone, cut, strict=True))
    assert all(whole.probability <= first.probability + 1e-6 for whole, first in zip(alone, cut, strict=True))


def test_scores_that_are_no_numbers_are_told(tiny_base: Path, processor, features) -> None:
    broken = model.load_base(str(tiny_base), quantised=False)
    tokenizer = model.load_processor(str(tiny_base)).tokenizer
    broken.model.language_model.norm.weight.fill_(float("inf"))
    with pytest.raises(InputError, match=r"no finite scores for 'How many\?': set vlm\.compute_type to float32"):
        answer.answer_questions(broken, tokenizer, features, [(0, "How many?")], "test")


@pytest.mark.parametrize("method", ["qlora", "lora", "dora"])
def test_a_merged_adapter_answers_the_same(processor, features, method: str) -> None:
    torch.manual_seed(5)
    adapted = methods.add_adapter(model.load_base(str(ROOT / "base_model"), methods.needs_nf4(method)), method, rank=4, alpha=8)
    for parameter in methods.trained_parameters(adapted).values():
        parameter.data += 0.02 * torch.randn_like(parameter)
    tuned = methods.inner(adapted)
    asked = ASKED[:5]
    before = answer.answer_questions(tuned, processor.tokenizer, features, asked, "test")
    after = answer.answer_questions(merge.merge(tuned), processor.tokenizer, features, asked, "test")
    assert not any("lora" in name for name, _ in tuned.named_modules())
    assert [given.text for given in after] == [given.text for given in before]
    assert [given.probability for given in after] == pytest.approx([given.probability for given in before], abs=1e-5)


def test_a_model_without_an_adapter_is_merged_into_itself(base) -> None:
    before = dict(base.named_parameters())
    assert {name: id(value) for name, value in merge.merge(base).named_parameters()} == {n: id(v) for n, v in before.items()}


@pytest.mark.parametrize(
    ("pictures", "own_pictures", "tasks", "sentence"),
    [
        (1, 1, 1, r"features\.safetensors holds 1 pictures, fewer than .*test\.parquet"),
        (2, 1, 2, r"own\.safetensors holds 1 pictures, fewer than .*own_tasks\.jsonl asks about"),
        (2, 1, 0, r"own_tasks\.jsonl holds no task"),
    ],
)
def test_what_does_not_belong_together_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: int, own_pictures: int, tasks: int, sentence: str
) -> None:
    questions = [data.Question(image, f"{image}.png", image, "exist", "?", "yes") for image in range(2)]
    monkeypatch.setattr(data, "read_questions", lambda path: questions)
    write_features(tmp_path / "features.safetensors", torch.zeros(pictures, 1, 1), "digest")
    write_features(tmp_path / "own.safetensors", torch.zeros(own_pictures, 1, 1), "digest")
    own_tasks.write_task_list(tmp_path / "own_tasks.jsonl", [own_tasks.OwnTask(index, "count", "count", "1") for index in range(tasks)])
    names = ("train.parquet", "test.parquet", "features.safetensors", "own.safetensors", "own_tasks.jsonl")
    with pytest.raises(InputError, match=sentence):
        read_asked(*(tmp_path / name for name in names), "digest")
