"""The general commands of the ZigBee cluster library as plain values (ZCL 075123).

A command is a few elements and a list of records, given as tables below. Attributes, statuses,
types and commands stand by name, where no table has one by number as ``0x1234``. Left out: the
structured reads and writes 0E to 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.zigbee import data_types
from bench.protocols.zigbee.clusters import (
    TRAILING,
    Cluster,
    cluster_of,
    enumeration,
    write_value,
)

STATUS: Mapping[int, str] = {
    0x00: "success", 0x01: "failure", 0x7E: "not_authorized", 0x7F: "reserved_field_not_zero",
    0x80: "malformed_command", 0x81: "unsup_cluster_command", 0x82: "unsup_general_command",
    0x83: "unsup_manuf_cluster_command", 0x84: "unsup_manuf_general_command",
    0x85: "invalid_field", 0x86: "unsupported_attribute", 0x87: "invalid_value",
    0x88: "read_only", 0x89: "insufficient_space", 0x8A: "duplicate_exists", 0x8B: "not_found",
    0x8C: "unreportable_attribute", 0x8D: "invalid_data_type", 0x8E: "invalid_selector",
    0x8F: "write_only", 0x90: "inconsistent_startup_state", 0x91: "defined_out_of_band",
    0x92: "inconsistent", 0x93: "action_denied", 0x94: "timeout", 0x95: "abort",
    0x96: "invalid_image", 0x97: "wait_for_data", 0x98: "no_image_available",
    0x99: "require_more_image", 0xC0: "hardware_failure", 0xC1: "software_failure",
    0xC2: "calibration_error",
}

GENERAL_COMMANDS: Mapping[int, str] = {
    0x00: "ReadAttributes", 0x01: "ReadAttributesResponse", 0x02: "WriteAttributes",
    0x03: "WriteAttributesUndivided", 0x04: "WriteAttributesResponse",
    0x05: "WriteAttributesNoResponse", 0x06: "ConfigureReporting",
    0x07: "ConfigureReportingResponse", 0x08: "ReadReportingConfiguration",
    0x09: "ReadReportingConfigurationResponse", 0x0A: "ReportAttributes",
    0x0B: "DefaultResponse", 0x0C: "DiscoverAttributes", 0x0D: "DiscoverAttributesResponse",
    0x0E: "ReadAttributesStructured", 0x0F: "WriteAttributesStructured",
    0x10: "WriteAttributesStructuredResponse", 0x11: "DiscoverCommandsReceived",
    0x12: "DiscoverCommandsReceivedResponse", 0x13: "DiscoverCommandsGenerated",
    0x14: "DiscoverCommandsGeneratedResponse", 0x15: "DiscoverAttributesExtended",
    0x16: "DiscoverAttributesExtendedResponse",
}

# What clients send of the general commands; the rest come from where the attributes are.
_REQUESTS = frozenset({0x00, 0x02, 0x03, 0x05, 0x06, 0x08, 0x0C, 0x0E, 0x0F, 0x11, 0x13, 0x15})

_UINT8, _UINT16 = data_types.named("uint8"), data_types.named("uint16")

class Layout(NamedTuple):
    """The elements of a command, and of each record behind them, which stand under ``list``.

    ``short``: a lone status may stand for all records.
    """

    elements: tuple[str, ...] = ()
    list: str = ""
    record: tuple[str, ...] = ()
    short: bool = False


_VALUES = Layout((), "attributes", ("attribute", "value"))
_RANGE = Layout(("start_command", "maximum"))
_COMMAND_IDS = Layout(("complete",), "commands", ("command_id",))

LAYOUTS: Mapping[int, Layout] = {
    0x00: Layout((), "attributes", ("attribute",)),
    0x01: Layout((), "attributes", ("attribute", "status", "value_if_success")),
    0x02: _VALUES, 0x03: _VALUES, 0x05: _VALUES, 0x0A: _VALUES,
    0x04: Layout((), "attributes", ("status", "attribute"), short=True),
    0x06: Layout((), "attributes", ("direction", "attribute", "reporting")),
    0x07: Layout((), "attributes", ("status", "direction", "attribute"), short=True),
    0x08: Layout((), "attributes", ("direction", "attribute")),
    0x09: Layout((), "attributes",
                 ("status", "direction", "attribute", "reporting_if_success")),
    0x0B: Layout(("command", "status")),
    0x0C: Layout(("start", "maximum")),
    0x0D: Layout(("complete",), "attributes", ("attribute", "type")),
    0x11: _RANGE, 0x13: _RANGE, 0x12: _COMMAND_IDS, 0x14: _COMMAND_IDS,
    0x15: Layout(("start", "maximum")),
    0x16: Layout(("complete",), "attributes", ("attribute", "type", "access")),
}


def read(cluster: int, command: int, to_client: bool, octets: bytes) -> dict[str, Any]:
    """Return the plain values of a command of ``LAYOUTS``; RemoteProtocolError if it is not so.

    Octets behind a command without records come as ``trailing``.
    """
    layout = LAYOUTS[command]
    context = _Context.of(cluster, command, to_client)
    if layout.short and len(octets) == 1:
        return {"status": _read_status(context, octets, 0)[0]}
    values, offset = _read_record(layout.elements, context, octets, 0)
    if layout.list:
        end, records, read_one = len(octets), [], _record_reader(layout.record)
        while offset < end:
            record, offset = read_one(context, octets, offset)
            records.append(record)
        values[layout.list] = records
    elif offset < len(octets):
        values[TRAILING] = octets[offset:].hex().upper()
    return values


def write(cluster: int, command: int, to_client: bool, fields: Mapping[str, Any]) -> bytes:
    """Return the octets of plain ``fields``; LocalProtocolError naming what does not fit."""
    layout = LAYOUTS[command]
    context = _Context.of(cluster, command, to_client)
    given = dict(fields)
    if layout.short and set(given) == {"status"}:
        return _write_status(context, given["status"])
    records = given.pop(layout.list, None) if layout.list else []
    if not isinstance(records, list | tuple):
        raise LocalProtocolError(f"{layout.list}: a list is wanted, not {records!r}")
    trailing = "" if layout.list else given.pop(TRAILING, "")
    out = [_write_record(context, layout.elements, given, "")]
    for number, record in enumerate(records):
        where = f"{layout.list}[{number}]: "
        if len(layout.record) == 1:
            out.append(_write_element(context, {}, layout.record[0], record, where))
        else:
            out.append(_write_record(context, layout.record, record, where))
    try:
        return b"".join(out) + data_types.as_octets(trailing)
    except (TypeError, ValueError):
        raise LocalProtocolError(f"{TRAILING}: octets or hex text are wanted") from None


class _Context(NamedTuple):
    """Where names come from: the cluster, the side of the attributes, the direction."""

    cluster: Cluster | None
    side: str
    to_client: bool

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, cluster: int, command: int, to_client: bool) -> _Context:
        side = "client" if (command in _REQUESTS) == to_client else "server"
        return cls(cluster_of(cluster), side, to_client)

    def for_record(self, record: Mapping[str, Any]) -> _Context:
        """Return the context of a record: direction 1 asks for what the other side reports."""
        if record.get("direction") == 1:
            return self._replace(side="client" if self.side == "server" else "server")
        return self


@cache
def _record_reader(elements: tuple[str, ...]) -> Callable[..., tuple[Any, int]]:
    """Return what reads a record: a value where it has one element, else a dict."""
    return (_ELEMENTS[elements[0]].read if len(elements) == 1
            else partial(_read_record, elements))


def _read_record(
    elements: tuple[str, ...], context: _Context, octets: bytes, offset: int
) -> tuple[dict[str, Any], int]:
    record: dict[str, Any] = {}
    for element in elements:
        codec = _ELEMENTS.get(element)
        if codec is not None:
            record[element], offset = codec.read(context.for_record(record), octets, offset)
        elif element.startswith("value"):
            if _wanted(element, record):
                typed, offset = data_types.read_typed(octets, offset)
                record |= _named_value(context, record["attribute"], typed)
        elif _wanted(element, record):  # a reporting configuration
            offset = _read_reporting(context, record, octets, offset)
    return record, offset


def _write_record(
    context: _Context, elements: tuple[str, ...], record: Any, where: str
) -> bytes:
    if not isinstance(record, Mapping):
        raise LocalProtocolError(f"{where}named elements are wanted, not {record!r}")
    given = dict(record)
    out = []
    for element in elements:
        if element.startswith("value"):
            if _wanted(element, record):
                out.append(_write_typed(context, record, where))
                given.pop("type", None)
                given.pop("value", None)
            continue
        names: tuple[str, ...] = (element,)
        if element.startswith("reporting"):
            names = _reporting(record) if _wanted(element, record) else ()
        for name in names:
            if name not in given:
                raise LocalProtocolError(f"{where}{name}: a value is wanted")
            out.append(_write_element(context.for_record(record), record, name, given.pop(name),
                                      where))
    if given:
        raise LocalProtocolError(f"{where}no element {', '.join(map(str, given))}")
    return b"".join(out)


def _write_element(
    context: _Context, record: Mapping[str, Any], name: str, value: Any, where: str
) -> bytes:
    try:
        if name == "reportable_change":
            return data_types.write(record["type"], value)
        return _ELEMENTS[name].write(context, value)
    except LocalProtocolError as wrong:
        raise LocalProtocolError(f"{where}{name}: {wrong}") from None


def _wanted(element: str, record: Mapping[str, Any]) -> bool:
    return not element.endswith("_if_success") or record.get("status") in ("success", 0)


def _reporting(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the elements behind direction and attribute of a reporting configuration."""
    if record.get("direction") == 1:
        return ("timeout",)
    names = ("type", "minimum_interval", "maximum_interval")
    kind = data_types.TYPES.get(str(record.get("type")))
    return (*names, "reportable_change") if kind and kind.analog else names


def _read_reporting(
    context: _Context, record: dict[str, Any], octets: bytes, offset: int
) -> int:
    if record["direction"] != 1:
        record["type"], offset = _read_type(context, octets, offset)
        if record["type"] not in data_types.TYPES:
            raise RemoteProtocolError(offset - 1, "a ZigBee data type", record["type"])
    for name in _reporting(record):
        if name == "reportable_change":
            kind = data_types.named(record["type"])
            record[name], offset = kind.read(octets, offset)
        elif name != "type":
            record[name], offset = _ELEMENTS[name].read(context, octets, offset)
    return offset


def _named_value(context: _Context, attribute: Any, typed: dict[str, Any]) -> dict[str, Any]:
    """Return ``typed`` with the name of an enumeration's value, where the attribute has one."""
    if typed["type"] != "enum8" or context.cluster is None:
        return typed
    found = context.cluster.attribute_named(attribute, context.side)
    values = enumeration(found.type) if found else None
    return typed | {"value": values.get(typed["value"], typed["value"])} if values else typed


def _write_typed(context: _Context, record: Mapping[str, Any], where: str) -> bytes:
    value = record.get("value")
    found = (context.cluster.attribute_named(str(record.get("attribute")), context.side)
             if context.cluster else None)
    try:
        if found and isinstance(value, str) and record.get("type") == "enum8":
            return b"\x30" + write_value(found.type, value)
        return data_types.write_typed(record)
    except LocalProtocolError as wrong:
        raise LocalProtocolError(f"{where}value: {wrong}") from None


def _number_of(name: Any, numbers: Mapping[str, int], digits: int, what: str) -> int:
    """Return the number of a name, of a number as ``0x..`` text, or of a number."""
    if isinstance(name, int):
        return name
    if isinstance(name, str):
        if name in numbers:
            return numbers[name]
        if name.startswith("0x") and len(name) == 2 + digits:
            with suppress(ValueError):
                return int(name, 16)
    raise LocalProtocolError(f"no {what} {name!r}")


def _octet(octets: bytes, offset: int) -> int:
    number: int = _UINT8.read(octets, offset)[0]
    return number


def _read_attribute(context: _Context, octets: bytes, offset: int) -> tuple[Any, int]:
    number, _ = _UINT16.read(octets, offset)
    found = context.cluster.attributes[context.side].get(number) if context.cluster else None
    return found.name if found else f"0x{number:04X}", offset + 2


def _write_attribute(context: _Context, value: Any) -> bytes:
    found = (context.cluster.attribute_named(value, context.side)
             if context.cluster and isinstance(value, str) else None)
    number = found.id if found else _number_of(value, {}, 4, f"{context.side} attribute")
    return data_types.write("uint16", number)


def _read_type(_: _Context, octets: bytes, offset: int) -> tuple[Any, int]:
    found = data_types.by_id(number := _octet(octets, offset))
    return found.name if found else f"0x{number:02X}", offset + 1


def _write_type(_: _Context, value: Any) -> bytes:
    numbers = {name: kind.id for name, kind in data_types.TYPES.items()}
    return data_types.write("uint8", _number_of(value, numbers, 2, "type"))


def _read_status(_: _Context, octets: bytes, offset: int) -> tuple[Any, int]:
    number = _octet(octets, offset)
    return STATUS.get(number, f"0x{number:02X}"), offset + 1


def _write_status(_: _Context, value: Any) -> bytes:
    return data_types.write("uint8", _number_of(value, _STATUS_NUMBERS, 2, "status"))


def _answered(context: _Context) -> dict[int, str]:
    """Return the commands that a default response may answer: those of the other direction."""
    return _sent(context.cluster.id, not context.to_client) if context.cluster else {}


@cache
def _sent(cluster: int, to_client: bool) -> dict[int, str]:
    found = cluster_of(cluster)
    return {command.id: command.name for command in found.commands.values()
            if command.to_client == to_client} if found else {}


def _read_command(context: _Context, octets: bytes, offset: int) -> tuple[Any, int]:
    number = _octet(octets, offset)
    return _answered(context).get(number, f"0x{number:02X}"), offset + 1


def _write_command(context: _Context, value: Any) -> bytes:
    numbers = {name: number for number, name in _answered(context).items()}
    return data_types.write("uint8", _number_of(value, numbers, 2, "command"))


class _Element(NamedTuple):
    read: Callable[[_Context, bytes, int], tuple[Any, int]]
    write: Callable[[_Context, Any], bytes]


def _plain(kind: str) -> _Element:
    return _Element(lambda _, octets, offset: data_types.named(kind).read(octets, offset),
                    lambda _, value: data_types.write(kind, value))


_ELEMENTS: Mapping[str, _Element] = {
    "attribute": _Element(_read_attribute, _write_attribute),
    "start": _Element(_read_attribute, _write_attribute),
    "type": _Element(_read_type, _write_type),
    "status": _Element(_read_status, _write_status),
    "command": _Element(_read_command, _write_command),
    "start_command": _plain("uint8"), "command_id": _plain("uint8"),
    "direction": _plain("uint8"), "access": _plain("bitmap8"), "maximum": _plain("uint8"),
    "complete": _plain("boolean"), "minimum_interval": _plain("uint16"),
    "maximum_interval": _plain("uint16"), "timeout": _plain("uint16"),
}
_STATUS_NUMBERS = {name: number for number, name in STATUS.items()}
