"""Smart Energy clusters: ids, names and types of attributes, and the fields of commands.

Declarations are data (``data/clusters.json``, which names its sources) and are loaded when first
looked at. A field has a type of :mod:`.data_types`, an enumeration, a structure, or one of two
of our own: ``octets`` to the end of the command, and ``layout``, whose fields another field
chooses (snapshots by their payload type). Left out: manufacturer specific commands and
attributes, and what a value means.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.zigbee import data_types

REST = "rest"  # a field repeats to the end of the command
TRAILING = "trailing"  # octets behind the last field known: shown, and ignored as ZCL asks


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command or structure.

    ``repeat`` is empty, ``rest``, or the field that counts, of which ``mask`` are the bits that
    do. A layout has ``case``, the field that chooses, of type ``case_type``, and ``layouts`` by
    its number. An optional field may be left out, with all that follow it.
    """

    name: str
    type: str
    optional: bool = False
    repeat: str = ""
    mask: int = 0
    case: str = ""
    case_type: str = ""
    layouts: Mapping[int, tuple[Field, ...]] | None = None


class Attribute(NamedTuple):
    """One attribute; ``type`` is a ZigBee type or an enumeration."""

    id: int
    name: str
    type: str


class Command(NamedTuple):
    """One command of a cluster, to the client or to the server."""

    id: int
    name: str
    to_client: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster: attributes by side (``server``, ``client``), commands by direction and id."""

    id: int
    name: str
    attributes: Mapping[str, Mapping[int, Attribute]]
    commands: Mapping[tuple[bool, int], Command]

    def command_named(self, name: str, to_client: bool | None = None) -> Command | None:
        """Return the command of a name, in one direction or in any; ``None`` without one."""
        named = _commands_by_name(self.id).get(name, ())
        return next((command for command in named if to_client in (None, command.to_client)), None)

    def attribute_named(self, name: str, side: str = "server") -> Attribute | None:
        """Return the attribute of a name; ``None`` without one."""
        return _by_name(self.id, side).get(name)


class _Clusters(Mapping[int, Cluster]):
    """The clusters by id, loaded when first looked at."""

    def __getitem__(self, key: int) -> Cluster:
        return _load().clusters[key]

    def __iter__(self) -> Iterator[int]:
        return iter(_load().clusters)

    def __len__(self) -> int:
        return len(_load().clusters)


_UNFIT = (LocalProtocolError, *data_types.UNFIT)

CLUSTERS: Mapping[int, Cluster] = _Clusters()


def cluster_of(number: int) -> Cluster | None:
    """Return the cluster of an id, or ``None``."""
    return _load().clusters.get(number)


def cluster_named(name: str) -> Cluster | None:
    """Return the cluster of a name (``Price``), or ``None``."""
    return next((cluster for cluster in CLUSTERS.values() if cluster.name == name), None)


def enumeration(name: str) -> Mapping[int, str] | None:
    """Return the values of an enumeration by number; ``None`` if ``name`` is a plain type."""
    found = _load().enumerations.get(name)
    return found.values if found else None


def base_type(name: str) -> str:
    """Return the ZigBee type of an enumeration's values; a plain type is its own."""
    found = _load().enumerations.get(name)
    return found.type.name if found else name


def structure(name: str) -> tuple[Field, ...] | None:
    """Return the fields of a structure; ``None`` if ``name`` is none."""
    return _load().structures.get(name)


def read_fields(fields: Sequence[Field], octets: bytes, base: int = 0) -> dict[str, Any]:
    """Return the plain values of ``fields`` in ``octets``, all of them.

    Octets behind the last field come as ``trailing``. RemoteProtocolError, whose offset counts
    ``base`` more than ``octets``, if a field that must be there is not, or has no such value.
    """
    try:
        values, end = _read(fields, octets, 0)
    except RemoteProtocolError as wrong:
        raise RemoteProtocolError(wrong.offset + base, wrong.expected, wrong.found) from None
    if end < len(octets):
        values[TRAILING] = octets[end:].hex().upper()
    return values


def write_fields(fields: Sequence[Field], values: Mapping[str, Any]) -> bytes:
    """Return the octets of plain ``values``; optional fields at the end may be missing.

    LocalProtocolError naming the field for a name, a value or a number of elements that does not
    fit.
    """
    if TRAILING not in values:
        return _write(fields, values)
    given = dict(values)
    trailing = given.pop(TRAILING)
    try:
        behind = data_types.as_octets(trailing)
    except (TypeError, ValueError):
        raise LocalProtocolError(f"{TRAILING}: octets or hex text are wanted") from None
    return _write(fields, given) + behind


def _read(fields: Sequence[Field], octets: bytes, offset: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    end = len(octets)
    for field in fields:
        if field.optional and offset == end:
            break
        if field.repeat or field.layouts is not None:
            values[field.name], offset = _read_field(field, values, octets, offset)
        else:
            values[field.name], offset = _reader(field.type)(octets, offset)
    return values, offset


def _read_field(
    field: Field, values: Mapping[str, Any], octets: bytes, offset: int
) -> tuple[Any, int]:
    if field.layouts is not None:
        layout = field.layouts.get(number_of(field.case_type, values[field.case]))
        if layout is None:
            return octets[offset:].hex().upper(), len(octets)
        return _read(layout, octets, offset)
    elements = []
    read = _reader(field.type)
    if field.repeat == REST:
        while offset < len(octets):
            element, offset = read(octets, offset)
            elements.append(element)
        return elements, offset
    for _ in range(_count(field, values)):
        element, offset = read(octets, offset)
        elements.append(element)
    return elements, offset


@cache
def _reader(kind: str) -> data_types.Reader:
    """Return the reader of a type, an enumeration, ``octets`` or a structure."""
    if kind in data_types.TYPES:
        return data_types.TYPES[kind].read
    tables = _load()
    if kind in tables.enumerations:
        return _enumeration_reader(tables.enumerations[kind])
    if kind == "octets":
        return lambda octets, offset: (octets[offset:].hex().upper(), len(octets))
    fields = tables.structures[kind]
    return lambda octets, offset: _read(fields, octets, offset)


def _enumeration_reader(found: _Enumeration) -> data_types.Reader:
    read, names = found.type.read, found.values

    def read_name(octets: bytes, offset: int) -> tuple[Any, int]:
        value, end = read(octets, offset)
        return names.get(value, value), end

    return read_name


def _write(fields: Sequence[Field], values: Mapping[str, Any]) -> bytes:
    if type(values) is not dict and not isinstance(values, Mapping):
        raise LocalProtocolError(f"named fields are wanted, not {values!r}")
    parts: list[bytes] = []
    for field in fields:
        if field.name not in values:
            break
        if field.repeat or field.layouts is not None:
            parts.append(_write_field(field, values))
        else:
            try:
                parts.append(_writer(field.type)(values[field.name]))
            except _UNFIT:
                parts.append(_write_field(field, values))  # which says what does not fit
    if len(parts) < max(len(fields), len(values)):
        _refuse_names(fields, values)
    return b"".join(parts)


def _refuse_names(fields: Sequence[Field], values: Mapping[str, Any]) -> None:
    """Raise LocalProtocolError unless only optional fields at the end are missing."""
    unknown = sorted(set(values) - {field.name for field in fields})
    if unknown:
        raise LocalProtocolError(f"no field {', '.join(map(str, unknown))}; there are "
                                 f"{', '.join(field.name for field in fields) or 'none'}")
    left_out = ""
    for field in fields:
        if field.name in values:
            if left_out:
                raise LocalProtocolError(f"{field.name}: cannot be there without {left_out}")
        elif not field.optional:
            raise LocalProtocolError(f"{field.name}: a value is wanted")
        else:
            left_out = left_out or field.name


def _write_field(field: Field, values: Mapping[str, Any]) -> bytes:
    value = values[field.name]
    try:
        if field.layouts is not None:
            layout = field.layouts.get(number_of(field.case_type, values[field.case]))
            return data_types.as_octets(value) if layout is None else _write(layout, value)
        if not field.repeat:
            return write_value(field.type, value)
        if not isinstance(value, list | tuple):
            raise TypeError(f"a list is wanted, not {value!r}")
        if field.repeat != REST and len(value) != _count(field, values):
            raise ValueError(f"{len(value)} elements, but {field.repeat} says "
                             f"{_count(field, values)}")
        return b"".join(write_value(field.type, element) for element in value)
    except (TypeError, ValueError) as wrong:
        raise LocalProtocolError(f"{field.name}: {wrong}") from None
    except LocalProtocolError as wrong:
        raise LocalProtocolError(f"{field.name}: {wrong}") from None


def write_value(kind: str, value: Any) -> bytes:
    """Return the octets of one value of a type, an enumeration or a structure."""
    if kind in data_types.TYPES:
        return data_types.write(kind, value)
    tables = _load()
    if kind in tables.enumerations:
        found = tables.enumerations[kind]
        number = found.numbers.get(value, value) if isinstance(value, str) else value
        if isinstance(number, str):
            raise LocalProtocolError(f"{value!r} is none of {', '.join(found.numbers)}")
        return data_types.write(found.type.name, number)
    if kind == "octets":
        return data_types.as_octets(value)
    return _write(tables.structures[kind], value)


@cache
def _writer(kind: str) -> data_types.Writer:
    """Return the writer of a type, an enumeration, ``octets`` or a structure."""
    if kind in data_types.TYPES:
        return data_types.TYPES[kind].write
    return partial(write_value, kind)


def number_of(kind: str, value: Any) -> Any:
    """Return the number of a plain value of ``kind``: what an enumeration's name stands for."""
    found = _load().enumerations.get(kind)
    return found.numbers.get(value, value) if found and isinstance(value, str) else value


def _count(field: Field, values: Mapping[str, Any]) -> int:
    number = values[field.repeat]
    return int(number & field.mask if field.mask else number)


class _Enumeration(NamedTuple):
    name: str
    type: data_types.DataType
    values: dict[int, str]
    numbers: dict[str, int]


class _Tables(NamedTuple):
    clusters: dict[int, Cluster]
    enumerations: dict[str, _Enumeration]
    structures: dict[str, tuple[Field, ...]]


@cache
def _load() -> _Tables:
    read = json.loads(files(__package__).joinpath("data/clusters.json").read_text("utf-8"))
    enumerations = {}
    for name, entry in read["enumerations"].items():
        values = {int(number): text for number, text in entry["values"].items()}
        enumerations[name] = _Enumeration(name, data_types.named(entry["type"]), values,
                                          {text: number for number, text in values.items()})
    structures = {name: _fields(entry) for name, entry in read["structures"].items()}
    clusters = {entry["id"]: _cluster(entry) for entry in read["clusters"]}
    return _Tables(clusters, enumerations, structures)


@cache
def _commands_by_name(cluster: int) -> dict[str, list[Command]]:
    found: dict[str, list[Command]] = {}
    for command in CLUSTERS[cluster].commands.values():
        found.setdefault(command.name, []).append(command)
    return found


@cache
def _by_name(cluster: int, side: str) -> dict[str, Attribute]:
    return {found.name: found for found in CLUSTERS[cluster].attributes[side].values()}


def _cluster(entry: dict[str, Any]) -> Cluster:
    attributes = {side: {row[0]: Attribute(*row) for row in rows}
                  for side, rows in entry["attributes"].items()}
    commands = {(direction == "to_client", number): Command(
                    number, name, direction == "to_client", _fields(fields))
                for direction, rows in entry["commands"].items()
                for number, name, fields in rows}
    return Cluster(entry["id"], entry["name"], attributes, commands)


def _fields(rows: list[list[Any]]) -> tuple[Field, ...]:
    kinds = {row[0]: row[1] for row in rows}
    return tuple(_field(kinds, *row) for row in rows)


def _field(
    kinds: Mapping[str, str], name: str, kind: str, options: Mapping[str, Any] | None = None
) -> Field:
    given = dict(options or {})
    if "layouts" in given:
        given["case_type"] = kinds[given["case"]]
        given["layouts"] = {int(number): _fields(rows)
                            for number, rows in given["layouts"].items()}
    return Field(name, kind, **given)
