"""Questions asked per CPU-second, each tested for idle relations and executed for its answer as it is asked, in one process.

The official generator of CLEVR makes 21 to 435 a CPU-second; these two figures come from another machine and are given for scale alone.
"""

import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from paliflow.clevr import questions
from paliflow.clevr.vocabulary import ATTRIBUTES, VALUES

SCENES, QUESTIONS_PER_IMAGE, TURNS = 400, 10, 5


def make_scene(number: int, most_objects: int) -> dict[str, Any]:
    """A scene graph of 3 to so many objects of any look at any place, which is all that a question needs to know."""
    draw = random.Random(number)
    objects = [{name: draw.choice(VALUES[name]) for name in ATTRIBUTES} for _ in range(draw.randint(3, most_objects))]
    related: dict[str, list[list[int]]] = {}
    for lesser, greater in (("left", "right"), ("behind", "front")):
        places = [draw.random() for _ in objects]
        related[lesser] = [[j for j, there in enumerate(places) if there < here] for here in places]
        related[greater] = [[j for j, there in enumerate(places) if there > here] for here in places]
    names = {"image_index": number, "image_filename": f"CLEVR_train_{number:06d}.png", "split": "train"}
    return names | {"objects": objects, "relationships": related}


def main() -> None:
    speeds = {}
    for most_objects in (6, 10):
        scenes = [make_scene(number, most_objects) for number in range(SCENES)]
        turns = []
        for turn in range(TURNS):
            started = time.process_time()
            asked = sum(1 for _ in questions.ask(scenes, QUESTIONS_PER_IMAGE, seed=turn, processes=1))
            turns.append(asked / (time.process_time() - started))
        speeds[most_objects] = statistics.median(turns)
        print(
            f"{SCENES} scenes of 3 to {most_objects} objects, {asked} questions, median of {TURNS}: {speeds[most_objects]:.0f} a CPU-second"
        )
    print("The official generator, measured on another machine: 21 to 435 a CPU-second")
    print(f"ask_clevr_questions_per_cpu_second: {min(speeds.values()):.0f}")


if __name__ == "__main__":
    main()
