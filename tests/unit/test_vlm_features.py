"""Image features: computed once, kept with the digest of their base, and refused with any other."""

import json
import sys
from pathlib import Path

import encode_images
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from paliflow.clevr.subset import FEATURES
from paliflow.errors import InputError
from paliflow.vlm import features, model, own_tasks

CPU = torch.device("cpu")
ENCODED = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(1))


def picture(number: int) -> Image.Image:
    return Image.linear_gradient("L").rotate(30 * number).convert("RGB")


def test_where_the_gpu_holds_fewer_pictures_the_tower_sees_fewer_at_a_time(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = model.load_base(str(tiny_base), quantised=False)
    processor = model.load_processor(str(tiny_base))
    pictures = [picture(number) for number in range(7)]
    whole = features.encode_images(base, processor, pictures, "all")
    look, sizes, most = base.get_image_features, [], 3

    def small(pixels: torch.Tensor) -> object:
        if len(pixels) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(pixels))
        return look(pixels)

    monkeypatch.setattr(base, "get_image_features", small)
    torch.testing.assert_close(features.encode_images(base, processor, pictures, "few"), whole)
    assert sizes == [3, 3, 1]
    most = 0
    with pytest.raises(InputError, match="does not hold a single picture"):
        features.encode_images(base, processor, pictures, "none")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_features_come_back_in_their_own_type(tmp_path: Path, dtype: torch.dtype) -> None:
    features.write_features(tmp_path / "test.safetensors", ENCODED.to(dtype), "a digest")
    read = features.read_features(tmp_path / "test.safetensors", "a digest", CPU)
    assert read.dtype == dtype
    assert torch.equal(read, ENCODED.to(dtype))


def test_features_of_another_base_are_refused(tmp_path: Path) -> None:
    features.write_features(tmp_path / "test.safetensors", ENCODED, "a digest")
    with pytest.raises(InputError, match=r"test\.safetensors was made by another base"):
        features.read_features(tmp_path / "test.safetensors", "another digest", CPU)


@pytest.mark.parametrize("keep", [0, 30, 200])
def test_features_cut_short_are_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "test.safetensors"
    features.write_features(path, ENCODED, "a digest")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"test\.safetensors cannot be read as image features"):
        features.read_features(path, "a digest", CPU)


def test_features_that_are_not_there_are_missed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"test\.safetensors is missing: run encode_images"):
        features.read_features(tmp_path / "test.safetensors", "a digest", CPU)


def test_a_picture_has_the_features_that_it_has_alone(tiny_base: Path) -> None:
    base, processor = model.load_base(str(tiny_base), quantised=False), model.load_processor(str(tiny_base))
    pictures = [picture(number) for number in range(features.IMAGES_PER_BATCH + 1)]
    together = features.encode_images(base, processor, pictures, "test")
    assert together.shape[:2] == (len(pictures), processor.image_seq_length)
    for number in (0, features.IMAGES_PER_BATCH):
        assert torch.allclose(together[number], features.encode_images(base, processor, [pictures[number]], "test")[0], atol=1e-5)


def write_subset(path: Path, numbers: range) -> None:
    """A subset's file with two questions on each picture."""
    question = {"question": "How many?", "answer": "2", "kind": "count", "question_family_index": 1, "program": ""}
    rows = []
    for number in numbers:
        picture(number).save(path.with_name(f"{number}.png"))
        image = {"bytes": path.with_name(f"{number}.png").read_bytes(), "path": f"{number}.png"}
        asked = [question | {"question_index": 2 * number + index} for index in range(2)]
        rows.append({"image": image, "image_filename": f"{number}.png", "condition": "", "objects": 3, "questions": asked})
    pq.write_table(pa.Table.from_pylist(rows, schema=FEATURES.arrow_schema), path)


@pytest.fixture
def run(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The stage on three training and two test pictures, two questions each; what its metrics say. Its hold on the process is undone."""

    def stage(base: Path) -> dict:
        write_subset(tmp_path / "train.parquet", range(3))
        write_subset(tmp_path / "test.parquet", range(3, 5))
        arguments = ["--train", tmp_path / "train.parquet", "--test", tmp_path / "test.parquet", "--base", base, "--output", tmp_path]
        monkeypatch.setattr(sys, "argv", ["encode_images.py", *map(str, arguments), "--seed", "1"])
        encode_images.main()
        return json.loads((tmp_path / "metrics.json").read_text())["values"]

    yield stage
    torch.set_flush_denormal(False)


def test_the_stage_shows_each_picture_to_the_tower_once(run, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = 0
    encode = features.encode_images

    def count(base, processor, pictures, label):
        nonlocal shown
        shown += len(pictures)
        return encode(base, processor, pictures, label)

    monkeypatch.setattr(features, "encode_images", count)
    values = run(tiny_base)
    assert values["pictures"] == {"train": 3, "test": 2, "own": 2}
    assert values["questions"] == {"train": 6, "test": 4}
    assert values["tower_calls"] == shown == 5
    assert values["calls_without_reuse"] == 6 + 2 * 4 + 2 * 6
    digest = model.base_digest(str(tiny_base))
    test, own = (features.read_features(tmp_path / f"{name}.safetensors", digest, CPU) for name in ("test", "own"))
    assert torch.equal(test, own)
    assert [task.picture for task in own_tasks.read_task_list(tmp_path / "own_tasks.jsonl")] == [0, 0, 0, 1, 1, 1]


def test_the_stage_encodes_the_pictures_of_a_bases_own_tasks(run, tiny_base: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for path in tiny_base.iterdir():
        (base / path.name).symlink_to(path)
    picture(7).save(tmp_path / "own.png")
    own_tasks.write_own_tasks(base / own_tasks.NAME, [tmp_path / "own.png"], [[{"prompt": "list", "answer": "cube", "kind": "list"}]])
    assert run(base)["tower_calls"] == 6
    own = features.read_features(tmp_path / "own.safetensors", model.base_digest(str(base)), CPU)
    alone = features.encode_images(model.load_base(str(base), quantised=False), model.load_processor(str(base)), [picture(7)], "test")
    assert torch.allclose(own, alone, atol=1e-5)
