"""What the octets of a string are: dates, times, logical names, titles (IEC 62056-6-2, 4.1.6.1).

Each form tells what is wrong with given octets, and writes them for people. FF leaves a field
open; month FD and FE are the end and the beginning of daylight saving, day of month FD and FE the
second last and the last day of the month.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bench.protocols.cosem import obis


class _Form(NamedTuple):
    wrong: Callable[[bytes], str]
    text: Callable[[bytes], str]


def wrong(form: str, octets: bytes) -> str:
    """Return in words what of ``octets`` is not as ``form`` wants it; empty where all is."""
    return _FORMS[form].wrong(octets)


def text(form: str, octets: bytes) -> str:
    """Return ``octets`` as people write what ``form`` names; hexadecimal where they are wrong."""
    kind = _FORMS.get(form)
    return octets.hex().upper() if kind is None or kind.wrong(octets) else kind.text(octets)


def clock_status(status: int) -> str:
    """Return the words of a clock status octet (IEC 62056-6-2, 4.1.6.1)."""
    if status == 0xFF:
        return "status not specified"
    return ", ".join(name for bit, name in _STATUS.items() if status & bit)


_OPEN = 0xFF
_STATUS: Mapping[int, str] = {
    0x01: "invalid value", 0x02: "doubtful value", 0x04: "different clock base",
    0x08: "invalid clock status", 0x80: "daylight saving active"}
_WEEKDAYS = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = {0xFD: "daylight saving end", 0xFE: "daylight saving begin"}
_DAYS = {0xFD: "second last day", 0xFE: "last day"}


def _out(name: str, value: int, low: int, high: int, *others: int) -> str:
    return "" if low <= value <= high or value in (_OPEN, *others) else f"{name} {value}"


def _date_wrong(octets: bytes) -> str:
    if len(octets) != 5:
        return f"{len(octets)} octets of a date"
    return (_out("month", octets[2], 1, 12, 0xFD, 0xFE) or _out("day", octets[3], 1, 31, 0xFD, 0xFE)
            or _out("day of week", octets[4], 1, 7))


def _time_wrong(octets: bytes) -> str:
    if len(octets) != 4:
        return f"{len(octets)} octets of a time"
    return (_out("hour", octets[0], 0, 23) or _out("minute", octets[1], 0, 59)
            or _out("second", octets[2], 0, 59) or _out("hundredths", octets[3], 0, 99))


def _date_time_wrong(octets: bytes) -> str:
    if len(octets) != 12:
        return f"{len(octets)} octets of a date-time"
    if not any(octets[:9]):
        return ""  # all zero: GBCS orders an activation at once by it
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    if not -720 <= deviation <= 840 and deviation != -0x8000:
        return f"deviation {deviation} minutes"
    return _date_wrong(octets[:5]) or _time_wrong(octets[5:9])


def _date_text(octets: bytes) -> str:
    year = int.from_bytes(octets[:2], "big")
    month, day, weekday = octets[2:5]
    parts = "-".join((
        "*" if year == 0xFFFF else f"{year:04d}",
        _MONTHS.get(month, "*" if month == _OPEN else f"{month:02d}"),
        _DAYS.get(day, "*" if day == _OPEN else f"{day:02d}")))
    return parts if weekday in (0, _OPEN) else f"{_WEEKDAYS[weekday]} {parts}"


def _time_text(octets: bytes) -> str:
    fields = ":".join("*" if field == _OPEN else f"{field:02d}" for field in octets[:3])
    return fields if octets[3] == _OPEN else f"{fields}.{octets[3]:02d}"


def _date_time_text(octets: bytes) -> str:
    if not any(octets[:9]):
        return "all zero"
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    # the standard counts the deviation from local time to UTC: -60 is one hour east of Greenwich
    sign = "-" if deviation > 0 else "+"
    zone = ("" if deviation == -0x8000
            else f" UTC{sign}{abs(deviation) // 60:02d}:{abs(deviation) % 60:02d}")
    status = clock_status(octets[11])
    return (f"{_date_text(octets[:5])} {_time_text(octets[5:9])}{zone}"
            + (f" ({status})" if status and octets[11] != _OPEN else ""))


def _sized(size: int, name: str) -> Callable[[bytes], str]:
    return lambda octets: "" if len(octets) == size else f"{len(octets)} octets of a {name}"


def _title_text(octets: bytes) -> str:
    maker = octets[:3]
    if all(0x41 <= octet <= 0x5A for octet in maker):
        return f"{maker.decode('ascii')} {octets[3:].hex().upper()}"
    return octets.hex().upper()


_FORMS: Mapping[str, _Form] = {
    "date-time": _Form(_date_time_wrong, _date_time_text),
    "date": _Form(_date_wrong, _date_text),
    "time": _Form(_time_wrong, _time_text),
    "logical-name": _Form(_sized(6, "logical name"), obis.text),
    "system-title": _Form(_sized(8, "system title"), _title_text),
}
