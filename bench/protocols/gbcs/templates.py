"""The shape of a value, from the mapping rows of a use case: types, repetition, constants.

A row's path leads to one element: ``name:array[1..16].entry.field``. The rows of one attribute
make a tree, which gives the data that a command carries from plain values, or from nothing: each
element has its constant, a default of its own, or the smallest value of its type. A value that
does not fit its row (type, range, length, number of elements, constant) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.use_cases import Row

TYPES = {
    "double-long-unsigned": Tag.DOUBLE_LONG_UNSIGNED, "double-long": Tag.DOUBLE_LONG,
    "long-unsigned": Tag.LONG_UNSIGNED, "long": Tag.LONG, "unsigned": Tag.UNSIGNED,
    "integer": Tag.INTEGER, "enum": Tag.ENUM, "boolean": Tag.BOOLEAN,
    "octet-string": Tag.OCTET_STRING, "visible-string": Tag.VISIBLE_STRING,
    "utf8-string": Tag.UTF8_STRING, "bit-string": Tag.BIT_STRING,
}
_STEP = re.compile(r"([^\[]+)(?:\[(?:\d+of)?(\d+)\.\.(\d+)\])?")
_DOT = re.compile(r"(?<!\.)\.(?!\.)")  # not the two of a range
_FORM = re.compile(r"([a-z0-9-]+?)(?:\((\d+)\))?(?:\[\[([A-Z_]+)\]\])?")
_OCTETS = re.compile(r"0x([0-9A-F]*)")
_OR = re.compile(r" or (?=0x)")
_BITS = re.compile(r"\|\|0b([01]+)")

_SHAPELESS = ("null", "structure")  # what the class has of its own: see :mod:`.sensitive`
TWIN = "TWIN_ELEMENT_ESME_ONLY"
TWIN_ONLY = " (twin element meters only)"
OPTIONAL = "OPTIONAL"

# Elements whose rows say "exceptional": a schedule date (IEC 62056-6-2, single action schedule)
# and the pairs of credit and charge of an account, in rows of our own.
_EXCEPTIONAL = {
    "execution_time_date": (("time", "octet-string(4)", "||0x00000000"),
                            ("date", "octet-string(5)", "||0xFFFFFFFFFF")),
    "credit_charge_configuration": (
        ("credit_reference", "octet-string(6)", "||0x0000130A00FF"),
        ("charge_reference", "octet-string(6)", "||0x0000131400FF"),
        ("collection_configuration", "bit-string(3)", "||0b11100000")),
}

# What a device may refuse as all zeros, by key of the row (SMETS ranges, ours within them).
_DEFAULTS: Mapping[str, Any] = {
    "1/0-2:96.13.1.255/a2": b"Message", "1/0-3:96.13.1.255/a2": b"1234",
    "1/0-0:94.44.34.11/a2": b"1200000000000" * 2, "1/1-0:0.0.2.255/a2": b"1200000000000",
    "115/0-0:19.40.0.255/m1": b"7394156990786306" + b"0000",
    "9000/0-0:96.13.0.255/a2": b"00000000000", "9000/0-0:96.13.1.255/a2": b"Supplier",
    "7/1-0:32.24.0.255/a4": 1800, "7/1-0:52.24.0.255/a4": 1800, "7/1-0:72.24.0.255/a4": 1800,
}
# The same for elements of structures, the least that a service request may set (DUIS 5.4).
_ELEMENT_DEFAULTS: Mapping[str, int] = {
    "join_timeout": 3600, "normalLimitedDutyCycleThreshold": 50,
    "limitedCriticalDutyCycleThreshold": 151, "channelChangesPerWeek": 1, "gsmeCurfew": 2,
    "quieterDecibelsLimit": 1, "nonGsmePoorCommsPercentage": 100,
    "nonGsmeMeasurementPeriods": 50, "localChNoiseMeasurementPeriod": 61,
    "localChFailurePercentage": 100, "localChRetryPercentage": 100,
}
# Structures whose rows stand in another order than the interface class has (IEC 62056-6-2, clock).
_ORDER = {"preset_adjusting_time": ("preset_time", "validity_interval_start",
                                    "validity_interval_end")}
_SPECIAL_TIMES = {"now": date_time.NOW, "never": date_time.NEVER}
# Lengths that are the greatest, not the only one: text, and one bit for each special day or entry
# of a table, by key of the row or name of the element (reference test data set, DUIS 5.4).
_UP_TO = frozenset({
    "1/0-2:96.13.1.255/a2", "9000/0-0:96.13.0.255/a2", "9000/0-0:96.13.1.255/a2",
    "exec_specdays"})
_COUNTED = {Tag.OCTET_STRING: "octets", Tag.VISIBLE_STRING: "characters",
            Tag.UTF8_STRING: "characters", Tag.BIT_STRING: "bits"}
RANGES: Mapping[Tag, tuple[int, int]] = {
    Tag.DOUBLE_LONG: (-(1 << 31), (1 << 31) - 1), Tag.DOUBLE_LONG_UNSIGNED: (0, (1 << 32) - 1),
    Tag.LONG: (-(1 << 15), (1 << 15) - 1), Tag.LONG_UNSIGNED: (0, (1 << 16) - 1),
    Tag.INTEGER: (-128, 127), Tag.UNSIGNED: (0, 255), Tag.ENUM: (0, 255),
}
_FIRST_DAY = bytes.fromhex("07DF0101FF000000008000FF")  # 2015-01-01, UTC


@dataclass(slots=True)
class Shape:
    """One element: a leaf with ``tag``, else a structure, or an array if ``bounds`` is set."""

    name: str
    bounds: tuple[int, int] | None = None
    tag: Tag | None = None
    size: int = 0
    default: Any = None
    only: tuple[Any, ...] = ()  # the values that it may have; empty where it is free
    members: dict[str, Shape] = field(default_factory=dict)
    row: Row | None = None  # of a leaf
    twin: bool = False  # only a meter with two measuring elements has it

    @property
    def first_row(self) -> Row | None:
        """The row of a leaf, else that of the first leaf below."""
        if self.row is not None:
            return self.row
        return next(filter(None, (member.first_row for member in self.members.values())), None)

    @property
    def element(self) -> Shape:
        """The shape of an array's elements."""
        members = list(self.members.values())
        if len(members) == 1:
            return members[0]
        return Shape(self.name, tag=self.tag, size=self.size, default=self.default,
                     only=self.only, members=self.members, row=self.row)

    @property
    def shorter(self) -> bool:
        """Whether a string may be shorter than ``size``."""
        return self.tag in (Tag.VISIBLE_STRING, Tag.UTF8_STRING) or (
            self.row is not None and (self.row.key in _UP_TO or self.name in _UP_TO))

    def fields(self, count: int | None = None) -> list[Shape]:
        """The members of a structure with ``count`` elements: with those of a twin element meter
        if that makes as many, else without."""
        every = list(self.members.values())
        if len(every) == count:
            return every
        return [member for member in every if not member.twin]


def shape_of(rows: Sequence[Row]) -> Shape | None:
    """Return the shape that ``rows`` of one attribute or method give; ``None`` for null data."""
    typed = [row for row in rows if ":" in row.path and row.type] or rows
    if any(row.type.startswith(_SHAPELESS) for row in rows) or not typed[0].type:
        return None
    root: Shape | None = None
    for row in typed:
        names = row.path.partition(":")[2] or row.path
        steps = [_STEP.fullmatch(step) for step in _DOT.split(names)]
        parts = [(step[1], (int(step[2]), int(step[3])) if step[2] else None)
                 for step in steps if step]
        root = root or Shape(*parts[0])
        shape = root
        twin = row.type.endswith(f"[[{TWIN}]]")
        for name, bounds in parts[1:]:
            shape = shape.members.setdefault(name, Shape(name, bounds, twin=twin))
        _fill(shape, row)
    if root and root.name in _ORDER and root.members:
        root.members = {name: root.members[name] for name in _ORDER[root.name]}
    return root


def build(shape: Shape | None, value: Any = None) -> Data:
    """Return the data of ``shape`` from a plain ``value``; ``None`` takes what is lawful.

    Plain values: lists for arrays, lists or mappings by name for structures, numbers, truth
    values, text; octets as ``bytes`` or hex text, a time also as ``datetime``, ISO 8601 (UTC
    unless it says otherwise), ``now`` or ``never``. A ``Data`` is used as it is.
    LocalProtocolError for a value that does not fit.
    """
    if isinstance(value, Data):
        return value
    if shape is None:
        return Data(Tag.NULL_DATA, None)
    if shape.bounds is not None:
        element = shape.element
        items = value if value is not None else [None] * shape.bounds[0]
        low, high = shape.bounds
        if not isinstance(items, Sequence) or isinstance(items, str | bytes):
            raise misfit(shape, f"a list of {low}..{high} elements", repr(items))
        if not low <= len(items) <= high:
            raise misfit(shape, f"a list of {low}..{high} elements", f"{len(items)} elements")
        return Data(Tag.ARRAY, tuple(build(element, item) for item in items))
    if shape.tag is None:
        items = _items(shape, value)
        return Data(Tag.STRUCTURE, tuple(
            build(member, item)
            for member, item in zip(shape.fields(len(items)), items, strict=True)))
    return Data(shape.tag, _default(shape) if value is None else _value(shape, shape.tag, value))


def misfit(shape: Shape, allowed: str, found: str) -> LocalProtocolError:
    """Return the complaint about a value of ``shape``, which names the row."""
    row = shape.first_row
    where = shape.name
    if row is not None:
        step = "" if where == row.path else f" {where}"
        where = " ".join(filter(None, (row.clauses, row.item, f"({row.key}{step})")))
    return LocalProtocolError(f"{where}: {allowed} allowed, found {found[:80]}")


def _items(shape: Shape, value: Any) -> Sequence[Any]:
    usual = shape.fields()
    if value is None:
        return [None] * len(usual)
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - set(shape.members))
        if unknown:
            raise misfit(shape, f"the members {', '.join(shape.members)}",
                         ", ".join(map(str, unknown)))
        wanted = [member for member in shape.members.values()
                  if member in usual or member.name in value]
        return [value.get(member.name) for member in wanted]
    if isinstance(value, list | tuple) and len(value) in (len(usual), len(shape.members)):
        return value
    raise misfit(shape, f"a list of {len(usual)} "
                 f"({', '.join(member.name for member in usual)})", repr(value))


def _fill(shape: Shape, row: Row) -> None:
    if row.type == "EXCEPTIONAL":
        shape.bounds = shape.bounds or ((1, 15) if "configuration" in shape.name else None)
        for name, kind, constant in _EXCEPTIONAL[shape.name]:
            member = shape.members.setdefault(name, Shape(name))
            _fill(member, row._replace(type=kind, constant=constant))
            member.only = ()  # our own default, not the table's constant
        return
    form = _FORM.fullmatch(row.type)
    if form is None or form[1] not in TYPES:
        raise LocalProtocolError(f"{row.key} {row.path}: no DLMS type {row.type!r}")
    shape.tag = TYPES[form[1]]
    shape.size = int(form[2] or 0)
    shape.row = row
    if row.constant:
        shape.only = tuple(_constant(shape, part) for part in _OR.split(row.constant))
        shape.default = shape.only[0]
    else:
        shape.default = _DEFAULTS.get(row.key, _ELEMENT_DEFAULTS.get(shape.name))


def _constant(shape: Shape, text: str) -> Any:
    bits = _BITS.search(text)
    if bits:
        return bits[1][: shape.size]
    octets = _OCTETS.search(text)
    if octets is None:
        return int(text)
    if shape.tag in (Tag.OCTET_STRING, Tag.BIT_STRING):
        return bytes.fromhex(octets[1]) if shape.tag == Tag.OCTET_STRING else ""
    number = int(octets[1], 16)
    return bool(number) if shape.tag == Tag.BOOLEAN else number


def _default(shape: Shape) -> Any:
    if shape.default is not None:
        return shape.default
    if shape.tag == Tag.OCTET_STRING:
        if shape.size == 12:
            return date_time.NOW if "activat" in shape.name else _FIRST_DAY
        return (b"\xff" if shape.size == 5 else b"\0") * shape.size
    if shape.tag == Tag.BIT_STRING:
        return "0" * shape.size
    if shape.tag in (Tag.VISIBLE_STRING, Tag.UTF8_STRING):
        return ""
    return False if shape.tag == Tag.BOOLEAN else 0


def _value(shape: Shape, tag: Tag, value: Any) -> Any:
    if tag == Tag.OCTET_STRING:
        found = _as_octets(shape, value)
    elif tag in RANGES:
        found = value
        low, high = RANGES[tag]
        if type(value) is not int or not low <= value <= high:
            raise misfit(shape, f"an integer {low}..{high}", repr(value))
    elif tag == Tag.BOOLEAN:
        found = value
        if not isinstance(value, bool):
            raise misfit(shape, "true or false", repr(value))
    else:
        found = value
        if not isinstance(value, str) or (tag == Tag.BIT_STRING and set(value) - {"0", "1"}):
            raise misfit(shape, "text of 0 and 1" if tag == Tag.BIT_STRING else "text",
                         repr(value))
    _check_length(shape, found)
    if shape.only and found not in shape.only:
        raise misfit(shape, f"only {' or '.join(map(_plain, shape.only))}", _plain(found))
    return found


def _check_length(shape: Shape, found: Any) -> None:
    if shape.tag not in _COUNTED:
        return
    size, length = shape.size, len(found)
    if length != size and not (shape.shorter and length < size):
        wanted = f"at most {size}" if shape.shorter else str(size)
        raise misfit(shape, f"{wanted} {_COUNTED[shape.tag]}", f"{length}")


def _plain(value: Any) -> str:
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def _as_octets(shape: Shape, value: Any) -> bytes:
    if isinstance(value, str):
        if value in _SPECIAL_TIMES:
            return _SPECIAL_TIMES[value]
        try:
            return bytes.fromhex(value)
        except ValueError:
            with suppress(ValueError):
                return _iso_time(value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime):
        return date_time.encode(value)
    raise misfit(shape, "octets, hex text or a datetime", repr(value))


def _iso_time(text: str) -> bytes:
    instant = datetime.fromisoformat(text)
    return date_time.encode(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
