"""A user's mistake ends a program with one sentence and exit code 1."""

import errno
import sys
from collections.abc import Callable


class InputError(Exception):
    """Something the user gave is wrong. The message says what, where (file, record) and what to do, in one sentence."""


def run(main: Callable[[], None]) -> None:
    """Run a stage's main function; turn the mistakes a user can mend into one sentence on stderr and exit code 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not imported for this alone
            raise
        sys.exit("error: the GPU's memory does not suffice: free what else holds it, or give a smaller vlm.base.")
    except FileNotFoundError as error:
        sys.exit(f"error: {error.filename} is missing: run the stage that writes it, or correct the path.")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        where = error.filename2 or error.filename or "a result"
        sys.exit(f"error: {where} cannot be written ({error.strerror}): free some space or mend the permissions, then run again.")
