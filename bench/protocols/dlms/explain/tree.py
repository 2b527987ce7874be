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


def lines(part: Part, indent: str = "") -> Iterator[str]:
    """Yield ``part`` as text: the octets it takes, then its name and value, indented by depth."""
    place = f"{part.offset:04X} +{part.length:<4d}" if part.length else " " * 10
    text = f"{part.name}: {part.value}" if part.value else part.name
    yield f"{place} {indent}{text}"
    if part.error:
        yield f"{part.offset:04X}  !!  {indent}! {part.error}"
    for each in part.parts:
        yield from lines(each, indent + "  ")


def mapping(parts: tuple[Part, ...], summary: str, **more: Any) -> Mapping[str, Any]:
    """Return what a frame of the evidence is decoded to: its summary, errors and fields."""
    found = [error for part in parts for error in errors(part)]
    said: dict[str, Any] = {"summary": summary, **more}
    if found:
        said["errors"] = found
    said["fields"] = [plain(part) for part in parts]
    return said
