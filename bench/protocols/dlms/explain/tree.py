"""What a message says, as a tree: each field with its place, name, value and what is wrong with it.

Offsets count from the start of the octets that were given. Below a part that is ``derived``
(decrypted, or joined from segments or blocks) they count from the start of what it holds instead,
as those octets stand nowhere in the message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One field: ``length`` octets at ``offset``; ``error`` says what is wrong at that octet.

    A length of 0 is a reading that no octets of its own stand for.
    """

    offset: int
    length: int
    name: str
    value: str = ""
    parts: tuple[Part, ...] = ()
    error: str = ""
    derived: bool = False


def plain(part: Part) -> dict[str, Any]:
    """Return ``part`` as plain JSON values; what is empty is left out."""
    said: dict[str, Any] = {"at": part.offset, "length": part.length, "name": part.name}
    if part.value:
        said["value"] = part.value
    if part.error:
        said["error"] = part.error
    if part.derived:
        said["derived"] = True
    if part.parts:
        said["parts"] = [plain(each) for each in part.parts]
    return said


def errors(part: Part) -> Iterator[str]:
    """Yield the errors of ``part`` and of what is below, each with its octet, and where that is."""
    where = f"{part.name}, " if part.derived else ""
    if part.error:
        yield f"octet {part.offset}: {part.error}"
    for each in part.parts:
        yield from (where + error for error in errors(each))


def text_lines(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of what a frame was decoded to: place, name and value, indented by depth."""
    for each in said.get("fields", ()):
        yield from _field_lines(each, "")


def _field_lines(field: Mapping[str, Any], indent: str) -> Iterator[str]:
    place = f"{field['at']:4d} +{field['length']:<4d}" if field["length"] else " " * 10
    yield f"{place} {indent}" + ": ".join(filter(None, (field["name"], field.get("value"))))
    if "error" in field:
        yield f"{field['at']:4d} !     {indent}! {field['error']}"
    for each in field.get("parts", ()):
        yield from _field_lines(each, indent + "  ")


def without_check_errors(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a frame was decoded to without the errors of its HCS and FCS."""
    def cleared(field: dict[str, Any]) -> dict[str, Any]:
        if field["name"] in ("HCS", "FCS"):
            field = {key: value for key, value in field.items() if key != "error"}
        if "parts" in field:
            field = {**field, "parts": [cleared(each) for each in field["parts"]]}
        return field

    kept = [error for error in said.get("errors", ()) if ": expected HCS" not in error
            and ": expected FCS" not in error]
    rest = {key: value for key, value in said.items() if key != "errors"}
    if kept:
        rest["errors"] = kept
    return rest | {"fields": [cleared(each) for each in said["fields"]]}


def mapping(parts: tuple[Part, ...], summary: str, **more: Any) -> Mapping[str, Any]:
    """Return what a frame of the evidence is decoded to: its summary, errors and fields."""
    found = [error for part in parts for error in errors(part)]
    said: dict[str, Any] = {"summary": summary, **more}
    if found:
        said["errors"] = found
    said["fields"] = [plain(part) for part in parts]
    return said
