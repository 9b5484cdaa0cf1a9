"""A base's own tasks: those in its folder, or else PaliGemma's prefixes on test pictures."""

from pathlib import Path

import datasets
import pytest
from PIL import Image

from paliflow.errors import InputError
from paliflow.vlm import own_tasks
from paliflow.vlm.own_tasks import OwnTask

TASKS = [
    [{"prompt": "describe <loc0016><loc0016>", "answer": "small red metal cube", "kind": "describe"}],
    [
        {"prompt": "detect cube", "answer": "<loc0048><loc0048> cube", "kind": "detect"},
        {"prompt": "list", "answer": "cube", "kind": "list"},
    ],
]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    pictures = []
    for number in range(2):
        pictures.append(tmp_path / f"{number}.png")
        Image.new("RGB", (8, 8), (number, 20, 160)).save(pictures[-1])
    own_tasks.write_own_tasks(tmp_path / "base" / own_tasks.NAME, pictures, TASKS)
    return tmp_path / "base"


def test_the_tasks_in_the_folder_come_back_with_their_pictures(base: Path) -> None:
    pictures, tasks = own_tasks.own_tasks(str(base), [])
    assert [picture.getpixel((0, 0)) for picture in pictures] == [(0, 20, 160), (1, 20, 160)]
    assert tasks == [
        OwnTask(0, "describe", "describe <loc0016><loc0016>", "small red metal cube"),
        OwnTask(1, "detect", "detect cube", "<loc0048><loc0048> cube"),
        OwnTask(1, "list", "list", "cube"),
    ]


def test_the_file_is_one_that_datasets_reads(base: Path) -> None:
    rows = datasets.Dataset.from_parquet(str(base / own_tasks.NAME), cache_dir=str(base / "cache"), keep_in_memory=True)
    assert rows[1]["image"].getpixel((0, 0)) == (1, 20, 160)
    assert rows[1]["image_filename"] == "1.png"
    assert rows[1]["tasks"] == TASKS[1]


def test_a_base_without_its_own_gets_paligemmas_prefixes_on_the_first_50_pictures() -> None:
    shown = [Image.new("L", (1, 1), number) for number in range(60)]
    pictures, tasks = own_tasks.own_tasks("google/paligemma-3b-pt-224", shown)
    assert pictures == shown[:50]
    assert len(tasks) == 150
    assert tasks[4] == OwnTask(1, "detect", "detect cube ; sphere ; cylinder", None)


@pytest.mark.parametrize("keep", [0, 200])
def test_a_broken_file_of_tasks_is_refused(base: Path, keep: int) -> None:
    path = base / own_tasks.NAME
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"own_tasks\.parquet cannot be read as a base's own tasks"):
        own_tasks.own_tasks(str(base), [])


def test_the_list_of_tasks_comes_back(tmp_path: Path) -> None:
    tasks = [OwnTask(0, "caption", "caption en", None), OwnTask(3, "detect", "detect cube", "<loc0048> cube")]
    own_tasks.write_task_list(tmp_path / "own_tasks.jsonl", tasks)
    assert own_tasks.read_task_list(tmp_path / "own_tasks.jsonl") == tasks


def test_a_record_that_is_no_task_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own_tasks.jsonl").write_text('{"picture": 0, "prompt": "caption en"}\n')
    with pytest.raises(InputError, match="holds a record that is no task"):
        own_tasks.read_task_list(tmp_path / "own_tasks.jsonl")
