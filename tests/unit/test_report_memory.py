"""What the report shows of fine-tuning's memory: the figure, and the table of what was measured."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from memory_fixture import make_memory

from paliflow.report import figures_memory
from paliflow.report.document import Document
from paliflow.report.markdown import Markdown

TEMPLATES = Path(__file__).parents[2] / "report_template"
SOURCES = "paligemma_config beyer2024paligemma liu2024dora loshchilov2019adamw micikevicius2018mixed dao2022flash chen2016checkpointing"
SOURCES += " steiner2024paligemma2 gemma2_2024"


def render(folder: Path, memory: dict[str, Any]) -> str:
    """Item 1.4.2 alone, with all blanks alike."""
    for name in ("results/measure_memory", "results/figures", "templates/theory"):
        (folder / name).mkdir(parents=True)
    document = {"values": memory, "provenance": {"device": "cpu"}}
    (folder / "results/measure_memory/metrics.json").write_text(json.dumps(document))
    (folder / "results/figures/memory_terms.svg").write_text("<svg/>")
    (folder / "templates/theory/q1_4_2.md.j2").write_text((TEMPLATES / "theory/q1_4_2.md.j2").read_text())
    (folder / "templates/report.md.j2").write_text('{% include "theory/q1_4_2.md.j2" %}\n### 1.4.1 NF4 (5 marks)\n')
    settings = yaml.safe_load((TEMPLATES.parent / "config.yaml").read_text())
    sources = {key: Markdown(key) for key in SOURCES.split()}
    return " ".join(Document(folder / "templates", folder / "results", settings, "A title", sources).render().split())


def test_each_bar_is_as_long_as_the_sum_of_its_terms() -> None:
    memory = make_memory()
    pane = figures_memory.draw_memory(memory).axes[0]
    ends: dict[float, float] = {}
    for bar in pane.patches:
        place = bar.get_y()
        ends[place] = max(ends.get(place, 0), bar.get_x() + bar.get_width())
    methods = memory["models"]["paligemma-3b-pt-224"]["methods"]
    wanted = [methods[method][total] / 2**30 for method in figures_memory.METHODS for total in ("total", "total_checkpointed")]
    assert [ends[place] for place in sorted(ends)] == pytest.approx(wanted)


def test_what_was_measured_stands_beside_its_ratio(tmp_path: Path) -> None:
    assert r"96\.32 \(1\.010\)" in render(tmp_path, make_memory())


def test_a_method_that_did_not_fit_is_named_and_has_no_column(tmp_path: Path) -> None:
    memory = make_memory()
    del memory["study"]["everything"], memory["study"]["full"]
    text = render(tmp_path, memory | {"left_out": ["everything", "full"]})
    assert "| MiB | DoRA | LoRA | QLoRA |" in text
    assert "Full, tower too and Full did not fit this device" in text


def test_what_the_gpus_allocator_counted_is_told(tmp_path: Path) -> None:
    memory = make_memory()
    for terms in memory["study"].values():
        terms["total"]["allocated_on_gpu"] = 2**20
    assert "counted at most 1.0 MiB for Full, tower too, 1.0 MiB for Full," in render(tmp_path, memory)
