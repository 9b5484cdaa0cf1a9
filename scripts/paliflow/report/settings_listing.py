"""The settings of a study as a listing that can be read back as a config."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from paliflow.report.markdown import Markdown, make_visible


def list_settings(settings: Mapping[str, Any]) -> Markdown:
    """All settings in the form of config.yaml, as a code block that no text of theirs can end."""
    lines = list(_lines(settings, ""))
    fence = "`" * (3 + max(line.count("`") for line in lines))
    return Markdown("\n".join([fence + " settings", *lines, fence]))


def _lines(settings: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        else:
            written = make_visible(json.dumps(value, ensure_ascii=False))
            yield f"{indent}{key}: {written.replace('e', '.0e') if isinstance(value, float) and '.' not in written else written}"
