"""Measure the fine-tuned model's answers to the same test questions."""

from pathlib import Path

import torch

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.provenance import Stage
from paliflow.vlm import evaluate, model


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.parquet, for the prior")
    parser.add_argument("--test", type=Path, required=True, help="test.parquet")
    parser.add_argument("--base", required=True, help="checkpoint folder or name on the model hub")
    parser.add_argument("--adapter", type=Path, required=True, help="folder that train_adapter wrote")
    parser.add_argument(
        "--method", choices=("qlora", "lora"), required=True, help="how the adapter was trained: on NF4 weights or on plain ones"
    )
    parser.add_argument("--bootstrap-resamples", type=int, default=1000, help="resamples behind each interval (default %(default)s)")
    parser.add_argument("--seed", type=int, required=True, help="seed of the bootstrap")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch on a CPU (default %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="folder for predictions.jsonl and metrics.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    settings = {"base": arguments.base, "method": arguments.method, "bootstrap_resamples": arguments.bootstrap_resamples}
    stage = Stage("evaluate_adapter", arguments.seed, settings)
    processor = model.load_processor(arguments.base)
    adapted = model.load_adapter(model.load_base(arguments.base, quantised=arguments.method == "qlora"), arguments.adapter)
    evaluate.evaluate(
        adapted.get_base_model(), processor, arguments.train, arguments.test, arguments.bootstrap_resamples, stage, arguments.output
    )


if __name__ == "__main__":
    errors.run(main)
