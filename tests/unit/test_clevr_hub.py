"""The hub's rows become a folder in the release's layout, through the very call that reads the hub, from a folder and over HTTP."""

import contextlib
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import fetch_clevr
import hub_double
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    counts = {"rows": 5, "images": 5, "questions": 10, "questions_skipped": 0, "rows_without_questions": 0}
    assert values == counts | {"bytes": sum(len(picture(number)) for number in range(5))}
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
        (Source(hub_double.DATASET, "clever", hub_double.REVISION), r"has no configuration clever: set .* to one that it has: clevr\.$"),
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


def test_the_configuration_of_a_plain_folder_is_named(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"images": [[]], "texts": [[]]}).to_parquet(tmp_path / "train.parquet")
    message = r"has no configuration clevr: set data\.hub\.configuration \(--configuration\) to one that it has: default\.$"
    with pytest.raises(InputError, match=message):
        next(hub_stream.rows(Source(str(tmp_path), "clevr", ""), 0))


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
        ("Is there a ball? Give a short answer.", "Yes."),
        ("Question: Is there a ball? Short answer.", "Yes."),
        ("Give a short answer. Is there a ball?", "Yes."),
        ("Can you be brief? Is there a ball? Is that clear?", "Yes."),
        ('<image>\r\n"Is there a ball?" Answer:', "Yes."),
    ],
)
def test_the_request_for_a_short_answer_goes(user: str, assistant: str) -> None:
    assert hub.read_questions({"texts": [{"user": user, "assistant": assistant}]}, "row 7") == ([("Is there a ball?", "yes")], [])


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"user": "Is there a ball?"}, "lacks the user's or the assistant's words"),
        (None, "lacks the user's or the assistant's words"),
        (text("Who made this ball?", "me"), "'Who made this ball?.* holds no single question in CLEVR's wording"),
        (text("Is there a ball? \nHow many balls are there?", "yes"), "holds no single question in CLEVR's wording"),
        (text("How many balls are there?", "many"), "answers 'How many balls are there.' with 'Many.', as CLEVR never does"),
    ],
)
def test_another_text_is_passed_over(other: Any, fault: str) -> None:
    questions, faults = hub.read_questions({"texts": [other, text("Is there a ball?", "yes")]}, "row 7")
    assert questions == [("Is there a ball?", "yes")]
    assert len(faults) == 1
    assert re.match(f"row 7, text 0 .*{fault}", faults[0])


def play(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]) -> None:
    """Let these rows be those of every set."""
    monkeypatch.setattr(hub_stream, "rows", lambda source, first: (one for one in rows[first:]))


OTHER = {"user": "What is this?", "assistant": "A cat."}
USELESS: list[Any] = [{"texts": []}, {"texts": None}, {"texts": [OTHER, OTHER]}]


def test_rows_and_texts_of_no_use_are_passed_over_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed = row(2)
    mixed["texts"].insert(1, OTHER)
    rows = [row(0), USELESS[0], USELESS[2], row(1), mixed, USELESS[1], row(3)]
    play(monkeypatch, rows[:4])
    with pytest.raises(InputError, match="has 2 usable rows: ask for at most so many images"):
        hub.fetch(Source("set", "clevr", ""), 4, tmp_path)
    play(monkeypatch, rows)
    hub.fetch(Source("set", "clevr", ""), 4, tmp_path)
    values = hub.write_release(Source("set", "clevr", ""), 4, tmp_path, tmp_path / "release")
    del values["bytes"]
    assert values == {"rows": 7, "images": 4, "questions": 8, "questions_skipped": 3, "rows_without_questions": 3}
    with Release.open(tmp_path / "release") as release:
        assert [question.answer for question in release.questions("train")][::2] == ["0", "1", "2", "3"]
        assert [release.read_image("train", hub.filename(number)) for number in range(4)] == [picture(number) for number in range(4)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (USELESS, r"for 3 of its first 3 rows .*\(the first: set \(clevr\), row 0 has no list of user and assistant texts\)"),
        ([USELESS[2], row(1), row(2), *USELESS], r"for 4 of its first 6 rows .*row 0, text 0 asks 'What is this\?', which holds"),
        ([*USELESS, row(1), row(2)], "for 3 of its first 5 rows"),
        ([row(0)] * 24 + USELESS * 20, "for 26 of its first 50 rows .*row 24 has no list"),
        ([row(0)] * 40 + USELESS * 20, "for 41 of its first 81 rows"),
    ],
    ids=["all", "short set", "few images", "first fifty", "later"],
)
def test_a_set_of_another_form_is_told(rows: list[Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, rows)
    images = 2 if rows[0] is USELESS[0] else 100
    for _ in range(2):  # a second run is no way round it
        with pytest.raises(InputError, match=rf"^set \(clevr\) is not of CLEVR's form, {message}"):
            hub.fetch(Source("set", "clevr", ""), images, tmp_path)


@pytest.mark.parametrize("images", ["0", "-3"])
def test_no_images_is_refused_before_anything_is_read(images: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--dataset", "set", "--configuration", "clevr", "--revision", "0", "--images", images, "--output", str(tmp_path / "a" / "b")]
    monkeypatch.setattr(sys, "argv", ["fetch_clevr.py", *options])
    with pytest.raises(InputError, match=f"^--images: '{images}' must be a whole number of at least 1"):
        fetch_clevr.main()
    assert list(tmp_path.iterdir()) == []


WORDS = st.text() | st.lists(st.sampled_from(["is there a", "how many ", "ball", "?", ";", ".", ":", "\n", " "])).map("".join)
ANYTHING = st.recursive(
    st.none() | st.integers() | st.binary() | WORDS | st.just(picture(3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["user", "assistant", "bytes", "path"]), inner),
    max_leaves=8,
)
TEXT = st.fixed_dictionaries({"user": WORDS, "assistant": st.sampled_from(["Yes.", "3", "no"]) | WORDS})


@settings(max_examples=300)
@given(st.fixed_dictionaries({"texts": st.lists(TEXT | ANYTHING) | ANYTHING, "images": ANYTHING}))
def test_no_row_breaks_its_reading(record: dict[str, Any]) -> None:
    questions, faults = hub.read_questions(record, "row 7")
    texts = record["texts"] if isinstance(record["texts"], list) else []
    assert len(questions) + len(faults) == len(texts)
    with contextlib.suppress(InputError):
        hub.read_picture(record, "row 7", ((12, 8), "RGB"))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, 200))
def test_no_damage_to_a_picture_breaks_its_reading(changes: list[tuple[int, int]], lost: int) -> None:
    content = bytearray(picture(3))
    for place, value in changes:
        content[place % len(content)] = value
    with contextlib.suppress(InputError):
        hub.read_picture({"images": [{"bytes": bytes(content[: max(1, len(content) - lost)])}]}, "row 7", None)


# one process for all of them, as each start of the reader's own takes seconds; it leaves like that one
FETCH_EACH = """
import json, os, sys
from pathlib import Path
from paliflow.clevr import hub, hub_stream
from paliflow.errors import InputError

hub_stream.rows = lambda source, first: (row for row in hub_stream._read(source, first))
sentences = []
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        hub.fetch(hub_stream.Source(str(folder), "default", ""), 3, folder / "work")
    except InputError as error:
        sentences.append(str(error))
print(json.dumps(sentences), flush=True)
os._exit(0)
"""


def test_no_damage_to_a_parquet_file_breaks_the_fetch(folder: Path, tmp_path: Path) -> None:
    content = min((folder / "clevr").iterdir()).read_bytes()
    for seed in range(20):
        draw = random.Random(seed)
        spoiled = bytearray(content)
        first = draw.choice([0, len(content) // 2, len(content) - 400])  # the footer counts most, and is small
        for _ in range(draw.choice([1, 8, 64])):
            spoiled[draw.randrange(first, len(content))] = draw.randrange(256)
        (tmp_path / str(seed) / "work").mkdir(parents=True)
        (tmp_path / str(seed) / "train.parquet").write_bytes(spoiled)
    environment = os.environ | {"PYTHONPATH": str(Path(hub.__file__).parents[2])}
    command = [sys.executable, "-c", FETCH_EACH, str(tmp_path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    sentences = json.loads(ended.stdout)
    assert len(sentences) >= 10  # some damage is where nobody looks
    assert not any("\n" in sentence for sentence in sentences)


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
