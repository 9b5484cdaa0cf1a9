"""The rows of a data set on the hub, or of a folder in its form, one by one through `datasets` in streaming mode.

A process of its own reads them and is killed when enough are there: Arrow reads ahead in threads that, when Python ends under them, hang
or abort it (apache/arrow issue 45214).
"""

import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from paliflow.errors import InputError

COLUMNS = {"images", "texts"}
SECONDS_TO_ANSWER = 10


class Source(NamedTuple):
    """A data set: `owner/name` on the hub or a local folder, the name of its configuration, and the commit (a folder has none)."""

    dataset: str
    configuration: str
    revision: str

    def __str__(self) -> str:
        return f"{self.dataset} ({self.configuration})"


def rows(source: Source, first: int) -> Generator[dict[str, Any], None, None]:
    """The rows from number `first` on, in the set's own order; the pictures as files, {"bytes", "path"}, not decoded.

    Raises:
        InputError: the set cannot be reached or read, or has not the columns images and texts.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(source, first, sender), daemon=True)
    process.start()
    sender.close()
    try:
        while (message := receiver.recv()) is not None:
            if isinstance(message, str):
                raise InputError(message)
            yield message
    except (EOFError, OSError):  # between two messages, in the middle of one
        process.join()
        raise InputError(
            f"{source}: its reader ended with code {process.exitcode}: run again, with more memory if it lacked some."
        ) from None
    finally:
        process.kill()
        process.join()


def _send(source: Source, first: int, connection: Connection) -> None:
    """Send each row, then None; instead, at the first fault, a sentence. Never return to Python's own end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends this process
    tqdm.set_lock(threading.RLock())  # its own one would be reported as leaked when this process is killed
    with suppress(OSError):  # nobody listens any more
        try:
            for row in _read(source, first):
                connection.send(row)
            connection.send(None)
        except InputError as error:
            connection.send(str(error))
    os._exit(0)


def _read(source: Source, first: int) -> Iterator[dict[str, Any]]:
    import datasets  # here, for the parent is to have no part of Arrow

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    # the hub's client tries each request six times over 23 seconds; these would have it do so 20 times
    datasets.config.STREAMING_OPEN_MAX_RETRIES = datasets.config.STREAMING_READ_MAX_RETRIES = 1
    if not Path(source.dataset).is_dir():
        _ask_the_hub(source)
    try:
        stream = datasets.load_dataset(source.dataset, source.configuration, split="train", streaming=True, revision=source.revision)
        columns = set(stream.column_names or ())
        records = iter(stream.decode(False).skip(first)) if columns >= COLUMNS else None
    except Exception as error:  # of HTTP clients, file systems, Arrow, YAML: they have no common class
        if match := re.search(r"BuilderConfig '.*' not found\. Available: \[(.*)\]", str(error)):
            available = match.group(1).replace("'", "")
            raise InputError(
                f"{source.dataset} has no configuration {source.configuration}: set data.hub.configuration (--configuration) to one that "
                f"it has: {available}."
            ) from None
        raise InputError(f"{source} cannot be read ({_reason(error)}): correct that, or try again.") from None
    if records is None:
        found = f"the columns {', '.join(sorted(columns))}" if columns else "no columns that can be told"
        raise InputError(f"{source} has {found}, and must have images and texts: choose a set in that form.")
    while True:
        try:
            row = next(records, None)
        except Exception as error:  # as above
            raise InputError(f"{source} cannot be read further ({_reason(error)}): run again, which goes on from there.") from None
        if row is None:
            return
        yield row


def _ask_the_hub(source: Source) -> None:
    """Make sure, by one request and no second try, that the hub answers and has the data set at that commit."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        HfApi().dataset_info(source.dataset, revision=source.revision, timeout=SECONDS_TO_ANSWER)
    except HFValidationError:
        raise InputError(f"{source.dataset} is neither a folder here nor owner/name of a data set on the hub: give one of them.") from None
    except RevisionNotFoundError:
        raise InputError(f"the hub's {source.dataset} has no revision {source.revision}: give one of its commits.") from None
    except RepositoryNotFoundError:
        raise InputError(f"the hub has no public data set {source.dataset}, nor is it a folder here: correct its name.") from None
    except Exception as error:  # of the HTTP client, which depends on the version
        raise InputError(
            f"the hub cannot be reached for {source.dataset} ({_reason(error)}): connect and run again, or choose another data.source."
        ) from None


def _reason(error: Exception) -> str:
    return (str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__)[:300]
