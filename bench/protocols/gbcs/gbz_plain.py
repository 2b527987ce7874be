"""One component of a GBZ payload as plain JSON values, and back.

Keys: ``cluster`` and ``command`` by name (or ``0x1234``), ``direction`` (``to_server``,
``to_client``), ``sequence``, ``frame_control``, ``manufacturer_code`` where there is one,
``from_date_time`` in seconds since 2000, ``additional_header`` of an encrypted component, and
``fields`` by name or, while it is sealed, its octets as ``sealed``. For writing, ``cluster``,
``command`` and ``fields`` are enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.gbz_component import Component
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import CLUSTERS, cluster_named
from bench.protocols.zigbee.data_types import as_octets, utc_seconds, write
from bench.protocols.zigbee.general import GENERAL_COMMANDS


def plain(component: Component) -> dict[str, Any]:
    """Return the component as plain values."""
    frame = component.frame
    record: dict[str, Any] = {
        "cluster": component.cluster_name, "command": component.command_name,
        "direction": "to_client" if frame.to_client else "to_server",
        "sequence": frame.sequence, "frame_control": frame.frame_control}
    if frame.manufacturer_code is not None:
        record["manufacturer_code"] = frame.manufacturer_code
    if component.from_date_time is not None:
        record["from_date_time"] = component.from_date_time
    if component.additional_header is not None:
        record["additional_header"] = component.additional_header.hex().upper()
    if component.sealed:
        record["sealed"] = frame.payload.hex().upper()
    else:
        record["fields"] = component.fields()
    return record


_KEYS = frozenset({"cluster", "command", "direction", "sequence", "frame_control",
                   "manufacturer_code", "from_date_time", "additional_header", "sealed",
                   "fields"})
_DIRECTIONS = {"to_client": True, "to_server": False}
_GENERAL_IDS = {name: number for number, name in GENERAL_COMMANDS.items()}


def from_plain(record: Mapping[str, Any]) -> Component:
    """Return the component of plain values; LocalProtocolError naming what does not fit."""
    if not isinstance(record, Mapping):
        raise LocalProtocolError(f"a component by names is wanted, not {record!r}")
    unknown = set(record) - _KEYS
    if unknown:
        raise LocalProtocolError(f"no {', '.join(sorted(map(str, unknown)))}; there are "
                                 f"{', '.join(sorted(_KEYS))}")
    if ("sealed" in record) == ("fields" in record):
        raise LocalProtocolError("either fields or sealed is wanted")
    cluster = _cluster_id(record.get("cluster"))
    frame = _frame(cluster, record)
    from_date_time = record.get("from_date_time")
    try:
        header = record.get("additional_header")
        header = None if header is None else as_octets(header)
        if "sealed" in record:
            return Component(cluster, frame._replace(payload=as_octets(record["sealed"])), None,
                             header or bytes(2), sealed=True)
        if from_date_time is not None:
            from_date_time = utc_seconds(from_date_time)
    except (TypeError, ValueError) as wrong:
        raise LocalProtocolError(f"from_date_time, additional_header or sealed: {wrong}") from None
    try:
        payload = zcl.payload_of(cluster, frame, record["fields"])
    except LocalProtocolError as wrong:
        name = zcl.command_name(cluster, frame)
        raise LocalProtocolError(f"{record['cluster']} {name}: {wrong}") from None
    component = Component(cluster, frame._replace(payload=payload), from_date_time, header)
    if not component.encrypted:
        component.encode(last=True)  # numbers that do not fit are found here
    return component


def _cluster_id(name: Any) -> int:
    known = cluster_named(name) if isinstance(name, str) else None
    if known is not None:
        return known.id
    number = _number(name, 4)
    if number is None:
        raise LocalProtocolError(f"cluster: no cluster {name!r}")
    return number


def _frame(cluster: int, record: Mapping[str, Any]) -> zcl.Frame:
    """Return the frame of a plain component, its payload empty."""
    name, control = record.get("command"), record.get("frame_control")
    direction = record.get("direction")
    if control is not None:
        write("uint8", control)  # a number, or our error
    if not isinstance(name, str | int):
        raise LocalProtocolError(f"command: a name is wanted, not {name!r}")
    if direction is not None and str(direction) not in _DIRECTIONS:
        raise LocalProtocolError(f"direction: {direction!r} is none of "
                                 f"{', '.join(_DIRECTIONS)}")
    to_client = _DIRECTIONS.get(str(direction))
    if control is not None and to_client is None:
        to_client = bool(control & 8)
    frame_type = None if control is None else control & 3
    known = CLUSTERS.get(cluster)
    if name in _GENERAL_IDS and frame_type in (None, zcl.GENERAL):
        command, frame_type = _GENERAL_IDS[name], zcl.GENERAL
    else:
        found = known.command_named(name, to_client) if known and isinstance(name, str) else None
        number = found.id if found else _number(name, 2)
        if number is None:
            raise LocalProtocolError(f"command: {record.get('cluster')} has no command {name!r}")
        command = number
        if found and to_client is None:
            to_client = found.to_client
        frame_type = zcl.CLUSTER_SPECIFIC if frame_type is None else frame_type
    if control is None:
        control = zcl.frame_control(frame_type, to_client=bool(to_client),
                                    manufacturer_specific="manufacturer_code" in record)
    frame = zcl.Frame(control, record.get("sequence", 0), command, b"",
                      record.get("manufacturer_code"))
    frame.encode()
    if direction is not None and frame.to_client != to_client:
        raise LocalProtocolError("direction and frame_control do not agree")
    return frame


def _number(text: Any, digits: int) -> int | None:
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if isinstance(text, str) and text.startswith("0x") and len(text) == 2 + digits:
        try:
            return int(text, 16)
        except ValueError:
            return None
    return None
