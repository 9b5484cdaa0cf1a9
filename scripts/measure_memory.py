"""Tell what a training step keeps in memory by method, term by term: measured on the base, and by formula for the published PaliGemmas."""

import gc
import random
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from paliflow import errors
from paliflow.arguments import Parser, positive_integer, positive_number, whole_number
from paliflow.errors import InputError
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import data, examples, measured_memory, memory, methods, model, published
from paliflow.vlm.features import read_features
from paliflow.vlm.loss import suffix_loss

Terms = dict[str, dict[str, float]]


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.parquet")
    parser.add_argument("--features", type=Path, required=True, help="train.safetensors, which encode_images wrote of the same pictures")
    model.add_arguments(parser)
    parser.add_argument("--rank", type=positive_integer, default=16, help="of the adapters (default %(default)s)")
    parser.add_argument("--alpha", type=positive_number, default=32, help="its output is scaled by alpha / rank (default %(default)s)")
    parser.add_argument(
        "--batch-size",
        type=positive_integer,
        default=32,
        help="the most questions in the batch; halved while a GPU holds none of the methods (default %(default)s)",
    )
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the batch and of the adapters' weights")
    parser.add_argument("--output", type=Path, required=True, help="folder for metrics.json")
    arguments = parser.parse_args()
    model.use_cpu(arguments.threads)

    names = ("base", "random_weights", "compute_type", "rank", "alpha", "batch_size")
    stage = Stage("measure_memory", arguments.seed, {name: getattr(arguments, name) for name in names})
    subset = data.read_subset(arguments.train)
    features = read_features(arguments.features, model.base_digest(arguments.base, arguments.random_weights), model.device())
    if len(features) != len(subset.pictures):
        raise InputError(f"{arguments.features} holds other pictures than {arguments.train}: run encode_images again.")
    asked = random.Random(derive_seed(arguments.seed, "memory_batch")).sample(
        subset.questions, min(arguments.batch_size, len(subset.questions))
    )

    def measure_one(method: str, questions: int) -> tuple[Terms, memory.Settings]:
        return compare(arguments, method, asked[:questions], subset.pictures, features)

    def release() -> None:
        gc.collect()
        torch.cuda.empty_cache()

    found, left_out = measured_memory.measure_those_that_fit(memory.METHODS, measure_one, len(asked), release)
    values = {
        "study_step": asdict(next(settings for _, settings in found.values())),
        "study": {method: terms for method, (terms, _) in found.items()},
        "left_out": left_out,
        "assignment_step": asdict(memory.ASSIGNMENT),
        "models": {
            name.removeprefix("google/"): memory.describe(memory.Shape.of(published.config(name)), memory.ASSIGNMENT)
            for name in published.TEXT
        },
    }
    stage.write_metrics(arguments.output / "metrics.json", values, {"study": "bytes", "models": "bytes"}, str(model.device()))


def compare(
    arguments: Namespace, method: str, asked: list[data.Question], pictures: Sequence[Image.Image], features: Tensor
) -> tuple[Terms, memory.Settings]:
    """Each term of a method on the base, estimated and measured, with the settings behind the estimate."""
    processor = model.load_processor(arguments.base, arguments.random_weights)
    quantised = methods.needs_nf4(method)
    base = model.load_base(arguments.base, quantised, arguments.compute_type, random_weights=arguments.random_weights)
    encoded = [examples.encode(processor.tokenizer, features.shape[1], question.question, question.answer) for question in asked]
    batch = {name: values.to(base.device) for name, values in examples.collate(encoded, processor.tokenizer.pad_token_id).items()}
    settings = memory.Settings(
        batch=len(asked),
        length=batch["labels"].shape[1],
        suffix_tokens=sum(len(question.suffix) for question in encoded),
        pictures=len(features),
        rank=arguments.rank,
        size=base.dtype.itemsize,
    )
    trained: nn.Module = base
    kept = 0
    if method == "everything":
        base.requires_grad_(True)
        shown = [pictures[question.image].convert("RGB") for question in asked]
        pixels = processor.image_processor(shown, return_tensors="pt")["pixel_values"].to(base.device, base.dtype)

        def images() -> Tensor:
            return base.get_image_features(pixels).pooler_output
    else:
        torch.manual_seed(derive_seed(arguments.seed, "adapter"))
        trained = methods.add_adapter(base, method, arguments.rank, arguments.alpha)
        rows, kept = features[torch.tensor([question.image for question in asked])], features.untyped_storage().nbytes()

        def images() -> Tensor:
            return rows

    inner = methods.inner(trained)
    found = measured_memory.measure(trained.train(), lambda: suffix_loss(inner, batch, images()), settings.suffix_tokens)
    found |= {"features": kept, "total": found["peak"] + kept}
    estimated = memory.estimate(memory.Shape.of(base.config), method, settings)
    estimated["total"] = memory.total(estimated)
    terms = {
        term: {"estimated": size, "measured": found[term], "ratio": round(found[term] / size, 4)}
        for term, size in estimated.items()
        if size
    }
    if "peak_on_gpu" in found:
        terms["total"]["allocated_on_gpu"] = found["peak_on_gpu"]
    return terms, settings


if __name__ == "__main__":
    errors.run(main)
