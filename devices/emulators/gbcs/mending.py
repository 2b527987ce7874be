"""How a faulty device reads messages whose lengths are wrong: it mends them where it does not look.

A right device takes octets as they are. Of a MAC that is too short the missing octets are taken for
zeros, and how many they are is told to who compares it.
"""

from __future__ import annotations

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.data import decode_length, encode_length
from bench.protocols.gbcs.message import MAC_LENGTH, MAC_TAG, parse
from devices.emulators.gbcs.faults import Faults


def mend(octets: bytes, faults: Faults) -> tuple[bytes, int]:
    """Return ``octets`` as the device takes them, and how many octets its MAC lacks."""
    if octets[:1] != bytes((MAC_TAG,)) or not faults:
        return octets, 0
    try:
        length, start = decode_length(octets, 7)
    except (IndexError, RemoteProtocolError):
        return octets, 0
    if "trailing-octets-accepted" in faults:
        octets = octets[:start + length]
    if "length-not-checked" in faults:
        octets = _relength(octets, start)
    if "truncated-mac-accepted" in faults and not _readable(octets):
        for missing in range(1, MAC_LENGTH):
            whole = _relength(octets + bytes(missing), start)
            if _readable(whole):
                return whole, missing
    return octets, 0


def _relength(octets: bytes, start: int) -> bytes:
    return octets[:7] + encode_length(len(octets) - start) + octets[start:]


def _readable(octets: bytes) -> bool:
    try:
        parse(octets)
    except RemoteProtocolError:
        return False
    return True
