"""Requests and answers in the blocks of their own service: GET, SET, ACTION, read and write.

Each side numbers its blocks from 1; a block is acknowledged by its number before the next one goes
(IEC 62056-5-3, block transfer). What differs from service to service comes in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu import Apdu, Conformance, Refused
from bench.protocols.dlms.channel import Channel
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Refusal
from bench.protocols.dlms.security.protection import Envelope


class Piece(NamedTuple):
    """What one answer holds; ``offset`` is where its number stands."""

    last: bool
    number: int
    raw: bytes | Refused
    offset: int


Make = Callable[[bool, int, bytes], bytes]
"""From last, number and raw data of a block to the request that carries it."""


def collect(channel: Channel, answer: Apdu, piece_of: Callable[[Apdu], Piece | Refused | Refusal],
            ask_next: Callable[[int], bytes]) -> Exchange[bytes | Refused | Refusal]:
    """Return what the blocks hold that begin with ``answer``, or what came in place of one.

    ``piece_of`` says what is in an answer; ``ask_next`` makes the request for the block behind the
    number given. RemoteProtocolError for a wrong number, and for more blocks or octets than the
    caps allow.
    """
    caps = channel.caps
    parts: list[bytes] = []
    octets = 0
    for number in range(1, caps.blocks + 1):
        piece = piece_of(answer)
        if not isinstance(piece, Piece):
            return piece
        if isinstance(piece.raw, Refused):
            return piece.raw
        check_number(number, piece.number, piece.offset)
        parts.append(piece.raw)
        octets += len(piece.raw)
        if octets > caps.octets:
            raise RemoteProtocolError(0, f"at most {caps.octets} octets in blocks", f"{octets}")
        if piece.last:
            return b"".join(parts)
        answer = yield from channel.ask(ask_next(number))
    raise RemoteProtocolError(0, f"the last of at most {caps.blocks} blocks", "one more")


def deliver(channel: Channel, content: bytes, first: Make, further: Make,
            acknowledged: Callable[[Apdu], tuple[int, int] | None],
            block_octets: int | None = None) -> Exchange[Apdu]:
    """Send ``content`` in blocks of ``block_octets``, or as large as the server takes them.

    ``acknowledged`` gives the number in an answer and its offset, ``None`` for another answer.
    Returns what answers the last block, or what came in place of an acknowledgement.
    """
    start, number = 0, 1
    while True:
        make = first if number == 1 else further
        end = start + (block_octets or _fitting(channel, make))
        last = end >= len(content)
        answer = yield from channel.ask(make(last, number, content[start:end]))
        found = None if last else acknowledged(answer)
        if found is None:
            return answer
        check_number(number, *found)
        start, number = end, number + 1


def check_number(expected: int, found: int, offset: int) -> None:
    """Raise RemoteProtocolError unless the block that an answer names is the one expected."""
    if found != expected:
        raise RemoteProtocolError(offset, f"block {expected}", f"block {found}")


def in_one(channel: Channel, request: bytes, block_octets: int | None,
           blocks: Conformance) -> bool:
    """Return whether ``request`` goes in one piece, perhaps by general block transfer.

    ``blocks`` is the conformance bit of the service's own blocks, which go before those.
    """
    if block_octets is not None:
        return False
    fits = len(request) <= (_room(channel) or len(request))
    return fits or (channel.general_blocks and not channel.granted & blocks)


def _room(channel: Channel) -> int:
    """Return how long a request may be before it is protected; 0: as long as it likes."""
    if not channel.server_max_pdu:
        return 0
    protection = channel.protection
    added = _ADDED[protection.envelope] if protection.applied else 0
    return max(channel.server_max_pdu - added, 1)


def _fitting(channel: Channel, make: Make) -> int:
    """Return how many octets a block may carry, beside what else is in its request."""
    length = _room(channel)
    if not length:
        return _LARGEST
    octets = length - len(make(True, 1, b"")) - 2  # one octet of the length is counted already
    if octets < 1:
        raise LocalProtocolError(f"no block fits into {channel.server_max_pdu} octets")
    return octets


_LARGEST = 0xFFFF
_ADDED: Mapping[Envelope, int] = {  # at most: header, key information, tag, signature
    Envelope.SERVICE: 21, Envelope.GENERAL: 30, Envelope.CIPHERING: 260, Envelope.SIGNING: 140}
