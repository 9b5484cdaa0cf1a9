"""Fine-tune the base on the training questions: an adapter on NF4 weights (QLoRA) or plain ones (LoRA, DoRA), or all language weights."""

import random
import shutil
from pathlib import Path

import torch

from paliflow import errors, files
from paliflow.arguments import Parser, number_from_zero, positive_integer, positive_number, share_from_zero, whole_number
from paliflow.errors import InputError
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import data, events, features, methods, model, train
from paliflow.vlm.schedule import Schedule


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.parquet")
    parser.add_argument("--features", type=Path, required=True, help="train.safetensors, which encode_images wrote of the same pictures")
    model.add_arguments(parser)
    parser.add_argument("--method", choices=methods.METHODS, required=True, help="what trains, and on which form of the base")
    parser.add_argument("--rank", type=positive_integer, default=16, help="of the adapter; full has none (default %(default)s)")
    parser.add_argument("--alpha", type=positive_number, default=32, help="its output is scaled by alpha / rank (default %(default)s)")
    parser.add_argument("--learning-rate", type=positive_number, default=5e-4, help="AdamW's peak (default %(default)s)")
    parser.add_argument("--weight-decay", type=number_from_zero, default=0.0, help="AdamW's (default %(default)s)")
    parser.add_argument("--batch-size", type=positive_integer, default=8, help="questions a step (default %(default)s)")
    parser.add_argument("--accumulation", type=positive_integer, default=1, help="parts that a batch is cut into (default %(default)s)")
    parser.add_argument("--checkpointing", action="store_true", help="compute activations again in the backward pass: less memory")
    parser.add_argument("--epochs", type=positive_integer, default=4, help="passes over the training questions (default %(default)s)")
    parser.add_argument(
        "--warmup-share", type=share_from_zero, default=0.05, help="share of the steps with a rising learning rate (default %(default)s)"
    )
    parser.add_argument("--questions", type=whole_number, default=0, help="so many training questions, drawn by the seed; 0: all (default)")
    parser.add_argument("--consistency", type=number_from_zero, default=0.0, help="weight of the term after CoPrompt (default %(default)s)")
    parser.add_argument("--tensorboard", action="store_true", help="also write the curves for TensorBoard")
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the adapter's weights and of the order of the questions")
    parser.add_argument("--output", type=Path, required=True, help="folder for weights/, train_log.jsonl and metrics.json")
    arguments = parser.parse_args()
    model.use_cpu(arguments.threads)
    if arguments.method == "full" and arguments.consistency:
        raise InputError(
            "The consistency term compares an adapter with the base below it, and full has no adapter: give another method, or weight 0."
        )
    observe = events.observer(arguments.output / "tensorboard") if arguments.tensorboard else lambda record: None

    digest = model.base_digest(arguments.base, arguments.random_weights)
    place = model.device()
    aside = ("train", "features", "output", "seed", "threads", "tensorboard")
    settings = {name: value for name, value in vars(arguments).items() if name not in aside}
    settings |= {"train_sha256": files.sha256(arguments.train), "base_digest": digest, "device": place.type}
    stage = Stage("train_adapter", arguments.seed, settings)
    questions = _drawn(data.read_questions(arguments.train), arguments.questions, arguments.seed)
    encoded = features.read_features(arguments.features, digest, place)
    if max(question.image for question in questions) >= len(encoded):
        raise InputError(f"{arguments.features} holds fewer pictures than {arguments.train}: run encode_images again.")
    processor = model.load_processor(arguments.base, arguments.random_weights)
    base = model.load_base(
        arguments.base, methods.needs_nf4(arguments.method), arguments.compute_type, random_weights=arguments.random_weights
    )
    base_bytes, base_parameters = model.weight_bytes(base), base.num_parameters()
    torch.manual_seed(derive_seed(arguments.seed, "adapter"))
    adapted = methods.add_adapter(base, arguments.method, arguments.rank, arguments.alpha)
    trainable = sum(parameter.numel() for parameter in methods.trained_parameters(adapted).values())
    schedule = Schedule(
        learning_rate=arguments.learning_rate,
        weight_decay=arguments.weight_decay,
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        warmup_share=arguments.warmup_share,
        seed=derive_seed(arguments.seed, "train_adapter"),
        accumulation=arguments.accumulation,
        checkpointing=arguments.checkpointing,
        consistency=arguments.consistency,
    )
    work = stage.work_folder(arguments.output)
    log, seconds = train.train(
        adapted, processor.tokenizer, encoded, questions, schedule, work, f"train_adapter {arguments.output.name}", observe
    )

    weights = arguments.output / "weights"
    methods.save_weights(adapted, arguments.method, weights, digest)
    files.write_json_lines(arguments.output / "train_log.jsonl", log)
    last = log[-max(1, len(log) // 20) :]
    values = {
        "method": arguments.method,
        "rank": None if arguments.method == "full" else arguments.rank,
        "consistency": arguments.consistency,
        "questions": len(questions),
        "steps": len(log),
        "first_loss": log[0]["loss"],
        "final_loss": round(sum(record["loss"] for record in last) / len(last), 6),
        "trainable_parameters": trainable,
        "total_parameters": base_parameters + (0 if arguments.method == "full" else trainable),
        "base_weight_bytes": base_bytes,
        "adapter_bytes": sum(path.stat().st_size for path in weights.glob("*.safetensors")),
        "questions_per_second": round(arguments.epochs * len(questions) / seconds, 2),
        "training_seconds": round(seconds, 2),
        "peak_memory_mib": round(train.memory_mib(place), 1),
    }
    units = {"first_loss": "nats a token", "final_loss": "nats a token, mean of the last 5 % of the steps"}
    stage.write_metrics(arguments.output / "metrics.json", values, units, str(place))
    shutil.rmtree(work)


def _drawn(questions: list[data.Question], count: int, seed: int) -> list[data.Question]:
    """`count` of the questions, in their order; all of them where there are no more, or `count` is 0."""
    if not 0 < count < len(questions):
        return questions
    chosen = random.Random(derive_seed(seed, "questions")).sample(range(len(questions)), count)
    return [questions[index] for index in sorted(chosen)]


if __name__ == "__main__":
    errors.run(main)
