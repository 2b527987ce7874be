"""Payloads of TCP and UDP in captured packets (RFC 791, 8200, 9293, 768), enough to read meters.

Frames of Ethernet, of Linux "cooked" captures, of loopback and bare IP. Fragments and options of
IP are passed over. Of a TCP stream what was sent again is left out, and a gap is told.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import NamedTuple

USER0 = 147
"""The link type of captures that hold whole messages, as the bench writes them."""

_IPV4, _IPV6, _VLAN = 0x0800, 0x86DD, 0x8100
_TCP, _UDP = 6, 17
_SYN = 0x02


class Payload(NamedTuple):
    """Octets of one packet; ``missing`` is how many were not captured before them."""

    source: str  # address:port
    destination: str
    octets: bytes
    missing: int = 0


class Streams:
    """Takes packets in order and gives the payloads in them, each octet of a stream once."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, str], int] = {}

    def payload(self, link_type: int, packet: bytes) -> Payload | None:
        """Return what a packet carries; ``None`` for one without payload, or of another kind."""
        finder = _LINKS.get(link_type)
        internet = finder(packet) if finder else None
        if not internet:
            return None
        try:
            return self._transport(*_internet(internet))
        except (IndexError, ValueError):
            return None  # cut short by the capture

    def _transport(self, source: str, destination: str, protocol: int, octets: bytes
                   ) -> Payload | None:
        ports = int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:4], "big")
        ends = f"{source}:{ports[0]}", f"{destination}:{ports[1]}"
        if protocol == _UDP:
            return Payload(*ends, octets[8:]) if octets[8:] else None
        if protocol != _TCP or len(octets) < 20:
            return None
        sequence = int.from_bytes(octets[4:8], "big")
        content = octets[(octets[12] >> 4) * 4 :]
        if octets[13] & _SYN:
            self._next[ends] = (sequence + 1) & 0xFFFFFFFF
            return None
        if not content:
            return None
        ahead = (sequence - self._next.get(ends, sequence)) & 0xFFFFFFFF
        missing = 0 if ahead >> 31 else ahead
        known = (0x100000000 - ahead) if ahead >> 31 else 0
        content = content[known:]
        if not content:
            return None
        self._next[ends] = (sequence + known + len(content)) & 0xFFFFFFFF
        return Payload(*ends, content, missing)


def _internet(packet: bytes) -> tuple[str, str, int, bytes]:
    version = packet[0] >> 4
    if version == 4:
        total = int.from_bytes(packet[2:4], "big") or len(packet)
        content = packet[(packet[0] & 15) * 4 : total]
        if int.from_bytes(packet[6:8], "big") & 0x1FFF:
            raise ValueError("a later fragment")
        return (str(ipaddress.IPv4Address(packet[12:16])),
                str(ipaddress.IPv4Address(packet[16:20])), packet[9], content)
    if version == 6:
        length = int.from_bytes(packet[4:6], "big")
        return (f"[{ipaddress.IPv6Address(packet[8:24])}]",
                f"[{ipaddress.IPv6Address(packet[24:40])}]", packet[6], packet[40 : 40 + length])
    raise ValueError("no IP")


def _ethernet(frame: bytes) -> bytes:
    at = 12
    while int.from_bytes(frame[at : at + 2], "big") == _VLAN:
        at += 4
    return frame[at + 2 :] if int.from_bytes(frame[at : at + 2], "big") in (_IPV4, _IPV6) else b""


_LINKS: Mapping[int, Callable[[bytes], bytes]] = {  # https://www.tcpdump.org/linktypes.html
    0: lambda frame: frame[4:], 1: _ethernet, 12: lambda frame: frame, 14: lambda frame: frame,
    101: lambda frame: frame, 108: lambda frame: frame[4:], 113: lambda frame: frame[16:],
    228: lambda frame: frame, 229: lambda frame: frame, 276: lambda frame: frame[20:]}
