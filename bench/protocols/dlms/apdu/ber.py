"""Elements of ACSE APDUs in BER (ITU-T X.690; IEC 62056-5-3, ACSE): one codec for each type.

A codec turns a value into the content of its element and back; ``inside`` puts an element of its
own into it, as explicit tagging does. Lengths may be longer than need be, as BER has it, up to four
octets; written is the shortest form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.length import encode_length
from bench.protocols.dlms.apdu import object_identifier


class Content(NamedTuple):
    """How a value is written as content octets, and read from those at ``start`` to ``end``."""

    write: Callable[[Any], bytes]
    read: Callable[[bytes, int, int], Any]


class Element(NamedTuple):
    """One element of a sequence: its tag, the field it is, whether it must be there."""

    tag: int
    name: str
    content: Content
    required: bool = False


def element(tag: int, content: bytes) -> bytes:
    """Return ``content`` with tag and length in front."""
    return b"".join((bytes((tag,)), encode_length(len(content)), content))


def read_head(octets: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Return the tag at ``offset``, and where its content starts and ends, at most at ``end``."""
    if offset + 2 > end:
        raise RemoteProtocolError(end, "more octets", "the end")
    tag, length, start = octets[offset], octets[offset + 1], offset + 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise RemoteProtocolError(offset + 1, "a length of 1 to 5 octets", f"{length:02X}")
        if start + count > end:
            raise RemoteProtocolError(end, "more octets", "the end")
        length = int.from_bytes(octets[start : start + count], "big")
        start += count
    if start + length > end:
        raise RemoteProtocolError(offset + 1, f"a length of at most {end - start}, what follows",
                                  f"{length}")
    return tag, start, start + length


def inside(tag: int, content: Content, what: str) -> Content:
    """Return the content that is one element ``tag`` with ``content``."""
    def read(octets: bytes, start: int, end: int) -> Any:
        found, inner, inner_end = read_head(octets, start, end)
        if found != tag:
            raise RemoteProtocolError(start, f"{what} {tag:02X}", f"{found:02X}")
        if inner_end != end:
            raise RemoteProtocolError(inner_end, f"the end of {what}",
                                      f"{end - inner_end} octets more")
        return content.read(octets, inner, inner_end)

    return Content(lambda value: element(tag, content.write(value)), read)


def _write_integer(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def _read_integer(octets: bytes, start: int, end: int) -> int:
    if start == end:
        raise RemoteProtocolError(start, "an integer of 1 octet or more", "0 octets")
    return int.from_bytes(octets[start:end], "big", signed=True)


def _write_bits(value: str) -> bytes:
    padding = -len(value) % 8
    content = (int(value, 2) << padding).to_bytes((len(value) + 7) // 8, "big") if value else b""
    return bytes((padding,)) + content


def _read_bits(octets: bytes, start: int, end: int) -> str:
    if start == end:
        raise RemoteProtocolError(start, "a bit string of 1 octet or more", "0 octets")
    padding, bits = octets[start], 8 * (end - start - 1)
    if padding > min(bits, 7):
        raise RemoteProtocolError(start, f"0 to {min(bits, 7)} unused bits", f"{padding}")
    content = int.from_bytes(octets[start + 1 : end], "big")
    if content & (1 << padding) - 1:
        raise RemoteProtocolError(end - 1, "unused bits zero", f"{octets[end - 1]:02X}")
    return f"{content:0{bits}b}"[: bits - padding] if bits else ""


OCTETS = Content(bytes, lambda octets, start, end: octets[start:end])
INTEGER = Content(_write_integer, _read_integer)
BITS = Content(_write_bits, _read_bits)
"""A ``str`` of 0 and 1."""
OBJECT_IDENTIFIER = Content(
    object_identifier.encode,
    lambda octets, start, end: object_identifier.decode(octets[start:end], start))


def write_sequence(tag: int, elements: tuple[Element, ...], values: tuple[Any, ...]) -> bytes:
    """Return the sequence with the elements whose value is not ``None``."""
    return element(tag, b"".join([
        element(each.tag, each.content.write(value))
        for each, value in zip(elements, values, strict=True) if value is not None]))


def read_sequence(octets: bytes, elements: tuple[Element, ...], what: str
                  ) -> tuple[list[Any], int]:
    """Return the values of ``elements``, ``None`` for one left out, and the offset behind.

    Elements come in the order of their declaration, each at most once.
    """
    _, offset, end = read_head(octets, 0, len(octets))
    values: list[Any] = [None] * len(elements)
    position = 0
    while offset < end:
        tag, start, behind = read_head(octets, offset, end)
        while position < len(elements) and elements[position].tag != tag:
            _miss(elements[position], offset, f"{tag:02X}")
            position += 1
        if position == len(elements):
            raise RemoteProtocolError(offset, f"an element of {what} in its order", f"{tag:02X}")
        values[position] = elements[position].content.read(octets, start, behind)
        position += 1
        offset = behind
    for each in elements[position:]:
        _miss(each, end, "the end")
    return values, end


def _miss(missed: Element, offset: int, found: str) -> None:
    if missed.required:
        raise RemoteProtocolError(offset, f"{missed.name.replace('_', ' ')} {missed.tag:02X}",
                                  found)
