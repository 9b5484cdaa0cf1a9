"""What holds for all tests: the same examples of hypothesis everywhere, one thread for each numeric library, and who runs beside whom."""

import os

import hypothesis
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

hypothesis.settings.register_profile("paliflow", max_examples=40, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("paliflow")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests: whole runs first, a folder of them in one process, since they share one run; others by file."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(item.path.name if folder == "unit" else folder))
    items.sort(key=lambda item: item.path.parent.name == "unit")
