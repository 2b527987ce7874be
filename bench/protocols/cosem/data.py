"""COSEM data in A-XDR: a tag, then a value (DLMS UA 1000-2 "Data"; IEC 62056-6-2 for the types).

``decode`` is strict: lengths take the fewest octets they can, padding bits are zero, a boolean is
00, 01 or FF. What was read is written back octet for octet, but for a boolean 01, written as FF.
What values are in Python is in :mod:`.values`, writing in :mod:`.encoding`; both are had from here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from itertools import chain, cycle, repeat
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.encoding import encode
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.cosem.values import (
    FIXED,
    NUMBERS,
    SEQUENCES,
    TEXTS,
    CompactArray,
    Data,
    Tag,
    compact_array,
    plain,
)

__all__ = ["CompactArray", "Data", "Tag", "compact_array", "decode", "decode_length", "encode",
           "encode_length", "plain"]


def decode(octets: bytes, offset: int = 0) -> tuple[Data, int]:
    """Return the value at ``offset`` and the offset behind it, or raise RemoteProtocolError."""
    try:
        return _DECODERS[octets[offset]](octets, offset + 1)
    except (IndexError, struct.error):
        raise RemoteProtocolError(len(octets), "more octets", "the end") from None
    except RecursionError:
        raise RemoteProtocolError(offset, "data", "structures nested beyond reason") from None


_Decoder = Callable[[bytes, int], tuple[Data, int]]
_new = tuple.__new__  # half the cost of calling Data, which matters in a 13-month profile


def _take(octets: bytes, offset: int, length: int) -> tuple[bytes, int]:
    end = offset + length
    if end > len(octets):
        raise RemoteProtocolError(len(octets), "more octets", "the end")
    return octets[offset:end], end


def _constant(tag: Tag) -> _Decoder:
    data = Data(tag, None)

    def read(octets: bytes, offset: int) -> tuple[Data, int]:  # noqa: ARG001  a decoder's form
        return data, offset

    return read


def _number(tag: Tag, layout: str) -> _Decoder:
    form = struct.Struct(layout)
    unpack, size = form.unpack_from, form.size

    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        return _new(Data, (tag, unpack(octets, offset)[0])), offset + size

    return read


def _octet(tag: Tag) -> _Decoder:
    values = tuple(Data(tag, value) for value in range(256))

    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        return values[octets[offset]], offset + 1

    return read


def _sequence(tag: Tag) -> _Decoder:
    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        count = octets[offset]
        if count < 0x80:
            offset += 1
        else:
            count, offset = decode_length(octets, offset)
        elements: list[Data] = []
        append, decoders = elements.append, _DECODERS
        for _ in range(count):
            element, offset = decoders[octets[offset]](octets, offset + 1)
            append(element)
        return _new(Data, (tag, tuple(elements))), offset

    return read


def _string(tag: Tag) -> _Decoder:
    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        length = octets[offset]
        if length < 0x80:
            offset += 1
        else:
            length, offset = decode_length(octets, offset)
        end = offset + length
        if end > len(octets):
            raise RemoteProtocolError(len(octets), "more octets", "the end")
        return _new(Data, (tag, octets[offset:end])), end

    return read


def _text(tag: Tag, encoding: str) -> _Decoder:
    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        length, start = decode_length(octets, offset)
        content, end = _take(octets, start, length)
        try:
            return Data(tag, content.decode(encoding)), end
        except UnicodeDecodeError as wrong:
            raise RemoteProtocolError(start + wrong.start, f"{encoding} text",
                                      content[wrong.start : wrong.end].hex().upper()) from None

    return read


def _fixed(tag: Tag, size: int) -> _Decoder:
    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        content, end = _take(octets, offset, size)
        return Data(tag, content), end

    return read


def _boolean(octets: bytes, offset: int) -> tuple[Data, int]:
    found = octets[offset]
    if found not in _BOOLEANS:
        raise RemoteProtocolError(offset, "a boolean 00, 01 or FF", f"{found:02X}")
    return _BOOLEANS[found], offset + 1


def _bit_string(octets: bytes, offset: int) -> tuple[Data, int]:
    bits = octets[offset]
    if bits < 0x80:
        offset += 1
    else:
        bits, offset = decode_length(octets, offset)
    content, end = _take(octets, offset, (bits + 7) // 8)
    data = _bits(bits, content)
    if data is None:
        raise RemoteProtocolError(end - 1, "zero padding bits", f"{octets[end - 1]:02X}")
    return data, end


@lru_cache(maxsize=1024)  # the same weekdays and special days stand in every entry of a schedule
def _bits(bits: int, content: bytes) -> Data | None:
    value = int.from_bytes(content, "big") | 1 << 8 * len(content)  # a leading 1 keeps zeros
    return None if value & (1 << -bits % 8) - 1 else Data(Tag.BIT_STRING, bin(value)[3 : 3 + bits])


def _compact_array(octets: bytes, offset: int) -> tuple[Data, int]:
    start = offset
    offset = _end_of_type(octets, start)
    description = octets[start:offset]
    length, offset = decode_length(octets, offset)
    end = offset + length
    if end > len(octets):
        raise RemoteProtocolError(len(octets), "more octets", "the end")
    columns = _columns(description)
    if columns is not None and length % columns.row.size == 0:
        return Data(Tag.COMPACT_ARRAY, CompactArray(
            description, columns.read(octets[offset:end]))), end
    read = _element_reader(description)
    elements = []
    while offset < end:
        element, offset = read(octets, offset)
        elements.append(element)
    if offset != end:
        raise RemoteProtocolError(end, "the end of a compact array", "half an element")
    return Data(Tag.COMPACT_ARRAY, CompactArray(description, tuple(elements))), end


def _end_of_type(octets: bytes, offset: int) -> int:
    """Return the offset behind the type description at ``offset``."""
    tag = octets[offset]
    if tag == Tag.STRUCTURE:
        count, end = decode_length(octets, offset + 1)
        for _ in range(count):
            end = _end_of_type(octets, end)
    elif tag == Tag.ARRAY:
        count = octets[offset + 1] << 8 | octets[offset + 2]
        end = _end_of_type(octets, offset + 3)
    else:
        count, end = int(_DECODERS[tag] not in _UNUSABLE), offset + 1
    if not count:  # types without octets would let a short message stand for endless elements
        raise RemoteProtocolError(offset, "a type whose values have octets", f"{tag:02X}")
    return end


class _Columns(NamedTuple):
    """The members of a structure that holds numbers only: half-hour profiles, power logs."""

    tags: tuple[Tag, ...]
    row: struct.Struct

    def read(self, content: bytes) -> tuple[Data, ...]:
        """Return one structure for each row, without a step of Python for each number."""
        make, values = repeat(Data), chain.from_iterable(self.row.iter_unpack(content))
        cells = map(_new, make, zip(cycle(self.tags), values))
        rows = zip(*[cells] * len(self.tags), strict=True)
        return tuple(map(_new, make, zip(repeat(Tag.STRUCTURE), rows)))


@lru_cache(maxsize=64)
def _columns(description: bytes) -> _Columns | None:
    tags = description[2:]
    if description[0] != Tag.STRUCTURE or not all(tag in NUMBERS for tag in tags):
        return None
    layout = "".join(NUMBERS[Tag(tag)][1:] for tag in tags)
    return _Columns(tuple(map(Tag, tags)), struct.Struct(">" + layout))


@lru_cache(maxsize=64)
def _element_reader(description: bytes) -> _Decoder:
    """Return the decoder for elements of the type ``description``, known to be whole."""
    tag = Tag(description[0])
    if tag not in (Tag.STRUCTURE, Tag.ARRAY):
        return _DECODERS[tag]
    members = []
    if tag == Tag.ARRAY:
        members = [_element_reader(description[3:])] * int.from_bytes(description[1:3], "big")
    else:
        count, offset = decode_length(description, 1)
        for _ in range(count):
            end = _end_of_type(description, offset)
            members.append(_element_reader(description[offset:end]))
            offset = end
    readers = tuple(members)

    def read(octets: bytes, offset: int) -> tuple[Data, int]:
        values = []
        for reader in readers:
            value, offset = reader(octets, offset)
            values.append(value)
        return _new(Data, (tag, tuple(values))), offset

    return read


def _unknown(octets: bytes, offset: int) -> tuple[Data, int]:
    raise RemoteProtocolError(offset - 1, "a data tag", f"{octets[offset - 1]:02X}")


_TRUE = Data(Tag.BOOLEAN, True)
_BOOLEANS = {0: Data(Tag.BOOLEAN, False), 1: _TRUE, 0xFF: _TRUE}

_DECODERS: list[_Decoder] = [_unknown] * 256
for _tag, _layout in NUMBERS.items():
    _DECODERS[_tag] = _octet(_tag) if _layout == ">B" else _number(_tag, _layout)
for _tag, _encoding in TEXTS.items():
    _DECODERS[_tag] = _text(_tag, _encoding)
for _tag, _size in FIXED.items():
    _DECODERS[_tag] = _fixed(_tag, _size)
for _tag in (Tag.NULL_DATA, Tag.DONT_CARE):
    _DECODERS[_tag] = _constant(_tag)
for _tag in SEQUENCES:
    _DECODERS[_tag] = _sequence(_tag)
_DECODERS[Tag.OCTET_STRING] = _string(Tag.OCTET_STRING)
_DECODERS[Tag.COMPACT_ARRAY] = _compact_array
_DECODERS[Tag.BOOLEAN] = _boolean
_DECODERS[Tag.BIT_STRING] = _bit_string

_UNUSABLE = frozenset(
    (_unknown, _compact_array, _DECODERS[Tag.NULL_DATA], _DECODERS[Tag.DONT_CARE]))
