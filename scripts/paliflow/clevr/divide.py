"""Which pictures the study uses, and which of them are for training and which for the test; no picture is on both sides."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping

from paliflow import progress
from paliflow.clevr import cogent
from paliflow.clevr.release import Release
from paliflow.errors import InputError
from paliflow.seeds import derive_seed


def describe(release: Release, split: str, compositional: bool) -> dict[str, str]:
    """Every picture of the split with the condition of CLEVR-CoGenT that its scene keeps: "A", "B" or, also where nobody asks, "".

    A scene of spheres alone keeps both and counts as "A", for it holds no combination that A lacks. Where the release has no scene
    graphs, the pictures themselves are listed.

    Raises:
        InputError: there is none, conditions are asked for and there are no scene graphs, or those are not as they should be.
    """
    if compositional and not release.has_scenes(split):
        raise InputError(
            f"{release.path} has no scene graphs of the split {split}, from which the conditions A and B are read: "
            "add its scenes, or set data.compositional to false."
        )
    if compositional:
        scenes = progress.track(release.scenes(split), "subset_clevr scenes", unit="scene")
        conditions = {scene["image_filename"]: min(cogent.conditions_of(scene), default="") for scene in scenes}
    else:
        conditions = dict.fromkeys(release.scene_names(split) if release.has_scenes(split) else release.image_names(split), "")
    if not conditions:
        raise InputError(f"{release.path} holds no picture of the split {split}: complete it, or choose another split.")
    return conditions


def draw(conditions: Mapping[str, str], share: float, test_share: float, compositional: bool, seed: int) -> list[str]:
    """Draw a share of the pictures, whatever the order in which they are given; sorted.

    In the compositional study it is a share of those of condition A; for the test as many of condition B are added as of A will be
    held out, or all there are.

    Raises:
        InputError: no picture keeps one of the two conditions.
    """
    if not compositional:
        names = _shuffled(conditions, seed, "share")
        return sorted(names[: round(share * len(names))])
    kept = {}
    for condition in ("A", "B"):
        kept[condition] = _shuffled((name for name, own in conditions.items() if own == condition), seed, condition)
        if not kept[condition]:
            raise InputError(
                f"none of {len(conditions)} scenes keeps condition {condition} of CLEVR-CoGenT: "
                "take data with more scenes, or set data.compositional to false."
            )
    seen = kept["A"][: round(share * len(kept["A"]))]
    return sorted(seen + kept["B"][: max(1, round(test_share * len(seen)))])


def hold_out(digests: Mapping[str, str], conditions: Mapping[str, str], test_share: float, seed: int) -> frozenset[str]:
    """Draw the pictures of the test side, so that two with the same content are on one side, and all of condition B on that one.

    Args:
        digests: of each picture's content, by name, in any order.
        conditions: of each of these pictures, as `describe` gives them.
        test_share: of the pictures that are not of condition B, in (0, 1).
        seed: the source of randomness.

    Raises:
        InputError: one of the two sides would be empty.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(digests):
        alike[digests[name]].append(name)
    unseen = [names for names in alike.values() if any(conditions[name] == "B" for name in names)]
    seen = [names for names in alike.values() if all(conditions[name] != "B" for name in names)]
    total = sum(map(len, seen))
    wanted = round(test_share * total)
    random.Random(derive_seed(seed, "divide")).shuffle(seen)
    test: list[str] = []
    for names in seen:
        if len(test) + len(names) <= wanted:
            test.extend(names)
    if not 0 < len(test) < total:
        raise InputError(
            f"{total} pictures with questions, {len(seen)} of them different, are too few for training and a test share of {test_share}: "
            "raise data.*.share or data.test_share."
        )
    return frozenset(test).union(*unseen)


def _shuffled(names: Iterable[str], seed: int, label: str) -> list[str]:
    shuffled = sorted(names)
    random.Random(derive_seed(seed, "draw", label)).shuffle(shuffled)
    return shuffled
