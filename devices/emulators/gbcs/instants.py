"""Instants as the device counts them: seconds since 2000-01-01T00:00:00Z, as logs carry them.

The zero is what the reference test data use for time stamps of profile entries (RTDS, ECS35a).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import date_time

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LAST = 0xFFFFFFFF
DAY = 86_400
HALF_HOUR = 1_800


def to_datetime(instant: float) -> datetime:
    """Return the UTC date and time of ``instant``."""
    return EPOCH + timedelta(seconds=instant)


def from_datetime(moment: datetime) -> float:
    """Return the instant of ``moment``, which knows its zone."""
    return (moment - EPOCH).total_seconds()


def octets(instant: float) -> bytes:
    """Return the 12 octets of the COSEM date-time, cut to whole seconds."""
    return date_time.encode(to_datetime(int(instant)))


def read(value: bytes) -> float | None:
    """Return the instant of a COSEM date-time, or ``None`` where it names no single instant."""
    try:
        return from_datetime(date_time.decode(value).as_datetime())
    except (LocalProtocolError, RemoteProtocolError):
        return None
