"""COSEM values in Python, and the tags of their types (DLMS UA 1000-2 "Data"; IEC 62056-6-2).

Null is ``None``; array and structure a tuple of :class:`Data`; integers ``int``; octet, visible and
bcd strings ``bytes``, ``str`` and ``int``; a bit string a ``str`` of 0 and 1; date-time, date and
time their octets, as those may hold wildcards; a compact array, in which GBCS devices give their
logs, a :class:`CompactArray`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, NamedTuple


class Tag(enum.IntEnum):
    """The A-XDR tags, under their DLMS names."""

    NULL_DATA = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DONT_CARE = 255


class Data(NamedTuple):
    """One COSEM value and its type."""

    tag: Tag
    value: Any


class CompactArray(NamedTuple):
    """The value of a compact array: its type description as octets, and its elements."""

    description: bytes
    elements: tuple[Data, ...]


def compact_array(members: Iterable[Tag], rows: Iterable[Iterable[Any]]) -> Data:
    """Return a compact array of structures with simple ``members``, one for each of ``rows``."""
    tags = tuple(members)
    description = bytes((Tag.STRUCTURE, len(tags), *tags))
    elements = tuple(
        Data(Tag.STRUCTURE, tuple(Data(*item) for item in zip(tags, row, strict=True)))
        for row in rows)
    return Data(Tag.COMPACT_ARRAY, CompactArray(description, elements))


def plain(data: Data) -> Any:
    """Return ``data`` as plain JSON values: lists, numbers, text; octets as upper-case hex."""
    value = data.value
    if type(value) is CompactArray:
        return [plain(element) for element in value.elements]
    if type(value) is tuple:
        return [plain(element) for element in value]
    if type(value) is bytes:
        return value.hex().upper()
    return value


# How the values of a type are laid out.
NUMBERS = {
    Tag.DOUBLE_LONG: ">i", Tag.DOUBLE_LONG_UNSIGNED: ">I", Tag.INTEGER: ">b", Tag.LONG: ">h",
    Tag.UNSIGNED: ">B", Tag.LONG_UNSIGNED: ">H", Tag.LONG64: ">q", Tag.LONG64_UNSIGNED: ">Q",
    Tag.ENUM: ">B", Tag.BCD: ">B", Tag.FLOAT32: ">f", Tag.FLOAT64: ">d",
}
TEXTS = {Tag.VISIBLE_STRING: "ascii", Tag.UTF8_STRING: "utf-8"}
SEQUENCES = frozenset((Tag.ARRAY, Tag.STRUCTURE))
FIXED = {Tag.DATE_TIME: 12, Tag.DATE: 5, Tag.TIME: 4}
