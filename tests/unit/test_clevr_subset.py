"""From a release to the two parquet files: which pictures are drawn, that none is on both sides, and what the data card says."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import release_fixture
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from clone import ROOT
from paliflow.clevr import card, cogent, divide, examples, subset
from paliflow.clevr.release import Release
from paliflow.errors import InputError

GENUINE = Path(os.environ.get("PALIFLOW_CLEVR", ""))
needs_genuine = pytest.mark.skipif(not (GENUINE / "questions").is_dir(), reason="PALIFLOW_CLEVR names no folder of genuine CLEVR")

COUNT_ALL = [{"function": "scene", "inputs": [], "value_inputs": []}, {"function": "count", "inputs": [0], "value_inputs": []}]
ANY_RED = [
    COUNT_ALL[0],
    {"function": "filter_color", "inputs": [0], "value_inputs": ["red"]},
    {"function": "exist", "inputs": [1], "value_inputs": []},
]
PICTURES = 8


def picture_name(image: int) -> str:
    return f"CLEVR_train_{image:06d}.png"


def scene(image: int, shape: str = "sphere", color: str = "red") -> dict[str, Any]:
    """A scene of one object, in the release's fields."""
    thing = {"shape": shape, "color": color, "size": "large", "material": "metal"}
    place = {"3d_coords": [0.0, 0.0, 0.7], "pixel_coords": [4.0, 4.0, 10.0], "rotation": 0.0}
    directions = {"left": [-1, 0, 0], "right": [1, 0, 0], "front": [0, -1, 0], "behind": [0, 1, 0], "above": [0, 0, 1], "below": [0, 0, -1]}
    related: dict[str, list[list[int]]] = {name: [[]] for name in ("left", "right", "front", "behind")}
    header = {"image_index": image, "image_filename": picture_name(image), "split": "train"}
    return header | {"objects": [thing | place], "relationships": related, "directions": directions}


def question(number: int, image: int) -> dict[str, Any]:
    """Every second question asks for a number of things, the others for red ones."""
    text, answer, program = ("How many things are there?", "1", COUNT_ALL) if number % 2 else ("Is anything here red?", "yes", ANY_RED)
    named = {"image_index": image, "image_filename": picture_name(image), "split": "train"}
    return named | {"question": text, "answer": answer, "program": program, "question_index": number, "question_family_index": number % 2}


def write_release(
    folder: Path, scenes: list[dict[str, Any]], questions: list[dict[str, Any]], colors: dict[int, int] | None = None
) -> Path:
    """A folder in the release's layout; `colors` gives pictures the same content, all others differ."""
    for place, content in (("scenes", scenes), ("questions", questions)):
        (folder / place).mkdir(parents=True)
        (folder / place / f"CLEVR_train_{place}.json").write_text(json.dumps({"info": {}, place: content}))
    (folder / "images" / "train").mkdir(parents=True)
    for described in scenes:
        image = described["image_index"]
        tint = (colors or {}).get(image, image)
        Image.new("RGB", (8, 6), (tint % 256, tint // 256, 9)).save(folder / "images" / "train" / described["image_filename"])
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scenes = [scene(image) for image in range(PICTURES)]
    return write_release(tmp_path / "release", scenes, [question(number, number % PICTURES) for number in range(4 * PICTURES)])


def take(release_path: Path, output: Path, *options: str, share: float = 1.0, test_share: float = 0.25) -> subprocess.CompletedProcess[str]:
    """Run the stage as Snakemake would."""
    command = [sys.executable, str(ROOT / "scripts" / "subset_clevr.py"), "--release", str(release_path), "--split", "train"]
    command += ["--source", "clevr", "--share", str(share), "--test-share", str(test_share), "--seed", "3", "--output", str(output)]
    return subprocess.run([*command, *options], capture_output=True, text=True)


def collected(folder: Path, **changes: Any) -> tuple[list[subset.Row], dict[str, str]]:
    """All rows of a release and the digests of their pictures."""
    with Release.open(folder) as release:
        conditions = divide.describe(release, "train", **{"compositional": False} | changes)
        rows = subset.collect(release, "train", list(conditions), conditions)
        return rows, subset.digest_pictures(release, "train", rows)[0]


# which pictures


def plain(count: int) -> dict[str, str]:
    return {f"{index}.png": "" for index in range(count)}


@given(st.integers(2, 400), st.floats(0.01, 1), st.integers(0, 9))
def test_the_share_is_drawn_whatever_the_order(count: int, share: float, seed: int) -> None:
    names = plain(count)
    drawn = divide.draw(names, share, 0.5, False, seed)
    assert len(set(drawn)) == len(drawn) == round(share * count)
    assert divide.draw(dict(reversed(names.items())), share, 0.5, False, seed) == drawn


@given(st.lists(st.integers(0, 20), min_size=2, max_size=60), st.floats(0.05, 0.95), st.integers(0, 9))
def test_pictures_of_the_same_content_are_on_one_side(contents: list[int], test_share: float, seed: int) -> None:
    digests = {f"{index}.png": str(content) for index, content in enumerate(contents)}
    try:
        held_out = divide.hold_out(digests, plain(len(contents)), test_share, seed)
    except InputError:
        return  # too few different ones for two sides
    train = set(digests) - held_out
    assert train and held_out
    assert not {digests[name] for name in train} & {digests[name] for name in held_out}
    assert len(held_out) <= round(test_share * len(contents))
    assert divide.hold_out(dict(reversed(digests.items())), plain(len(contents)), test_share, seed) == held_out


@given(st.integers(4, 400), st.floats(0.2, 0.8), st.integers(0, 9))
def test_the_test_side_has_its_share_where_all_pictures_differ(count: int, test_share: float, seed: int) -> None:
    digests = {name: name for name in plain(count)}
    assume(0 < round(test_share * count) < count)
    assert len(divide.hold_out(digests, plain(count), test_share, seed)) == round(test_share * count)


@pytest.mark.parametrize("test_share", [0.01, 0.99])
def test_an_empty_side_is_refused(test_share: float) -> None:
    with pytest.raises(InputError, match=r"8 pictures with questions, 8 of them different, are too few .* raise data"):
        divide.hold_out({name: name for name in plain(8)}, plain(8), test_share, 1)


def test_pictures_that_are_all_the_same_cannot_be_divided() -> None:
    with pytest.raises(InputError, match="1 of them different"):
        divide.hold_out(dict.fromkeys(plain(8), "same"), plain(8), 0.5, 1)


# CLEVR-CoGenT


def test_a_scene_of_spheres_alone_counts_as_condition_a(tmp_path: Path) -> None:
    scenes = [scene(0), scene(1, "cube", "gray"), scene(2, "cylinder", "gray"), scene(3, "cube", "red")]
    folder = write_release(tmp_path / "release", scenes, [question(0, 0)])
    with Release.open(folder) as release:
        assert list(divide.describe(release, "train", True).values()) == ["A", "A", "B", "B"]


def test_as_many_of_condition_b_are_added_as_of_a_will_be_held_out() -> None:
    conditions = {f"{index:03d}.png": "ABC"[index % 3].replace("C", "") for index in range(300)}
    drawn = [conditions[name] for name in divide.draw(conditions, 0.5, 0.2, True, 1)]
    assert (drawn.count("A"), drawn.count("B"), drawn.count("")) == (50, 10, 0)


@pytest.mark.parametrize("only", ["A", "B", ""])
def test_data_without_one_of_the_conditions_are_refused(only: str) -> None:
    with pytest.raises(InputError, match=r"keeps condition [AB] of CLEVR-CoGenT"):
        divide.draw(dict.fromkeys(plain(9), only), 1.0, 0.5, True, 1)


def test_condition_b_is_for_the_test_alone_even_where_a_picture_of_a_looks_the_same() -> None:
    conditions = {f"{index}.png": "B" if index < 3 else "A" for index in range(12)}
    digests = {name: name for name in conditions} | {"11.png": "0.png"}
    held_out = divide.hold_out(digests, conditions, 0.25, 1)
    assert {"0.png", "1.png", "2.png", "11.png"} <= held_out
    assert len(held_out) == 6  # and two of the eight others


def test_without_scene_graphs_there_are_no_conditions(folder: Path) -> None:
    shutil.rmtree(folder / "scenes")
    with Release.open(folder) as release, pytest.raises(InputError, match="no scene graphs of the split train"):
        divide.describe(release, "train", True)


@needs_genuine
def test_genuine_scenes_are_told_apart_by_their_conditions(tmp_path: Path) -> None:
    done = take(GENUINE, tmp_path, "--compositional", test_share=0.3)
    assert done.returncode == 0, done.stderr
    graphs = {
        graph["image_filename"]: graph for graph in json.loads((GENUINE / "scenes" / "CLEVR_train_scenes.json").read_text())["scenes"]
    }
    rows = {side: pq.read_table(tmp_path / f"{side}.parquet").to_pylist() for side in ("train", "test")}
    for row in rows["train"] + rows["test"]:
        assert row["condition"] in cogent.conditions_of(graphs[row["image_filename"]])
    assert {row["condition"] for row in rows["train"]} == {"A"} and {row["condition"] for row in rows["test"]} == {"A", "B"}
    values = json.loads((tmp_path / "metrics.json").read_text())["values"]
    assert values["conditions"]["A"]["train"] == len(rows["train"]) and values["conditions"]["B"]["train"] == 0


# the questions and the pictures


def test_a_row_holds_all_questions_about_its_picture_in_their_order(folder: Path) -> None:
    rows, _ = collected(folder)
    assert [row["image_filename"] for row in rows] == [picture_name(image) for image in range(PICTURES)]
    assert [[asked["question_index"] for asked in row["questions"]] for row in rows] == [
        [i, i + 8, i + 16, i + 24] for i in range(PICTURES)
    ]


def test_only_the_chosen_pictures_questions_are_kept(folder: Path) -> None:
    with Release.open(folder) as release:
        conditions = divide.describe(release, "train", False)
        rows = subset.collect(release, "train", [picture_name(2), picture_name(5)], conditions)
    assert [row["image_filename"] for row in rows] == [picture_name(2), picture_name(5)]


def test_a_question_about_an_undescribed_picture_is_named(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "release", [scene(0), scene(1)], [question(0, 0), question(1, 7)])
    with pytest.raises(InputError, match=r"question 1 of the split train is about CLEVR_train_000007\.png, which no scene describes"):
        collected(folder)


def test_without_scenes_a_missing_picture_is_named_with_its_question(folder: Path) -> None:
    shutil.rmtree(folder / "scenes")
    (folder / "images" / "train" / picture_name(3)).unlink()
    with pytest.raises(InputError, match=r"question 3 of the split train is about CLEVR_train_000003\.png, which is missing"):
        collected(folder)


def test_a_picture_of_another_size_is_refused(folder: Path) -> None:
    Image.new("RGB", (9, 6)).save(folder / "images" / "train" / picture_name(4))
    with pytest.raises(InputError, match=r"CLEVR_train_000004\.png"):
        collected(folder)


def test_a_picture_without_questions_is_skipped_and_counted(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "release", [scene(image) for image in range(9)], [question(n, n % 8) for n in range(16)])
    done = take(folder, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    values = json.loads((tmp_path / "out" / "metrics.json").read_text())["values"]
    assert (values["images_available"], values["images_used"], values["images_without_questions"]) == (9, 8, 1)


def question_of(image: int, **changes: Any) -> dict[str, Any]:
    return question(1, image) | changes


MISPLACED = {
    "has the image_index 1, and the scene of CLEVR_train_000000.png has 0": {"image_index": 1},
    "gives 'yes' on the scene of CLEVR_train_000000.png where the file says 'no'": {"program": ANY_RED, "answer": "no"},
    "gives no answer on the scene of CLEVR_train_000000.png (unique was given 0 objects)": {
        "program": [
            COUNT_ALL[0],
            {"function": "filter_color", "inputs": [0], "value_inputs": ["blue"]},
            {"function": "unique", "inputs": [1], "value_inputs": []},
            {"function": "query_shape", "inputs": [2], "value_inputs": []},
        ]
    },
}


@pytest.mark.parametrize("fault", MISPLACED)
def test_scene_and_question_of_different_images_are_refused(tmp_path: Path, fault: str) -> None:
    folder = write_release(tmp_path / "release", [scene(0), scene(1)], [question(0, 1), question_of(0, **MISPLACED[fault])])
    with pytest.raises(InputError) as caught:
        collected(folder)
    assert "CLEVR_train_questions.json, question 1 " in str(caught.value)
    assert f"{fault}: scene and question do not belong together" in str(caught.value)


def test_a_question_moved_to_another_picture_is_refused(tmp_path: Path) -> None:
    scenes = [scene(0), scene(1, color="blue")]
    moved = question(0, 0) | {"image_index": 1, "image_filename": picture_name(1)}
    with pytest.raises(InputError, match=r"question 0 gives 'no' on the scene of CLEVR_train_000001\.png where the file says 'yes'"):
        collected(write_release(tmp_path / "release", scenes, [moved]))


def test_a_scene_whose_relations_were_altered_is_refused(tmp_path: Path) -> None:
    whole = release_fixture.write_release(tmp_path / "release")
    collected(whole)
    release_fixture.spoil(whole, "scenes", lambda records: records[2]["relationships"].update(left=[[], [], [0, 1]]))
    with pytest.raises(InputError, match=r"question 8 gives no answer on the scene of CLEVR_train_000002\.png \(unique was given 0"):
        collected(whole)


def test_a_question_without_image_index_and_program_cannot_be_held_against_its_scene(tmp_path: Path) -> None:
    asked = question(1, 0)
    for field in ("image_index", "program"):
        asked.pop(field)
    rows, _ = collected(write_release(tmp_path / "release", [scene(0)], [asked | {"question": "How many things are there?"}]))
    assert len(rows) == 1


def test_only_the_chosen_pictures_scenes_are_held_against_questions(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "release", [scene(0), scene(1)], [question(0, 0), question_of(1, answer="7")])
    with Release.open(folder) as release:
        rows = subset.collect(release, "train", [picture_name(0)], {picture_name(0): "", picture_name(1): ""})
    assert len(rows) == 1


# what is written


def test_the_same_release_gives_the_same_files_as_folder_and_as_zip(folder: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "CLEVR_v1.0"), "zip", folder.parent, folder.name))
    outputs = [tmp_path / name for name in ("from folder", "again", "from zip")]
    for source, output in zip((folder, folder, archive), outputs, strict=True):
        done = take(source, output)
        assert done.returncode == 0, done.stderr
    for name in ("train.parquet", "test.parquet"):
        assert len({(output / name).read_bytes() for output in outputs}) == 1


def test_what_was_written_comes_back_whole(folder: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    assert take(folder, tmp_path).returncode == 0
    files = {side: str(tmp_path / f"{side}.parquet") for side in ("train", "test")}
    back = load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    rows = [row for side in ("train", "test") for row in back[side]]
    assert sorted(row["image_filename"] for row in rows) == [picture_name(image) for image in range(PICTURES)]
    for row in rows:
        assert picture_name(row["image"].getpixel((0, 0))[0]) == row["image_filename"]
        assert [json.loads(asked["program"]) for asked in row["questions"]] == [
            COUNT_ALL if asked["question_index"] % 2 else ANY_RED for asked in row["questions"]
        ]


def test_each_picture_tells_how_many_objects_its_scene_has(tmp_path: Path) -> None:
    whole = release_fixture.write_release(tmp_path / "release")
    assert [row["objects"] for row in collected(whole)[0]] == [3] * 4
    assert take(whole, tmp_path / "out").returncode == 0
    assert pq.read_table(tmp_path / "out" / "train.parquet")["objects"].to_pylist() == [3] * 3


def test_without_scene_graphs_nobody_knows_how_many_objects_there_are(folder: Path) -> None:
    shutil.rmtree(folder / "scenes")
    assert {row["objects"] for row in collected(folder)[0]} == {-1}


def test_the_card_tells_what_is_there(folder: Path, tmp_path: Path) -> None:
    assert take(folder, tmp_path).returncode == 0
    document = json.loads((tmp_path / "metrics.json").read_text())
    values = document["values"]
    assert (values["train_images"], values["test_images"], values["shared_images"]) == (6, 2, 0)
    assert (values["train_questions"], values["test_questions"]) == (24, 8)
    assert values["image_size"] == [8, 6]
    assert values["origin"]["licence"] == "CC BY 4.0"
    assert values["lengths"]["program_functions"] == {"mean": 2.5, "min": 2, "max": 3, "histogram": {"2": 16, "3": 16}}
    assert (values["families"], values["distinct_questions"]) == (2, 2)
    assert values["kinds"]["exist"]["answers"] == {"yes": 16}
    assert values["sha256_train"] == subset.files.sha256(tmp_path / "train.parquet")


def row(name: str, *answers: str, kind: str = "count", family: int = 0, program: str = "") -> subset.Row:
    """A row whose questions all have one kind and one family."""
    asked = {"question": "How many?", "kind": kind, "question_family_index": family, "program": program}
    return {"image_filename": name, "condition": "", "questions": [asked | {"answer": answer} for answer in answers]}


def test_the_guess_is_the_most_frequent_training_answer() -> None:
    train, test = [row("a.png", "2", "1", "1", "2", "0")], [row("b.png", "1", "2", "1", "3")]
    values = card.card(train, test, {"a.png": "a", "b.png": "b"}, False)
    assert values["kinds"]["count"]["most_frequent_answer"] == "1"  # of two that are equally frequent the first
    assert values["kinds"]["count"]["most_frequent_share"] == values["prior_by_kind"]["value"] == 0.5


def test_a_family_that_training_has_not_seen_is_guessed_by_its_kind() -> None:
    train = [row("a.png", "1", "1", "1"), row("b.png", "2", "2", family=1)]
    test = [row("c.png", "2", family=1), row("d.png", "1", family=7), row("e.png", "yes", kind="exist")]
    values = card.card(train, test, {name: name for name in ("a.png", "b.png", "c.png", "d.png", "e.png")}, False)
    assert values["prior_by_kind"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert values["prior_by_family"]["value"] == pytest.approx(2 / 3, abs=1e-4)


def test_without_programs_their_lengths_are_left_out() -> None:
    values = card.card([row("a.png", "1")], [row("b.png", "1")], {"a.png": "a", "b.png": "a"}, False)
    assert set(values["lengths"]) == {"question_words"}
    assert values["shared_images"] == 1


def test_examples_are_of_different_pictures_and_kinds(folder: Path, tmp_path: Path) -> None:
    assert take(folder, tmp_path, test_share=0.75).returncode == 0
    shown = json.loads((tmp_path / "examples.json").read_text())
    assert len(shown) == len({example["image_filename"] for example in shown}) == examples.EXAMPLES
    assert {example["kind"] for example in shown} == {"count", "exist"}
    for example in shown:
        with Image.open(io.BytesIO(Path(example["image"]).read_bytes())) as picture:
            assert picture.size == (8, 6) and picture.format == "PNG"
        assert example["program"][-1]["function"] == example["kind"]


@given(st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1), min_size=1, max_size=12), st.integers(0, 5))
def test_as_many_examples_are_drawn_as_there_are_pictures(kinds: list[set[str]], seed: int) -> None:
    rows = [{"image_filename": str(i), "questions": [{"kind": kind} for kind in sorted(own)]} for i, own in enumerate(kinds)]
    drawn = examples.draw_examples(rows, seed)
    assert len(drawn) == len({name for name, _ in drawn}) == min(examples.EXAMPLES, len(rows))


# mistakes


@pytest.mark.parametrize(
    "option", ["--share=nan", "--share=5", "--share=-0.5", "--share=0", "--share=all", "--test-share=1.5", "--test-share=1"]
)
def test_a_share_by_hand_that_makes_no_sense_is_named(folder: Path, tmp_path: Path, option: str) -> None:
    done = take(folder, tmp_path / "out", option)
    name, _, value = option.partition("=")
    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert done.stderr.startswith(f"error: {name}: '{value}' must be a number above 0 and ") and done.stderr.count("\n") == 1


def cut_questions(folder: Path) -> None:
    path = folder / "questions" / "CLEVR_train_questions.json"
    path.write_bytes(path.read_bytes()[:900])


def remove_picture(folder: Path) -> None:
    (folder / "images" / "train" / picture_name(2)).unlink()


def cut_picture(folder: Path) -> None:
    path = folder / "images" / "train" / picture_name(2)
    path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (cut_questions, "CLEVR_train_questions.json ends at byte 900"),
        (remove_picture, picture_name(2)),
        (cut_picture, picture_name(2)),
        (shutil.rmtree, "release"),
    ],
)
def test_a_broken_release_is_one_sentence_and_nothing_is_written(
    folder: Path, tmp_path: Path, damage: Callable[[Path], None], named: str
) -> None:
    damage(folder)
    done = take(folder, tmp_path / "out")
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("error: ") and named in sentence and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
