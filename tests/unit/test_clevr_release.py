"""Reading a folder in the release's layout: what is taken, and one sentence for each thing that can be wrong with it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from paliflow.clevr import release, subset
from paliflow.errors import InputError


def record(index: int, image: int) -> dict:
    steps = [
        {"function": "scene", "inputs": [], "value_inputs": []},
        {"function": "count", "inputs": [0], "value_inputs": []},
    ]
    name = f"CLEVR_train_{image:06d}.png"
    return {
        "question": f"How many, {index}?",
        "answer": str(index % 3),
        "program": steps,
        "image_filename": name,
        "image_index": image,
        "question_index": index,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for image in range(4):
        Image.new("RGB", (8, 8), (60 * image, 0, 0)).save(tmp_path / "images" / f"CLEVR_train_{image:06d}.png")
    records = [record(index, index % 4) for index in range(12)]
    (tmp_path / "questions.json").write_text(json.dumps({"info": {}, "questions": records}))
    return tmp_path


@given(st.integers(2, 400), st.floats(0.01, 1), st.floats(0.01, 0.99), st.integers(0, 9))
def test_no_image_is_on_both_sides(count: int, share: float, test_share: float, seed: int) -> None:
    names = [f"{index}.png" for index in range(count)]
    try:
        train, test = release.divide(names, share, test_share, seed)
    except InputError:
        return  # too few for two sides
    assert not set(train) & set(test)
    assert len(train) + len(test) == round(share * count)
    assert release.divide(names[::-1], share, test_share, seed) == (train, test)


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        release.divide(["a.png", "b.png"], 0.1, 0.5, 1)


def test_truncated_questions_are_refused(folder: Path) -> None:
    path = folder / "questions.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(InputError, match="truncated"):
        release.read_questions(path)


def test_a_record_without_an_answer_is_named(folder: Path) -> None:
    records = [record(0, 0), {key: value for key, value in record(1, 0).items() if key != "answer"}]
    (folder / "questions.json").write_text(json.dumps({"questions": records}))
    with pytest.raises(InputError, match="question 1 lacks 'answer'"):
        release.read_questions(folder / "questions.json")


def test_a_file_name_that_leads_elsewhere_is_refused(folder: Path) -> None:
    (folder / "questions.json").write_text(json.dumps({"questions": [record(0, 0) | {"image_filename": "../secret.png"}]}))
    with pytest.raises(InputError, match="plain file name"):
        release.read_questions(folder / "questions.json")


def test_a_missing_picture_is_named_with_its_question(folder: Path) -> None:
    asked = release.read_questions(folder / "questions.json")
    (folder / "images" / "CLEVR_train_000002.png").unlink()
    with pytest.raises(InputError, match=r"CLEVR_train_000002\.png is missing, to which question 2 refers"):
        release.read_rows(sorted(asked), asked, folder / "images", "test")


@pytest.mark.parametrize("content", [b"no picture", b""])
def test_an_unreadable_picture_is_named(folder: Path, content: bytes) -> None:
    asked = release.read_questions(folder / "questions.json")
    (folder / "images" / "CLEVR_train_000001.png").write_bytes(content)
    with pytest.raises(InputError, match=r"CLEVR_train_000001\.png cannot be read as a picture"):
        release.read_rows(sorted(asked), asked, folder / "images", "test")


def test_a_picture_cut_short_is_named(folder: Path) -> None:
    asked = release.read_questions(folder / "questions.json")
    path = folder / "images" / "CLEVR_train_000003.png"
    Image.effect_noise((64, 64), 80).save(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match=r"CLEVR_train_000003\.png cannot be read"):
        release.read_rows(sorted(asked), asked, folder / "images", "test")


def test_the_same_rows_give_the_same_file_and_come_back_whole(folder: Path) -> None:
    from datasets import load_dataset

    asked = release.read_questions(folder / "questions.json")
    rows = release.read_rows(sorted(asked), asked, folder / "images", "test")
    digests = {subset.write_rows(rows, folder / f"{name}.parquet") for name in ("one", "two")}
    assert len(digests) == 1
    back = load_dataset("parquet", data_files=str(folder / "one.parquet"), split="train", cache_dir=str(folder / "cache"))
    assert [row["image"].getpixel((0, 0))[0] for row in back] == [0, 60, 120, 180]
    assert [len(row["questions"]) for row in back] == [3, 3, 3, 3]


def test_the_card_counts_both_sides_and_the_prior(folder: Path) -> None:
    asked = release.read_questions(folder / "questions.json")
    rows = release.read_rows(sorted(asked), asked, folder / "images", "test")
    card = subset.card(rows[:3], rows[3:])
    assert (card["train_images"], card["test_images"], card["shared_images"]) == (3, 1, 0)
    assert card["kinds"]["count"] == {
        "train": 9,
        "test": 3,
        "most_frequent_answer": "0",
        "most_frequent_share": pytest.approx(1 / 3, abs=1e-4),
    }


@pytest.mark.parametrize("steps", [[], "count", [{}], None])
def test_a_program_of_another_form_is_named(folder: Path, steps: object) -> None:
    (folder / "questions.json").write_text(json.dumps({"questions": [record(0, 0) | {"program": steps}]}))
    with pytest.raises(InputError, match="question 0: its program"):
        release.read_questions(folder / "questions.json")


@pytest.mark.parametrize("document", [{}, [], {"scenes": [{}]}, {"scenes": 3}])
def test_a_scenes_file_of_another_form_is_refused(folder: Path, document: object) -> None:
    (folder / "scenes.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="no scenes file"):
        release.read_scene_names(folder / "scenes.json")
