"""Which octets of a message are which of its fields (GBCS section 7.2).

For whoever shows or compares octets: every octet belongs to one span, in the order of the line,
also of a block of a large message. What cannot be read as a message is named as far as it can, and
the rest is one span. Leaves out what is inside the payload.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.length import decode_length
from bench.protocols.gbcs.block import is_block, parse_block
from bench.protocols.gbcs.message import (
    GROUPING_TAG,
    MAC_LENGTH,
    MAC_TAG,
    SECURITY_HEADER,
    SIGNATURE_LENGTH,
    parse,
)

MAC_HEADER, SECURITY, GROUPING = "MAC header", "security header", "grouping header"
TOTAL_LENGTH = "length of what follows"
CRA, COUNTER = "CRA flag", "originator counter"
ORIGINATOR, RECIPIENT, DATE_TIME = "originator", "recipient", "date-time"
MESSAGE_CODE = "message code"
SUPPLEMENTARY_PARTY = "supplementary remote party"
SUPPLEMENTARY_PARTY_COUNTER = "supplementary remote party counter"
SUPPLEMENTARY_COUNTER = "supplementary originator counter"
CERTIFICATE = "key agreement certificate"
PAYLOAD, SIGNATURE, MAC = "payload", "signature", "MAC"
ROUTING, KEY_INFORMATION, BLOCK_CONTROL = "routing header", "key information", "block control"
BLOCK_NUMBER, ACKNOWLEDGED = "block number", "acknowledged block"
BLOCK_DATA, OCTETS = "block data", "octets"
LENGTH_OF = "length of "

_MAC_HEADER_OCTETS = 7  # tag and six empty fields, up to the length
_EUI64, _COUNTER = 8, 8
_GROUPING_START = bytes((GROUPING_TAG, 9))
_BLOCK_HEAD = (  # field -> octets
    (ROUTING, 2), (CRA, 1), (COUNTER, _COUNTER), (LENGTH_OF + ORIGINATOR, 1), (ORIGINATOR, _EUI64),
    (LENGTH_OF + RECIPIENT, 1), (RECIPIENT, _EUI64), (LENGTH_OF + DATE_TIME, 1),
    (LENGTH_OF + MESSAGE_CODE, 1), (MESSAGE_CODE, 2), (KEY_INFORMATION, 1))
_BLOCK = ((SECURITY, 5), (BLOCK_CONTROL, 2), (BLOCK_NUMBER, 2), (ACKNOWLEDGED, 2))


class Span(NamedTuple):
    """A field and where it lies: ``start`` to before ``end``, offsets in the message."""

    name: str
    start: int
    end: int


def layout(octets: bytes) -> tuple[Span, ...]:
    """Return the fields of a message in their order; together they are all of ``octets``."""
    block = is_block(octets)
    spans = _block_spans(octets) if block else _spans(octets)
    try:
        _ = parse_block(octets) if block else parse(octets)
    except RemoteProtocolError:
        return tuple(_as_far_as_read(octets, spans))
    return tuple(span for span in spans if span.end > span.start)


def _as_far_as_read(octets: bytes, spans: Iterator[Span]) -> Iterator[Span]:
    """Yield the fields of what is no message, until one does not fit, and the rest in one."""
    at = 0
    with suppress(RemoteProtocolError, IndexError):
        for span in spans:
            if span.start != at or span.end > len(octets):
                break
            if span.end > span.start:
                yield span
            at = span.end
    if at < len(octets):
        yield Span(OCTETS, at, len(octets))


def _block_spans(octets: bytes) -> Iterator[Span]:
    at = 0
    for name, length in _BLOCK_HEAD:
        yield Span(name, at, at + length)
        at += length
    _, start = decode_length(octets, at)
    yield Span(TOTAL_LENGTH, at, start)
    at = start
    for name, length in _BLOCK:
        yield Span(name, at, at + length)
        at += length
    _, start = decode_length(octets, at)
    yield Span(LENGTH_OF + BLOCK_DATA, at, start)
    yield Span(BLOCK_DATA, start, len(octets))


def _spans(octets: bytes) -> Iterator[Span]:
    with_mac = octets[0] == MAC_TAG
    at = 0
    if with_mac:
        yield Span(MAC_HEADER, 0, _MAC_HEADER_OCTETS)
        _, at = decode_length(octets, _MAC_HEADER_OCTETS)
        yield Span(TOTAL_LENGTH, _MAC_HEADER_OCTETS, at)
        yield Span(SECURITY, at, at + len(SECURITY_HEADER))
        at += len(SECURITY_HEADER)
    if octets[at:at + 2] != _GROUPING_START:
        raise RemoteProtocolError(at, "a grouping header DF09", octets[at:at + 2].hex().upper())
    for name, octets_of in ((GROUPING, 2), (CRA, 1), (COUNTER, _COUNTER)):
        yield Span(name, at, at + octets_of)
        at += octets_of
    for name in (ORIGINATOR, RECIPIENT, DATE_TIME, MESSAGE_CODE, PAYLOAD):
        length, start = decode_length(octets, at)
        yield Span(LENGTH_OF + name, at, start)
        at = start + length
        if name == MESSAGE_CODE:
            yield from _other(Span(name, start, at))
        else:
            yield Span(name, start, at)
    if at == len(octets):
        return  # a pre-command stops here
    signed = octets[at]
    if signed not in (0, SIGNATURE_LENGTH):
        raise RemoteProtocolError(at, "a signature length 00 or 40", f"{signed:02X}")
    yield Span(LENGTH_OF + SIGNATURE, at, at + 1)
    yield Span(SIGNATURE, at + 1, at + 1 + signed)
    if with_mac:
        yield Span(MAC, len(octets) - MAC_LENGTH, len(octets))


def _other(other: Span) -> Iterator[Span]:
    """Yield the message code and what is said of a supplementary remote party."""
    at = other.start
    for name, length in ((MESSAGE_CODE, 2), (SUPPLEMENTARY_PARTY, _EUI64),
                         (SUPPLEMENTARY_PARTY_COUNTER, _COUNTER)):
        if at == other.end:
            return
        if at + length > other.end:
            raise RemoteProtocolError(at, f"a {name} of {length} octets", f"{other.end - at}")
        yield Span(name, at, at + length)
        at += length
    last = SUPPLEMENTARY_COUNTER if other.end - at == _COUNTER else CERTIFICATE
    yield Span(last, at, other.end)
