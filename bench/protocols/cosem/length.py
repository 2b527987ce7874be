"""Lengths as BER and A-XDR write them: one octet below 128, else 8n and n octets."""

from __future__ import annotations

from bench.errors import RemoteProtocolError

_SHORT = tuple(bytes((length,)) for length in range(0x80))


def encode_length(length: int) -> bytes:
    """Return ``length`` as BER and A-XDR write it: one octet below 128, else 8n and n octets."""
    if length < 0x80:
        return _SHORT[length]
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def decode_length(octets: bytes, offset: int) -> tuple[int, int]:
    """Return the length at ``offset`` and the offset behind it; the shortest form is required."""
    first = octets[offset]
    if first < 0x80:
        return first, offset + 1
    count = first & 0x7F
    end = offset + 1 + count
    if not 1 <= count <= 4:
        raise RemoteProtocolError(offset, "a length of 1 to 5 octets", f"{first:02X}")
    if end > len(octets):
        raise RemoteProtocolError(len(octets), "more octets", "the end")
    length = int.from_bytes(octets[offset + 1 : end], "big")
    if length < (0x80 if count == 1 else 1 << 8 * (count - 1)):
        raise RemoteProtocolError(offset, "the shortest form of a length",
                                  octets[offset:end].hex().upper())
    return length, end
