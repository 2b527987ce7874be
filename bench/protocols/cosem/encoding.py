"""Writing COSEM data in A-XDR: a tag, then a value. One writer for each type, chosen by its tag."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.cosem.length import encode_length
from bench.protocols.cosem.values import (
    FIXED,
    NUMBERS,
    SEQUENCES,
    TEXTS,
    CompactArray,
    Data,
    Tag,
)

_Writer = Callable[[Any], bytes]  # from a value to its tag and octets


def encode(data: Data) -> bytes:
    """Return the octets of ``data``; a value that its type cannot hold: LocalProtocolError."""
    try:
        return _WRITERS[data.tag](data.value)
    except (struct.error, TypeError, ValueError, KeyError, OverflowError, AttributeError) as wrong:
        raise LocalProtocolError(f"no A-XDR encoding of {data!r}: {wrong}") from wrong


def _write_sequence(head: bytes) -> _Writer:
    def write(elements: Sequence[Data]) -> bytes:
        writers = _WRITERS
        return b"".join((head, encode_length(len(elements)),
                         *[writers[tag](value) for tag, value in elements]))

    return write


def _write_string(head: bytes) -> _Writer:
    short = tuple(head + encode_length(length) for length in range(0x80))

    def write(value: bytes) -> bytes:
        length = len(value)
        return (short[length] if length < 0x80 else head + encode_length(length)) + value

    return write


def _write_text(head: bytes, encoding: str) -> _Writer:
    write = _write_string(head)
    return lambda value: write(value.encode(encoding))


def _write_fixed(head: bytes, size: int) -> _Writer:
    def write(value: bytes) -> bytes:
        if len(value) != size:
            raise ValueError(f"{len(value)} octets instead of {size}")
        return head + value

    return write


def _write_constant(head: bytes) -> _Writer:
    def write(value: None) -> bytes:
        if value is not None:
            raise ValueError("this type carries no value")
        return head

    return write


def _write_boolean(value: Any) -> bytes:
    return b"\x03\xff" if value else b"\x03\0"


@lru_cache(maxsize=1024)  # the same weekdays and special days stand in every entry of a schedule
def _write_bit_string(value: str) -> bytes:
    count, padding = (len(value) + 7) // 8, -len(value) % 8
    octets = (int(value, 2) << padding).to_bytes(count, "big") if value else b""
    return b"".join((b"\x04", encode_length(len(value)), octets))


def _write_compact_array(value: CompactArray) -> bytes:
    content = b"".join(map(_untagged, value.elements))
    return b"".join((b"\x13", value.description, encode_length(len(content)), content))


def _untagged(data: Data) -> bytes:
    """Return an element of a compact array, whose tags stand in the type description."""
    if data.tag in SEQUENCES:
        return b"".join(map(_untagged, data.value))
    return _WRITERS[data.tag](data.value)[1:]


_WRITERS: Mapping[Tag, _Writer] = {
    **{tag: partial(struct.Struct(">B" + layout[1:]).pack, tag)
       for tag, layout in NUMBERS.items()},
    **{tag: _write_sequence(bytes((tag,))) for tag in SEQUENCES},
    **{tag: _write_text(bytes((tag,)), encoding) for tag, encoding in TEXTS.items()},
    **{tag: _write_fixed(bytes((tag,)), size) for tag, size in FIXED.items()},
    **{tag: _write_constant(bytes((tag,))) for tag in (Tag.NULL_DATA, Tag.DONT_CARE)},
    Tag.OCTET_STRING: _write_string(bytes((Tag.OCTET_STRING,))),
    Tag.COMPACT_ARRAY: _write_compact_array,
    Tag.BOOLEAN: _write_boolean,
    Tag.BIT_STRING: _write_bit_string,
}
