"""Another lawful value of an attribute, for the write test: which attributes, and what of them.

Nothing is varied but what :data:`VARIED` lists. An attribute that is not there is only written back
as it is: another value could end the association or the line that it is written over, move the
clock, switch the supply, run a script, or change what is billed. Of a structure or an array one
element is changed, the last that can be, so that a device that stores the beginning alone is
noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bench.protocols.cosem import classes
from bench.protocols.cosem.classes.checking import tags
from bench.protocols.cosem.classes.types import (
    Array,
    Bits,
    Choice,
    Enumerated,
    Simple,
    Structure,
    Type,
)
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_START = "start_time"
_ITSELF = ()

VARIED: Mapping[tuple[int, int], tuple[str, ...]] = {
    (1, 2): _ITSELF,                                    # data: consumer messages alone
    (10, 2): ("exec_weekdays",),                        # schedule
    (11, 2): ("specialday_date",),                      # special days
    (20, 6): _ITSELF,                                   # calendar: the passive one alone
    (20, 7): ("season_start",),
    (20, 8): _WEEKDAYS,
    (20, 9): (_START,),
    (21, 2): _ITSELF,                                   # register monitor: thresholds
    (62, 6): _ITSELF,                                   # compact data: how they are captured
    (67, 11): _ITSELF, (67, 14): _ITSELF,               # sensor manager: thresholds
    (71, 4): _ITSELF, (71, 5): _ITSELF,                 # limiter: thresholds, durations, groups
    (71, 6): _ITSELF, (71, 7): _ITSELF,
    (71, 8): ("emergency_duration",), (71, 9): _ITSELF,
    (111, 15): ("currency_name",),                      # account: what is shown, and thresholds
    (111, 16): _ITSELF, (111, 18): _ITSELF, (111, 19): _ITSELF,
    (112, 5): _ITSELF, (112, 6): _ITSELF,               # credit: thresholds and preset amount
    (112, 9): _ITSELF, (112, 10): _ITSELF,
    (113, 6): ("charge_per_unit",), (113, 13): _ITSELF,  # charge: passive prices, proportion
}
"""By class and attribute the members that may be changed; none where it is the value itself, or
any element of an array."""

DATA, MESSAGES = 1, (96, 13)
"""Data may be anything, the ratio of a transformer too: of them only those that hold a text for the
consumer are varied, C and D of their OBIS code."""

_COUNTED: Mapping[Tag, tuple[int, int]] = {
    Tag.UNSIGNED: (0, 0xFF), Tag.LONG_UNSIGNED: (0, 0xFFFF),
    Tag.DOUBLE_LONG_UNSIGNED: (0, 0xFFFFFFFF), Tag.LONG64_UNSIGNED: (0, (1 << 64) - 1),
    Tag.INTEGER: (-0x80, 0x7F), Tag.LONG: (-0x8000, 0x7FFF),
    Tag.DOUBLE_LONG: (-0x80000000, 0x7FFFFFFF), Tag.LONG64: (-(1 << 63), (1 << 63) - 1),
}
_OPEN = 0xFF
_DAY, _MINUTE, _TIME_OF_DATE_TIME = 3, 1, 5


class Variation(NamedTuple):
    """Another value, and the place in it that differs: such as ``[1].specialday_date``, or empty
    for the value itself."""

    place: str
    value: Data


def is_varied(reference: Attribute) -> bool:
    """Return whether an attribute may have a variation; its value decides whether it has."""
    if reference.class_id == DATA and tuple(reference.instance[2:4]) != MESSAGES:
        return False
    return (reference.class_id, reference.index) in VARIED


def variation(reference: Attribute, version: int | None, value: Data) -> Variation | None:
    """Return another lawful value of an attribute; None where there is none that is harmless."""
    declared = classes.interface_class(reference.class_id, version)
    known = declared.attribute(reference.index) if declared else None
    if known is None or not is_varied(reference):
        return None
    members = VARIED[reference.class_id, reference.index]
    found = _others(known.type, value, "", frozenset(members), open_to_all=not members)
    return next((one for one in found if not classes.check(known.type, one.value)), None)


def _others(kind: Type, value: Data, place: str, members: frozenset[str], *, open_to_all: bool
            ) -> Iterator[Variation]:
    """Yield values with one element changed, the last element first."""
    match kind:
        case Structure() if value.tag is Tag.STRUCTURE:
            named = list(zip(kind.members, value.value, strict=False))
            for number, ((name, member), element) in reversed(list(enumerate(named))):
                if name in members and name in _WEEKDAYS:
                    inner: Iterator[Variation] = _other_day(kind, value, number, place)
                else:
                    inner = _others(member, element, f"{place}.{name}" if place else name,
                                    members, open_to_all=open_to_all or name in members)
                yield from _within(value, number, inner)
        case Array() if value.tag is Tag.ARRAY:
            for number, element in reversed(list(enumerate(value.value))):
                if not number and _begins(kind.element):
                    continue
                yield from _within(value, number, _others(
                    kind.element, element, f"{place}[{number}]", members,
                    open_to_all=open_to_all))
        case Choice():
            for alternative in kind.alternatives:
                if value.tag in tags(alternative) and not classes.check(alternative, value):
                    yield from _others(alternative, value, place, members,
                                       open_to_all=open_to_all)
                    return
        case _ if open_to_all and not classes.check(kind, value):
            other = _leaf(kind, value)
            if other is not None and other != value.value:
                yield Variation(place, Data(value.tag, other))


def _within(value: Data, number: int, inner: Iterator[Variation]) -> Iterator[Variation]:
    for one in inner:
        elements = (*value.value[:number], one.value, *value.value[number + 1:])
        yield Variation(one.place, Data(value.tag, elements))


def _begins(kind: Type) -> bool:
    """Return whether the first element has to stay: a day's schedule begins at its beginning."""
    return isinstance(kind, Structure) and kind.members[0][0] == _START


def _other_day(kind: Structure, week: Data, number: int, place: str) -> Iterator[Variation]:
    """Yield what another weekday of the same week has: a day that there is."""
    changed = kind.members[number][0]
    for (name, _), day in zip(kind.members, week.value, strict=False):
        if name in _WEEKDAYS and day != week.value[number]:
            yield Variation(f"{place}.{changed}" if place else changed, day)


def _leaf(kind: Type, value: Data) -> Any:
    """Return another value of a simple type, which ``value`` fits; None where there is none."""
    if isinstance(kind, Enumerated):
        return next((one for one in kind.names if one > value.value), next(iter(kind.names)))
    if isinstance(kind, Bits):
        place = max(bit for bit, name in enumerate(kind.names) if name)
        return _bit_changed(value.value, place) if value.tag is Tag.BIT_STRING \
            else value.value ^ 1 << place
    if isinstance(kind, Simple) and (kind.form or kind.size):
        return _FORMS[kind.form](value.value) if kind.form in _FORMS else None
    if value.tag in _COUNTED:
        bounds = kind.bounds if isinstance(kind, Simple) else None
        least, most = bounds or _COUNTED[value.tag]
        return value.value + 1 if value.value < most else max(least, value.value - 1)
    return _BY_TAG[value.tag](value.value) if value.tag in _BY_TAG else None


def _bit_changed(bits: str, place: int) -> str:
    return f"{bits[:place]}{'10'[int(bits[place])]}{bits[place + 1:]}"


def _text_changed(text: str) -> str | None:
    last = chr(ord(text[-1]) ^ 1) if text else ""
    return f"{text[:-1]}{last}" if last.isascii() and last.isprintable() and text else None


def _octet_changed(octets: bytes, place: int, high: int) -> bytes:
    """Return ``octets`` with a number at ``place`` one higher, or lower if it is ``high``."""
    step = 1 if octets[place] < high else -1
    return bytes((*octets[:place], octets[place] + step, *octets[place + 1:]))


def _other_date(octets: bytes) -> bytes | None:
    """Return the day before or after, none where the day is open or has a name, or the weekday is
    given as well."""
    day, weekday = octets[_DAY], octets[_DAY + 1]
    return _octet_changed(octets, _DAY, 28) if 1 <= day <= 31 and weekday == _OPEN else None


def _other_time(octets: bytes) -> bytes | None:
    """Return the minute before or after, none where the minute is open."""
    return _octet_changed(octets, _MINUTE, 59) if octets[_MINUTE] <= 59 else None


def _other_date_time(octets: bytes) -> bytes | None:
    """Return another date, else another time; none of one that is all zero, which is an order."""
    if not any(octets[:_TIME_OF_DATE_TIME]):
        return None
    date, rest = octets[:_TIME_OF_DATE_TIME], octets[_TIME_OF_DATE_TIME:]
    other = _other_date(date)
    if other is not None:
        return other + rest
    time = _other_time(rest)
    return None if time is None else date + time


_FORMS: Mapping[str, Callable[[bytes], bytes | None]] = {
    "date": _other_date, "time": _other_time, "date-time": _other_date_time}
_BY_TAG: Mapping[Tag, Callable[[Any], Any]] = {
    Tag.BOOLEAN: lambda value: not value,
    Tag.BIT_STRING: lambda bits: _bit_changed(bits, len(bits) - 1) if bits else None,
    Tag.OCTET_STRING: lambda octets: octets[:-1] + bytes((octets[-1] ^ 1,)) if octets else None,
    Tag.VISIBLE_STRING: _text_changed, Tag.UTF8_STRING: _text_changed,
}
