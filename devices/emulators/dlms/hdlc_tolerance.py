"""Frames that a meter should have refused, and takes because it is wrong by name.

:func:`tolerated` makes a right frame of one that is wrong in the way that a fault does not see.
The faults are those of :mod:`devices.defects.dlms_link`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.hdlc_checksum import check_sequence
from bench.protocols.dlms.hdlc_frame import FLAG, Arrival, decode

Mend = Callable[[bytes, bytes], bytes]


def tolerated(arrival: Arrival, faults: frozenset[str], own: bytes) -> Arrival:
    """Return ``arrival``, with its frame where a fault takes it for one; ``own`` is the address."""
    if arrival.frame is not None:
        return arrival
    for fault, mend in _MENDED.items():
        if fault in faults:
            # a frame that was given up on has its closing flag at the end
            for octets in (arrival.octets, arrival.octets.removesuffix(FLAG)):
                try:
                    return Arrival(arrival.octets, decode(mend(octets, own)), None)
                except (RemoteProtocolError, IndexError):
                    continue
    return arrival


def _with_fcs(octets: bytes, _own: bytes = b"") -> bytes:
    return octets[:-2] + check_sequence(octets[:-2])


def _with_hcs(octets: bytes, _own: bytes = b"") -> bytes:
    """Return a frame whose HCS is wrong with the right one; of no other frame."""
    end = _header_end(octets)
    if octets[-2:] != check_sequence(octets[:-2]):
        return octets  # FCS is still looked at
    return _with_fcs(octets[:end] + check_sequence(octets[:end]) + octets[end + 2 :])


def _with_format_type(octets: bytes, _own: bytes = b"") -> bytes:
    if octets[-2:] != check_sequence(octets[:-2]):
        return octets
    return _sealed(bytes((0xA0 | octets[0] & 0x0F,)) + octets[1:])


def _with_length(octets: bytes, _own: bytes = b"") -> bytes:
    if octets[-2:] != check_sequence(octets[:-2]):
        return octets
    length = len(octets)
    return _sealed(bytes((octets[0] & 0xF8 | length >> 8, length & 0xFF)) + octets[2:])


def _without_flag(octets: bytes, _own: bytes = b"") -> bytes:
    return octets.strip(FLAG)


def _with_address(octets: bytes, own: bytes) -> bytes:
    """Return a frame to an address of three or five octets as one to ``own``."""
    size = next(place for place in range(2, len(octets)) if octets[place] & 1) - 1
    if size not in (3, 5) or octets[-2:] != check_sequence(octets[:-2]):
        return octets
    length = len(octets) - size + len(own)
    return _sealed(bytes((octets[0] & 0xF8 | length >> 8, length & 0xFF)) + own
                   + octets[2 + size :])


def _sealed(octets: bytes) -> bytes:
    """Return the frame with HCS, if it has information, and FCS made again."""
    end = _header_end(octets)
    if len(octets) > end + 2:
        octets = octets[:end] + check_sequence(octets[:end]) + octets[end + 2 :]
    return _with_fcs(octets)


def _header_end(octets: bytes) -> int:
    """Return the offset behind the control octet; IndexError where there is none."""
    place = 2
    for _ in range(2):
        while not octets[place] & 1:
            place += 1
        place += 1
    return place + 1


_MENDED: Mapping[str, Mend] = {
    "hdlc-fcs-not-checked": _with_fcs,
    "hdlc-hcs-not-checked": _with_hcs,
    "hdlc-format-type-not-checked": _with_format_type,
    "hdlc-length-not-checked": _with_length,
    "hdlc-opening-flag-not-needed": _without_flag,
    "hdlc-closing-flag-not-needed": _without_flag,
    "hdlc-odd-address-served": _with_address,
}
