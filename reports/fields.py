"""A frame that was decoded field by field, as the evidence shows it: its line, errors, and fields.

The form is that of DLMS frames in the ledger: ``summary``, ``errors`` where there are any, and
``fields``, each ``{at, length, name, value, error, parts}``. Offsets within a ``derived`` field
(decrypted, joined) count from its own start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.text import MOST_LINES, elided, plain

_OTHERS = ("summary", "errors", "fields")


def has_fields(decoded: Mapping[str, Any]) -> bool:
    """Return whether ``decoded`` is of that form."""
    return isinstance(decoded.get("summary"), str) \
        and isinstance(decoded.get("fields", []), list | tuple)


def reading(decoded: Mapping[str, Any], longest: int, *, brief: bool = False) -> str:
    """Return ``decoded`` as text, each value of at most ``longest`` characters.

    ``brief`` leaves the fields out. Of many lines those in the middle are left to the ledger.
    """
    lines = [elided(str(decoded["summary"]), 4 * longest)]
    lines.extend(f"! {elided(str(error), longest)}" for error in _several(decoded.get("errors")))
    lines.extend(f"{name}: {plain(decoded[name], longest)}"
                 for name in sorted(decoded) if name not in _OTHERS)
    if brief:
        return "\n".join(lines)
    fields = [line for field in _several(decoded.get("fields"))
              for line in _lines(field, "", longest)]
    if len(fields) > MOST_LINES:
        half = MOST_LINES // 2
        fields[half:-half] = [f"[... {len(fields) - 2 * half} lines more in the ledger ...]"]
    return "\n".join((*lines, *fields))


def _lines(field: object, indent: str, longest: int) -> Iterator[str]:
    if not isinstance(field, Mapping):
        yield f"{'':10} {indent}{plain(field, longest)}"
        return
    at, length = field.get("at", 0), field.get("length", 0)
    place = f"{at:>4} +{length:<4}" if length else " " * 10
    said = ": ".join(str(part) for part in (field.get("name"), field.get("value")) if part)
    yield f"{place} {indent}{elided(said, longest)}"
    if field.get("error"):
        yield f"{at:>4} !     {indent}! {elided(str(field['error']), longest)}"
    for part in _several(field.get("parts")):
        yield from _lines(part, indent + "  ", longest)


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
