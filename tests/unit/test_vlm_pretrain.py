"""Making the base: its stages learn, and an interrupted run ends in the same weights."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from paliflow.clevr import scene
from paliflow.clevr.looks import LOOKS
from paliflow.vlm import architecture, grounding, pretrain

STEPS = {"vision": 12, "joint": 4, "placed": 1, "described": 1, "related": 3, "mixed": 1, "worded": 1, "pointed": 2}
STEPS |= {"chained": 1, "compared": 2}
RECIPE = pretrain.Recipe(STEPS, seed=5, vision_batch=8, images_per_batch=2, tasks_per_image=2)
SIZE = (architecture.IMAGE_SIZE, architecture.IMAGE_SIZE)
SCENES = [scene.sample_scene(np.random.default_rng(seed), LOOKS["close"], 3 + seed % 2, SIZE)[1] for seed in range(8)]


class InterruptedRunError(Exception):
    pass


def run(work: Path) -> tuple[list[dict], dict[str, torch.Tensor]]:
    work.mkdir(exist_ok=True)
    processor = architecture.build_processor(["describe large red metal cube", "count small sphere"])
    torch.manual_seed(1)
    model = architecture.build_model(processor)
    pixels = torch.randn(8, 3, architecture.IMAGE_SIZE, architecture.IMAGE_SIZE, generator=torch.Generator().manual_seed(2))
    log = pretrain.pretrain(model, processor, SCENES, pixels, RECIPE, work)
    return log, {name: value.clone() for name, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict], dict[str, torch.Tensor]]:
    return run(tmp_path_factory.mktemp("whole"))


def test_every_step_of_all_stages_is_logged_and_the_vision_loss_falls(whole: tuple[list[dict], dict[str, torch.Tensor]]) -> None:
    log, _ = whole
    assert [(record["stage"], record["step"]) for record in log] == [
        (stage, step) for stage, count in STEPS.items() for step in range(count)
    ]
    dense = [record["dense_loss"] for record in log[:12]]
    assert sum(dense[-4:]) < sum(dense[:4])


@pytest.mark.parametrize("stop", [4, 14, 20, 28])  # in vision, joint, related (which is deeper) and compared (which has read-outs)
def test_an_interrupted_run_ends_in_the_same_weights(
    whole: tuple[list[dict], dict[str, torch.Tensor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    features, calls = pretrain._features, 0

    def interrupt(*arguments: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == stop:
            raise InterruptedRunError
        return features(*arguments)

    monkeypatch.setattr(pretrain, "CHECKPOINT_EVERY", 2)
    with monkeypatch.context() as patch, pytest.raises(InterruptedRunError):
        patch.setattr(pretrain, "_features", interrupt)
        run(tmp_path / "work")
    monkeypatch.setattr(pretrain, "_features", interrupt)
    calls, interrupted, stop = 0, stop, -1
    log, weights = run(tmp_path / "work")
    assert sum(STEPS.values()) - calls in (interrupted - 1, interrupted - 2)  # the steps that were not taken again
    assert log == whole[0]
    assert all(torch.equal(weights[name], value) for name, value in whole[1].items())


def test_a_deepened_model_computes_what_it_did_and_can_be_loaded_again(tmp_path: Path) -> None:
    processor = architecture.build_processor(["describe large red metal cube"])
    torch.manual_seed(1)
    plain = architecture.build_model(processor).eval()
    deep = copy.deepcopy(plain)
    pretrain.deepen(deep, (1, 3))
    assert [layer.self_attn.layer_idx for layer in deep.model.language_model.layers] == list(range(architecture.LAYERS + 2))
    deep.save_pretrained(tmp_path)
    again = type(deep).from_pretrained(tmp_path).eval()
    tokens = torch.tensor([processor.tokenizer("large red cube")["input_ids"]])
    asked = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    with torch.no_grad():
        expected = plain.model.language_model(**asked).last_hidden_state
        for model in (deep, again):
            assert torch.equal(model.model.language_model(**asked).last_hidden_state, expected)


def test_a_shifted_picture_shows_its_objects_where_the_moved_scene_says() -> None:
    pictures = torch.zeros(1, 1, 96, 96)
    pictures[0, 0, 40, 50] = 1.0
    row, column = (pretrain._shifted(pictures, [(3, -5)])[0, 0] == 1).nonzero()[0].tolist()
    assert (row, column) == (35, 53)


def test_the_mirrored_half_of_the_pictures_is_mirrored() -> None:
    pixels = torch.randn(3, 3, 4, 4)
    chosen = pretrain._pictures(pixels, torch.tensor([1, 4]))
    assert torch.equal(chosen[0], pixels[1])
    assert torch.equal(chosen[1], pixels[1].flip(-1))
    assert grounding.mirrored(SCENES[0], 96)["objects"][0]["pixel_coords"][0] == pytest.approx(
        96 - SCENES[0]["objects"][0]["pixel_coords"][0]
    )
