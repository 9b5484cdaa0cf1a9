"""One list of a JSON file, record by record: the same as reading it at once, the byte of every fault, and bounded memory."""

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paliflow.clevr import stream
from paliflow.errors import InputError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Dripping:
    """Bytes that come a few at a time, however many are asked for."""

    def __init__(self, content: bytes, amount: int) -> None:
        self._stream, self._amount = io.BytesIO(content), amount

    def read(self, amount: int) -> bytes:
        return self._stream.read(min(amount, self._amount))


def read(content: bytes, amount: int = 2**18) -> list[Any]:
    return list(stream.records(Dripping(content, amount), "questions", "q.json"))


@given(st.lists(VALUES, max_size=6), VALUES, st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_the_records_are_those_of_the_whole_document(
    values: list[Any], other: Any, amount: int, as_it_is: bool, indent: int | None
) -> None:
    document = {"info": other, "questions": values, "licences": [other, other]}
    content = json.dumps(document, ensure_ascii=not as_it_is, indent=indent).encode(errors="replace")
    assert read(content, amount) == json.loads(content)["questions"]


@given(st.integers(0, 10**6), st.integers(1, 40))
def test_a_file_cut_short_names_the_byte_where_it_ends(cut: int, amount: int) -> None:
    content = json.dumps(
        {"info": {"n": [1, "zwölf"]}, "questions": [{"a": "ä", "b": [1.5, -2e-9, True, False, None]}] * 4}, ensure_ascii=False
    ).encode()
    cut %= len(content)
    with pytest.raises(InputError, match=rf"q\.json (ends at byte {cut}\b|is no UTF-8 at byte {cut - 1}\b)"):
        read(content[:cut], amount)


@given(st.integers(0, 10**6), st.integers(1, 40))
def test_malformed_json_names_the_byte_of_the_fault(where: int, amount: int) -> None:
    text = '{"questions": [' + ", ".join(['{"a": "ä", "b": [1, 2]}'] * 5) + "]}"
    gaps = [index for index, character in enumerate(text) if character in "{[:," and index > 13]
    place = gaps[where % len(gaps)] + 1
    spoilt = f"{text[:place]} ? {text[place:]}".encode()
    with pytest.raises(InputError, match=rf"q\.json is no valid JSON at byte {spoilt.index(b'?')}\b"):
        read(spoilt, amount)


@pytest.mark.parametrize("amount", [1, 7, 2**18])
@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xc3("])
def test_bytes_that_are_no_utf8_are_named(bad: bytes, amount: int) -> None:
    content = b'{"questions": [{"\xc3\xa9": "' + bad + b'"}]}'
    with pytest.raises(InputError, match=f"no UTF-8 at byte {content.index(bad)}"):
        read(content, amount)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[]", "holds no questions"),
        (b"3", "holds no questions"),
        (b"{}", "holds no questions"),
        (b'{"questions": {}}', "holds no list under 'questions'"),
        (b'{"questions": [], "questions": []}', "holds 'questions' twice"),
        (b'{"questions": []} {}', "byte 18 .*text after the end"),
        (b'{"questions": [],}', "byte 17 .*a key in quotes"),
        (b'{"questions": [1,]}', "byte 17 in question 1"),
        (b'{"questions": [1 2]}', "byte 17 .*']' is expected"),
        (b"{1: 2}", "byte 1 .*a key in quotes"),
        (b'{"questions": [{"a": NaN}]}', "question 0, which starts at byte 15: it holds NaN"),
        (b'{"questions": [1' + b"0" * 5000 + b"]}", "question 0, which starts at byte 15: Exceeds the limit"),
        (b'{"questions": [' + b"[" * 100_000, "question 0: it is nested too deeply"),
        (b'{"questions": [' + b'{"a":' * 100_000, "question 0: it is nested too deeply"),
        (b'{"info": ' + b"[" * 100_000, "element 0: it is nested too deeply"),
    ],
)
def test_what_is_no_list_of_records_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(content)


class Endless:
    """A beginning, and then one byte again and again up to a length."""

    def __init__(self, beginning: bytes, filler: bytes, length: int) -> None:
        self._beginning, self._filler, self._left = beginning, filler, length

    def read(self, amount: int) -> bytes:
        beginning, self._beginning = self._beginning, b""
        amount = min(amount, self._left)
        self._left -= amount
        return beginning + self._filler * amount


@pytest.mark.parametrize(
    ("beginning", "filler", "sentence"),
    [
        (b'{"questions": ["', b"a", "question 0, which starts at byte 15, is longer than 1 MiB"),
        (b'{"questions": [', b"7", "question 0, which starts at byte 15: Exceeds the limit"),
        (b'{"questions": [', b" ", "ends at byte"),
        (b'{"', b"a", "a key, which starts at byte 1, is longer than 1 MiB"),
        (b'{"questions": [', b"[", "nested too deeply"),
        (b'{"questions": [[1', b",1", "question 0, which starts at byte 15, is longer than 1 MiB"),
    ],
)
def test_a_record_of_200_megabytes_takes_little_memory(beginning: bytes, filler: bytes, sentence: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=sentence):
            list(stream.records(Endless(beginning, filler, 200 * 2**20), "questions", "q.json"))
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    record = json.dumps({"question": "How many?" * 100}).encode()
    tracemalloc.start()
    try:
        count = sum(1 for _ in stream.records(io.BytesIO(b'{"questions": [' + b",".join([record] * 20_000) + b"]}"), "questions", "q.json"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 8 * 2**20 + 2 * 20_000 * len(record)  # the file itself is in memory here, twice while it is joined
