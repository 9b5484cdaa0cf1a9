"""One real run of the whole workflow at the smoke preset, which the tests of this folder share."""

import pytest

from clone import Clone


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which everything has been made once; a test that changes something makes its own copy of it."""
    clone = Clone.fresh(tmp_path_factory.mktemp("whole run"))
    done = clone.run()
    assert done.returncode == 0, done.stdout[-6000:]
    return clone


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which nothing has been made; for tests that leave no result behind."""
    return Clone.fresh(tmp_path_factory.mktemp("no run"))
