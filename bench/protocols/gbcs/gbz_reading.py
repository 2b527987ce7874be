"""GBZ payloads read by use case: attributes, published structures and statuses by name.

Values are named ``Cluster/attribute`` and ``Cluster/Command/field``; where a command comes more
than once, from the second on with its number: ``Prepayment/PublishDebtLog[1]/...``. A default
response, the status of an attribute, the result type of a top-up and the logs that were cleared are
results; so is what is published, a success. Clauses and items are those of the mapping rows: by
attribute id, or by the command in the response column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs import gbz, units, use_cases
from bench.protocols.gbcs.dlms_reading import OUTCOMES
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.readings import NONE, SUCCESS, Reading, Value, result_of
from bench.protocols.gbcs.use_cases import Row, UseCase
from bench.protocols.zigbee.clusters import Field, cluster_named

_DEFAULT = "DefaultResponse"
_NOT_FOUND = "not_found"
_ATTRIBUTES = "ReadAttributesResponse"
_ID = re.compile(r":\s*0x([0-9A-F]{2,4})\s*$")
# The response to a top-up has no status: its result type (ZigBee Smart Energy 1.2, Prepayment
# 0x0705, Consumer Top Up Response 0x03) says "accepted", with what becomes of the supply or
# without, or why the code was rejected. A number that has no name there is no acceptance.
_RESULT_TYPE = "result_type"
_ACCEPTED = frozenset({"accepted", "accepted_supply_enabled", "accepted_supply_disabled",
                       "accepted_supply_armed"})
# Nor has that to the clearing of an event log: a set of the logs that were cleared (Events 0x0709,
# Clear Event Log Response 0x02).
_CLEARED, _NONE_CLEARED = "cleared_events_logs", "no_log_cleared"
_TIME = "utc_time"
_GAS = re.compile(r"(summation|consumption)")
# Unit of measure of the Metering cluster -> the unit of its summations (ZigBee Smart Energy 1.2,
# D.3.2.2.4.1: a rate there is a volume or an energy here).
_MEASURES: Mapping[str, str] = {
    "kilo_watt_hours": "kWh", "cubic_meter_per_hour": "m3", "cubic_feet_per_hour": "ft3",
    "centum_cubic_feet_per_hour": "ccf"}


class _Context(NamedTuple):
    use_case: UseCase | None
    measure: str  # the unit of gas volumes, as far as the response itself says it


def read(
    message: Message, use_case: UseCase | None, keys: KeyStore, request: Message | None = None
) -> Reading:
    """Return what a GBZ payload says; RemoteProtocolError if it is none."""
    payload = gbz.decode(message.payload)
    opened = gbz.unseal(payload, message, keys)
    name = use_case.id if use_case else f"{message.message_code:04X}"
    records = gbz.plain(opened)
    sealed = [component.encrypted for component in opened.components]
    components = [record for record in records if "cluster" in record]
    context = _Context(use_case, _measure(components))
    numbers = _numbers(components)
    values = tuple(value for number, record in zip(numbers, components, strict=True)
                   for value in _values(record, number, context))
    reading = Reading(
        "GBZ", name, values=values, misfits=tuple(_misfits(components, context)),
        encrypted=any(sealed),
        decrypted=any(sealed) and not any(item.sealed for item in opened.components))
    if payload.alert is not None:
        return _alert(reading, records[0])
    if message.cra is Cra.COMMAND:
        return reading
    codes = tuple(code for number, record in zip(numbers, components, strict=True)
                  for code in _codes(record, number))
    missing = _missing(request, components)
    return Reading(
        "GBZ", name, _result(codes, components), codes, values, encrypted=reading.encrypted,
        decrypted=reading.decrypted, misfits=(*missing, *reading.misfits))


def _numbers(components: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the prefix of each component's names: its cluster and command, and a number."""
    seen: Counter[str] = Counter()
    found = []
    for record in components:
        base = f"{record['cluster']}/{record['command']}"
        if record["command"] == _DEFAULT and isinstance(record.get("fields"), Mapping):
            base = f"{record['cluster']}/{record['fields'].get('command', _DEFAULT)}"
        found.append(f"{base}[{seen[base]}]" if seen[base] else base)
        seen[base] += 1
    return found


def _codes(record: Mapping[str, Any], number: str) -> Iterator[tuple[str, str]]:
    fields = record.get("fields")
    attributes = _attributes(record)
    if record["command"] == _DEFAULT and isinstance(fields, Mapping):
        yield number, str(fields.get("status", ""))
    elif attributes:
        for entry in attributes:
            yield f"{record['cluster']}/{entry['attribute']}", str(entry.get("status", SUCCESS))
    elif isinstance(fields, Mapping) and _RESULT_TYPE in fields:
        code = str(fields[_RESULT_TYPE])
        yield number, SUCCESS if code in _ACCEPTED else code
    elif isinstance(fields, Mapping) and _CLEARED in fields:
        yield number, SUCCESS if fields[_CLEARED] else _NONE_CLEARED
    elif isinstance(fields, Mapping) and isinstance(fields.get("status"), str):
        yield number, fields["status"]
    else:
        yield number, SUCCESS


def _result(
    codes: Sequence[tuple[str, str]], components: Sequence[Mapping[str, Any]]
) -> str:
    """Return the result; that there is no more of what was published already is no failure."""
    published = {record["cluster"] for record in components
                 if record["command"] not in (_DEFAULT, _ATTRIBUTES)}
    return result_of([(key, code) for key, code in codes
                      if code != _NOT_FOUND or key.partition("/")[0] not in published])


def _values(record: Mapping[str, Any], number: str, context: _Context) -> Iterator[Value]:
    cluster = record["cluster"]
    if "sealed" in record:
        yield _value(number, record["sealed"], "", _row_of_command(record, context))
        return
    if record["command"] == _DEFAULT:
        return
    attributes = _attributes(record)
    if attributes:
        for entry in attributes:
            key = f"{cluster}/{entry['attribute']}"
            if "value" not in entry:
                yield Value(key, {"error": entry.get("status", "")})
                continue
            unit = _unit(entry["attribute"], entry.get("type", ""), context)
            row = _rows_by_attribute(context.use_case).get(
                (_cluster_id(cluster), _attribute_id(cluster, entry["attribute"])))
            yield _value(key, entry["value"], unit, row)
        return
    row = _row_of_command(record, context)
    if row is not None:  # which says of one field what is the row of them all
        row = row._replace(item=row.item.partition(":")[0])
    types = _field_types(cluster, record["command"], record["direction"] == "to_client")
    if "from_date_time" in record:
        yield _value(f"{number}/from_date_time", record["from_date_time"],
                     units.SECONDS_SINCE_2000, row)
    for field, value in (record.get("fields") or {}).items():
        yield _value(f"{number}/{field}", value, _unit(field, types.get(field, ""), context), row)


def _attributes(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of a response to a read of attributes; none for anything else."""
    fields = record.get("fields")
    if record["command"] != _ATTRIBUTES or not isinstance(fields, Mapping):
        return []
    return [entry for entry in fields.get("attributes", ())
            if isinstance(entry, Mapping) and "attribute" in entry]


def _value(key: str, value: Any, unit: str, row: Row | None) -> Value:
    if row is None:
        return Value(key, value, unit)
    return Value(key, value, unit, row.clauses, row.item)


def _unit(name: str, kind: str, context: _Context) -> str:
    if kind == _TIME:
        return units.SECONDS_SINCE_2000
    unit = units.unit_of_field(name)
    if kind and unit == units.SECONDS_SINCE_2000:  # minutes, an id, an enumeration: not a moment
        return ""
    return unit or (context.measure if _GAS.search(name) else "")


def _measure(components: Sequence[Mapping[str, Any]]) -> str:
    """Return the unit of volumes from the formatting attributes of the same response."""
    found = {entry["attribute"]: entry["value"] for record in components
             for entry in _attributes(record) if "value" in entry}
    measure = str(found.get("unit_of_measure", ""))
    if not measure:
        return ""
    unit = _MEASURES.get(measure, measure)
    multiplier, divisor = found.get("multiplier", 1), found.get("divisor", 1)
    return unit if multiplier == divisor else f"{multiplier}/{divisor} {unit}"


def _misfits(components: Sequence[Mapping[str, Any]], context: _Context) -> Iterator[str]:
    """Yield attributes whose type is not that of their row."""
    rows = _rows_by_attribute(context.use_case)
    for record in components:
        for entry in _attributes(record):
            row = rows.get((_cluster_id(record["cluster"]),
                            _attribute_id(record["cluster"], entry["attribute"])))
            kind = entry.get("type", "")
            wanted = _row_type(row)
            if kind and wanted not in ("", kind):
                yield (f"{record['cluster']}/{entry['attribute']}: expected {wanted}, "
                       f"found {kind}")


def _row_type(row: Row | None) -> str:
    word = re.match(r"[A-Z0-9]*", row.type) if row else None
    name = word[0].lower() if word else ""
    return {"charstring": "character_string", "octetstring": "octet_string"}.get(name, name)


def _missing(request: Message | None, components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the attributes that were asked for and not answered."""
    if request is None:
        return
    answered = {(record["cluster"], entry["attribute"]) for record in components
                for entry in _attributes(record)}
    # what was answered as a whole, with a status or a structure, needs no attributes
    whole = {record["cluster"] for record in components if record["command"] != _ATTRIBUTES}
    try:
        asked = gbz.plain(gbz.decode(request.payload))
    except RemoteProtocolError:  # a command spoilt on purpose asks for nothing known
        return
    for record in asked:
        if record.get("command") != "ReadAttributes" or record["cluster"] in whole:
            continue
        for attribute in record["fields"]["attributes"]:
            if (record["cluster"], attribute) not in answered:
                yield f"{record['cluster']}/{attribute}: no answer"


def _alert(reading: Reading, head: Mapping[str, Any]) -> Reading:
    code = int(head["alert_code"], 16)
    content = head.get("content")
    result = NONE
    values: tuple[Value, ...] = ()
    if isinstance(content, Mapping):
        plain = dict(content)
        if "message_code" in plain:  # the outcome of a future dated command
            plain["message_code"] = use_cases.name_of(int(plain["message_code"], 16))
            result = plain["result"] = OUTCOMES.get(code, f"{code:04X}")
        values = tuple(Value(name, value) for name, value in plain.items())
    elif content is not None:
        values = (Value("content", content),)
    return Reading(
        "GBZ", reading.use_case, result, (), (*values, *reading.values), code,
        str(head.get("alert", "")), units.since_2000(head["time"]), content, reading.misfits,
        reading.encrypted, reading.decrypted)


@cache
def _by_attribute(use_case: UseCase) -> dict[tuple[int, int], Row]:
    found: dict[tuple[int, int], Row] = {}
    cluster = -1
    for row in use_case.rows:
        named = _ID.search(row.cluster)
        cluster = int(named[1], 16) if named else cluster
        attribute = _ID.search(row.path)
        if attribute:
            found.setdefault((cluster, int(attribute[1], 16)), row)
    return found


def _rows_by_attribute(use_case: UseCase | None) -> dict[tuple[int, int], Row]:
    return _by_attribute(use_case) if use_case else {}


def _row_of_command(record: Mapping[str, Any], context: _Context) -> Row | None:
    """Return the first row whose command or response this is."""
    known = cluster_named(record["cluster"])
    command = known.command_named(record["command"]) if known else None
    if context.use_case is None or known is None or command is None:
        return None
    for row in context.use_case.rows:
        named = _ID.search(row.cluster)
        numbers = [_ID.search(text) for text in (row.response, row.command)]
        if named and int(named[1], 16) == known.id and command.id in (
                int(number[1], 16) for number in numbers if number):
            return row
    return None


def _cluster_id(name: str) -> int:
    known = cluster_named(name)
    return known.id if known else -1


def _attribute_id(cluster: str, name: str) -> int:
    known = cluster_named(cluster)
    found = known.attribute_named(name) if known else None
    return found.id if found else -1


@cache
def _field_types(cluster: str, command: str, to_client: bool) -> Mapping[str, str]:
    known = cluster_named(cluster)
    found = known.command_named(command, to_client) if known else None
    fields: Sequence[Field] = found.fields if found else ()
    return {field.name: field.type for field in fields}
