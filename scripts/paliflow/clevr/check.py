"""Check a whole release: execute every program, hold relations against coordinates, look at every picture, and compare the splits.

Whatever can be counted is counted and does not stop the check; only a file that cannot be read to its end does. Memory grows with the
number of scenes (a few kilobytes each), questions and pictures (some hundred bytes each), never with a file.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from paliflow import progress
from paliflow.clevr import picture, program, records
from paliflow.clevr.release import Release
from paliflow.clevr.vocabulary import RELATIONS
from paliflow.errors import InputError

# what is wrong with a release if it is above 0
FAULTS = {
    "questions_invalid": "records that are no question of the release's form",
    "scenes_invalid": "records that are no scene graph of the release's form",
    "programs_invalid": "programs that no scene could give an answer to",
    "programs_without_answer": "programs whose `unique` found no object or several",
    "answers_differ": "questions whose program gives another answer than theirs",
    "questions_without_scene": "questions about a picture that no valid scene graph describes, though there are scenes or a program",
    "indices_differ": "questions that give their picture another image_index than its scene",
    "splits_differ": "records or pictures that name another split than the one where they lie",
    "relations_differ": "ordered pairs of objects whose relation is not what their coordinates say",
    "images_missing": "pictures that a scene or a question names and that are not there",
    "images_broken": "pictures that cannot be read",
    "images_odd_size": "pictures of another size or mode than most",
    "leaks": "pictures that lie in, or are named by, more than one split; the same by name or by content",
    "duplicate_images": "scenes of a picture that a scene before them describes",
    "equal_images": "pictures with the content of another of their split",
    "duplicate_questions": "questions with the text of another about the same picture",
}
# what is only good to know
FACTS = {
    "images": "pictures",
    "scenes": "scene graphs",
    "questions": "questions",
    "answers_agree": "questions whose program gives their answer",
    "questions_without_program": "valid questions that have no program",
    "questions_without_answer": "questions that have no answer, as in the release's test split",
    "scenes_without_questions": "scenes about which nothing is asked",
    "degenerate": "questions with a relation that could be left out",
}

RELATION_THRESHOLD = 0.2  # CLEVR's: j is left of i if it lies further left by more than this
TIE = 1e-6  # so near the threshold both are right, for coordinates are rounded
WHOLE_DECODES = 2000  # pictures of a split that are decoded to the last pixel; of all others the checksums

Scenes = dict[str, tuple[program.ObjectSets, int]]  # by picture: what a program asks of its scene, and its image_index


class Findings:
    """Counts of everything in FACTS and FAULTS; the first example of each fault is told as it is found."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def fact(self, name: str, count: int = 1) -> None:
        self.counts[name] += count

    def fault(self, name: str, example: str, count: int = 1) -> None:
        """Count a fault; `example` is a sentence that says where the first lies."""
        if count and not self.counts[name]:
            progress.say(f"{name}: {example}")
        self.counts[name] += count

    def faults(self) -> dict[str, int]:
        """The faults that were found."""
        return {name: self.counts[name] for name in FAULTS if self.counts[name]}


def check_release(release: Release) -> Findings:
    """Check everything that a release holds.

    Raises:
        InputError: a questions or scenes file cannot be read to its end.
    """
    findings = Findings()
    pictures = _Pictures()
    for split in release.splits():
        present = release.image_names(split)
        scenes, described = _check_scenes(release, split, findings)
        asked = _check_questions(release, split, scenes, findings)
        findings.fact("scenes_without_questions", len(described - asked))
        for name in sorted((asked | described).difference(present)):
            findings.fault("images_missing", f"{release.image_place(split, name)} is not there, and a scene or a question names it.")
        pictures.check(release, split, present, asked | described, findings)
    pictures.compare_shapes(findings)
    return findings


def differing_relations(scene: Mapping[str, Any]) -> int:
    """How many ordered pairs of objects (i, j) of a checked scene graph have a relation that their coordinates deny.

    The rule is CLEVR's: `relationships[name][i]` lists every j with (position_j - position_i) · direction > 0.2. Nearer than 1e-6 to
    that threshold both are right, since coordinates are rounded.
    """
    differing = 0
    for name in RELATIONS:
        x, y, z = scene["directions"][name]
        along = [place[0] * x + place[1] * y + place[2] * z for place in (thing["3d_coords"] for thing in scene["objects"])]
        for i, row in enumerate(scene["relationships"][name]):
            for j, there in enumerate(along):
                excess = there - along[i] - RELATION_THRESHOLD
                differing += i != j and abs(excess) > TIE and (excess > 0) != (j in row)
    return differing


def _check_scenes(release: Release, split: str, findings: Findings) -> tuple[Scenes, set[str]]:
    """What programs ask of the valid scenes, and the pictures that the scenes file names at all."""
    scenes: Scenes = {}
    described: set[str] = set()
    if not release.has_scenes(split):
        return scenes, described
    for place, record in progress.track(release.records("scenes", split), f"scenes of {split}", unit="scene"):
        findings.fact("scenes")
        try:
            name = records.file_name(record, place)
        except InputError as error:
            findings.fault("scenes_invalid", str(error))
            continue
        if name in described:
            findings.fault("duplicate_images", f"{place} describes {name}, which a scene before it describes too.")
            continue
        described.add(name)
        _check_split(record, name, split, place, findings)
        try:
            scene = records.read_scene(record, place)
        except InputError as error:
            findings.fault("scenes_invalid", str(error))
            continue
        findings.fault("relations_differ", f"{place} ({name}) has relations that its coordinates deny.", differing_relations(scene))
        scenes[name] = (program.ObjectSets(scene), scene["image_index"])
    return scenes, described


def _check_questions(release: Release, split: str, scenes: Scenes, findings: Findings) -> set[str]:
    """The pictures that the questions file names."""
    asked: set[str] = set()
    texts: set[int] = set()
    has_scenes = release.has_scenes(split)
    for place, record in progress.track(release.records("questions", split), f"questions of {split}", unit="question"):
        findings.fact("questions")
        try:
            name = records.file_name(record, place)
        except InputError as error:
            findings.fault("questions_invalid", str(error))
            continue
        asked.add(name)
        _check_split(record, name, split, place, findings)
        try:
            question = records.read_question({"answer": "unknown", **record}, place)
        except records.ProgramError as error:
            findings.fault("programs_invalid", str(error))
            continue
        except InputError as error:
            findings.fault("questions_invalid", str(error))
            continue
        text = hash(
            (name, question.question)
        )  # 64 bits instead of a text; that two of a million agree by chance happens once in 10^7 times
        if text in texts:
            findings.fault("duplicate_questions", f"{place} has the text of another question about {name}.")
        texts.add(text)
        if "answer" not in record:
            findings.fact("questions_without_answer")
        _execute(question, record, scenes, has_scenes, place, findings)
    return asked


def _execute(question: records.Question, record: dict[str, Any], scenes: Scenes, has_scenes: bool, place: str, findings: Findings) -> None:
    """Hold one question against its scene."""
    name, steps = question.image_filename, question.program
    if steps is None:
        findings.fact("questions_without_program")
    if name not in scenes:
        if has_scenes or steps is not None:
            findings.fault("questions_without_scene", f"{place} is about {name}, which no valid scene graph describes.")
        return
    sets, image_index = scenes[name]
    if record.get("image_index", image_index) != image_index:
        findings.fault(
            "indices_differ", f"{place} gives {name} the image_index {records.shown(record['image_index'])}, and its scene {image_index}."
        )
    if steps is None:
        return
    try:
        answer = program.execute(steps, sets)
        findings.fact("degenerate", program.is_degenerate(steps, sets))
    except program.InvalidProgramError as error:
        findings.fault("programs_without_answer", f"{place} has no answer about {name}: {error}.")
        return
    if "answer" not in record:
        return
    if answer == question.answer:
        findings.fact("answers_agree")
    else:
        findings.fault("answers_differ", f"{place} gives the answer {question.answer[:40]!a}, and its program {answer!a} on {name}.")


def _check_split(record: dict[str, Any], name: str, split: str, place: str, findings: Findings) -> None:
    said = record.get("split", split)
    by_name = re.match(r"CLEVR_([^_]+)_\d", name)
    if said != split or (by_name and by_name.group(1) != split):
        findings.fault("splits_differ", f"{place} ({name}) lies in the split {split}, and its name or its 'split' says another.")


class _Pictures:
    """What is known of the pictures of all splits so far."""

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
            _check_split({}, name, split, place, findings)
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
