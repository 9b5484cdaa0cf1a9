"""Ask questions about rendered scenes: functional programs, executed for their answers, in the layout of the CLEVR v1.0 release."""

import argparse
from pathlib import Path

from paliflow import errors, files
from paliflow.clevr import questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="the scenes JSON")
    parser.add_argument("--questions-per-image", type=int, default=10, help="questions about each scene (default %(default)s)")
    parser.add_argument("--seed", type=int, required=True, help="seed of the questions")
    parser.add_argument("--output", type=Path, required=True, help="the questions JSON to write")
    arguments = parser.parse_args()

    document = files.read_json(arguments.scenes)
    asked = list(questions.ask(document["scenes"], arguments.questions_per_image, arguments.seed))
    files.write_json(arguments.output, {"info": document["info"], "questions": asked})


if __name__ == "__main__":
    errors.run(main)
