"""Which octets of a message are which of its fields (GBCS section 7.2).

For whoever shows or compares octets: every octet of a whole message belongs to one span, in the
order of the line. What cannot be read as a message is one span; so is a block of a large message.
Leaves out what is inside the payload.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.length import decode_length
from bench.protocols.gbcs.block import is_block
from bench.protocols.gbcs.message import MAC_LENGTH, MAC_TAG, SECURITY_HEADER, parse

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
BLOCK, OCTETS = "block", "octets"
LENGTH_OF = "length of "

_MAC_HEADER_OCTETS = 7  # tag and six empty fields, up to the length
_EUI64, _COUNTER = 8, 8


class Span(NamedTuple):
    """A field and where it lies: ``start`` to before ``end``, offsets in the message."""

    name: str
    start: int
    end: int


def layout(octets: bytes) -> tuple[Span, ...]:
    """Return the fields of a message in their order; together they are all of ``octets``."""
    if is_block(octets):
        return (Span(BLOCK, 0, len(octets)),)
    try:
        parse(octets)
    except RemoteProtocolError:
        return (Span(OCTETS, 0, len(octets)),) if octets else ()
    return tuple(span for span in _spans(octets) if span.end > span.start)


def _spans(octets: bytes) -> Iterator[Span]:
    with_mac = octets[0] == MAC_TAG
    at = 0
    if with_mac:
        yield Span(MAC_HEADER, 0, _MAC_HEADER_OCTETS)
        _, at = decode_length(octets, _MAC_HEADER_OCTETS)
        yield Span(TOTAL_LENGTH, _MAC_HEADER_OCTETS, at)
        yield Span(SECURITY, at, at + len(SECURITY_HEADER))
        at += len(SECURITY_HEADER)
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
        yield Span(name, at, at + length)
        at += length
    last = SUPPLEMENTARY_COUNTER if other.end - at == _COUNTER else CERTIFICATE
    yield Span(last, at, other.end)
