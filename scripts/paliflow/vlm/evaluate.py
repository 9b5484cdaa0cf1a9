"""Ask a model all test questions, keep every answer, and score them."""

from pathlib import Path

from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

from paliflow import files
from paliflow.provenance import Stage
from paliflow.seeds import derive_seed
from paliflow.vlm import data
from paliflow.vlm.answer import answer_questions
from paliflow.vlm.features import encode_images
from paliflow.vlm.score import score


def evaluate(
    model: PaliGemmaForConditionalGeneration,
    processor: PaliGemmaProcessor,
    train: Path,
    test: Path,
    resamples: int,
    stage: Stage,
    output: Path,
) -> None:
    """Write `predictions.jsonl` and `metrics.json` of one model.

    Args:
        model: the model itself, adapted or not.
        processor: its processor.
        train, test: the subset's parquet files; the first is read for the prior alone.
        resamples: bootstrap resamples.
        stage: the running stage, for the metrics file.
        output: the folder to write into.
    """
    subset = data.read_subset(test)
    features = encode_images(model, processor, subset.pictures, f"{stage.name} pictures")
    asked = [(question.image, question.question) for question in subset.questions]
    answers = answer_questions(model, processor.tokenizer, features, asked, f"{stage.name} answers")
    predictions = [
        {
            "image_filename": question.image_filename,
            "question_index": question.question_index,
            "kind": question.kind,
            "question": question.question,
            "answer": question.answer,
            "prediction": answer,
        }
        | ({"condition": question.condition} if question.condition else {})
        for question, answer in zip(subset.questions, answers, strict=True)
    ]
    files.write_json_lines(output / "predictions.jsonl", predictions)
    seed = derive_seed(stage.seed, "bootstrap")  # the same draws for every model
    scores = score(subset.questions, answers, data.read_subset(train).questions, resamples, seed)
    stage.write_metrics(
        output / "metrics.json", scores, dict.fromkeys(("exact_match", "rouge1", "rouge2", "rougeL"), "share"), str(model.device)
    )
