"""Packets of a capture file: pcapng, and classic pcap (libpcap's format, version 2.4).

Times are UTC. The direction is known where the capture tells it (pcapng's flags). What a packet
holds is told by its link type; :mod:`bench.protocols.internet` finds the payloads.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket
from pcapng.exceptions import PcapngException

from bench.errors import LedgerError

_PCAPNG = bytes.fromhex("0A0D0D0A")
# The magic number of a classic capture -> its octet order and the fractions of a second.
_CLASSIC = {bytes.fromhex("D4C3B2A1"): ("<", 1), bytes.fromhex("A1B2C3D4"): (">", 1),
            bytes.fromhex("4D3CB2A1"): ("<", 1000), bytes.fromhex("A1B23C4D"): (">", 1000)}
_DIRECTIONS = {1: "received", 2: "sent"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Packet(NamedTuple):
    """One packet; ``time`` is ISO 8601 in UTC or empty, ``direction`` "sent", "received" or ""."""

    link_type: int
    octets: bytes
    time: str = ""
    direction: str = ""


def is_capture(octets: bytes) -> bool:
    """Return whether a file that begins with ``octets`` is a capture."""
    return octets[:4] == _PCAPNG or octets[:4] in _CLASSIC


def read_packets(path: str | Path) -> Iterator[Packet]:
    """Yield the packets of a capture file in order; LedgerError where it is none, or is cut off."""
    try:
        octets = Path(path).read_bytes()
    except OSError as wrong:
        raise LedgerError(f"{path}: {wrong.strerror or 'cannot be read'}") from None
    if octets[:4] == _PCAPNG:
        yield from _pcapng(octets, path)
    elif octets[:4] in _CLASSIC:
        yield from _classic(octets, path)
    else:
        raise LedgerError(f"{path}: offset 0: expected a capture, pcap or pcapng, found "
                          f"{octets[:4].hex().upper() or 'an empty file'}")


def _pcapng(octets: bytes, path: str | Path) -> Iterator[Packet]:
    try:
        for block in FileScanner(io.BytesIO(octets)):
            if isinstance(block, EnhancedPacket):
                flags = block.options.get("epb_flags")
                direction = getattr(flags, "inout", flags)
                yield Packet(block.interface.link_type, bytes(block.packet_data),
                             _time(block.timestamp), _direction(direction))
    except (PcapngException, ValueError, KeyError, struct.error) as wrong:
        raise LedgerError(f"{path}: the capture cannot be read: {wrong}") from None


def _direction(flags: object) -> str:
    names = {"inbound": "received", "outbound": "sent"}
    if isinstance(flags, int):
        return _DIRECTIONS.get(flags & 3, "")
    return names.get(str(flags), "")


def _classic(octets: bytes, path: str | Path) -> Iterator[Packet]:
    order, fraction = _CLASSIC[octets[:4]]
    if len(octets) < 24:
        raise LedgerError(f"{path}: offset {len(octets)}: expected a header of 24 octets, found "
                          "the end")
    link_type = struct.unpack_from(f"{order}I", octets, 20)[0] & 0xFFFF
    head = struct.Struct(f"{order}IIII")
    at = 24
    while at < len(octets):
        if at + head.size > len(octets):
            raise LedgerError(f"{path}: offset {at}: expected the header of a packet, found "
                              f"{len(octets) - at} octets")
        seconds, part, length, _ = head.unpack_from(octets, at)
        at += head.size
        if at + length > len(octets):
            raise LedgerError(f"{path}: offset {at}: expected {length} octets of a packet, found "
                              f"{len(octets) - at}")
        yield Packet(link_type, octets[at : at + length],
                     _time(seconds + part / (1_000_000 * fraction)))
        at += length


def _time(seconds: float) -> str:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError):
        return ""
