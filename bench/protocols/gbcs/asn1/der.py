"""Octets of DER (ITU-T X.690 clauses 8, 10 and 11): headers and the values of simple types.

Reading says at which octet a rule is broken, and refuses what general libraries let pass: tags of
several octets, indefinite lengths, an element that goes beyond what holds it, more octets of a
number than it needs, unused bits that are one, zero bits at the end of a named bit list, a time
of fractions or of another zone. Two things are left to the caller, who finds them by writing the
value again: a default value that is written, and a length of 128 to 255 in three octets instead
of two (``wide``), which devices of the reference test data set do.

Left out: what GBCS payloads do not hold (tags above 30, sets, texts, object identifiers), but
inside certificates, which stay whole.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.length import encode_length

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
ENUMERATED = 0x0A
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
CONTEXT = 0x80
CONSTRUCTED = 0x20

MOST_BITS = 32  # of a named bit list; the longest in use has 9

_TIME_LENGTH = 15  # YYYYMMDDhhmmssZ
_LONGEST_NUMBER = 9  # an unsigned number of 64 bits


class Element(NamedTuple):
    """One element: its tag octet, and where it, its contents and what follows begin."""

    tag: int
    offset: int
    start: int
    end: int


_new = tuple.__new__  # half the cost of calling Element


def element(octets: bytes, offset: int, end: int) -> Element:
    """Return the element at ``offset``, which must not go beyond ``end``."""
    if offset + 2 > end:
        raise RemoteProtocolError(end, "more octets", "the end")
    tag = octets[offset]
    if tag & 0x1F == 0x1F:
        raise RemoteProtocolError(offset, "a tag of one octet", f"{tag:02X}")
    length, start = octets[offset + 1], offset + 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise RemoteProtocolError(offset + 1, "a definite length of 1 to 5 octets",
                                      f"{length:02X}")
        start += count
        if start > end:
            raise RemoteProtocolError(end, "more octets", "the end")
        length = int.from_bytes(octets[offset + 2 : start], "big")
        if length < (0x80 if count <= 2 else 1 << 8 * (count - 1)):
            raise RemoteProtocolError(offset + 1, "the shortest form of a length",
                                      octets[offset + 1 : start].hex().upper())
    if start + length > end:
        raise RemoteProtocolError(offset + 1, f"a length of at most {end - start}", f"{length}")
    return _new(Element, (tag, offset, start, start + length))


def read_integer(octets: bytes, at: Element) -> int:
    """Return a signed number."""
    contents = octets[at.start : at.end]
    if not 1 <= len(contents) <= _LONGEST_NUMBER:
        raise RemoteProtocolError(at.start, f"a number of 1 to {_LONGEST_NUMBER} octets",
                                  f"{len(contents)}")
    if len(contents) > 1 and (contents[0], contents[1] >> 7) in ((0, 0), (0xFF, 1)):
        raise RemoteProtocolError(at.start, "the fewest octets of a number",
                                  contents[:2].hex().upper())
    return int.from_bytes(contents, "big", signed=True)


def read_bits(octets: bytes, at: Element) -> list[int]:
    """Return which bits of a named bit list are one, ascending; bit 0 is the first."""
    contents = octets[at.start : at.end]
    if len(contents) > 1 + MOST_BITS // 8:
        raise RemoteProtocolError(at.start, f"at most {MOST_BITS} bits",
                                  f"{8 * len(contents) - 8}")
    if not contents or contents[0] > 7 or (len(contents) == 1 and contents[0]):
        raise RemoteProtocolError(at.start, "a number of unused bits, 0 to 7, then the bits",
                                  contents[:1].hex().upper() or "nothing")
    bits = f"{int.from_bytes(contents, 'big'):0{8 * len(contents)}b}"[8:]
    used = len(bits) - contents[0]
    if "1" in bits[used:]:
        raise RemoteProtocolError(at.end - 1, "unused bits of zero", f"{contents[-1]:02X}")
    if used and bits[used - 1] == "0":
        raise RemoteProtocolError(at.end - 1, "no zero bits at the end of a named bit list",
                                  f"{contents[-1]:02X}")
    return [index for index, bit in enumerate(bits) if bit == "1"]


def read_time(octets: bytes, at: Element) -> str:
    """Return a time as ISO 8601 text in UTC, whole seconds."""
    contents = octets[at.start : at.end]
    if len(contents) == _TIME_LENGTH and contents[14:] == b"Z":
        digits = contents[:14]
        if digits.isdigit():
            day, clock = int(digits[:8]), int(digits[8:])
            with suppress(ValueError):
                instant = datetime(day // 10_000, day // 100 % 100, day % 100,
                                   clock // 10_000, clock // 100 % 100, clock % 100, tzinfo=UTC)
                return instant.isoformat().replace("+00:00", "Z")
    raise RemoteProtocolError(at.start, "a time YYYYMMDDhhmmssZ", contents[:20].hex().upper())


def write(tag: int, contents: bytes, *, wide: bool = False) -> bytes:
    """Return an element; ``wide``: a length of 128 to 255 in three octets, not two."""
    if wide and 0x80 <= len(contents) <= 0xFF:
        return bytes((tag, 0x82, 0, len(contents))) + contents
    return b"".join((bytes((tag,)), encode_length(len(contents)), contents))


def integer_contents(value: int) -> bytes:
    """Return the octets of a number."""
    bits = (value if value >= 0 else ~value).bit_length()
    return value.to_bytes(bits // 8 + 1, "big", signed=True)


def bit_contents(bits: list[int]) -> bytes:
    """Return the octets of a named bit list."""
    octets = max(bits, default=-1) // 8 + 1
    number = sum(1 << 8 * octets - 1 - bit for bit in set(bits))
    unused = 8 * octets - 1 - max(bits, default=-1)
    return bytes((unused,)) + number.to_bytes(octets, "big")


def time_contents(value: str) -> bytes:
    """Return the octets of a time given as ISO 8601 text; without a zone it is UTC."""
    try:
        instant = datetime.fromisoformat(value)
        utc = instant.astimezone(UTC) if instant.tzinfo else instant
    except (TypeError, ValueError, OverflowError) as wrong:
        raise LocalProtocolError(f"an ISO 8601 time is wanted, not {value!r}") from wrong
    if utc.microsecond:
        raise LocalProtocolError(f"a time of whole seconds is wanted, not {value!r}")
    return f"{utc.year:04}{utc:%m%d%H%M%S}Z".encode()
