"""What a check of a release counts, and how it tells of the first of each fault."""

import re
from collections import Counter
from typing import Any

from paliflow import progress

# what is wrong with a release if it is above 0
FAULTS = {
    "questions_invalid": "records that are no question of the release's form",
    "scenes_invalid": "records that are no scene graph of the release's form",
    "splits_without_questions": "questions files that hold no question",
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


class Findings:
    """Counts of everything in FACTS and FAULTS; the first example of each fault is told as it is found."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def fact(self, name: str, count: int = 1) -> None:
        """Count something that is no fault."""
        self.counts[name] += count

    def fault(self, name: str, example: str, count: int = 1) -> None:
        """Count a fault; `example` is a sentence that says where the first lies."""
        if count and not self.counts[name]:
            progress.say(f"{name}: {example}")
        self.counts[name] += count

    def faults(self) -> dict[str, int]:
        """The faults that were found."""
        return {name: self.counts[name] for name in FAULTS if self.counts[name]}

    def compare_splits(self, said: Any, name: str, split: str, place: str) -> None:
        """Count a fault where a record's `split`, or the split in a picture's file name, is not the one where it lies."""
        named = re.match(r"CLEVR_([^_]+)_\d", name)
        if said != split or (named and named.group(1) != split):
            self.fault("splits_differ", f"{place} ({name}) lies in the split {split}, and its name or its 'split' says another.")
