"""Ask questions about scenes: each has a functional program, and as its answer what the program gives on the scene.

Kinds come in CLEVR's proportions, the families of a kind equally often, and the answers of a family equally often, all as far as the
scenes allow: of the valid questions that a scene offers, the one stays that is wanted most.
"""

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from paliflow.clevr import program
from paliflow.clevr.candidates import candidates
from paliflow.clevr.families import FAMILIES, SHARES
from paliflow.clevr.phrases import SceneSets, program_of
from paliflow.clevr.vocabulary import VALUES
from paliflow.clevr.wording import say
from paliflow.seeds import derive_seed

Scene = dict[str, Any]
Question = dict[str, Any]

BLOCK = 500  # scenes that are balanced among themselves, and asked about by one process
TRIES = 2  # at a family that a scene has no question of, and at words that were said already

# how many answers the questions of a kind have; counts have no fixed number, but none is to be more than half of them
ANSWERS = {kind: len(VALUES[kind.removeprefix("query_")]) if kind.startswith("query_") else 2 for kind in SHARES}


def ask(scenes: list[Scene], questions_per_image: int, seed: int, processes: int = 1) -> Iterator[Question]:
    """Questions about every scene, in the release's fields.

    Args:
        scenes: scene graphs in the release's fields, in any order.
        questions_per_image: how many about each; fewer, perhaps none, where a scene has no more.
        seed: the source of all randomness.
        processes: how many work side by side; no effect on the result.
    """
    ordered = sorted(scenes, key=lambda scene: (scene["image_index"], scene["image_filename"]))
    blocks = [(number, ordered[start : start + BLOCK]) for number, start in enumerate(range(0, len(ordered), BLOCK))]
    work = partial(_ask_block, questions_per_image, seed)
    if processes == 1 or len(blocks) < 2:
        yield from _numbered(map(work, blocks))
    else:
        with multiprocessing.get_context("spawn").Pool(min(processes, len(blocks))) as pool:
            yield from _numbered(pool.imap(work, blocks))


def _numbered(blocks: Iterator[list[Question]]) -> Iterator[Question]:
    number = 0
    for block in blocks:
        for question in block:
            yield {"question_index": number} | question
            number += 1


def _ask_block(questions_per_image: int, seed: int, block: tuple[int, list[Scene]]) -> list[Question]:
    number, scenes = block
    asker = Asker(random.Random(derive_seed(seed, "questions", number)))
    return [question for scene in scenes for question in asker.ask(scene, questions_per_image)]


class Asker:
    """Asks about one scene after another, and remembers what it asked, so that the next question can be what is still wanting."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._kinds: Counter[str] = Counter()
        self._answers: list[Counter[str]] = [Counter() for _ in FAMILIES]
        self._asked = [0] * len(FAMILIES)

    def ask(self, scene: Scene, number: int) -> list[Question]:
        """At most `number` questions about a scene, all different; none about one without objects."""
        if not scene["objects"]:
            return []
        sets = SceneSets(program.ObjectSets(scene))
        about = {name: scene[name] for name in ("image_index", "image_filename", "split") if name in scene}
        found: list[Question] = []
        said: set[Any] = set()
        failed = [0] * len(FAMILIES)
        used = [0] * len(FAMILIES)
        kinds = set(SHARES)
        while len(found) < number and kinds:
            kind = self._wanted_kind(kinds)
            family = self._wanted_family(kind, failed, used)
            if family is None:
                kinds.remove(kind)
                continue
            question = self._question(family, sets, said)
            if question is None:
                failed[family] += 1
                continue
            used[family] += 1
            self._asked[family] += 1
            self._kinds[kind] += 1
            self._answers[family][question["answer"]] += 1
            found.append(question | about)
        return found

    def _wanted_kind(self, kinds: set[str]) -> str:
        """The kind that is furthest behind its share."""
        total = self._kinds.total() + 1
        return max((kind for kind in SHARES if kind in kinds), key=lambda kind: SHARES[kind] * total / 1000 - self._kinds[kind])

    def _wanted_family(self, kind: str, failed: list[int], used: list[int]) -> int | None:
        """The family of a kind that was asked least, of this scene and then of all; None if the scene has none left."""
        left = [family for family in _FAMILIES_OF[kind] if failed[family] < TRIES]
        draw = self._draw.random
        return min(left, key=lambda family: (used[family] + failed[family], self._asked[family], draw()), default=None)

    def _question(self, family: int, sets: SceneSets, said: set[Any]) -> Question | None:
        """A question of a family with an answer that is wanted, in words and with a program that are new to the scene."""
        offered = candidates(FAMILIES[family], sets, self._draw)
        answer = self._wanted_answer(family, {answer for answer, _ in offered})
        if answer is None:
            return None
        _, phrases = self._draw.choice([candidate for candidate in offered if candidate[0] == answer])
        steps = program_of(FAMILIES[family], phrases)
        text = say(FAMILIES[family], phrases, self._draw)
        key = tuple((step["function"], *step["inputs"], *step["value_inputs"]) for step in steps)
        if text in said or key in said or program.is_degenerate(steps, sets.sets):
            return None
        said |= {text, key}
        return {
            "question": text,
            "answer": program.execute(steps, sets.sets),
            "program": steps,
            "question_family_index": family,
        }

    def _wanted_answer(self, family: int, offered: set[str]) -> str | None:
        """The offered answer that the family gave least; None if that is ahead of its share already by more than one."""
        if not offered:
            return None
        counts, draw = self._answers[family], self._draw.random
        answer = min(sorted(offered), key=lambda answer: (counts[answer], draw()))
        fair = (self._asked[family] + 1) / ANSWERS[FAMILIES[family].kind]
        return answer if counts[answer] < fair + 0.5 else None


_FAMILIES_OF = {kind: [index for index, family in enumerate(FAMILIES) if family.kind == kind] for kind in SHARES}
