"""What an expectation looked at: the values that its CEL text refers to, kept short.

Only for the reader of a report. The verdict never depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

LONGEST_TEXT = 96  # characters of one text
LONGEST_LIST = 8  # items of one list or mapping
KEPT = 32  # characters kept of a longer text
LONGEST_LINE = 400  # characters of one value in a reason

_ABSENT = object()


def seen_values(
    paths: Iterable[tuple[str, ...]], environment: Mapping[str, object]
) -> dict[str, object]:
    """Return ``{"steps.read.result": value}`` for each of ``paths``, in their order.

    A path that leads nowhere reads ``(absent)``; long texts, lists and mappings are shortened.
    """
    return {".".join(path): _shorten(_follow(path, environment)) for path in paths}


def as_text(seen: Mapping[str, object]) -> str:
    """Return ``seen`` on one line: ``result = "refused", counter = 3``."""
    return ", ".join(f"{path} = {_one_line(value)}" for path, value in seen.items())


def _follow(path: tuple[str, ...], environment: Mapping[str, object]) -> object:
    value: object = environment
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def _shorten(value: object) -> object:
    if value is _ABSENT:
        return "(absent)"
    if isinstance(value, str):
        if len(value) <= LONGEST_TEXT:
            return value
        return f"{value[:KEPT]}... ({len(value)} characters)"
    if isinstance(value, Mapping):
        kept = {str(key): _shorten(item) for key, item in list(value.items())[:LONGEST_LIST]}
        return kept | ({"...": f"{len(value)} entries"} if len(value) > LONGEST_LIST else {})
    if isinstance(value, Sequence):
        few = [_shorten(item) for item in value[:LONGEST_LIST]]
        return [*few, f"... ({len(value)} items)"] if len(value) > LONGEST_LIST else few
    return value


def _one_line(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}..."
