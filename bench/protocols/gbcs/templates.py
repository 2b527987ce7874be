"""The shape of a value, from the mapping rows of a use case: types, repetition, constants.

A row's path leads to one element: ``name:array[1..16].entry.field``. The rows of one attribute
make a tree, which gives the data that a command carries from plain values, or from nothing: each
element has its constant, a default of its own, or the smallest value of its type.
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

_TYPES = {
    "double-long-unsigned": Tag.DOUBLE_LONG_UNSIGNED, "double-long": Tag.DOUBLE_LONG,
    "long-unsigned": Tag.LONG_UNSIGNED, "long": Tag.LONG, "unsigned": Tag.UNSIGNED,
    "integer": Tag.INTEGER, "enum": Tag.ENUM, "boolean": Tag.BOOLEAN,
    "octet-string": Tag.OCTET_STRING, "visible-string": Tag.VISIBLE_STRING,
    "utf8-string": Tag.UTF8_STRING, "bit-string": Tag.BIT_STRING,
}
_STEP = re.compile(r"([^\[]+)(?:\[(?:\d+of)?(\d+)\.\.(\d+)\])?")
_DOT = re.compile(r"(?<!\.)\.(?!\.)")  # not the two of a range
_FORM = re.compile(r"([a-z0-9-]+?)(?:\((\d+)\))?(?:\[\[([A-Z_]+)\]\])?")
_OCTETS = re.compile(r"\|\|0x([0-9A-F]*)")
_BITS = re.compile(r"\|\|0b([01]+)")

TWIN = "TWIN_ELEMENT_ESME_ONLY"
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
# Structures whose rows stand in another order than the interface class has (IEC 62056-6-2, clock).
_ORDER = {"preset_adjusting_time": ("preset_time", "validity_interval_start",
                                    "validity_interval_end")}
_SPECIAL_TIMES = {"now": date_time.NOW, "never": date_time.NEVER}
_FIRST_DAY = bytes.fromhex("07DF0101FF000000008000FF")  # 2015-01-01, UTC


@dataclass(slots=True)
class Shape:
    """One element: a leaf with ``tag``, else a structure, or an array if ``bounds`` is set."""

    name: str
    bounds: tuple[int, int] | None = None
    tag: Tag | None = None
    size: int = 0
    default: Any = None
    constant: bool = False
    members: dict[str, Shape] = field(default_factory=dict)

    @property
    def element(self) -> Shape:
        """The shape of an array's elements."""
        members = list(self.members.values())
        if len(members) == 1:
            return members[0]
        return Shape(self.name, tag=self.tag, size=self.size, default=self.default,
                     constant=self.constant, members=self.members)


def shape_of(rows: Sequence[Row]) -> Shape | None:
    """Return the shape that ``rows`` of one attribute or method give; ``None`` for null data."""
    rows = [row for row in rows if not row.type.endswith(f"[[{TWIN}]]")]
    typed = [row for row in rows if ":" in row.path and row.type] or rows
    if any(row.type.startswith("null") for row in rows) or not typed[0].type:
        return None
    root: Shape | None = None
    for row in typed:
        names = row.path.partition(":")[2] or row.path
        steps = [_STEP.fullmatch(step) for step in _DOT.split(names)]
        parts = [(step[1], (int(step[2]), int(step[3])) if step[2] else None)
                 for step in steps if step]
        root = root or Shape(*parts[0])
        shape = root
        for name, bounds in parts[1:]:
            shape = shape.members.setdefault(name, Shape(name, bounds))
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
        if not isinstance(items, Sequence) or isinstance(items, str | bytes):
            raise LocalProtocolError(f"{shape.name}: a list is wanted, not {items!r}")
        return Data(Tag.ARRAY, tuple(build(element, item) for item in items))
    if shape.tag is None:
        return Data(Tag.STRUCTURE, tuple(
            build(member, item)
            for member, item in zip(shape.members.values(), _items(shape, value), strict=True)))
    return Data(shape.tag, _default(shape) if value is None else _value(shape, value))


def _items(shape: Shape, value: Any) -> Sequence[Any]:
    if value is None:
        return [None] * len(shape.members)
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - set(shape.members))
        if unknown:
            raise LocalProtocolError(f"{shape.name} has no {', '.join(unknown)}; it has "
                                     f"{', '.join(shape.members)}")
        return [value.get(name) for name in shape.members]
    if isinstance(value, list | tuple) and len(value) == len(shape.members):
        return value
    raise LocalProtocolError(f"{shape.name}: a list of {len(shape.members)} is wanted, "
                             f"not {value!r}")


def _fill(shape: Shape, row: Row) -> None:
    if row.type == "EXCEPTIONAL":
        shape.bounds = shape.bounds or ((1, 15) if "configuration" in shape.name else None)
        for name, kind, constant in _EXCEPTIONAL[shape.name]:
            member = shape.members.setdefault(name, Shape(name))
            _fill(member, row._replace(type=kind, constant=constant))
        return
    form = _FORM.fullmatch(row.type)
    if form is None or form[1] not in _TYPES:
        raise LocalProtocolError(f"{row.key} {row.path}: no DLMS type {row.type!r}")
    shape.tag = _TYPES[form[1]]
    shape.size = int(form[2] or 0)
    shape.constant = bool(row.constant)
    shape.default = _constant(shape, row) if row.constant else _DEFAULTS.get(row.key)


def _constant(shape: Shape, row: Row) -> Any:
    bits = _BITS.search(row.constant)
    if bits:
        return bits[1][: shape.size]
    octets = _OCTETS.search(row.constant)
    if octets is None:
        return int(row.constant)
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


def _value(shape: Shape, value: Any) -> Any:
    if shape.tag == Tag.OCTET_STRING:
        return _as_octets(shape.name, value)
    wanted = {Tag.BOOLEAN: bool, Tag.BIT_STRING: str, Tag.VISIBLE_STRING: str,
              Tag.UTF8_STRING: str}.get(shape.tag or Tag.NULL_DATA, int)
    if not isinstance(value, wanted):
        raise LocalProtocolError(f"{shape.name}: {wanted.__name__} is wanted, not {value!r}")
    return value


def _as_octets(name: str, value: Any) -> bytes:
    if isinstance(value, datetime):
        return date_time.encode(value)
    if isinstance(value, bytes):
        return value
    if value in _SPECIAL_TIMES:
        return _SPECIAL_TIMES[value]
    for read in (bytes.fromhex, _iso_time):
        with suppress(TypeError, ValueError):
            return read(value)
    raise LocalProtocolError(f"{name}: octets, hex text or a datetime is wanted, not {value!r}")


def _iso_time(text: str) -> bytes:
    instant = datetime.fromisoformat(text)
    return date_time.encode(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
