"""Text on its way into a report: legible, of bounded length, free of what a reader cannot see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
"""Control characters and lone surrogates, which neither XML nor HTML may hold, and the marks that
reorder or hide text."""

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode

MOST_LINES = 80
"""So many lines of one outline are printed; the middle of a longer one is left to the ledger."""


def visible(text: str) -> str:
    """Return ``text`` with each unseen character spelt out, e.g. ``\\u0000``."""
    if text.isascii() and text.isprintable():
        return text
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def elided(text: str, longest: int) -> str:
    """Return ``text``, or its head and tail with the number of characters left out between."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters more in the ledger ...] " \
           f"{text[-half:]}"


def hexadecimal(octets: str, longest: int) -> str:
    """Return hex text in blocks of four octets, the middle left out beyond ``longest`` octets."""
    try:
        raw = bytes.fromhex(octets)
    except ValueError:
        return elided(octets, 2 * longest)
    if len(raw) <= longest:
        return raw.hex(" ", -4).upper()
    half = longest // 2
    return (f"{raw[:half].hex(' ', -4).upper()} [... {len(raw) - 2 * half} octets more in the "
            f"ledger ...] {raw[-half:].hex(' ', -4).upper()}")


def plain(value: object, longest: int) -> str:
    """Return one plain JSON value on one line."""
    if isinstance(value, str):
        return elided(value, longest)
    return elided(_encode(value), longest)


def outline(values: Mapping[str, object], longest: int) -> str:
    """Return a mapping as indented ``name: value`` lines, at most ``longest`` characters a value
    and :data:`MOST_LINES` lines in all."""
    lines: list[str] = []
    _outline(values, "", longest, lines)
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines[half:-half] = [f"[... {len(lines) - 2 * half} lines more in the ledger ...]"]
    return "\n".join(lines)


def _outline(
    values: Mapping[str, object], indent: str, longest: int, lines: list[str]
) -> None:
    for name in sorted(values):
        value = values[name]
        if isinstance(value, str):
            short = value if len(value) <= longest else elided(value, longest)
            lines.append(f"{indent}{name}: {short}")
        elif type(value) is int:  # not a bool, which reads true or false
            lines.append(f"{indent}{name}: {value}")
        elif isinstance(value, dict) and value:
            lines.append(f"{indent}{name}:")
            _outline(value, indent + "  ", longest, lines)
        elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
            for number, item in enumerate(value):
                _outline({f"{name}[{number}]": item}, indent, longest, lines)
        else:
            lines.append(f"{indent}{name}: {elided(_encode(value), longest)}")


def instant(text: str) -> str:
    """Return an ISO 8601 time as date and time to the second, UTC; other text as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text
