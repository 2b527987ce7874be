"""Frame and header check sequences of HDLC: CRC-16/X-25 (ISO/IEC 13239, 4.2.5.2).

``binascii.crc_hqx`` runs the same polynomial from the other end of each octet, so the octets are
turned round first. That is ten times faster than a table in Python.
"""

from __future__ import annotations

from binascii import crc_hqx

TURNED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits turned round."""
RIGHT = 0x1D0F
"""The register of ``crc_hqx`` behind turned octets that end in their own check sequence."""


def check_sequence(octets: bytes) -> bytes:
    """Return the two octets that follow ``octets`` on the line."""
    turned = crc_hqx(octets.translate(TURNED), 0xFFFF) ^ 0xFFFF
    return bytes((TURNED[turned >> 8], TURNED[turned & 0xFF]))


def is_right(octets: bytes) -> bool:
    """Return whether the last two of ``octets`` are the check sequence of those before."""
    return crc_hqx(octets.translate(TURNED), 0xFFFF) == RIGHT
