"""ZigBee data types: octets of one value to a Python value and back (ZCL 075123).

Integers are little-endian. Plain values, as JSON has them: integers, enumerations, bitmaps and UTC
time (seconds since 2000-01-01) are ``int``; a boolean ``bool`` or ``None`` (FF, not valid); octet
strings and general data upper-case hex text, ``None`` for a string of length FF (FFFF for the long
ones); character strings ``str``, read as Latin-1 so that any octet comes back; dates and times of
day a dict whose open parts are ``None``; an IEEE address 16 hex digits, highest first; floats
``float``, or hex text where they are not finite; arrays, sets, bags and structures dicts and lists
of typed values. Values that ZCL calls "not valid" stay the numbers they are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from bench.errors import LocalProtocolError, RemoteProtocolError

EPOCH = 946_684_800  # 2000-01-01 UTC in seconds since 1970, where UTC time begins
_DEPTH = 8  # of arrays and structures within one another; no cluster in use has more than one

UNFIT = (TypeError, ValueError, OverflowError, KeyError, AttributeError, struct.error)
"""What a writer raises for a value that its type cannot hold; :func:`write` says it in full."""

Reader = Callable[[bytes, int], tuple[Any, int]]
Writer = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class DataType:
    """One type: ``analog`` ones have a reportable change; ``size`` in octets, 0 if it varies."""

    id: int
    name: str
    size: int
    analog: bool
    read: Reader
    write: Writer


def by_id(type_id: int) -> DataType | None:
    """Return the type of an id, or ``None`` where ZCL has none."""
    return _BY_ID.get(type_id)


def named(name: str) -> DataType:
    """Return the type called ``name`` (``uint48``, ``octet_string``); KeyError without one."""
    return TYPES[name]


def write(name: str, value: Any) -> bytes:
    """Return the octets of ``value``; LocalProtocolError, saying what is allowed, if none."""
    try:
        return TYPES[name].write(value)
    except UNFIT as wrong:
        raise LocalProtocolError(f"{name} cannot hold {value!r}: {wrong}") from None


def utc_seconds(value: Any) -> int:
    """Return UTC time as seconds since 2000: from a number, a datetime, ISO 8601 or ``now`` (0)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if value == "now":
        return 0
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(instant, datetime):
        raise TypeError("seconds since 2000, a datetime, ISO 8601 or 'now' is wanted")
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return int(instant.timestamp()) - EPOCH


def take(octets: bytes, offset: int, length: int) -> bytes:
    """Return ``length`` octets at ``offset``; RemoteProtocolError if there are fewer."""
    taken = octets[offset : offset + length]
    if len(taken) != length:
        raise _too_short(octets)
    return taken


def _too_short(octets: bytes) -> RemoteProtocolError:
    return RemoteProtocolError(len(octets), "more octets", "the end")


def _integer(size: int, *, signed: bool) -> tuple[Reader, Writer]:
    low = -1 << 8 * size - 1 if signed else 0
    high = (1 << 8 * size - signed) - 1
    from_bytes = int.from_bytes

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        end = offset + size
        if end > len(octets):
            raise _too_short(octets)
        return from_bytes(octets[offset:end], "little", signed=signed), end

    def read_octet(octets: bytes, offset: int) -> tuple[Any, int]:
        if offset >= len(octets):
            raise _too_short(octets)
        return octets[offset], offset + 1

    def write_integer(value: Any) -> bytes:
        if ((type(value) is not int and (not isinstance(value, int) or isinstance(value, bool)))
                or not low <= value <= high):
            raise ValueError(f"a number from {low} to {high} is wanted")
        return value.to_bytes(size, "little", signed=signed)

    return read_octet if size == 1 and not signed else read, write_integer


def _utc_time() -> tuple[Reader, Writer]:
    read, write_integer = _integer(4, signed=False)
    return read, lambda value: write_integer(utc_seconds(value))


def _octets(size: int, *, reverse: bool = False) -> tuple[Reader, Writer]:
    step = -1 if reverse else 1

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        return take(octets, offset, size)[::step].hex().upper(), offset + size

    def write_octets(value: Any) -> bytes:
        content = as_octets(value)
        if len(content) != size:
            raise ValueError(f"{size} octets are wanted")
        return content[::step]

    return read, write_octets


def _string(size: int, *, text: bool) -> tuple[Reader, Writer]:
    """Return the codec of a string behind a length of ``size`` octets."""
    none = (1 << 8 * size) - 1
    read_length, _ = _integer(size, signed=False)

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        length, start = read_length(octets, offset)
        if length == none:
            return None, start
        end = start + length
        if end > len(octets):
            raise _too_short(octets)
        content = octets[start:end]
        return content.decode("latin-1") if text else content.hex().upper(), end

    def write_string(value: Any) -> bytes:
        if value is None:
            return none.to_bytes(size, "little")
        content = value.encode("latin-1") if text else as_octets(value)
        if len(content) >= none:
            raise ValueError(f"at most {none - 1} octets are wanted")
        return len(content).to_bytes(size, "little") + content

    return read, write_string


def as_octets(value: Any) -> bytes:
    """Return octets from ``bytes`` or hex text; TypeError or ValueError for anything else."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, str):
        return bytes.fromhex(value)
    raise TypeError("octets or hex text are wanted")


def _boolean() -> tuple[Reader, Writer]:
    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        found = take(octets, offset, 1)[0]
        if found not in _BOOLEANS:
            raise RemoteProtocolError(offset, "a boolean 00, 01 or FF", f"{found:02X}")
        return _BOOLEANS[found], offset + 1

    def write_boolean(value: Any) -> bytes:
        if value is not None and not isinstance(value, bool):
            raise TypeError("true, false or null is wanted")
        return b"\xff" if value is None else bytes((value,))

    return read, write_boolean


def _float(layout: str) -> tuple[Reader, Writer]:
    form = struct.Struct(layout)

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        content = take(octets, offset, form.size)
        value: float = form.unpack(content)[0]
        # a number that is none has many forms, which a float would not give back
        return value if math.isfinite(value) else content.hex().upper(), offset + form.size

    def write_float(value: Any) -> bytes:
        if isinstance(value, str):
            return take(bytes.fromhex(value), 0, form.size)
        return form.pack(value)

    return read, write_float


def _parts(names: tuple[str, ...], start: int = 0) -> tuple[Reader, Writer]:
    """Return the codec of four octets, FF each for an open part; ``start`` is of the first."""

    def read(octets: bytes, offset: int) -> tuple[Any, int]:
        content = take(octets, offset, 4)
        values = (None if octet == 0xFF else octet for octet in content)
        parts = dict(zip(names, values, strict=True))
        if start and parts[names[0]] is not None:
            parts[names[0]] = content[0] + start
        return parts, offset + 4

    def write_parts(value: Any) -> bytes:
        if start and isinstance(value, str):
            value = date.fromisoformat(value)
        if start and isinstance(value, date):
            value = {"year": value.year, "month": value.month, "day": value.day}
        unknown = sorted(set(value) - set(names))
        if unknown:
            raise ValueError(f"it has {', '.join(names)}, not {', '.join(unknown)}")
        first, *rest = (value.get(name) for name in names)
        return bytes(0xFF if part is None else part
                     for part in (first - start if first is not None else None, *rest))

    return read, write_parts


def _nothing() -> tuple[Reader, Writer]:
    def read(octets: bytes, offset: int) -> tuple[Any, int]:  # noqa: ARG001  a reader's form
        return None, offset

    def write_nothing(value: Any) -> bytes:
        if value is not None:
            raise ValueError("this type has no value")
        return b""

    return read, write_nothing


def read_typed(octets: bytes, offset: int, depth: int = 0) -> tuple[dict[str, Any], int]:
    """Return ``{"type": name, "value": plain}`` of a type id and a value, and the offset behind.

    RemoteProtocolError for a type id that ZCL does not have: its length is not known.
    """
    kind = _type_at(octets, offset)
    value, end = _read_nested(kind, octets, offset + 1, depth)
    return {"type": kind.name, "value": value}, end


def write_typed(typed: Any) -> bytes:
    """Return type id and value of ``{"type": name, "value": plain}``; LocalProtocolError."""
    try:
        kind = TYPES[typed["type"]]
        value = typed["value"]
    except (KeyError, TypeError):
        raise LocalProtocolError(f"a known type and a value are wanted, not {typed!r}") from None
    return bytes((kind.id,)) + write(kind.name, value)


def _type_at(octets: bytes, offset: int) -> DataType:
    found = take(octets, offset, 1)[0]
    kind = _BY_ID.get(found)
    if kind is None:
        raise RemoteProtocolError(offset, "a ZigBee data type", f"{found:02X}")
    return kind


def _read_nested(kind: DataType, octets: bytes, offset: int, depth: int) -> tuple[Any, int]:
    if kind.name not in _NESTED:
        return kind.read(octets, offset)
    if depth == _DEPTH:
        raise RemoteProtocolError(offset, f"at most {_DEPTH} arrays in one another", "more")
    if kind.name == "structure":
        count, offset = TYPES["uint16"].read(octets, offset)
        if count == 0xFFFF:
            return None, offset
        members = []
        for _ in range(count):
            member, offset = read_typed(octets, offset, depth + 1)
            members.append(member)
        return members, offset
    element = _type_at(octets, offset)
    if element.name in _WITHOUT_OCTETS:  # a short message would stand for many elements
        raise RemoteProtocolError(offset, "a type whose values have octets", element.name)
    count, offset = TYPES["uint16"].read(octets, offset + 1)
    if count == 0xFFFF:
        return {"type": element.name, "elements": None}, offset
    elements = []
    for _ in range(count):
        value, offset = _read_nested(element, octets, offset, depth + 1)
        elements.append(value)
    return {"type": element.name, "elements": elements}, offset


def _collection() -> tuple[Reader, Writer]:
    def write_collection(value: Any) -> bytes:
        element = TYPES[value["type"]]
        elements = value["elements"]
        head = bytes((element.id,))
        if elements is None:
            return head + b"\xff\xff"
        return head + _count(elements) + b"".join(map(element.write, elements))

    return _through_nested("array"), write_collection


def _structure() -> tuple[Reader, Writer]:
    def write_structure(value: Any) -> bytes:
        if value is None:
            return b"\xff\xff"
        return _count(value) + b"".join(map(write_typed, value))

    return _through_nested("structure"), write_structure


def _through_nested(name: str) -> Reader:
    return lambda octets, offset: _read_nested(TYPES[name], octets, offset, 0)


def _count(elements: Any) -> bytes:
    if len(elements) >= 0xFFFF:
        raise ValueError("at most 65534 elements are wanted")
    return len(elements).to_bytes(2, "little")


_BOOLEANS = {0: False, 1: True, 0xFF: None}
_NESTED = frozenset({"array", "structure", "set", "bag"})
_WITHOUT_OCTETS = frozenset({"no_data", "unknown"})


def _types() -> dict[str, DataType]:
    found: dict[str, DataType] = {}

    def add(type_id: int, name: str, size: int, codec: tuple[Reader, Writer],
            analog: bool = False) -> None:
        found[name] = DataType(type_id, name, size, analog, *codec)

    add(0x00, "no_data", 0, _nothing())
    for size in range(1, 9):
        add(0x07 + size, f"data{8 * size}", size, _octets(size))
        add(0x17 + size, f"bitmap{8 * size}", size, _integer(size, signed=False))
        add(0x1F + size, f"uint{8 * size}", size, _integer(size, signed=False), True)
        add(0x27 + size, f"int{8 * size}", size, _integer(size, signed=True), True)
    add(0x10, "boolean", 1, _boolean())
    add(0x30, "enum8", 1, _integer(1, signed=False))
    add(0x31, "enum16", 2, _integer(2, signed=False))
    for type_id, name, layout in ((0x38, "semi", "<e"), (0x39, "single", "<f"),
                                  (0x3A, "double", "<d")):
        add(type_id, name, struct.calcsize(layout), _float(layout), True)
    add(0x41, "octet_string", 0, _string(1, text=False))
    add(0x42, "character_string", 0, _string(1, text=True))
    add(0x43, "long_octet_string", 0, _string(2, text=False))
    add(0x44, "long_character_string", 0, _string(2, text=True))
    for type_id, name in ((0x48, "array"), (0x50, "set"), (0x51, "bag")):
        add(type_id, name, 0, _collection())
    add(0x4C, "structure", 0, _structure())
    add(0xE0, "time_of_day", 4, _parts(("hours", "minutes", "seconds", "hundredths")), True)
    add(0xE1, "date", 4, _parts(("year", "month", "day", "weekday"), 1900), True)
    add(0xE2, "utc_time", 4, _utc_time(), True)
    add(0xE8, "cluster_id", 2, _integer(2, signed=False))
    add(0xE9, "attribute_id", 2, _integer(2, signed=False))
    add(0xEA, "bacnet_oid", 4, _integer(4, signed=False))
    add(0xF0, "ieee_address", 8, _octets(8, reverse=True))
    add(0xF1, "key128", 16, _octets(16))
    add(0xFF, "unknown", 0, _nothing())
    return found


TYPES = _types()
_BY_ID = {kind.id: kind for kind in TYPES.values()}
