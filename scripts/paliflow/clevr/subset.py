"""The subset as two parquet files and a data card: what was taken, that no image is on both sides, and what guessing would score."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, List, Value, disable_progress_bars

from paliflow import files

disable_progress_bars()

FEATURES = Features(
    {
        "image": Image(),
        "image_filename": Value("string"),
        "questions": List(
            {
                "question": Value("string"),
                "answer": Value("string"),
                "question_index": Value("int64"),
                "kind": Value("string"),
                "question_family_index": Value("int64"),
            }
        ),
    }
)


def write_rows(rows: list[dict[str, Any]], path: Path) -> str:
    """Write one row an image as parquet that `datasets` reads with pictures; return the file's SHA-256."""
    with files.replacing(path) as temporary:
        Dataset.from_list(rows, features=FEATURES).to_parquet(temporary)
    return files.sha256(path)


def card(train: list[dict[str, Any]], test: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts, the number of images on both sides, and for each kind the most frequent training answer and its share of the test answers."""
    answers: dict[str, dict[str, Counter[str]]] = {side: defaultdict(Counter) for side in ("train", "test")}
    for side, rows in (("train", train), ("test", test)):
        for row in rows:
            for question in row["questions"]:
                answers[side][question["kind"]][question["answer"]] += 1
    kinds = {}
    for name in sorted(answers["train"] | answers["test"]):
        counts = answers["train"][name]
        best = min(counts, key=lambda answer: (-counts[answer], answer), default="")
        tested = answers["test"][name].total()
        hits = answers["test"][name][best]
        kinds[name] = {
            "train": counts.total(),
            "test": tested,
            "most_frequent_answer": best,
            "most_frequent_share": round(hits / tested, 4) if tested else 0.0,
        }
    names = [{row["image_filename"] for row in rows} for rows in (train, test)]
    return {
        "images_used": len(train) + len(test),
        "train_images": len(train),
        "test_images": len(test),
        "train_questions": sum(kind["train"] for kind in kinds.values()),
        "test_questions": sum(kind["test"] for kind in kinds.values()),
        "shared_images": len(names[0] & names[1]),
        "kinds": kinds,
    }
