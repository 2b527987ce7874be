"""The COSEM date-time of 12 octets (IEC 62056-6-2, 4.1.6.1) as GBCS uses it.

Layout: year (2), month, day of month, day of week, hour, minute, second, hundredths, deviation
from UTC in minutes (2, signed), clock status. FF (FFFF) leaves a field open. GBCS times are UTC
with deviation not specified (8000) and status FF; two special values order an activation at once
(all fields zero) or never, which cancels a pending one (all fields open).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct

from bench.errors import LocalProtocolError, RemoteProtocolError

UNSPECIFIED = 0xFF
UNSPECIFIED_YEAR = 0xFFFF
UNSPECIFIED_DEVIATION = -0x8000

_LAYOUT = Struct(">HBBBBBBBhB")


@dataclass(frozen=True, slots=True)
class DateTime:
    """The fields as they stand in the octets; deviation in minutes, the rest unsigned."""

    year: int = UNSPECIFIED_YEAR
    month: int = UNSPECIFIED
    day: int = UNSPECIFIED
    weekday: int = UNSPECIFIED  # 1 Monday .. 7 Sunday
    hour: int = UNSPECIFIED
    minute: int = UNSPECIFIED
    second: int = UNSPECIFIED
    hundredths: int = UNSPECIFIED
    deviation: int = UNSPECIFIED_DEVIATION
    status: int = UNSPECIFIED

    def encode(self) -> bytes:
        """Return the 12 octets."""
        return _LAYOUT.pack(self.year, self.month, self.day, self.weekday, self.hour, self.minute,
                            self.second, self.hundredths, self.deviation, self.status)

    @property
    def is_now(self) -> bool:
        """True for the special value that orders an activation at once."""
        return self == _NOW

    @property
    def is_never(self) -> bool:
        """True for the special value that cancels an activation."""
        return self == _NEVER

    def as_datetime(self) -> datetime:
        """Return the instant in UTC; an open or impossible field: LocalProtocolError.

        Open hundredths count as zero and an open deviation as UTC, as GBCS writes them.
        """
        hundredths = 0 if self.hundredths == UNSPECIFIED else self.hundredths
        minutes = 0 if self.deviation == UNSPECIFIED_DEVIATION else self.deviation
        try:
            local = datetime(self.year, self.month, self.day, self.hour, self.minute, self.second,
                             hundredths * 10_000, UTC)
            # the standard counts the deviation from local time to UTC
            return local + timedelta(minutes=minutes)
        except (ValueError, OverflowError) as wrong:
            raise LocalProtocolError(f"{self.text()} names no instant: {wrong}") from None

    def text(self) -> str:
        """Return ISO 8601, ``now``, ``never``, or the fields with ``*`` for an open one."""
        if self.is_now or self.is_never:
            return "now" if self.is_now else "never"
        year = "*" if self.year == UNSPECIFIED_YEAR else f"{self.year:04d}"
        month, day, hour, minute, second = (
            "*" if field == UNSPECIFIED else f"{field:02d}"
            for field in (self.month, self.day, self.hour, self.minute, self.second))
        return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


_NOW = DateTime(0, 0, 0, 0, 0, 0, 0, 0)
_NEVER = DateTime()

NOW = _NOW.encode()
NEVER = _NEVER.encode()


def encode(instant: datetime) -> bytes:
    """Return the 12 octets of ``instant``, in UTC as GBCS writes it; it must know its zone."""
    if instant.tzinfo is None:
        raise LocalProtocolError(f"{instant.isoformat()} has no time zone")
    utc = instant.astimezone(UTC)
    return DateTime(utc.year, utc.month, utc.day, UNSPECIFIED, utc.hour, utc.minute, utc.second,
                    utc.microsecond // 10_000).encode()


def decode(octets: bytes) -> DateTime:
    """Return the fields of 12 octets; any other length is a RemoteProtocolError."""
    if len(octets) != _LAYOUT.size:
        raise RemoteProtocolError(0, "12 octets of date-time", f"{len(octets)}")
    return DateTime(*_LAYOUT.unpack(octets))
