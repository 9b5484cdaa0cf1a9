"""Ask a model all test questions and the base's own tasks, keep every answer, and score them."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor
from transformers import PaliGemmaForConditionalGeneration, PreTrainedTokenizerBase

from paliflow import files
from paliflow.arguments import Parser, positive_integer, whole_number
from paliflow.errors import InputError
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import data, forgetting, model, score
from paliflow.vlm.answer import Answer, answer_questions
from paliflow.vlm.features import read_features
from paliflow.vlm.own_tasks import OwnTask, read_task_list
from paliflow.vlm.statistics import is_match

OWN_ANSWER_TOKENS = 64  # a list of ten objects with their places is longer than any answer to a question


@dataclass(frozen=True)
class Asked:
    """What a model is asked, and what it is held against.

    Attributes:
        questions: the test questions; `image` indexes `features`.
        features: of the test pictures, (pictures, image tokens, width).
        tasks: the base's own tasks; `picture` indexes `own_features`.
        own_features: of their pictures.
        train: the training questions, of which the prior is made.
    """

    questions: list[data.Question]
    features: Tensor
    tasks: list[OwnTask]
    own_features: Tensor
    train: list[data.Question]


def add_arguments(parser: Parser) -> None:
    """What every evaluation takes on its command line."""
    for name, what in {
        "train": "train.parquet, for the prior",
        "test": "test.parquet",
        "features": "features of the test pictures, as encode_images wrote them",
        "own-features": "features of the pictures of the base's own tasks",
        "own-tasks": "own_tasks.jsonl, as encode_images wrote it",
    }.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=what)
    model.add_arguments(parser)
    parser.add_argument("--bootstrap-resamples", type=positive_integer, default=1000, help="behind each interval (default %(default)s)")
    parser.add_argument("--seed", type=whole_number, required=True, help="seed of the bootstrap")
    parser.add_argument("--output", type=Path, required=True, help="folder for predictions.jsonl, own_answers.jsonl and metrics.json")


def read_asked(train: Path, test: Path, features: Path, own_features: Path, own_tasks: Path, base_digest: str) -> Asked:
    """Read all that a model is asked.

    Raises:
        InputError: a file is missing, broken, or made of other data or with another base than the others; the base has no task.
    """
    asked = Asked(
        data.read_questions(test),
        read_features(features, base_digest, model.device()),
        read_task_list(own_tasks),
        read_features(own_features, base_digest, model.device()),
        data.read_questions(train),
    )
    if not asked.tasks:
        raise InputError(f"{own_tasks} holds no task: run encode_images again with a base that has own tasks, or more test pictures.")
    if asked.questions[-1].image >= len(asked.features):
        raise InputError(f"{features} holds {len(asked.features)} pictures, fewer than {test}: run encode_images again.")
    if max(task.picture for task in asked.tasks) >= len(asked.own_features):
        raise InputError(
            f"{own_features} holds {len(asked.own_features)} pictures, fewer than {own_tasks} asks about: run encode_images again."
        )
    return asked


def evaluate(
    answering: PaliGemmaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    asked: Asked,
    base_answers: list[str] | None,
    resamples: int,
    stage: Stage,
    output: Path,
) -> None:
    """Write `predictions.jsonl`, `own_answers.jsonl` and `metrics.json` of one model.

    Args:
        answering: the model itself, adapted or not.
        tokenizer: its tokenizer.
        asked: what it is asked.
        base_answers: the base's answers to its own tasks; None where the model is the base.
        resamples: bootstrap resamples.
        stage: the running stage, for the metrics file.
        output: the folder to write into.
    """
    questions, tasks = asked.questions, asked.tasks
    started = time.monotonic()
    answers = answer_questions(
        answering, tokenizer, asked.features, [(question.image, question.question) for question in questions], f"{stage.name} answers"
    )
    speed = len(questions) / (time.monotonic() - started)
    given = answer_questions(
        answering,
        tokenizer,
        asked.own_features,
        [(task.picture, task.prompt) for task in tasks],
        f"{stage.name} own tasks",
        max_tokens=OWN_ANSWER_TOKENS,
    )
    own_answers = [answer.text for answer in given]
    files.write_json_lines(
        output / "predictions.jsonl", [_record(question, answer) for question, answer in zip(questions, answers, strict=True)]
    )
    files.write_json_lines(
        output / "own_answers.jsonl", [vars(task) | {"prediction": text} for task, text in zip(tasks, own_answers, strict=True)]
    )

    seed = derive_seed(stage.seed, "bootstrap")  # the same draws for every model
    texts = [answer.text for answer in answers]
    hits = np.array([is_match(text, question.answer) for text, question in zip(texts, questions, strict=True)])
    probabilities = np.array([answer.probability for answer in answers])
    values = score.score(questions, texts, asked.train, resamples, seed) | {
        "confusion": score.confusion(questions, texts),
        "calibration": score.calibration(questions, hits, probabilities, resamples, seed),
        "own": forgetting.score_own(tasks, own_answers, base_answers or own_answers, resamples, seed),
    }
    units = dict.fromkeys((*score.METRICS, "own"), "share") | {"confusion": "questions", "calibration": "probability"}
    stage.write_metrics(output / "metrics.json", values, units, str(answering.device), {"answers_per_second": round(speed, 2)})


def _record(question: data.Question, answer: Answer) -> dict[str, object]:
    """An answered question as predictions.jsonl has it."""
    names = ("image_filename", "question_index", "kind", "family", "objects", "program_length", "question", "answer")
    told = {name: getattr(question, name) for name in names} | {"prediction": answer.text, "probability": round(answer.probability, 6)}
    return told | ({"condition": question.condition} if question.condition else {})
