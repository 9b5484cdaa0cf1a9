"""Where an unfinished stage keeps what it has done: a folder outside the declared results, named by all that determines the result."""

import hashlib
import json
from pathlib import Path
from typing import Any

from paliflow import provenance


def work_folder(root: Path, script: Path, settings: dict[str, Any]) -> Path:
    """The folder under `root` for this code and these settings: another code or setting never goes on from it.

    Args:
        settings: all that the result depends on, digests of input files among it; values that JSON can write.
    """
    key = json.dumps([provenance.code_digest(script), settings], sort_keys=True)
    return Path(root) / hashlib.sha256(key.encode()).hexdigest()[:20]
