"""Check a whole release: execute every program, hold relations against coordinates, look at every picture, and compare the splits.

Whatever can be counted is counted and does not stop the check; only a file that cannot be read to its end does. Memory grows with the
number of scenes (a few kilobytes each), questions and pictures (some hundred bytes each), never with a file.
"""

from collections.abc import Mapping
from typing import Any

from paliflow import progress
from paliflow.clevr import program, records
from paliflow.clevr.check_pictures import PictureCheck
from paliflow.clevr.findings import Findings
from paliflow.clevr.release import Release
from paliflow.clevr.vocabulary import RELATION_THRESHOLD, RELATIONS
from paliflow.errors import InputError

TIE = 1e-6  # so near the threshold both are right, for coordinates are rounded

Scenes = dict[str, tuple[program.ObjectSets, int]]  # by picture: what a program asks of its scene, and its image_index


def check_release(release: Release) -> Findings:
    """Check everything that a release holds.

    Raises:
        InputError: a questions or scenes file cannot be read to its end.
    """
    findings = Findings()
    pictures = PictureCheck()
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
        findings.compare_splits(record.get("split", split), name, split, place)
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
    before = findings.counts["questions"]
    for place, record in progress.track(release.records("questions", split), f"questions of {split}", unit="question"):
        findings.fact("questions")
        try:
            name = records.file_name(record, place)
        except InputError as error:
            findings.fault("questions_invalid", str(error))
            continue
        asked.add(name)
        findings.compare_splits(record.get("split", split), name, split, place)
        try:
            text = hash((name, records.text_of(record, "question", place)))  # 64 bits in place of a text; two hardly ever agree by chance
            question = records.read_question(record, place) if "answer" in record else None
        except records.ProgramError as error:
            findings.fault("programs_invalid", str(error))
            continue
        except InputError as error:
            findings.fault("questions_invalid", str(error))
            continue
        if text in texts:
            findings.fault("duplicate_questions", f"{place} has the text of another question about {name}.")
        texts.add(text)
        if name in scenes:
            _check_index(record, scenes[name][1], place, findings)
        elif has_scenes or (question and question.program):
            findings.fault("questions_without_scene", f"{place} is about {name}, which no valid scene graph describes.")
        if question is None:
            findings.fact("questions_without_answer")
        elif question.program is None:
            findings.fact("questions_without_program")
        elif name in scenes:
            _execute(question, question.program, scenes[name][0], place, findings)
    if findings.counts["questions"] == before:
        findings.fault("splits_without_questions", f"{release.place_of('questions', split)} holds no question: fetch or make it again.")
    return asked


def _execute(question: records.Question, steps: list[program.Step], sets: program.ObjectSets, place: str, findings: Findings) -> None:
    """Hold a question's answer against what its program gives on its scene."""
    name = question.image_filename
    try:
        answer = program.execute(steps, sets)
        findings.fact("degenerate", program.is_degenerate(steps, sets))
    except program.InvalidProgramError as error:
        findings.fault("programs_without_answer", f"{place} has no answer about {name}: {error}.")
        return
    if answer == question.answer:
        findings.fact("answers_agree")
    else:
        findings.fault("answers_differ", f"{place} gives the answer {question.answer[:40]!a}, and its program {answer!a} on {name}.")


def _check_index(record: dict[str, Any], wanted: int, place: str, findings: Findings) -> None:
    given = record.get("image_index", wanted)
    if given != wanted:
        findings.fault(
            "indices_differ", f"{place} gives its picture the image_index {records.shown(given)}, and the scene gives it {wanted}."
        )
