"""Gathers every mistake of the plan files, so that an author sees them all at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic_core import ErrorDetails

from bench.errors import PlanError


class Mistakes:
    """Mistakes by file and line; the same text on the same line counts once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, str], None] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, path: Path, line: int, text: str) -> None:
        """Note a mistake in ``path`` at ``line`` (from 1)."""
        self._found[str(path), line, text] = None

    def add_all(self, other: Mistakes) -> None:
        """Note the mistakes of ``other``."""
        self._found |= other._found

    def add_error(self, error: PlanError) -> None:
        """Note the mistakes of an error whose text has the form ``file:line: text``."""
        for text in str(error).splitlines():
            found = re.fullmatch(r"(.*?):(\d+): (.*)", text)
            assert found, text
            self._found[found[1], int(found[2]), found[3]] = None

    def raise_if_any(self) -> None:
        """Raise :class:`PlanError` with one line, ``file:line: text``, per mistake."""
        if self._found:
            raise PlanError("\n".join(
                f"{path}:{line}: {text}" for path, line, text in sorted(self._found)
            ))


def in_plain_words(error: ErrorDetails) -> str:
    """Return one finding of pydantic in a plan author's words."""
    place = error["loc"]
    key = place[-1] if place else ""
    if isinstance(key, int) and len(place) > 1:  # an item of a list, by the list's name
        key = f"{place[-2]}[{key}]"
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {key!r}"
        case "missing":
            return f"missing key {key!r}"
        case _:
            return f"{key}: {error['msg']}" if key != "" else error["msg"]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` with up to three of ``known`` like ``name``, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=3)
    return f"; did you mean {' or '.join(found)}?" if found else ""
