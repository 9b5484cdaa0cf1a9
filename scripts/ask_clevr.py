"""Ask questions about rendered scenes: functional programs, executed for their answers, in the layout of the CLEVR v1.0 release."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from paliflow import errors, files, progress
from paliflow.arguments import Parser, positive_integer
from paliflow.clevr import program, questions, records, stream
from paliflow.clevr.families import FAMILIES
from paliflow.clevr.vocabulary import ATTRIBUTES
from paliflow.provenance import Stage


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="the scenes JSON")
    parser.add_argument("--questions-per-image", type=positive_integer, default=10, help="questions about each scene (default %(default)s)")
    parser.add_argument("--seed", type=int, required=True, help="seed of the questions")
    parser.add_argument(
        "--processes", type=positive_integer, default=os.cpu_count(), help="how many ask at a time; no effect on the result"
    )
    parser.add_argument("--output", type=Path, required=True, help="the questions JSON to write")
    parser.add_argument("--metrics", type=Path, required=True, help="the metrics JSON to write")
    arguments = parser.parse_args()

    stage = Stage("ask_clevr", arguments.seed, {"questions_per_image": arguments.questions_per_image})
    scenes = read_scenes(arguments.scenes)
    counts = {name: Counter[Any]() for name in ("image", "family", "kind", "group")}
    with files.replacing(arguments.output) as temporary, temporary.open("w", encoding="utf-8") as output:
        asked = questions.ask(scenes, arguments.questions_per_image, arguments.seed, arguments.processes)
        output.write('{"info": ' + json.dumps({"split": scenes[0].get("split", ""), "license": "MIT", "version": "paliflow"}))
        separator = ', "questions": [\n'
        for question in progress.track(asked, "ask_clevr", total=arguments.questions_per_image * len(scenes), unit="question"):
            output.write(separator + json.dumps(question))
            separator = ",\n"
            family = question["question_family_index"]
            counts["image"][question["image_filename"]] += 1
            counts["family"][family] += 1
            counts["kind"][program.kind(question["program"])] += 1
            counts["group"][FAMILIES[family].group] += 1
        if not counts["image"]:
            raise errors.InputError(f"{arguments.scenes} holds no scene that a question can be asked about: render larger ones.")
        output.write("\n]}\n")
    values = {
        "questions": counts["image"].total(),
        "scenes": len(scenes),
        "scenes_without_questions": len(scenes) - len(counts["image"]),
        "families": len(counts["family"]),
        "kinds": dict(sorted(counts["kind"].items())),
        "groups": dict(sorted(counts["group"].items())),
    }
    stage.write_metrics(arguments.metrics, values, dict.fromkeys(values, "count"))


def read_scenes(path: Path) -> list[dict[str, Any]]:
    """The scene graphs of a file, each checked, without the coordinates, which no question needs.

    Raises:
        InputError: the file or a record of it is not as the release's are, or two are about the same picture.
    """
    scenes = []
    with path.open("rb") as content:
        for number, record in enumerate(stream.records(content, "scenes", str(path))):
            scene = records.read_scene(record, f"{path}, scene {number}")
            objects = [{name: thing[name] for name in ATTRIBUTES} for thing in scene["objects"]]
            scenes.append({name: value for name, value in scene.items() if name != "directions"} | {"objects": objects})
    repeated = [name for name, times in Counter(scene["image_filename"] for scene in scenes).items() if times > 1]
    if repeated:
        raise errors.InputError(f"{path} describes the picture {repeated[0]} twice: remove one.")
    if not scenes:
        raise errors.InputError(f"{path} holds no scenes: make it again.")
    return scenes


if __name__ == "__main__":
    errors.run(main)
