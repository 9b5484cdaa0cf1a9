"""What is missing, altered or unreferenced in an archive that was handed in, found with nothing but the standard library."""

import collections
import hashlib
import html.parser
import json
import lzma
import posixpath
import stat
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paliflow.errors import InputError
from paliflow.report.archive_name import PATTERN

MANIFEST, PAGE = "manifest.json", "report/report.html"
EXPECTED = {
    "the report as a page": (PAGE,),
    "the report on paper": ("report/report.pdf",),
    "figures": ("figures/",),
    "tables": ("tables/",),
    "the adapter": ("train_adapter/main/weights/",),
    "the predictions before tuning": ("evaluate_base/predictions.jsonl",),
    "the predictions after tuning": ("evaluate_adapter/main/predictions.jsonl",),
    "the code": ("code/Snakefile", "code/Makefile", "code/config.yaml", "code/scripts/", "code/rules/"),
}
"""What an archive holds at least: files, or folders with something in them."""

SHOWN = ("figures/", "tables/")
"""The folders all of whose files the report links to."""

_BLOCK = 1 << 20
_MOST_BYTES = 100_000_000
"""Of the manifest or the page, which are read whole; a real page has a tenth of it."""

_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError)
"""What zipfile raises of a member that is damaged, encrypted or compressed in a way that this Python does not know."""


@dataclass
class Findings:
    """What was found in an archive: the faults, one line each, and a summary for the case that there are none."""

    faults: list[str]
    summary: str


def check(path: Path) -> Findings:
    """Compare an archive with its manifest and with what its report links to.

    Raises:
        InputError: there is no archive, it is no whole zip, or it holds no manifest.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _check(archive, path)
    except FileNotFoundError:
        raise InputError(f"{path} is missing: correct the path.") from None
    except (zipfile.BadZipFile, IsADirectoryError):
        raise InputError(f"{path} is no whole zip: the upload or download broke off, or it is another file; get it again.") from None


def _check(archive: zipfile.ZipFile, path: Path) -> Findings:
    manifest = _read_manifest(archive, path)
    listed, entries = manifest["sha256"], [entry for entry in archive.infolist() if not entry.is_dir()]
    held = {entry.filename for entry in entries}
    links = set(_links(archive)) if PAGE in held else set()
    faults = list(_name_faults(path.name, manifest["archive"]))
    faults += [f"unsafe: {entry.filename!a}: {why}" for entry in archive.infolist() if (why := _danger(entry))]
    faults += [f"missing: {what}: {name}" for what, names in EXPECTED.items() for name in names if not _holds(held, name)]
    faults += [f"missing: {_shown(name)}, which the manifest lists" for name in sorted(set(listed) - held)]
    faults += [f"missing: {_shown(name)}, which the report links to" for name in sorted(links - held - set(listed))]
    faults += [f"altered: {_shown(name)}: {what}" for name, what in _altered(archive, entries, listed)]
    faults += [f"added: {_shown(name)}, which the manifest does not list" for name in sorted(held - set(listed) - {MANIFEST})]
    counts = collections.Counter(entry.filename for entry in entries)
    faults += [f"twice in the archive: {_shown(name)}" for name in sorted(counts) if counts[name] > 1]
    unreferenced = sorted(name for name in held - links if name.startswith(SHOWN))
    faults += [f"unreferenced: {_shown(name)}, which the report neither shows nor links to" for name in unreferenced]
    return Findings(faults, _summary(path, entries))


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_read_whole(archive, MANIFEST))
        digests = manifest["sha256"]
        if not all(isinstance(text, str) for text in (manifest["archive"], *digests, *digests.values())):
            raise TypeError
    except KeyError:
        raise InputError(f"{path} holds no {MANIFEST} of this project: it was packed by other means; ask for the archive itself.") from None
    except (ValueError, TypeError, AttributeError, *_BROKEN):
        raise InputError(f"{path}: its {MANIFEST} is broken, so that nothing can be compared with it; ask for the archive again.") from None
    assert isinstance(manifest, dict)
    return manifest


def _read_whole(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes; a ValueError where they are so many that they were made to fill the memory."""
    with archive.open(name) as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(name)
    return content


def _shown(name: str) -> str:
    """A name as it is where all of it can be seen, else with its codes: it is printed to a terminal."""
    return name if name.isprintable() else ascii(name)


def _danger(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry could do harm when the archive is unpacked, as those that `pack` writes cannot."""
    parts = entry.filename.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or ":" in parts[0]:
        return "it leads out of the folder in which the archive is unpacked"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return None if kind in (0, stat.S_IFREG) or (kind == stat.S_IFDIR and entry.is_dir()) else "it is no file but a link or a device"


def _name_faults(name: str, packed_as: str) -> Iterator[str]:
    if not PATTERN.fullmatch(name):
        yield f"name: {name!a} is not of the form HW{{n}}_{{LastName}}_{{StudentNumber}}.zip"
    if name != packed_as:
        yield f"name: {name!a}, but it was packed as {packed_as!a}"


def _holds(held: set[str], name: str) -> bool:
    return any(other.startswith(name) for other in held) if name.endswith("/") else name in held


def _altered(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], listed: dict[str, str]) -> Iterator[tuple[str, str]]:
    for entry in (entry for entry in entries if entry.filename in listed):  # any other is told as added, however large
        try:
            digest = _digest(archive, entry)
        except _BROKEN as error:
            encrypted = entry.flag_bits & 1
            yield entry.filename, f"it cannot be unpacked ({'it is encrypted' if encrypted else error})"
        else:
            if digest != listed[entry.filename]:
                yield entry.filename, "its SHA-256 is not the manifest's"


def _digest(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    with archive.open(entry) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class _Links(html.parser.HTMLParser):
    """The addresses of a page's links and pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attributes if name in ("href", "src") and value]


def _links(archive: zipfile.ZipFile) -> Iterator[str]:
    """The files beside the page that it links to, as the archive names them."""
    try:
        text = _read_whole(archive, PAGE).decode("utf-8", "replace")
    except (ValueError, *_BROKEN):
        return  # told as altered, or as a page that shows nothing
    page = _Links()
    page.feed(text)
    for link in page.found:
        try:
            address = urllib.parse.urlsplit(link) if not link.startswith("data:") else None
        except ValueError:
            continue  # no address at all
        if address and not address.scheme and not address.netloc and address.path:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(PAGE), urllib.parse.unquote(address.path)))


def _summary(path: Path, entries: list[zipfile.ZipInfo]) -> str:
    sizes = {entry.filename: entry.file_size for entry in entries}

    def part(*starts: str) -> str:
        within = [size for name, size in sizes.items() if name.startswith(starts)]
        return f"{len(within)} {'file' if len(within) == 1 else 'files'}, {sum(within) / 1e6:.1f} MB"

    predictions = sum(name.endswith("/predictions.jsonl") for name in sizes)
    megabytes, unpacked = path.stat().st_size / 1e6, sum(sizes.values()) / 1e6
    lines = [
        f"{path.name}: nothing is missing, altered or unreferenced.",
        f"{len(sizes)} files, {megabytes:.1f} MB, unpacked {unpacked:.1f} MB; each has the manifest's SHA-256.",
        f"  report       {part('report/')}",
        f"  figures      {part('figures/')}, each linked from the report",
        f"  tables       {part('tables/')}, each linked from the report",
        f"  adapter      {part('train_adapter/main/weights/')}",
        f"  predictions  of {predictions} evaluations",
        f"  code         {part('code/')}; to run it: cd code && make report CONFIG=../settings.json",
    ]
    return "\n".join(lines)
