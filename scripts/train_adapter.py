"""Fine-tune the base with a low-rank adapter on the training questions: QLoRA on NF4 weights, or LoRA on plain ones."""

import shutil
import time
from pathlib import Path

import torch

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import data, model, train
from paliflow.vlm.features import encode_images


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.parquet")
    parser.add_argument("--base", required=True, help="checkpoint folder or name on the model hub")
    parser.add_argument("--method", choices=("qlora", "lora"), required=True, help="base weights in NF4, or as they are")
    parser.add_argument("--rank", type=int, default=16, help="rank of the adapter (default %(default)s)")
    parser.add_argument("--alpha", type=float, default=32, help="the adapter's output is scaled by alpha / rank (default %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="AdamW's peak (default %(default)s)")
    parser.add_argument("--weight-decay", type=float, default=0.0, help="AdamW's (default %(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="questions a step (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the training questions (default %(default)s)")
    parser.add_argument(
        "--warmup-share", type=float, default=0.05, help="share of the steps with a rising learning rate (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, required=True, help="seed of the adapter's weights and of the order of the questions")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch on a CPU (default %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="folder for the adapter, train_log.jsonl and metrics.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    names = ("base", "method", "rank", "alpha", "learning_rate", "weight_decay", "batch_size", "epochs", "warmup_share")
    settings = {name: getattr(arguments, name) for name in names}
    settings |= {"train_sha256": files.sha256(arguments.train), "base_sha256": model.checkpoint_digests(arguments.base)}
    stage = Stage("train_adapter", arguments.seed, settings)
    subset = data.read_subset(arguments.train)
    processor = model.load_processor(arguments.base)
    base = model.load_base(arguments.base, quantised=arguments.method == "qlora")
    features = encode_images(base, processor, subset.pictures, f"train_adapter {arguments.method} pictures")
    base_bytes, base_parameters = model.weight_bytes(base), base.num_parameters()
    torch.manual_seed(derive_seed(arguments.seed, "adapter"))
    adapted = model.add_adapter(base, arguments.rank, arguments.alpha)
    trainable = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
    schedule = train.Schedule(
        arguments.learning_rate,
        arguments.weight_decay,
        arguments.batch_size,
        arguments.epochs,
        arguments.warmup_share,
        derive_seed(arguments.seed, "train_adapter"),
    )
    work, started = stage.work_folder(arguments.output), time.monotonic()
    log, taken = train.train(adapted, processor.tokenizer, features, subset.questions, schedule, work, f"train_adapter {arguments.method}")
    seconds = time.monotonic() - started

    adapted.save_pretrained(work / "adapter")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        with files.replacing(arguments.output / name) as temporary:
            shutil.copyfile(work / "adapter" / name, temporary)
    files.write_json_lines(arguments.output / "train_log.jsonl", log)
    last = log[-max(1, len(log) // 20) :]
    values = {
        "questions": len(subset.questions),
        "steps": len(log),
        "first_loss": log[0]["loss"],
        "final_loss": round(sum(record["loss"] for record in last) / len(last), 6),
        "trainable_parameters": trainable,
        "total_parameters": base_parameters + trainable,
        "base_weight_bytes": base_bytes,
        "adapter_bytes": (arguments.output / "adapter_model.safetensors").stat().st_size,
        "questions_per_second": round(taken * arguments.batch_size / seconds, 2),
    }
    units = {"first_loss": "nats a token", "final_loss": "nats a token, mean of the last 5 % of the steps"}
    stage.write_metrics(arguments.output / "metrics.json", values, units, str(adapted.device))
    shutil.rmtree(work)


if __name__ == "__main__":
    errors.run(main)
