"""Reading a release from a folder or its zip: what comes out, and one sentence for each thing that can be wrong with it."""

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from release_fixture import ASKED, Record, pack, picture_name, scene, spoil, step, write_release

from paliflow.clevr import picture
from paliflow.clevr.release import Release
from paliflow.errors import InputError

GENUINE = Path(os.environ.get("PALIFLOW_CLEVR", ""))
needs_genuine = pytest.mark.skipif(not (GENUINE / "questions").is_dir(), reason="PALIFLOW_CLEVR names no folder of genuine CLEVR")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_release(tmp_path / "CLEVR_v1.0")


@pytest.fixture(params=["folder", "zip"])
def path(request: pytest.FixtureRequest, folder: Path) -> Path:
    """The same release in both forms."""
    return folder if request.param == "folder" else pack(folder, folder.parent / "release.zip")


def read_all(path: Path, split: str = "train") -> None:
    """Everything that a stage reads of a release."""
    with Release.open(path) as release:
        list(release.questions(split))
        list(release.scenes(split))
        shape = None
        for name in release.image_names(split):
            shape = picture.check_picture(release.read_image(split, name), release.image_place(split, name), shape)


def test_a_release_is_read_whole(path: Path, folder: Path) -> None:
    with Release.open(path) as release:
        assert release.splits() == ["train"]
        assert release.has_scenes("train") and not release.has_scenes("val")
        asked = list(release.questions("train"))
        assert [(question.question, question.answer, question.program) for question in asked] == ASKED * 4
        assert [question.kind for question in asked[:3]] == ["count", "exist", "query_shape"]
        assert [question.question_family_index for question in asked[:3]] == [0, 1, 2]
        assert list(release.scenes("train")) == [scene(image) for image in range(4)]
        names = [picture_name(image) for image in range(4)]
        assert list(release.scene_names("train")) == release.image_names("train") == names
        assert release.read_image("train", names[2]) == (folder / "images" / "train" / names[2]).read_bytes()
        assert release.digest("scenes", "train") == hashlib.sha256((folder / "scenes/CLEVR_train_scenes.json").read_bytes()).hexdigest()


def test_two_passes_over_one_file_do_not_disturb_each_other(path: Path) -> None:
    with Release.open(path) as release:
        pairs = list(zip(release.questions("train"), release.questions("train"), strict=True))
    assert len(pairs) == 12 and all(one == other for one, other in pairs)


def test_a_zip_is_not_unpacked(folder: Path) -> None:
    alone = folder.parent / "alone"
    alone.mkdir()
    read_all(pack(folder, alone / "release.zip"))
    assert [file.name for file in alone.iterdir()] == ["release.zip"]


def test_what_macos_puts_into_a_zip_is_not_read(folder: Path) -> None:
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/CLEVR_v1.0/._images", b"\x00")
    read_all(path)


def test_a_zip_without_a_top_folder_is_read(folder: Path) -> None:
    path = folder.parent / "flat.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
        archive.writestr("README.txt", "what CLEVR is")
    with Release.open(path) as release:
        assert len(list(release.questions("train"))) == 12 and len(release.image_names("train")) == 4
    read_all(path)


def test_hidden_files_do_not_matter(folder: Path) -> None:
    for name in (".snakemake_timestamp", "images/train/._CLEVR_train_000000.png", "questions/.CLEVR_train_questions.json"):
        (folder / name).write_bytes(b"\x00")
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(".snakemake_timestamp", b"")
    for release in (folder, path):
        read_all(release)


@needs_genuine
def test_genuine_clevr_is_read_whole() -> None:
    with Release.open(GENUINE) as release:
        asked = list(release.questions("train"))
        assert len(asked) == 10 * len(list(release.scenes("train"))) == 10 * len(release.image_names("train"))
        content = release.read_image("train", asked[0].image_filename)
        assert picture.check_picture(content, "picture", None) == ((480, 320), "RGBA")


def test_a_question_without_a_program_has_the_kind_of_its_wording(path: Path, folder: Path) -> None:
    spoil(folder, "questions", lambda records: [record.pop("program") for record in records])
    spoil(folder, "questions", lambda records: [record.pop("question_family_index") for record in records])
    with Release.open(folder) as release:
        first = next(release.questions("train"))
    assert (first.kind, first.program, first.question_family_index) == ("count", None, -1)


# each spoils one list of records and expects one sentence
def changed(number: int, **fields: Any) -> Callable[[list[Record]], object]:
    return lambda records: records[number].update(fields)


WRONG_QUESTIONS = {
    "is 3, no JSON object": lambda records: records.insert(1, 3),
    "lacks 'question_index'": lambda records: records[1].pop("question_index"),
    "lacks 'answer': only splits with answers": lambda records: records[1].pop("answer"),
    "'answer' must be text, and is 3": changed(1, answer=3),
    "'answer' must be text, and is true": changed(1, answer=True),
    "'question' must be text, and is an object": changed(1, question={}),
    "'question' must be text, and is ''": changed(1, question=""),
    "'question' holds half a surrogate pair": changed(1, question="\ud800?"),
    "'question_index' must be a whole number from 0, and is a huge number": changed(1, question_index=2**63),
    "'question_index' must be a whole number from 0, and is a number": changed(1, question_index=1.0),
    "'question_family_index' must be a whole number from 0, and is -1": changed(1, question_family_index=-1),
    "image_filename '../secret.png' is no plain file name": changed(1, image_filename="../secret.png"),
    "image_filename 'a\\x00.png' is no plain file name": changed(1, image_filename="a\x00.png"),
    "the program is no list of steps": changed(1, program="count"),
    "step 1 of the program has the function 'weigh', which CLEVR does not have": changed(1, program=[step("scene"), step("weigh", 0)]),
    "step 1 of the program, count, has the input 2, which is no earlier step": changed(
        1, program=[step("scene"), step("count", 2), step("unique", 1)]
    ),
    "step 1 of the program, filter_color, has the word 'pink'": changed(
        1, program=[step("scene"), step("filter_color", 0, words=("pink",)), step("count", 1)]
    ),
}


@pytest.mark.parametrize("sentence", WRONG_QUESTIONS)
def test_a_wrong_question_is_named(folder: Path, sentence: str) -> None:
    spoil(folder, "questions", WRONG_QUESTIONS[sentence])
    with pytest.raises(InputError, match=r"CLEVR_train_questions\.json, question 1") as caught:
        read_all(folder)
    assert sentence in str(caught.value)


def of_object(number: int, **fields: Any) -> Callable[[list[Record]], object]:
    return lambda records: records[1]["objects"][number].update(fields)


def of_relation(**fields: Any) -> Callable[[list[Record]], object]:
    return lambda records: records[1]["relationships"].update(fields)


WRONG_SCENES = {
    "is a list, no JSON object": lambda records: records.insert(1, []),
    "lacks 'image_index'": lambda records: records[1].pop("image_index"),
    "'objects' must be a list of at most 100 objects": changed(1, objects={}),
    "object 2 lacks 'material'": lambda records: records[1]["objects"][2].pop("material"),
    "object 0: 'color' must be one of gray": of_object(0, color="pink"),
    "object 1: '3d_coords' must be three finite numbers": of_object(1, **{"3d_coords": [0, 1]}),
    "'directions' must give three finite numbers for each": lambda records: records[1]["directions"].pop("left"),
    "'relationships' must give, for each of left": of_relation(left=[[], []]),
    "and for each object, a list": of_relation(left=[[], [0], [0, 3]]),
    "of other objects' indices": of_relation(left=[[], [1], [0, 1]]),
    "a list of other objects' indices: correct the file": of_relation(left=[[], [0], [0, 0]]),
    "describes CLEVR_train_000000.png, which a scene before it describes too": changed(1, image_filename=picture_name(0)),
}


@pytest.mark.parametrize("sentence", WRONG_SCENES)
def test_a_wrong_scene_is_named(folder: Path, sentence: str) -> None:
    spoil(folder, "scenes", WRONG_SCENES[sentence])
    with pytest.raises(InputError, match=r"CLEVR_train_scenes\.json, scene 1") as caught:
        read_all(folder)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity", "1" * 5000])
def test_a_coordinate_that_is_not_finite_is_refused(folder: Path, number: str) -> None:
    path = folder / "scenes/CLEVR_train_scenes.json"
    path.write_text(path.read_text().replace("0.7", number, 1))
    with pytest.raises(InputError, match=r"CLEVR_train_scenes\.json, scene 0"):
        read_all(folder)


def test_of_scenes_that_are_not_chosen_only_the_name_is_looked_at(folder: Path) -> None:
    spoil(folder, "scenes", changed(1, objects=3))
    with Release.open(folder) as release:
        chosen = [picture_name(0), picture_name(3)]
        assert [graph["image_filename"] for graph in release.scenes("train", chosen)] == chosen


def test_a_picture_described_twice_is_refused_by_name_alone(folder: Path) -> None:
    spoil(folder, "scenes", changed(3, image_filename=picture_name(1)))
    with Release.open(folder) as release, pytest.raises(InputError, match="scene 3 describes CLEVR_train_000001"):
        list(release.scene_names("train"))


def test_a_file_without_a_question_is_refused(folder: Path) -> None:
    spoil(folder, "questions", list.clear)
    with pytest.raises(InputError, match="holds no question"):
        read_all(folder)


def test_a_split_that_is_not_there_is_named_with_those_that_are(path: Path) -> None:
    with Release.open(path) as release, pytest.raises(InputError, match=r"CLEVR_val_scenes\.json is missing.*\(train\)"):
        list(release.scenes("val"))


def test_a_folder_that_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no CLEVR release"):
        Release.open(tmp_path)
    with pytest.raises(InputError, match="is missing"):
        Release.open(tmp_path / "nowhere")


# pictures


def test_a_missing_picture_is_named_with_its_question(path: Path) -> None:
    with Release.open(path) as release, pytest.raises(InputError, match=r"absent\.png is missing, to which question 7 refers"):
        release.read_image("train", "absent.png", 7)


def test_an_absurdly_large_picture_is_not_read(folder: Path) -> None:
    with (folder / "images/train" / picture_name(0)).open("r+b") as file:
        file.truncate(2**34)
    with Release.open(folder) as release, pytest.raises(InputError, match="more than 16 MiB"):
        release.read_image("train", picture_name(0))


def png(mode: str = "RGB", size: tuple[int, int] = (64, 64)) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 80).convert(mode).save(stream, "png")
    return stream.getvalue()


@pytest.mark.parametrize("content", [b"", b"no picture", png()[:900], png()[:-30] + b"\0" * 30, png()[:300] + b"\1" + png()[301:]])
@pytest.mark.parametrize("whole", [True, False])
def test_a_damaged_picture_is_named(content: bytes, whole: bool) -> None:
    with pytest.raises(InputError, match=r"a\.png cannot be read as a picture"):
        picture.check_picture(content, "a.png", None, whole)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (png("L"), "has the mode L, and must be RGB or RGBA"),
        (png("RGBA"), "is 64 × 64 pixels RGBA, and those before it are 64 × 64 pixels RGB"),
        (png(size=(64, 48)), "is 64 × 48 pixels RGB, and those before it are 64 × 64 pixels RGB"),
    ],
)
def test_a_picture_of_another_size_or_mode_is_named(content: bytes, sentence: str) -> None:
    shape = picture.check_picture(png(), "first.png", None)
    with pytest.raises(picture.OddPictureError, match=sentence):
        picture.check_picture(content, "a.png", shape)


@pytest.mark.parametrize(("side", "sentence"), [(6000, "6000 × 6000 pixels, too many"), (30000, "cannot be read as a picture")])
def test_a_picture_that_claims_to_be_vast_is_not_decoded(side: int, sentence: str) -> None:
    content = bytearray(png())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    with pytest.raises(InputError, match=sentence):
        picture.check_picture(bytes(content), "a.png", None)


# zips


@pytest.mark.parametrize("name", ["/etc/passwd", "CLEVR_v1.0/../../evil", "C:/evil", "CLEVR_v1.0\\evil", "CLEVR_v1.0/images/../../x"])
def test_a_zip_with_a_member_that_leads_outside_is_refused(folder: Path, name: str) -> None:
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"")
    with pytest.raises(InputError, match="which leads outside its folder"):
        Release.open(path)


@pytest.mark.parametrize("name", ["other/file", "file", "CLEVR_v1.0.txt"])
def test_a_zip_with_a_member_beside_its_folder_is_refused(folder: Path, name: str) -> None:
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"")
    with pytest.raises(InputError, match=r"outside its folder 'CLEVR_v1\.0'"):
        Release.open(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["CLEVR_v1.0/images/train/CLEVR_train_000001.png", "CLEVR_v1.0/images/train//CLEVR_train_000001.png"])
def test_a_zip_with_two_members_of_one_name_is_refused(folder: Path, name: str) -> None:
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"another")
    with pytest.raises(InputError, match="twice"):
        Release.open(path)


def test_an_encrypted_zip_is_refused(folder: Path) -> None:
    path = pack(folder, folder.parent / "release.zip")
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(signature, place + 4)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is encrypted"):
        Release.open(path)


def test_a_zip_packed_by_a_method_without_bounds_is_refused(folder: Path) -> None:
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("CLEVR_v1.0/README.txt", b"0" * 100, zipfile.ZIP_BZIP2)
    with pytest.raises(InputError, match="unusual method"):
        Release.open(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100])
def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "release.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"release\.zip cannot be read or is damaged"):
        Release.open(tmp_path / "release.zip")


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_zip_cut_short_is_refused(folder: Path, kept: float) -> None:
    path = pack(folder, folder.parent / "release.zip")
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(InputError, match=r"release\.zip cannot be read or is damaged"):
        Release.open(path)


def test_a_damaged_member_of_a_zip_is_named(folder: Path) -> None:
    path = pack(folder, folder.parent / "release.zip")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("CLEVR_v1.0/questions/CLEVR_train_questions.json")
    content = bytearray(path.read_bytes())
    middle = info.header_offset + 100 + info.compress_size // 2
    content[middle : middle + 4] = bytes(255 - byte for byte in content[middle : middle + 4])
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"release\.zip: questions/CLEVR_train_questions\.json.*(damaged|no valid JSON|no UTF-8)"):
        read_all(path)


def test_json_that_is_no_release_names_what_it_should_be(folder: Path) -> None:
    (folder / "questions/CLEVR_train_questions.json").write_text(json.dumps([1, 2]))
    with pytest.raises(InputError, match="should be a JSON object with one list under 'questions'"):
        read_all(folder)
