"""Dates and times as COSEM objects hold them; instants are seconds since 2000-01-01T00:00:00Z.

Where GBCS leaves weekday, hundredths and deviation open, a meter of this kind fills them in
(IEC 62056-6-2, 4.1.6.1).
"""

from __future__ import annotations

from datetime import timedelta

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.data import Data, Tag
from devices.emulators.gbcs.instants import DAY, EPOCH, from_datetime, to_datetime

MINUTE = 60
OPEN = date_time.NEVER
"""The date-time with each field open."""


def octets(instant: float, status: int = 0) -> bytes:
    """Return the 12 octets of ``instant`` in UTC."""
    moment = to_datetime(int(instant))
    return date_time.DateTime(
        moment.year, moment.month, moment.day, moment.isoweekday(), moment.hour, moment.minute,
        moment.second, 0, 0, status).encode()


def data(instant: float | None, status: int = 0) -> Data:
    """Return a date-time as an octet string; None is the one with all fields open."""
    return Data(Tag.OCTET_STRING, OPEN if instant is None else octets(instant, status))


def read(value: bytes) -> float | None:
    """Return the instant that 12 octets name, None where they name no single one."""
    try:
        return from_datetime(date_time.decode(value).as_datetime())
    except (LocalProtocolError, RemoteProtocolError, ValueError, OverflowError):
        return None


def is_date_time(value: bytes) -> bool:
    """Return whether each of 12 octets' fields is one that there can be, or open."""
    try:
        fields = date_time.decode(value)
    except RemoteProtocolError:
        return False
    limits = ((fields.month, 1, 12), (fields.day, 1, 31), (fields.weekday, 1, 7),
              (fields.hour, 0, 23), (fields.minute, 0, 59), (fields.second, 0, 59),
              (fields.hundredths, 0, 99))
    return all(low <= field <= high or field in (0xFD, 0xFE, 0xFF) for field, low, high in limits)


def matches_date(pattern: bytes, instant: float) -> bool:
    """Return whether a date of 5 octets, with open fields and last days, is that of an instant."""
    day = to_datetime(instant)
    year, month, day_of_month, weekday = (
        pattern[0] << 8 | pattern[1], pattern[2], pattern[3], pattern[4])
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    days = {0xFF: day.day, 0xFE: last.day, 0xFD: last.day - 1}
    return (year in (0xFFFF, day.year) and month in (0xFF, day.month)
            and days.get(day_of_month, day_of_month) == day.day
            and weekday in (0xFF, day.isoweekday()))


def seconds_of_day(pattern: bytes) -> int:
    """Return the second of the day that a time of 4 octets names; open fields count as zero."""
    hour, minute, second = (0 if field == 0xFF else field for field in pattern[:3])
    return hour * 3600 + minute * MINUTE + second


def next_of_day(now: float, seconds: int) -> float:
    """Return the next instant after ``now`` at a second of the day."""
    midnight = now // DAY * DAY
    return midnight + seconds if midnight + seconds > now else midnight + DAY + seconds


__all__ = ["DAY", "EPOCH", "MINUTE", "OPEN", "data", "is_date_time", "matches_date", "next_of_day",
           "octets", "read", "seconds_of_day", "to_datetime"]
