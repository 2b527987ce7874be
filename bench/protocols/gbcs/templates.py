"""The shape of a value, from the mapping rows of a use case: types, repetition, constants.

A row's path leads to one element: ``name:array[1..16].entry.field``. The rows of one attribute
make a tree, from which :mod:`.building` makes the data that a command carries: each element has
its constant, a default of its own, or the smallest value of its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.errors import LocalProtocolError
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
# Lengths that are the greatest, not the only one: text, and one bit for each special day or entry
# of a table, by key of the row or name of the element (reference test data set, DUIS 5.4).
_UP_TO = frozenset({
    "1/0-2:96.13.1.255/a2", "9000/0-0:96.13.0.255/a2", "9000/0-0:96.13.1.255/a2",
    "exec_specdays"})
RANGES: Mapping[Tag, tuple[int, int]] = {
    Tag.DOUBLE_LONG: (-(1 << 31), (1 << 31) - 1), Tag.DOUBLE_LONG_UNSIGNED: (0, (1 << 32) - 1),
    Tag.LONG: (-(1 << 15), (1 << 15) - 1), Tag.LONG_UNSIGNED: (0, (1 << 16) - 1),
    Tag.INTEGER: (-128, 127), Tag.UNSIGNED: (0, 255), Tag.ENUM: (0, 255),
}

Builder = Callable[[Any], Data]  # of a plain value, see :mod:`.building`


@dataclass(slots=True)
class Shape:
    """One element: a leaf with ``tag``, else a structure, or an array if ``bounds`` is set.

    Not to be changed once a value of it was built: ``builder`` keeps what was found then.
    """

    name: str
    bounds: tuple[int, int] | None = None
    tag: Tag | None = None
    size: int = 0
    default: Any = None
    only: tuple[Any, ...] = ()  # the values that it may have; empty where it is free
    members: dict[str, Shape] = field(default_factory=dict)
    row: Row | None = None  # of a leaf
    twin: bool = False  # only a meter with two measuring elements has it
    builder: Builder | None = field(default=None, init=False, repr=False, compare=False)

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


def misfit(shape: Shape, allowed: str, found: str) -> LocalProtocolError:
    """Return the complaint about a value of ``shape``, which names the row."""
    row = shape.first_row
    where = shape.name
    if row is not None:
        step = "" if where == row.path else f" {where}"
        where = " ".join(filter(None, (row.clauses, row.item, f"({row.key}{step})")))
    return LocalProtocolError(f"{where}: {allowed} allowed, found {found[:80]}")


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
