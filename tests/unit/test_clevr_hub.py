"""The hub's rows become a folder in the release's layout, through the very call that reads the hub, from a folder and over HTTP."""

import io
import itertools
import json
import os
from pathlib import Path
from typing import Any

import datasets
import hub_double
import pytest
from PIL import Image

from paliflow.clevr import hub, hub_stream
from paliflow.clevr.hub_stream import Source
from paliflow.clevr.release import Release
from paliflow.errors import InputError

GENUINE = Path(os.environ.get("PALIFLOW_CLEVR", ""))
needs_genuine = pytest.mark.skipif(not (GENUINE / "questions").is_dir(), reason="PALIFLOW_CLEVR names no folder of genuine CLEVR")

README = "---\nconfigs:\n- config_name: clevr\n  data_files:\n  - split: train\n    path: clevr/train-*\n---\n"
INSTRUCTIONS = itertools.cycle(["\nGive a very brief answer.", "\nBe succinct.", "\nEnsure brevity in your answer. "])
ROWS = 6


def picture(shade: int, form: str = "png", size: tuple[int, int] = (12, 8), mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, shade).save(stream, form)
    return stream.getvalue()


def text(question: str, answer: str) -> dict[str, str]:
    return {"user": question + next(INSTRUCTIONS), "assistant": answer.capitalize() + ".", "source": "CLEVR"}


def write_set(folder: Path, rows: list[dict[str, Any]]) -> None:
    """A copy of what the hub would hold: a README that names the configuration, and parquet files with two rows a group."""
    features = datasets.Features(
        {
            "images": datasets.List(datasets.Image()),
            "texts": datasets.List({name: datasets.Value("string") for name in ("user", "assistant", "source")}),
        }
    )
    (folder / "clevr").mkdir(parents=True)
    (folder / "README.md").write_text(README)
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:])):
        table = datasets.Dataset.from_list(part, features=features)
        table.to_parquet(folder / "clevr" / f"train-{number:05d}-of-00002-0123456789abcdef.parquet", batch_size=2)


def row(number: int) -> dict[str, Any]:
    texts = [text("How many balls are there?", str(number)), text("What color is the cube?", "gray")]
    return {"images": [{"bytes": picture(number), "path": None}], "texts": texts}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hub") / "set"
    write_set(path, [row(number) for number in range(ROWS)])
    return path


@pytest.fixture(scope="module")
def fetched(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release made of the first five rows of the folder; `work` beside it has what the fetch kept."""
    path = tmp_path_factory.mktemp("fetched")
    source = Source(str(folder), "clevr", hub_double.REVISION)
    (path / "work").mkdir()
    hub.fetch(source, 5, path / "work")
    values = hub.write_release(source, 5, path / "work", path / "release")
    assert values == {"rows": 5, "images": 5, "questions": 10, "bytes": sum(len(picture(number)) for number in range(5))}
    return path


def test_the_release_has_the_questions_in_clevr_s_own_words(fetched: Path) -> None:
    with Release.open(fetched / "release") as release:
        questions = list(release.questions("train"))
    assert [question.question_index for question in questions] == list(range(10))
    assert [question.question for question in questions[:2]] == ["How many balls are there?", "What color is the cube?"]
    assert [question.answer for question in questions[4:8]] == ["2", "gray", "3", "gray"]
    assert {question.kind for question in questions} == {"count", "query_color"}
    assert {(question.program, question.question_family_index) for question in questions} == {(None, -1)}


def test_the_release_has_the_pictures_as_they_were(fetched: Path) -> None:
    with Release.open(fetched / "release") as release:
        assert release.image_names("train") == [hub.filename(number) for number in range(5)]
        assert [release.read_image("train", hub.filename(number)) for number in range(5)] == [picture(number) for number in range(5)]
        assert not release.has_scenes("train")


def test_a_second_release_takes_the_place_of_the_first(fetched: Path, tmp_path: Path) -> None:
    source = Source("set", "clevr", hub_double.REVISION)
    hub.write_release(source, 5, fetched / "work", tmp_path)
    hub.write_release(source, 2, fetched / "work", tmp_path)
    with Release.open(tmp_path) as release:
        assert len(list(release.questions("train"))) == 4
        assert len(release.image_names("train")) == 2


def test_only_the_rows_that_are_missing_are_asked_for(fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        for name in (hub.filename(number), f"{hub.filename(number)}.json"):
            (tmp_path / name).write_bytes((fetched / "work" / name).read_bytes())
    asked = []
    monkeypatch.setattr(hub_stream, "rows", lambda source, first: (asked.append(first) or row(number) for number in range(first, ROWS)))
    hub.fetch(Source("set", "clevr", hub_double.REVISION), 5, tmp_path)
    assert asked[0] == 3
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (fetched / "work").iterdir()}
    hub.fetch(Source("set", "clevr", hub_double.REVISION), 5, tmp_path)
    assert len(asked) == 2


def test_the_hub_gives_what_the_folder_gives(folder: Path, fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    with hub_double.serving(folder) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        hub.fetch(Source(hub_double.DATASET, "clevr", hub_double.REVISION), 5, tmp_path / "work")
    for path in (fetched / "work").iterdir():
        assert (tmp_path / "work" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Source("nobody/pictures", "clevr", hub_double.REVISION), "the hub has no public data set nobody/pictures"),
        (Source(hub_double.DATASET, "clevr", "0" * 40), f"the hub's {hub_double.DATASET} has no revision 0000"),
        (Source(hub_double.DATASET, "clever", hub_double.REVISION), r"\(clever\) cannot be read \(.*Available: \['clevr'\]\)"),
        (Source("one/two/three", "clevr", hub_double.REVISION), "is neither a folder here nor owner/name"),
    ],
    ids=["data set", "revision", "configuration", "name"],
)
def test_what_the_hub_has_not_is_named(source: Source, message: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    with hub_double.serving(folder) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        with pytest.raises(InputError, match=message):
            hub.fetch(source, 5, tmp_path)


def test_a_hub_out_of_reach_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"^the hub cannot be reached for somebody/pictures .* connect and run again"):
        hub.fetch(Source(hub_double.DATASET, "clevr", hub_double.REVISION), 5, tmp_path)


def test_a_set_with_other_columns_is_refused(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"image": ["a"], "question": ["b"]}).to_parquet(tmp_path / "train.parquet")
    with pytest.raises(InputError, match="has the columns image, question, and must have images and texts"):
        next(hub_stream.rows(Source(str(tmp_path), "default", ""), 0))


def test_too_few_rows_are_counted(fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_stream, "rows", lambda source, first: (row(number) for number in range(first, ROWS)))
    with pytest.raises(InputError, match=r"set \(clevr\) has 6 rows: ask for at most so many images"):
        hub.fetch(Source("set", "clevr", ""), 7, tmp_path)


def test_a_parquet_file_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    part = next((folder / "clevr").iterdir()).read_bytes()
    (tmp_path / "train.parquet").write_bytes(part[: len(part) // 2])
    with pytest.raises(InputError, match=r"\(default\) cannot be read \(Parquet magic bytes not found"):
        next(hub_stream.rows(Source(str(tmp_path), "default", ""), 0))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "has 0 pictures, and must have one"),
        ([{"bytes": None, "path": "a.png"}], "has 0 pictures"),
        ([{"bytes": picture(1)}, {"bytes": picture(2)}], "has 2 pictures"),
        ([{"bytes": picture(1)[:40]}], "the picture cannot be read"),
        ([{"bytes": picture(1, size=(8, 12))}], "the picture is 8 × 12 pixels RGB, and those before it are 12 × 8"),
        ([{"bytes": picture(1, mode="L")}], "has the mode L"),
        ("a.png", "images must be a list of pictures"),
        (None, "images must be a list of pictures"),
    ],
    ids=["none", "no bytes", "two", "cut short", "other size", "grey", "text", "nothing"],
)
def test_a_row_without_one_good_picture_is_refused(images: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^row 7.*{message}"):
        hub.read_picture({"images": images}, "row 7", ((12, 8), "RGB"))


def test_another_format_becomes_png() -> None:
    content, shape = hub.read_picture({"images": [{"bytes": picture(9, "jpeg")}]}, "row 7", None)
    assert content.startswith(b"\x89PNG")
    assert shape == ((12, 8), "RGB")


@pytest.mark.parametrize(
    ("user", "assistant"),
    [
        ("Is there a ball?\nBe succinct.", "Yes."),
        ("Answer each question with brevity.\nIs there a ball?", "Yes."),
        (" Is there a ball? \n", "yes"),
        ("Is there a ball?", "Yes"),
    ],
)
def test_the_request_for_a_short_answer_goes(user: str, assistant: str) -> None:
    assert hub.read_questions({"texts": [{"user": user, "assistant": assistant}]}, "row 7") == [("Is there a ball?", "yes")]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "row 7 has no question"),
        ("Is there a ball?", "row 7: texts must be a list"),
        ([{"user": "Is there a ball?"}], "row 7, text 0 lacks the user's or the assistant's text"),
        ([text("Is there a ball?", "yes"), text("Who made this ball?", "me")], "row 7, text 1: .* is no wording of CLEVR's"),
        ([text("Is there a ball? \nHow many balls are there?", "yes")], "row 7, text 0: .* is no wording of CLEVR's"),
        ([text("How many balls are there?", "many")], "row 7, text 0: 'many' answers no question of the kind count"),
    ],
)
def test_a_row_with_other_texts_is_refused(texts: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        hub.read_questions({"texts": texts}, "row 7")


@needs_genuine
def test_genuine_pictures_and_questions_come_through_unchanged(tmp_path: Path) -> None:
    records = json.loads((GENUINE / "questions" / "CLEVR_train_questions.json").read_text())["questions"]
    by_picture = [list(part) for _, part in itertools.groupby(records, key=lambda record: record["image_filename"])]
    contents = [(GENUINE / "images" / "train" / part[0]["image_filename"]).read_bytes() for part in by_picture]
    rows = [
        {"images": [{"bytes": content, "path": None}], "texts": [text(record["question"], record["answer"]) for record in part]}
        for content, part in zip(contents, by_picture, strict=True)
    ]
    write_set(tmp_path / "set", rows)
    (tmp_path / "work").mkdir()
    source = Source(str(tmp_path / "set"), "clevr", "")
    hub.fetch(source, len(rows), tmp_path / "work")
    hub.write_release(source, len(rows), tmp_path / "work", tmp_path / "release")
    with Release.open(tmp_path / "release") as release:
        read = [(question.question, question.answer, question.kind) for question in release.questions("train")]
        assert [release.read_image("train", hub.filename(number)) for number in range(len(rows))] == contents
    assert read == [(record["question"], record["answer"], record["program"][-1]["function"]) for part in by_picture for record in part]
