"""Frame and header check sequences of HDLC: CRC-16/X-25 (ISO/IEC 13239, 4.2.5.2).

``binascii.crc_hqx`` runs the same polynomial from the other end of each octet, so the octets are
turned round first. That is ten times faster than a table in Python.
"""

from __future__ import annotations

from binascii import crc_hqx

TURNED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits turned round."""
FRESH, RIGHT = 0xFFFF, 0x1D0F
"""The register before any octet, and behind octets that end in their check sequence."""
_SENT = bytes(octet ^ 0xFF for octet in TURNED)  # as the line has each half of the register


def run(octets: bytes, register: int = FRESH) -> int:
    """Return the register behind ``octets``."""
    return crc_hqx(octets.translate(TURNED), register)


def check_sequence(octets: bytes, register: int = FRESH) -> bytes:
    """Return the two octets that follow ``octets`` on the line; ``register`` is before them."""
    behind = crc_hqx(octets.translate(TURNED), register)
    return bytes((_SENT[behind >> 8], _SENT[behind & 0xFF]))
