"""Answers a second of a QLoRA-tuned model: batches over image features that are kept, against processor and `generate` for each question.

Both answer the same questions with the same weights of the embedded base, in turns, on one core, and must say the same:
`python benchmarks/evaluate_adapter.py`.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import torch  # noqa: E402
from PIL import Image  # noqa: E402

from paliflow.vlm import answer, merge, methods, model  # noqa: E402
from paliflow.vlm.features import encode_images  # noqa: E402

PICTURES, ROUNDS = 12, 3
QUESTIONS = [
    "How many things are there?",
    "Are there any big cylinders?",
    "What color is the tiny metal cube?",
    "Does the green rubber object have the same size as the gray shiny block?",
    "What is the shape of the small object to the left of the small red ball?",
    "Is the number of small balls less than the number of big cylinders?",
    "How many other objects have the same color as the large matte cylinder?",
    "What is the size of the matte thing that is both behind the red metal sphere and in front of the small blue cylinder?",
]


def tuned_model() -> torch.nn.Module:
    """The base in four bits with an adapter, the same in each call, as train_adapter leaves it."""
    torch.manual_seed(1)
    adapted = methods.add_adapter(model.load_base(str(ROOT / "base_model"), quantised=True), "qlora", rank=16, alpha=32)
    for name, parameter in methods.trained_parameters(adapted).items():
        if "lora_B" in name:  # which starts at zero, where an adapter changes nothing
            torch.nn.init.normal_(parameter, std=0.01)
    return methods.inner(adapted).eval()


def main() -> None:
    torch.set_num_threads(1)
    processor = model.load_processor(str(ROOT / "base_model"))
    generating, answering = tuned_model(), merge.merge(tuned_model())
    noise = [random.Random(number).randbytes(12 * 12 * 3) for number in range(PICTURES)]
    pictures = [Image.frombytes("RGB", (12, 12), content).resize((96, 96)) for content in noise]
    features = encode_images(answering, processor, pictures, "pictures")
    asked = [(picture, question) for picture in range(PICTURES) for question in QUESTIONS]

    @torch.no_grad()
    def usual() -> list[str]:
        answers = []
        for picture, question in asked:
            inputs = processor(images=pictures[picture], text=f"<image>{question}", return_tensors="pt")
            inputs.pop("labels", None)
            tokens = generating.generate(**inputs, max_new_tokens=answer.MAX_ANSWER_TOKENS, do_sample=False)
            answers.append(processor.decode(tokens[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip())
        return answers

    def ours() -> list[str]:
        return [given.text for given in answer.answer_questions(answering, processor.tokenizer, features, asked, "ours")]

    def speed(answers: Callable[[], list[str]]) -> float:
        started = time.perf_counter()
        said.append(answers())
        return len(asked) / (time.perf_counter() - started)

    said: list[list[str]] = []
    pairs = [(speed(ours), speed(usual)) for _ in range(ROUNDS)]
    if any(answers != said[0] for answers in said):
        sys.exit("error: the two give different answers")
    print(f"answers a second to {len(asked)} questions, the same in all, median of {ROUNDS}: ", end="")
    print(f"{statistics.median(a for a, _ in pairs):.1f} ours, {statistics.median(b for _, b in pairs):.1f} usual")
    print(f"evaluate_adapter_ratio: {statistics.median(a / b for a, b in pairs):.1f}")


if __name__ == "__main__":
    main()
