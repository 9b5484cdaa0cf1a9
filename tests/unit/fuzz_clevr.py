"""Spoil a small release again and again and read it, then print what came of it as one line of JSON.

`python fuzz_clevr.py FILES SEED FOLDER [RELEASE]`: how many files, the seed, an empty folder to work in, and a genuine release whose
first two pictures are to be spoilt in place of made ones.

Every spoilt file must be read to its end or end in an InputError; anything else, also more than ten seconds, is written down with the
number that makes it again. The memory of the whole process is limited, so that a blow-up ends in a MemoryError here.
"""

import contextlib
import io
import json
import random
import re
import resource
import signal
import struct
import sys
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from release_fixture import pack, write_release

from paliflow.clevr import check, picture
from paliflow.clevr.release import Release
from paliflow.errors import InputError

LIMIT = 2**30  # bytes of address space
SECONDS = 10  # for one file
INTERESTING = [b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80", b"\\ud800", b"\\", b"1e999", b"\n"]
INTERESTING += [bytes([character]) for character in b'"{}[]:,-']


def spoil_bytes(draw: random.Random, content: bytes) -> bytes:
    """Flip, cut, insert, overwrite, double or swap pieces of a file, once or a few times."""
    text = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 5, 30))):
        start = draw.randrange(len(text) + 1)
        end = min(len(text), start + draw.choice((1, 2, 8, 100, 5000)))
        match draw.randrange(7):
            case 0 if start < len(text):
                text[start] ^= 1 << draw.randrange(8)
            case 1:
                del text[start:]
            case 2:
                del text[start:end]
            case 3:
                text[start:start] = draw.choice(INTERESTING) * draw.choice((1, 1, 3, 2000))
            case 4:
                text[start:end] = draw.randbytes(end - start)
            case 5:
                text[start:start] = text[start:end]
            case 6:
                other = draw.randrange(len(text) + 1)
                text[start:end], text[other : other + end - start] = text[other : other + end - start], text[start:end]
    return bytes(text)


# values of every type, and as raw JSON what no serialiser writes
ODD_VALUES: list[Any] = [None, True, False, 0, -1, 3, 99, 2**31, 2**63, 2**64, -(2**70), 10**400, 0.5, -0.0, 1e308]
ODD_VALUES += ["", " ", "red", "scene", "\x00", "\ud800", "🙂" * 50, "../x.png", "a" * 10_000]
ODD_VALUES += [[], {}, [[]], [0], ["red"], [0, 0], [None], {"function": "scene"}, [[0, 1, 2]] * 3]
RAW = ["NaN", "-Infinity", "1e999", "-1e-999", "9" * 5000, "0." + "3" * 5000, '"\\ud800"', "01"]
RAW += ["[" * 300 + "]" * 300, "[" * 100_000, '{"a":' * 5000]
BOMB = b"a\x00\x00" + zlib.compress(bytes(10**8))  # a text of a PNG that unpacks to 100 MB
MARK = "raw JSON goes here"


def spoil_tree(draw: random.Random, content: bytes) -> bytes:
    """Change, remove, double, rename or exchange values of a JSON document anywhere in its tree."""
    document = json.loads(content)
    raw = ""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = list(_places(document))
        if not places:
            break
        holder, key = draw.choice(places)
        match draw.randrange(6):
            case 0 | 1:
                holder[key] = draw.choice(ODD_VALUES)
            case 2:
                holder[key], raw = MARK, draw.choice(RAW)
            case 3:
                del holder[key]
            case 4:
                other, there = draw.choice(places)
                holder[key] = json.loads(json.dumps(other[there]))
            case 5 if isinstance(holder, dict):
                holder[draw.choice(("function", "objects", "left", "", "\ud800", "x"))] = holder.pop(key)
            case 5:
                holder.append(holder[key])
    return json.dumps(document).replace(json.dumps(MARK), raw).encode()


def _places(value: Any) -> Any:
    """Every container of a document with each of its keys."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
                yield holder, key
                waiting.append(holder[key])


def spoil_png(draw: random.Random, content: bytes) -> bytes:
    """Change the parts of a PNG and mend their checksums, so that the decoder sees them."""
    parts, place = [], 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        parts.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    number = draw.randrange(len(parts))
    name, data = parts[number]
    match draw.randrange(4):
        case 0:
            parts[number] = (name, spoil_bytes(draw, data))
        case 1:
            width, height = draw.choice((0, 1, 12, 4000, 70_000, 2**31)), draw.choice((0, 8, 4000, 2**31))
            depth, kind, interlace = draw.choice((1, 2, 8, 16, 99)), draw.randrange(8), draw.randrange(3)
            parts[0] = (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace))
        case 2:
            extra = draw.choice(b"tEXt zTXt iTXt PLTE tRNS acTL fcTL fdAT IDAT iCCP gAMA eXIf pHYs".split())
            parts.insert(number, (extra, draw.choice((b"", draw.randbytes(30), BOMB))))
        case 3:
            del parts[number]
    packed = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)
    return content[:8] + b"".join(packed)


def spoil_zip(draw: random.Random, content: bytes) -> bytes:
    """Overwrite a field of a header of the zip, where a random change would seldom fall."""
    text = bytearray(content)
    signature, length = draw.choice(((b"PK\x03\x04", 30), (b"PK\x01\x02", 46), (b"PK\x05\x06", 22)))
    places = [place for place in range(len(text) - 4) if text[place : place + 4] == signature]
    place = draw.choice(places) + draw.randrange(4, length)
    width = draw.choice((1, 2, 4))
    text[place : place + width] = draw.choice((b"\x00" * width, b"\xff" * width, draw.randbytes(width)))
    return bytes(text)


def read(folder: Path) -> None:
    """Everything that is ever done with a release: the check, which counts faults, and the iterators, which end at the first."""
    with Release.open(folder) as release:
        check.check_release(release)
        for split in release.splits():
            list(release.questions(split))
            list(release.scenes(split))
            release.digest("questions", split)


def read_picture(content: bytes, shape: picture.Shape) -> None:
    """Both ways to look at a picture."""
    with contextlib.suppress(InputError):
        picture.check_picture(content, "a.png", None, whole=False)
    picture.check_picture(content, "a.png", shape)


def _late(signum: int, frame: object) -> None:
    raise TimeoutError(f"it took more than {SECONDS} seconds")


def copy_beginning(genuine: Path, folder: Path) -> Path:
    """The first two pictures of a release with their scenes and questions."""
    names: list[str] = []
    for kind in ("scenes", "questions"):
        path = Path(kind) / f"CLEVR_train_{kind}.json"
        document = json.loads((genuine / path).read_bytes())
        names = names or [record["image_filename"] for record in document[kind][:2]]
        document[kind] = [record for record in document[kind] if record["image_filename"] in names]
        (folder / kind).mkdir(parents=True)
        (folder / path).write_text(json.dumps(document))
    (folder / "images" / "train").mkdir(parents=True)
    for name in names:
        (folder / "images" / "train" / name).write_bytes((genuine / "images" / "train" / name).read_bytes())
    return folder


def fuzz(count: int, seed: int, folder: Path, genuine: Path | None) -> dict[str, Any]:
    """Read `count` spoilt files, by turns questions, scenes, pictures and zips."""
    release = copy_beginning(genuine, folder / "release") if genuine else write_release(folder / "release", range(2))
    archive = pack(release, folder / "release.zip")
    originals = {path: path.read_bytes() for path in (*release.rglob("*.*"), archive) if path.is_file()}
    questions, scenes = (release / kind / f"CLEVR_train_{kind}.json" for kind in ("questions", "scenes"))
    image = next(path for path in originals if path.suffix == ".png")
    ways: list[tuple[str, Path, Callable[[random.Random, bytes], bytes]]] = [
        (f"{spoil.__name__} {path.name}", path, spoil)
        for path, spoils in (
            (questions, (spoil_bytes, spoil_tree)),
            (scenes, (spoil_bytes, spoil_tree)),
            (image, (spoil_bytes, spoil_png)),
            (archive, (spoil_bytes, spoil_zip)),
        )
        for spoil in spoils
    ]
    shape = picture.check_picture(originals[image], "a.png", None)
    outcomes: dict[str, Counter[str]] = {name: Counter() for name, _, _ in ways}
    failures = []
    signal.signal(signal.SIGALRM, _late)
    for number in range(count):
        name, path, spoil = ways[number % len(ways)]
        content = spoil(random.Random(f"{seed} {number}"), originals[path])
        signal.alarm(SECONDS)
        outcome = "read"
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                if path == image:
                    read_picture(content, shape)
                else:
                    path.unlink()  # a file that is written over waits for the disk
                    path.write_bytes(content)
                    read(archive if path == archive else release)
        except InputError as error:
            outcome = "refused" if str(error).isprintable() and len(str(error)) < 1000 else "refused in odd words"
            if outcome != "refused":
                failures.append({"number": number, "way": name, "error": str(error)[:1000]})
        except BaseException:
            outcome = "failed"
            failures.append({"number": number, "way": name, "error": traceback.format_exc()[-1500:]})
        finally:
            signal.alarm(0)
            path.unlink()
            path.write_bytes(originals[path])
        outcomes[name][outcome] += 1
    return {"files": count, "peak_mib": _peak_mib(), "outcomes": outcomes, "failures": failures[:20]}


def _peak_mib() -> int:
    """The most memory that this process held; `getrusage` would count what the process that started it held too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    print(json.dumps(fuzz(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]) if sys.argv[4:] else None)))
