"""Characters of seven bits with even parity on a line of eight bits, and the BCC.

IEC 62056-21, 5.2 (ISO/IEC 1745: one start bit, 7 data bits, even parity, one stop bit) and ISO
1155. A pseudo-terminal, a terminal server or a USB head often has eight bits and no parity only,
so the parity bit is made and checked here.
"""

from __future__ import annotations

from functools import reduce
from operator import xor

_WITH_PARITY = bytes(octet & 0x7F | (octet & 0x7F).bit_count() % 2 << 7 for octet in range(256))


def with_parity(text: bytes) -> bytes:
    """Return ``text`` (each octet below 80h) as 7E1 puts it on an 8N1 line."""
    return text.translate(_WITH_PARITY)


def with_odd_parity(text: bytes) -> bytes:
    """Return ``text`` with every parity bit wrong."""
    return bytes(octet ^ 0x80 for octet in with_parity(text))


def without_parity(octets: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Return the text in ``octets`` of an 8N1 line, and where the parity bit is wrong."""
    text = bytes(octet & 0x7F for octet in octets)
    right = text.translate(_WITH_PARITY)
    if right == octets:
        return text, ()
    return text, tuple(place for place, (one, other) in enumerate(zip(right, octets, strict=True))
                       if one != other)


def block_check(octets: bytes) -> int:
    """Return the block check character over ``octets``: what follows SOH or STX, to ETX."""
    return reduce(xor, octets, 0) & 0x7F
