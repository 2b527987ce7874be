"""Addresses of HDLC stations: one, two or four octets (IEC 62056-46, 6.4.2).

The lowest bit of an octet says that it is the last. A client has one octet. A server has an upper
address (the logical device) and may have a lower one (the physical device).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bench.errors import LocalProtocolError, RemoteProtocolError

NO_STATION = 0
CLIENT_MANAGEMENT = 0x01
MANAGEMENT_LOGICAL_DEVICE = 0x01
PUBLIC_CLIENT = 0x10
ALL_STATION = {1: 0x7F, 2: 0x3FFF}
"""Octets of an address part -> the address of everybody."""

SIZES = (1, 2, 4)
_LARGEST = {1: 0x7F, 2: 0x7F, 4: 0x3FFF}  # size -> largest upper or lower part


@dataclass(frozen=True, slots=True)
class Address:
    """``upper`` and ``lower`` address; ``size`` in octets, 0 takes the smallest that fits.

    One octet has no lower part; in two and four it is half of the octets. LocalProtocolError for
    what does not fit.
    """

    upper: int
    lower: int | None = None
    size: int = 0

    def __post_init__(self) -> None:
        largest = max(self.upper, self.lower or 0)
        if min(self.upper, self.lower or 0) < 0 or largest > _LARGEST[4]:
            raise LocalProtocolError(f"an HDLC address of {self.upper}, {self.lower}: each part "
                                     "is 0 to 16383")
        smallest = 4 if largest > _LARGEST[1] else 1 if self.lower is None else 2
        size = self.size or smallest
        if size not in SIZES or size < smallest:
            raise LocalProtocolError(f"an HDLC address of {self.upper}, {self.lower} does not fit "
                                     f"{size} octets (1, 2 or 4)")
        object.__setattr__(self, "size", size)
        if size > 1 and self.lower is None:
            object.__setattr__(self, "lower", 0)

    @property
    def octets(self) -> bytes:
        """The address as it stands in a frame."""
        lower = self.lower or 0
        if self.size == 1:
            return bytes((self.upper << 1 | 1,))
        if self.size == 2:
            return bytes((self.upper << 1, lower << 1 | 1))
        return bytes((self.upper >> 7 << 1, (self.upper & 0x7F) << 1,
                      lower >> 7 << 1, (lower & 0x7F) << 1 | 1))

    @property
    def is_broadcast(self) -> bool:
        """Whether the upper part means all stations."""
        return self.upper == ALL_STATION[2 if self.size == 4 else 1]

    def __str__(self) -> str:
        return f"{self.upper}" if self.lower is None else f"{self.upper}/{self.lower}"


@lru_cache(maxsize=1024)
def parse_address(octets: bytes) -> Address:
    """Return the address that ``octets`` (1, 2 or 4, the last one odd) hold."""
    bits = [octet >> 1 for octet in octets]
    if len(bits) == 1:
        return Address(bits[0])
    if len(bits) == 2:
        return Address(bits[0], bits[1])
    return Address(bits[0] << 7 | bits[1], bits[2] << 7 | bits[3], 4)


def address_end(octets: bytes, start: int) -> int:
    """Return the offset behind the address at ``start``; RemoteProtocolError if it is none."""
    for end in range(start + 1, len(octets) + 1):
        if octets[end - 1] & 1:
            if end - start in SIZES:
                return end
            raise RemoteProtocolError(start, "an address of 1, 2 or 4 octets", f"{end - start}")
    raise RemoteProtocolError(len(octets), "the last octet of an address", "the end")
