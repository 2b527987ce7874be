"""One block of a message too large for one piece (GBCS 7.2.11): routing header and block.

Layout, lengths in octets, ``L`` a BER length; the routing header and what follows it are as
Wireshark's ``packet-gbcs.c`` reads them, the fields of the block as IEC 62056-5-3 names them::

    DD 09 CRA(1) counter(8) 08 originator(8) 08 recipient(8) 00 02 message-code(2) 00
    L 01 00000000                                     security header: nothing is protected
    E0 control(1) number(2) acknowledged(2) L data    control: 80 last, 40 streaming, 3F window

Our reading: the security control octet is written as 01 (suite 1, no protection), read is any that
claims no protection; an acknowledgement is a block without data on the way back. What blocks
follow each other is in :mod:`bench.protocols.gbcs.block_transfer`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.dlms.apdu.general_block import HIGHEST, LARGEST_WINDOW, TAG, GeneralBlock
from bench.protocols.gbcs.message import Cra, Message

__all__ = ["HIGHEST", "LARGEST_WINDOW", "TAG", "Block", "Route", "is_block", "parse_block",
           "route_of"]


@dataclass(frozen=True, slots=True)
class Route:
    """What the routing header says; ids are EUI-64s of 8 octets, the counter has 64 bits.

    The route of a transfer is that of its message; its acknowledgements go the way back.
    """

    cra: Cra
    originator_counter: int
    originator: bytes
    recipient: bytes
    message_code: int

    def back(self) -> Route:
        """Return the route of the acknowledgements."""
        return replace(self, originator=self.recipient, recipient=self.originator)


def route_of(message: Message) -> Route:
    """Return the route that the blocks of ``message`` take."""
    return Route(message.cra, message.originator_counter, message.originator, message.recipient,
                 message.message_code)


@dataclass(frozen=True, slots=True)
class Block:
    """One block or, without data, one acknowledgement.

    ``number`` and ``acknowledged`` are 0 to 65,535, ``window`` is 0 to 63: blocks that its sender
    is ready to take.
    """

    route: Route
    number: int
    acknowledged: int
    data: bytes = b""
    last: bool = False
    streaming: bool = False
    window: int = 1

    @property
    def aborts(self) -> bool:
        """True where it ends the transfer without a result."""
        return not (self.number or self.acknowledged or self.data)

    def encode(self) -> bytes:
        """Return the octets on the wire; LocalProtocolError for a field that does not fit."""
        route = self.route
        if len(route.originator) != 8 or len(route.recipient) != 8:
            raise LocalProtocolError("originator and recipient have 8 octets each")
        inner = _SECURITY_HEADER + GeneralBlock(
            self.number, self.acknowledged, self.data, self.last, self.streaming,
            self.window).encode()
        try:
            head = _ROUTING.pack(*_ROUTING_START, route.cra, route.originator_counter, 8,
                                 route.originator, 8, route.recipient, 0, 2, route.message_code, 0)
        except struct.error as wrong:
            raise LocalProtocolError(f"a field of a block does not fit: {wrong}") from None
        return b"".join((head, encode_length(len(inner)), inner))

    def wrong(self, expected: str, found: str) -> RemoteProtocolError:
        """Return what is wrong with the block's number or what it acknowledges."""
        content = GeneralBlock(self.number, self.acknowledged, self.data).encode()
        length = len(encode_length(len(_SECURITY_HEADER) + len(content)))
        return RemoteProtocolError(
            _ROUTING.size + length + len(_SECURITY_HEADER) + 2, expected, found)


def is_block(octets: bytes) -> bool:
    """Return whether ``octets`` start as a block does, and no other GBCS message."""
    return octets[:2] == _START


def parse_block(octets: bytes) -> Block:
    """Return the block that ``octets`` are, all of them, or raise RemoteProtocolError."""
    try:
        (tag, transaction_id, flag, counter, originator_length, originator, recipient_length,
         recipient, date_time, other, code, key_info) = _ROUTING.unpack_from(octets)
        for offset, expected, found in (
                (0, _START[0], tag), (1, _START[1], transaction_id), (11, 8, originator_length),
                (20, 8, recipient_length), (29, 0, date_time), (30, 2, other), (33, 0, key_info)):
            if expected != found:
                raise RemoteProtocolError(offset, f"{expected:02X}", f"{found:02X}")
        if flag not in _CRA:
            raise RemoteProtocolError(2, "CRA flag 01, 02 or 03", f"{flag:02X}")
        length, start = decode_length(octets, _ROUTING.size)
        if length != len(octets) - start:
            raise RemoteProtocolError(
                _ROUTING.size, f"length {len(octets) - start}, what follows", f"{length}")
        if octets[start] & _PROTECTED:
            raise RemoteProtocolError(start, "a security header that protects nothing",
                                      f"{octets[start]:02X}")
        start += len(_SECURITY_HEADER)
        if octets[start] != TAG:
            raise RemoteProtocolError(start, f"the block tag {TAG:02X}", f"{octets[start]:02X}")
        block, end = GeneralBlock.read(octets, start)
        if end != len(octets):
            raise RemoteProtocolError(end, "the end of the block", f"{len(octets) - end} octets")
    except (struct.error, IndexError):
        raise RemoteProtocolError(len(octets), "more octets", "the end") from None
    route = Route(Cra(flag), counter, originator, recipient, code)
    return Block(route, block.number, block.acknowledged, block.data, block.last,
                 block.streaming, block.window)


_START = bytes((0xDD, 9))
_ROUTING_START = (0xDD, 9)
_ROUTING = struct.Struct(">BBBQB8sB8sBBHB")
_SECURITY_HEADER = bytes.fromhex("0100000000")
_PROTECTED = 0xB0  # authentication, encryption, compression
_CRA = frozenset(int(cra) for cra in Cra)
