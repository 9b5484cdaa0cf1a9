"""A PaliGemma with random weights, of the embedded base's own architecture, for the tests of the vision-language half."""

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
