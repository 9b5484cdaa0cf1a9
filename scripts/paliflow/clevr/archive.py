"""A folder, or a zip of one read where it lies, seen the same way: files by their path below the top."""

import contextlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from paliflow.errors import InputError

BESIDE = "__MACOSX"  # the one folder beside the top one that macOS puts into its zips; never read
_UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)  # from `zipfile`, on damage


def open_files(path: Path) -> "Folder | Zip":
    """A folder as it is, or the zip at that path.

    Raises:
        InputError: there is nothing, or no zip that can be trusted.
    """
    with _in_one_sentence(str(path)):
        if not path.exists():
            raise InputError(f"{path} is missing: give the folder of a CLEVR v1.0 release, or its zip.")
        is_folder = path.is_dir()
    return Folder(path) if is_folder else Zip(path)


class Source:
    """The bytes of one file from the front; what goes wrong in reading them becomes one sentence."""

    def __init__(self, stream: IO[bytes], place: str) -> None:
        self._stream, self._place = stream, place

    def read(self, amount: int) -> bytes:
        """Up to `amount` bytes, at least one before the end.

        Raises:
            InputError: the disk or the archive does not give them.
        """
        with _in_one_sentence(self._place):
            return self._stream.read(amount)


class Folder:
    """A folder of files."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def place(self, name: str) -> str:
        """How to call a file in a message."""
        return str(self._path / name)

    def names(self, folder: str) -> list[str]:
        """The file names that lie directly in a folder, sorted; none where there is no such folder."""
        if not (self._path / folder).is_dir():
            return []
        with _in_one_sentence(self.place(folder)):
            return sorted(entry.name for entry in (self._path / folder).iterdir() if entry.is_file())

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with _in_one_sentence(self.place(name)):
            return (self._path / name).is_file()

    def size(self, name: str) -> int:
        """The file's length in bytes; it must be there."""
        with _in_one_sentence(self.place(name)):
            return (self._path / name).stat().st_size

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[Source]:
        """The file's bytes; it must be there."""
        with _in_one_sentence(self.place(name)):
            stream = (self._path / name).open("rb")
        with stream:
            yield Source(stream, self.place(name))

    def close(self) -> None:
        """Nothing is held open."""


class Zip:
    """The one top folder of a zip archive, or all of one that has none; nothing of it is ever unpacked to the disk."""

    def __init__(self, path: Path) -> None:
        """Read the archive's directory.

        Raises:
            InputError: it is no zip or a damaged one; a member is encrypted, there twice, packed by an unusual method, or lies outside
                the one top folder, and questions/ not at the top itself.
        """
        self._path = path
        with _in_one_sentence(str(path)):
            self._zip = zipfile.ZipFile(path)
        try:
            self._members = _members(self._zip.infolist(), path)
        except InputError:
            self._zip.close()
            raise
        self._listing: dict[str, list[str]] = {}
        for name in sorted(self._members):
            folder, _, base = name.rpartition("/")
            self._listing.setdefault(folder, []).append(base)

    def place(self, name: str) -> str:
        """How to call a file in a message."""
        return f"{self._path}: {name}"

    def names(self, folder: str) -> list[str]:
        """The file names that lie directly in a folder, sorted; none where there is no such folder."""
        return list(self._listing.get(folder, []))

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._members

    def size(self, name: str) -> int:
        """The file's length in bytes as the archive states it, which reading never exceeds; it must be there."""
        return self._members[name].file_size

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[Source]:
        """The file's bytes, unpacked on the way; it must be there."""
        with _in_one_sentence(self.place(name)):
            stream = self._zip.open(self._members[name])
        with stream:
            yield Source(stream, self.place(name))

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()


def _members(entries: list[zipfile.ZipInfo], path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files below the top folder by their path from there; where questions/ lies at the top itself, that is the archive's."""
    kept = [(_parts(entry, path), entry) for entry in entries if entry.filename != "./"]
    kept = [(parts, entry) for parts, entry in kept if parts[0] != BESIDE and not parts[0].startswith(".")]
    top = next((parts[0] for parts, _ in kept if parts[1:2] == ("questions",)), kept[0][0][0] if kept else "")
    depth = 0 if any(len(parts) == 2 and parts[0] == "questions" and not entry.is_dir() for parts, entry in kept) else 1
    members: dict[str, zipfile.ZipInfo] = {}
    for parts, entry in kept:
        shown = ascii(entry.filename[:100])
        if depth and (parts[0] != top or (len(parts) == 1 and not entry.is_dir())):
            raise InputError(f"{path} holds {shown} outside its folder {top[:100]!a}: pack one folder such as CLEVR_v1.0 and nothing else.")
        if entry.is_dir():
            continue
        name = "/".join(parts[depth:])
        if name in members:
            raise InputError(f"{path} holds {shown} twice: which is meant is unknown, pack it again.")
        if entry.flag_bits & 1:
            raise InputError(f"{path} is encrypted ({shown}): pack it again without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{path} holds {shown} packed by an unusual method: pack it again with plain deflate.")
        members[name] = entry
    return members


def _parts(entry: zipfile.ZipInfo, path: Path) -> tuple[str, ...]:
    """The folders and the name of a member; one that leads out of the archive is refused."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or re.match("[A-Za-z]:", name):
        raise InputError(
            f"{path} holds {name[:100]!a}, which leads outside its folder: such an archive is not to be trusted, fetch another."
        )
    return parts


@contextlib.contextmanager
def _in_one_sentence(place: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else ascii(str(error))[1:-1] or type(error).__name__
        raise InputError(f"{place} cannot be read or is damaged ({why[:100]}): fetch it again or mend its permissions.") from None
