"""Measure the base model's answers to the test questions before any training, and read the attention mask off it."""

from pathlib import Path

import torch

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.provenance import Stage
from paliflow.vlm import attention, data, evaluate, model


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.parquet, for the prior")
    parser.add_argument("--test", type=Path, required=True, help="test.parquet")
    parser.add_argument("--base", required=True, help="checkpoint folder or name on the model hub")
    parser.add_argument("--bootstrap-resamples", type=int, default=1000, help="resamples behind each interval (default %(default)s)")
    parser.add_argument("--seed", type=int, required=True, help="seed of the bootstrap")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch on a CPU (default %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="folder for predictions.jsonl, metrics.json and attention_mask.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    stage = Stage("evaluate_base", arguments.seed, {"base": arguments.base, "bootstrap_resamples": arguments.bootstrap_resamples})
    processor = model.load_processor(arguments.base)
    base = model.load_base(arguments.base, quantised=False, attention="eager")
    first = data.read_subset(arguments.test).questions[0]
    files.write_json(arguments.output / "attention_mask.json", attention.attention_mask(base, processor, first.question, first.answer))
    base.set_attn_implementation("sdpa")
    evaluate.evaluate(base, processor, arguments.train, arguments.test, arguments.bootstrap_resamples, stage, arguments.output)


if __name__ == "__main__":
    errors.run(main)
