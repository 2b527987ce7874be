"""Object identifiers in BER (ITU-T X.690, 8.19): the content octets and the dotted form."""

from __future__ import annotations

from functools import lru_cache

from bench.errors import LocalProtocolError, RemoteProtocolError


@lru_cache(maxsize=64)
def encode(dotted: str) -> bytes:
    """Return the content octets of ``2.16.756...``; else LocalProtocolError."""
    try:
        first, second, *rest = map(int, dotted.split("."))
        if not 0 <= first <= 2 or not 0 <= second < (40 if first < 2 else 1 << 32):
            raise ValueError
        return b"".join(map(_base_128, (40 * first + second, *rest)))
    except (ValueError, OverflowError):
        raise LocalProtocolError(f"not an object identifier: {dotted!r}") from None


def _base_128(number: int) -> bytes:
    if number < 0:
        raise ValueError
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))


def decode(octets: bytes, offset: int = 0) -> str:
    """Return the dotted form of content octets that lie at ``offset``; else RemoteProtocolError."""
    numbers: list[int] = []
    number = 0
    for position, octet in enumerate(octets, offset):
        if octet == 0x80 and not number:
            raise RemoteProtocolError(position, "the shortest form of an arc", "80")
        number = number << 7 | octet & 0x7F
        if octet < 0x80:
            numbers.append(number)
            number = 0
    if not octets or octets[-1] >= 0x80:
        raise RemoteProtocolError(offset + len(octets), "the rest of an object identifier",
                                  "the end")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
