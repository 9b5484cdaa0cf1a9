"""Reading what the stages of the flow experiments left, by pair of distributions."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas

from paliflow import files
from paliflow.errors import InputError

Content = TypeVar("Content")


def by_pair(pairs: Sequence[str], paths: Sequence[Path], read: Callable[[Path], Content]) -> dict[str, Content]:
    """The content of one file a pair, in the order of the pairs.

    Raises:
        InputError: there are more or fewer files than pairs, or a file cannot be read.
    """
    if len(pairs) != len(paths):
        raise InputError(f"{len(paths)} files were given for the {len(pairs)} pairs {', '.join(pairs)}: give one a pair, in their order.")
    return {pair: read(path) for pair, path in zip(pairs, paths, strict=True)}


def read_values(path: Path) -> Any:
    """The values of a stage's metrics file."""
    return files.read_json(path)["values"]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file.

    Raises:
        InputError: it is no whole .npz file.
    """
    try:
        with np.load(path) as stored:
            return dict(stored)
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path} is no whole .npz file: run the stage that writes it again.") from None


def read_log(path: Path) -> pandas.DataFrame:
    """A training's losses.

    Raises:
        InputError: it is no whole Parquet file.
    """
    try:
        return pandas.read_parquet(path)
    except ValueError:
        raise InputError(f"{path} is no whole Parquet file: run the stage that writes it again.") from None
