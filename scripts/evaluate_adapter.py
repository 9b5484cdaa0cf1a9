"""Measure the fine-tuned model's answers to the same test questions, and what it kept of the base's own tasks."""

from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.provenance import Stage
from paliflow.vlm import evaluate, forgetting, merge, methods, model


def main() -> None:
    parser = Parser(description=__doc__)
    evaluate.add_arguments(parser)
    parser.add_argument("--method", choices=methods.METHODS, required=True, help="how the weights were trained")
    parser.add_argument("--adapter", type=Path, required=True, help="folder of weights that train_adapter wrote")
    parser.add_argument("--own-base-answers", type=Path, required=True, help="own_answers.jsonl of evaluate_base")
    arguments = parser.parse_args()
    model.use_cpu(arguments.threads)

    base, random_weights = arguments.base, arguments.random_weights
    settings = {name: getattr(arguments, name) for name in ("base", "random_weights", "compute_type", "method", "bootstrap_resamples")}
    stage = Stage("evaluate_adapter", arguments.seed, settings)
    digest = model.base_digest(base, random_weights)
    sources = (arguments.train, arguments.test, arguments.features, arguments.own_features, arguments.own_tasks)
    asked = evaluate.read_asked(*sources, digest)
    base_answers = forgetting.read_base_answers(arguments.own_base_answers, asked.tasks)
    processor = model.load_processor(base, random_weights)
    loaded = model.load_base(
        base, quantised=methods.needs_nf4(arguments.method), compute=arguments.compute_type, random_weights=random_weights
    )
    tuned = merge.merge(methods.load_weights(loaded, arguments.adapter, digest))
    evaluate.evaluate(tuned, processor.tokenizer, asked, base_answers, arguments.bootstrap_resamples, stage, arguments.output)


if __name__ == "__main__":
    errors.run(main)
