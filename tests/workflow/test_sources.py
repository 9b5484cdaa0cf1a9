"""The data from each source, and divided by condition: the stages before any model, at their smallest."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from clone import Clone

SIDES = ("train", "test")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone.fresh(tmp_path)


def make_data(clone: Clone, **data: object) -> dict[str, Any]:
    """Run the data stages; returns what their card says."""
    done = clone.run("data", configfile=clone.write_preset("source", data=data))
    assert done.returncode == 0, done.stdout[-3000:]
    return json.loads((clone.folder / "results" / "subset_clevr" / "metrics.json").read_text())["values"]


def rows(clone: Clone, side: str) -> list[dict[str, Any]]:
    return pq.read_table(clone.folder / "results" / "subset_clevr" / f"{side}.parquet").to_pylist()


def test_a_release_gives_the_same_bytes_as_folder_and_as_zip(finished: Clone, clone: Clone, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished.folder / "results" / "clevr" / "study", tmp_path / "CLEVR_v1.0"))
    archive = shutil.make_archive(str(folder), "zip", tmp_path, folder.name)
    cards, contents = [], []
    for path in (str(folder), archive):
        cards.append(make_data(clone, source="clevr", clevr={"path": path, "share": 1.0}))
        contents.append({name: content for name, content in clone.produced().items() if not name.endswith("metrics.json")})
    assert cards[0] == cards[1]
    assert contents[0] == contents[1]
    assert cards[0]["origin"]["licence"] == "CC BY 4.0"
    assert sum(len(row["questions"]) for row in rows(clone, "test")) == cards[0]["test_questions"]


def test_the_conditions_train_on_a_and_test_on_both(clone: Clone) -> None:
    card = make_data(clone, compositional=True, embedded={"images": 12}, test_share=0.25)
    conditions = {side: [row["condition"] for row in rows(clone, side)] for side in SIDES}
    assert card["conditions"] == {condition: {side: conditions[side].count(condition) for side in SIDES} for condition in ("A", "B")}
    assert set(conditions["train"]) == {"A"} and set(conditions["test"]) == {"A", "B"}
    assert card["shared_images"] == 0


def write_hub_set(folder: Path, images: int) -> None:
    """A parquet file in the form of the hub's: a picture a row, with two questions each."""
    records = []
    for image in range(images):
        content = io.BytesIO()
        Image.new("RGB", (12, 8), (20 * image, 90, 90)).save(content, "png")
        asked = {"How many cubes are there?": str(image % 4), "Is there a small red cube?": "Yes"}
        texts = [{"user": f"{text}\nGive a short answer.", "assistant": f"{answer}.", "source": "CLEVR"} for text, answer in asked.items()]
        records.append({"images": [{"bytes": content.getvalue(), "path": None}], "texts": texts})
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(records), folder / "train-00000-of-00001.parquet")


def test_a_set_in_the_form_of_the_hub_has_neither_programs_nor_scenes(clone: Clone, tmp_path: Path) -> None:
    write_hub_set(tmp_path / "set", 9)
    hub = {"dataset": str(tmp_path / "set"), "configuration": "default", "images": 8}
    card = make_data(clone, source="hub", hub=hub, test_share=0.25)
    assert (card["train_images"], card["test_images"], card["image_size"]) == (6, 2, [12, 8])
    assert (card["sha256_scenes"], card["families"], set(card["kinds"])) == ("", 0, {"count", "exist"})
    assert {(asked["program"], asked["kind"]) for row in rows(clone, "test") for asked in row["questions"]} == {
        ("", "count"),
        ("", "exist"),
    }
