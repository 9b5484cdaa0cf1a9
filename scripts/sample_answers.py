"""Draw random test questions and lay the base's and the fine-tuned model's answers side by side, with their pictures."""

import random
from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser, positive_integer, whole_number
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import data


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--test", type=Path, required=True, help="test.parquet")
    parser.add_argument("--before", type=Path, required=True, help="predictions.jsonl of the base")
    parser.add_argument("--after", type=Path, required=True, help="predictions.jsonl of the fine-tuned model")
    parser.add_argument(
        "--samples",
        type=positive_integer,
        default=10,
        help="questions to draw; all if there are fewer (default %(default)s)",
    )
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the draw")
    parser.add_argument("--output", type=Path, required=True, help="folder for samples.json, images/ and metrics.json")
    arguments = parser.parse_args()

    stage = Stage("sample_answers", arguments.seed, {"samples": arguments.samples})
    subset = data.read_subset(arguments.test)
    before, after = (data.read_predictions(path, arguments.test, subset.questions) for path in (arguments.before, arguments.after))
    draw = random.Random(derive_seed(arguments.seed, "sample_answers"))
    chosen = draw.sample(range(len(subset.questions)), min(arguments.samples, len(subset.questions)))
    samples = []
    for number, index in enumerate(chosen, 1):
        question = subset.questions[index]
        picture = arguments.output / "images" / f"sample_{number:02d}.png"
        data.write_png(subset.pictures[question.image], picture)
        texts = {"question": question.question, "reference": question.answer}
        answers = {"before": before[index]["prediction"], "after": after[index]["prediction"]}
        samples.append({"image": picture.as_posix(), "image_filename": question.image_filename, "kind": question.kind} | texts | answers)
    files.write_json(arguments.output / "samples.json", samples)
    values = {"samples": len(samples), "of": len(subset.questions)}
    stage.write_metrics(arguments.output / "metrics.json", values, {"samples": "questions"})


if __name__ == "__main__":
    errors.run(main)
