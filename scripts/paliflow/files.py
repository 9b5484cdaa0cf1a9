"""Reading with a clear error and writing so that a file is either whole or absent."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paliflow.errors import InputError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on any error it is removed.

    Raises:
        OSError: the folder cannot be written or the disk is full; `filename` then names `path`, not the temporary one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.filename is None or str(error.filename) == name:
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON with a closing newline; NaN and infinity are refused (ValueError)."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_json_lines(path: Path, records: list[Any]) -> None:
    """Write one JSON document a line."""
    write_text(path, "".join(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n" for record in records))


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: the file is missing, truncated or no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing: run the stage that writes it, or correct the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): correct the path or its permissions.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no valid JSON ({error}): it may be truncated; fetch or make it again.") from None


def read_json_lines(path: Path) -> list[Any]:
    """Read a file of one JSON document a line.

    Raises:
        InputError: the file is missing or a line of it is no JSON; the sentence names the line.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n")  # splitlines() would also split at U+2028
    except FileNotFoundError:
        raise InputError(f"{path} is missing: run the stage that writes it, or correct the path.") from None
    records: list[Any] = []
    if lines == [""]:
        return records
    for number, line in enumerate(lines, 1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {number} is no valid JSON ({error}): make the file again.") from None
    return records


def sha256(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
