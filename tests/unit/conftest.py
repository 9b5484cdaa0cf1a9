"""Made once for many tests: PaliGemmas with random weights, of the embedded base's own architecture, and a made-up study's report."""

import json
from pathlib import Path

import pytest

WORDS = "describe the large red metal cube small sphere how many what color things are left of it yes no 0 1 2 3"


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint."""
    import torch

    from paliflow.vlm import architecture

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("base")
    processor = architecture.build_processor([WORDS] * 3)
    torch.manual_seed(4)
    architecture.build_model(processor).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def capped_base(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sizes of a small model on Gemma 2, whose two key-value heads serve four query heads."""
    folder = tmp_path_factory.mktemp("capped")
    content = json.loads((tiny_base / "config.json").read_text())
    del content["text_config"]["hidden_act"]
    content["text_config"] |= {"model_type": "gemma2", "num_key_value_heads": 2, "num_hidden_layers": 2, "query_pre_attn_scalar": 40}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """The folder of a made-up study, and its settings; what a test changes, it changes in a copy."""
    from study_fixture import make_study

    folder = tmp_path_factory.mktemp("a study")
    return folder, make_study(folder)


@pytest.fixture(scope="session")
def faces(study):
    """Its report in all forms, by their suffix."""
    from study_fixture import render

    return render(*study)
