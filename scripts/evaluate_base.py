"""Measure the base model's answers to the test questions and to its own tasks before any training, and read the attention mask off it."""

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.provenance import Stage
from paliflow.vlm import attention, evaluate, model


def main() -> None:
    parser = Parser(description=__doc__)
    evaluate.add_arguments(parser)
    arguments = parser.parse_args()
    model.use_cpu(arguments.threads)

    base, output, random_weights = arguments.base, arguments.output, arguments.random_weights
    settings = {name: getattr(arguments, name) for name in ("base", "random_weights", "compute_type", "bootstrap_resamples")}
    stage = Stage("evaluate_base", arguments.seed, settings)
    digest = model.base_digest(base, random_weights)
    sources = (arguments.train, arguments.test, arguments.features, arguments.own_features, arguments.own_tasks)
    asked = evaluate.read_asked(*sources, digest)
    processor = model.load_processor(base, random_weights)
    answering = model.load_base(base, quantised=False, compute=arguments.compute_type, attention="eager", random_weights=random_weights)
    pair = attention.two_lengths(processor, [(question.question, question.answer) for question in asked.questions])
    files.write_json(output / "attention_mask.json", {"rows": attention.batch_mask(answering, processor, pair)})
    answering.set_attn_implementation(model.attention_of(answering.config, "sdpa"))
    evaluate.evaluate(answering, processor.tokenizer, asked, None, arguments.bootstrap_resamples, stage, output)


if __name__ == "__main__":
    errors.run(main)
