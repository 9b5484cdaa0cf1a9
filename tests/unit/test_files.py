"""Files are written whole or not at all, and read with an error that names file and line."""

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow import files
from paliflow.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Lone surrogates are no text: UTF-8 cannot hold them.
TEXT_JSON = JSON.filter(lambda document: _encodable(document))


def _encodable(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@given(document=TEXT_JSON)
def test_json_comes_back_as_written(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    path = tmp_path_factory.mktemp("json") / "deep" / "document.json"
    files.write_json(path, document)
    assert files.read_json(path) == document


@given(records=st.lists(TEXT_JSON, max_size=5))
def test_json_lines_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, records: list[object]) -> None:
    path = tmp_path_factory.mktemp("lines") / "records.jsonl"
    files.write_json_lines(path, records)
    assert files.read_json_lines(path) == records


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_json(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "document.json", {"loss": number})


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"


def test_a_failed_write_leaves_no_other_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "result.txt"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_names_the_result_and_not_the_temporary_file(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, files.replacing(tmp_path / "result.txt") as temporary:
        raise OSError(errno.ENOSPC, "No space left on device", str(temporary))
    assert caught.value.filename == str(tmp_path / "result.txt")


def test_a_result_is_readable_by_others(tmp_path: Path) -> None:
    files.write_text(tmp_path / "result.txt", "x")
    assert (tmp_path / "result.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("read", [files.read_json, files.read_json_lines])
def test_a_missing_file_is_named(tmp_path: Path, read) -> None:
    with pytest.raises(InputError, match=r"absent\.json is missing"):
        read(tmp_path / "absent.json")


@pytest.mark.parametrize("content", [b'{"questions": [', b"\xff\xfe", b""], ids=["truncated", "not UTF-8", "empty"])
def test_a_broken_json_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "questions.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"questions\.json is no valid JSON"):
        files.read_json(path)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1}\n{"step": \n')
    with pytest.raises(InputError, match=r"log\.jsonl, line 2"):
        files.read_json_lines(path)


def test_sha256_is_the_standard_one(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert files.sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
