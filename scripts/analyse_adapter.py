"""Look into what was trained: 4-bit errors on the base's weights, the adapters' singular values, where the answer looks in the picture."""

import random
from pathlib import Path
from typing import Any

import torch

from paliflow import errors, files
from paliflow.arguments import Parser, positive_integer, whole_number
from paliflow.errors import InputError
from paliflow.provenance import Stage
from paliflow.runs import MAIN
from paliflow.seeds import derive_seed
from paliflow.vlm import attention_maps, data, methods, model, quantisation, singular_values
from paliflow.vlm.answer import answer_questions
from paliflow.vlm.features import read_features

CUT_QUESTIONS = 300
"""Test questions behind what the answers lose without a look at the picture; all of them if there are fewer."""


def main() -> None:
    parser = Parser(description=__doc__)
    model.add_arguments(parser)
    parser.add_argument("--test", type=Path, required=True, help="test.parquet")
    parser.add_argument("--features", type=Path, required=True, help="test.safetensors of encode_images")
    parser.add_argument(
        "--weights", nargs="+", required=True, metavar="RUN=FOLDER", help=f"what runs of qlora trained; {MAIN} answers the questions"
    )
    parser.add_argument("--questions", type=positive_integer, default=6, help="test questions to show (default %(default)s)")
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the normal sample and of the drawn questions")
    parser.add_argument("--output", type=Path, required=True, help="folder for metrics.json, attention.json and the pictures in attention/")
    arguments = parser.parse_args()
    model.use_cpu(arguments.threads)

    weights = dict(read_run(text) for text in arguments.weights)
    if MAIN not in weights:
        raise InputError(f"--weights names no run {MAIN}: give its weights as {MAIN}=FOLDER.")
    settings = {name: getattr(arguments, name) for name in ("base", "random_weights", "compute_type", "questions")}
    stage = Stage("analyse_adapter", arguments.seed, settings | {"runs": sorted(weights)})
    digest = model.base_digest(arguments.base, arguments.random_weights)
    adapters = {run: singular_values.read_adapter(folder, digest) for run, folder in weights.items()}

    plain = load(arguments, quantised=False)
    matrices = quantisation.projections(plain)
    norms = {name: matrix.float().norm().item() for name, matrix in matrices}
    analysed = {run: singular_values.analyse(adapter, norms) for run, adapter in adapters.items()}
    values = {
        "quantisation": compare_types(matrices, derive_seed(arguments.seed, "normal_sample")),
        "singular_values": analysed,
        "by_rank": singular_values.by_rank([values for run, values in analysed.items() if run != MAIN]),
    }
    del plain, matrices

    tuned = methods.load_weights(load(arguments, quantised=True), weights[MAIN], digest)
    looks, values["attention"] = look(tuned, arguments, digest)
    files.write_json(arguments.output / "attention.json", looks)
    units = {"quantisation": "of the weights' root mean square", "singular_values": "of (alpha / rank) B A", "attention": "share"}
    stage.write_metrics(arguments.output / "metrics.json", values, units, str(tuned.device))


def read_run(text: str) -> tuple[str, Path]:
    """`main=results/train_adapter/main/weights` as name and folder.

    Raises:
        InputError: it has another form.
    """
    run, sign, folder = text.partition("=")
    if not (run and sign and folder):
        raise InputError(f"--weights: {text[:80]!a} must have the form RUN=FOLDER, such as {MAIN}=results/train_adapter/{MAIN}/weights.")
    return run, Path(folder)


def load(arguments: Any, quantised: bool) -> Any:
    """The base with attention weights to be read."""
    return model.load_base(arguments.base, quantised, arguments.compute_type, attention="eager", random_weights=arguments.random_weights)


def compare_types(matrices: list[tuple[str, torch.Tensor]], seed: int) -> dict[str, Any]:
    """The 4-bit types on the base's projections and on a normal sample of the same shapes."""
    count = len(matrices)
    return {
        "block": quantisation.BLOCK,
        "matrices": count,
        "weights": sum(matrix.numel() for _, matrix in matrices),
        "levels": {kind: quantisation.levels(kind) for kind in quantisation.TYPES},
        "normal_quantiles": quantisation.NORMAL_QUANTILES,
        "base": quantisation.measure(matrices, count, "analyse_adapter weights"),
        "normal": quantisation.measure(quantisation.normal_like(matrices, seed), count, "analyse_adapter normal sample"),
    }


def look(tuned: Any, arguments: Any, digest: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw test questions, have them answered, write their pictures.

    Returns:
        The content of attention.json: for each question its attention over the picture in every layer, and the layer to show, the one
        whose cut costs the answers most; and the values for the metrics.
    """
    tokenizer = model.load_processor(arguments.base, arguments.random_weights).tokenizer
    subset = data.read_subset(arguments.test)
    features = read_features(arguments.features, digest, tuned.device)
    asked = [(question.image, question.question) for question in subset.questions]

    draw = random.Random(derive_seed(arguments.seed, "cut_questions"))
    chosen = draw.sample(asked, min(CUT_QUESTIONS, len(asked)))
    cut = attention_maps.cut_attention(tuned, tokenizer, features, chosen, "analyse_adapter cuts")
    layers = cut["layers"]
    shown = min(range(len(layers)), key=lambda layer: layers[layer]["probability"])

    seed = derive_seed(arguments.seed, "attention_questions")
    places = attention_maps.choose([question.kind for question in subset.questions], arguments.questions, seed)
    answers = answer_questions(tuned, tokenizer, features, [asked[place] for place in places], "analyse_adapter answers")
    samples = []
    for number, (place, answer) in enumerate(zip(places, answers, strict=True), 1):
        question = subset.questions[place]
        picture = arguments.output / "attention" / f"question_{number}.png"
        data.write_png(subset.pictures[question.image], picture)
        sample = {"image": picture.as_posix(), "image_filename": question.image_filename, "kind": question.kind}
        sample |= {"question": question.question, "answer": question.answer, "prediction": answer.text, "probability": answer.probability}
        samples.append(sample | {"attention": attention_maps.attention_over_image(tuned, tokenizer, features, asked[place])})
    shares = [sum(sum(sample["attention"][layer]) for sample in samples) / len(samples) for layer in range(len(layers))]
    right = sum(sample["prediction"].lower() == sample["answer"].lower() for sample in samples)
    measured = {"questions": len(samples), "right": right, "shown_layer": shown + 1, "image_share": shares, "cut": cut}
    return {"side": round(features.shape[1] ** 0.5), "shown_layer": shown + 1, "samples": samples}, measured


if __name__ == "__main__":
    errors.run(main)
