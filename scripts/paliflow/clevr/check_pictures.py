"""Look at every picture of a release: whole, of one size and mode, in one split only, and different from all others."""

import hashlib
from collections import Counter

from paliflow import progress
from paliflow.clevr import picture
from paliflow.clevr.findings import Findings
from paliflow.clevr.release import Release
from paliflow.errors import InputError

WHOLE_DECODES = 2000  # pictures of a split that are decoded to the last pixel; of all others the header and the checksums are read


class PictureCheck:
    """Looks at every picture of one split after the other, and remembers names, contents, sizes and modes."""

    def __init__(self) -> None:
        self._owners: dict[str | bytes, str] = {}  # of a picture's name, and of its content, the split that had it first
        self._shapes: Counter[picture.Shape] = Counter()
        self._first: dict[picture.Shape, str] = {}  # where the first picture of that size and mode lies

    def check(self, release: Release, split: str, names: list[str], named: set[str], findings: Findings) -> None:
        """Read every picture of a split; `named` are those that its scenes and questions name."""
        stride = -(-len(names) // WHOLE_DECODES)
        leaked = {name for name in named | set(names) if self._owners.setdefault(name, split) != split}
        seen: set[bytes] = set()
        for number, name in enumerate(progress.track(names, f"pictures of {split}", unit="picture")):
            findings.fact("images")
            place = release.image_place(split, name)
            findings.compare_splits(split, name, split, place)
            try:
                content = release.read_image(split, name)
                shape = picture.check_picture(content, place, None, whole=number % stride == 0)
            except picture.OddPictureError as error:
                findings.fault("images_odd_size", str(error))
                continue
            except InputError as error:
                findings.fault("images_broken", str(error))
                continue
            self._shapes[shape] += 1
            self._first.setdefault(shape, place)
            digest = hashlib.sha256(content).digest()
            if digest in seen:
                findings.fault("equal_images", f"{place} has the content of another picture of its split.")
            seen.add(digest)
            if self._owners.setdefault(digest, split) != split:
                leaked.add(name)
        for name in sorted(leaked):
            findings.fault("leaks", f"{release.image_place(split, name)} is, by name or by content, in another split too.")

    def compare_shapes(self, findings: Findings) -> None:
        """Count the pictures whose size or mode is not that of most."""
        for shape, count in self._shapes.most_common()[1:]:
            findings.fault("images_odd_size", f"{self._first[shape]} has another size or mode than most pictures.", count)
