"""What the model reads: token ids, masks and labels agree with the library's own processor and with the model's own attention."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from paliflow.vlm import attention, examples, model

QUESTIONS = [("What color is the small sphere?", "red"), ("How many things are left of the large metal cube?", "2"), ("zürich?", "no")]


@pytest.fixture(scope="module")
def processor(tiny_base: Path):
    return model.load_processor(str(tiny_base))


def encoded(processor, answered: bool = True) -> list[examples.Encoded]:
    length = processor.image_seq_length
    return [examples.encode(processor.tokenizer, length, question, answer if answered else None) for question, answer in QUESTIONS]


@pytest.mark.parametrize("pad_left", [False, True])
def test_ids_masks_and_labels_are_those_of_the_processor(processor, pad_left: bool) -> None:
    blank = Image.fromarray(np.zeros((96, 96, 3), np.uint8))
    theirs = processor(
        images=[blank] * len(QUESTIONS),
        text=[f"<image>{question}" for question, _ in QUESTIONS],
        suffix=[answer for _, answer in QUESTIONS],
        return_tensors="pt",
        padding="longest",
        padding_side="left" if pad_left else "right",
    )
    ours = examples.collate(encoded(processor), processor.tokenizer.pad_token_id, pad_left)
    for name in ("input_ids", "attention_mask", "labels"):
        assert torch.equal(ours[name], theirs[name]), name
    real = ours["attention_mask"] == 1
    assert torch.equal(ours["token_type_ids"][real], theirs["token_type_ids"][real])


def test_positions_count_from_one_whatever_the_padding(processor) -> None:
    batch = examples.collate(encoded(processor, answered=False), processor.tokenizer.pad_token_id, pad_left=True)
    for row, mask in zip(batch["position_ids"], batch["attention_mask"], strict=True):
        assert row[mask == 1].tolist() == list(range(1, int(mask.sum()) + 1))


def test_the_loss_falls_on_the_suffix_and_its_end_alone(processor) -> None:
    batch = examples.collate(encoded(processor), processor.tokenizer.pad_token_id)
    learnt = [processor.tokenizer.decode(row[row != examples.NO_LOSS]) for row in batch["labels"]]
    assert learnt == [f"{answer}<eos>" for _, answer in QUESTIONS]


def test_the_prefix_sees_all_of_itself_and_the_suffix_only_what_came_before(tiny_base: Path, processor) -> None:
    eager = model.load_base(str(tiny_base), quantised=False, attention="eager")
    for found in attention.batch_mask(eager, processor, QUESTIONS):
        mask = np.array(found["mask"])
        first, last = found["spans"]["suffix"]
        assert mask[:first, :first].all()
        assert not mask[:first, first:].any()
        assert np.array_equal(mask[first:last, first:last], np.tril(np.ones((last - first, last - first), int)))
        assert mask[first:last, :first].all()
        assert not mask[:last, last:].any()
        assert found["loss_on"] == [0] * first + [1] * (last - first) + [0] * (len(mask) - last)
