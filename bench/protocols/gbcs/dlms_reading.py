"""DLMS payloads read by use case: access requests and responses, data notifications.

An alert is a structure: code, time, and behind them what its use case has. Known beside those of
the mapping tables: the outcome of a future dated command (message code 00CC), whose octets name
the command (code and originator counter) and the object that was written, as seen in the reference
test data set. Of any other alert the content stands by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

from bench.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from bench.protocols.cosem import access, date_time, obis
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.gbcs import commands, events, fitting, sensitive, units, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.readings import FAILURE, NONE, SUCCESS, Reading, Value, result_of
from bench.protocols.gbcs.templates import shape_of
from bench.protocols.gbcs.use_cases import Row, UseCase

OUTCOME = 0x00CC
OUTCOMES: Mapping[int, str] = {0x8F66: SUCCESS, 0x8F67: FAILURE}
"""Alert codes that tell how a future dated command ended -> its result."""
# Names of what alerts without mapping rows carry, as their ZigBee counterparts have them.
_CONTENTS: Mapping[int, tuple[str, ...]] = {
    0x00CE: ("image_hash",), 0x00F0: ("integrity_warning",)}
_OUTCOME_LENGTH = 2 + 8 + 2 + 6 + 1


def read(
    message: Message, use_case: UseCase | None, keys: KeyStore, request: Message | None = None
) -> Reading:
    """Return what a DLMS payload says; RemoteProtocolError if it is none."""
    payload = access.decode_payload(message.payload)
    name = use_case.id if use_case else f"{message.message_code:04X}"
    if isinstance(payload, access.AccessRequest):
        return Reading("AccessRequest", name, values=tuple(_asked(payload, use_case)))
    if isinstance(payload, access.AccessResponse):
        return _response(payload, name, use_case, message, keys, _specifications(request))
    return _alert(payload, name, use_case, message, keys)


def command_values(message: Message, use_case_id: str) -> dict[str, Any]:
    """Return the values with which :func:`.commands.build_command` makes a request again."""
    request = access.decode_payload(message.payload)
    if not isinstance(request, access.AccessRequest):
        raise RemoteProtocolError(0, "an access request", type(request).__name__)
    values: dict[str, Any] = {
        step.key: None for step in commands.steps(use_case_id) if step.optional}
    try:
        for specification, data in zip(request.specifications, request.data, strict=True):
            values.pop(specification.key, None)
            if specification.parameters is not None:
                limits = specification.parameters.value[1:3]
                values["from"], values["to"] = (
                    int(limit.value) + commands.LOG_EPOCH for limit in limits)
            elif specification.class_id == sensitive.CLASS_ID:
                between = next((wanted.between for wanted in sensitive.read_request(data)
                                if wanted.between), None)
                if between:
                    values["from"], values["to"] = (
                        date_time.decode(limit).as_datetime() for limit in between)
            elif specification.choice in (access.Choice.SET, access.Choice.ACTION):
                values[specification.key] = plain(data)
    except (TypeError, ValueError, LocalProtocolError) as wrong:
        raise RemoteProtocolError(0, f"a command of {use_case_id}", str(wrong)) from None
    return values


def _specifications(request: Message | None) -> access.AccessRequest | None:
    if request is None:
        return None
    with suppress(RemoteProtocolError):  # a command spoilt on purpose asks for nothing known
        payload = access.decode_payload(request.payload)
        return payload if isinstance(payload, access.AccessRequest) else None
    return None


def _asked(request: access.AccessRequest, use_case: UseCase | None) -> Iterator[Value]:
    rows = use_case.rows if use_case else ()
    for specification, data in zip(request.specifications, request.data, strict=True):
        given = specification.parameters if specification.parameters is not None else data
        run = [row for row in rows if row.key == specification.key]
        yield _value(specification.key, plain(given), run,
                     whole=specification.parameters is None)


def _response(
    response: access.AccessResponse, name: str, use_case: UseCase | None, message: Message,
    keys: KeyStore, request: access.AccessRequest | None,
) -> Reading:
    asked = request.specifications if request else response.specifications
    if use_case is None or not use_case.rows:
        named = [item.key for item in asked] or [f"[{index}]" for index in
                                                 range(len(response.results))]
        pairs = list(zip(named, response.data, response.results, strict=False))
        return Reading(
            "AccessResponse", name, _result(response),
            tuple((key, result.name) for key, _, result in pairs),
            tuple(Value(key, {"error": result.name} if result.code else plain(data))
                  for key, data, result in pairs))
    order = commands.answered(use_case.id, request)
    opened = {step.key: _opened(data, message, keys)
              for step, data in zip(order, response.data, strict=False) if step.protected}
    encrypted = bool(opened) and all(
        sensitive.is_sealed(data)
        for step, data in zip(order, response.data, strict=False) if step.protected)
    values = commands.read_response(use_case.id, response, request=request, message=message,
                                    keys=keys)
    codes = tuple((step.key, result.name)
                  for step, result in zip(order, response.results, strict=False))
    return Reading(
        "AccessResponse", name, _result(response), codes,
        tuple(_value(key, value, [row for row in use_case.rows if row.key == key])
              for key, value in values),
        misfits=tuple(fitting.misfits(use_case.id, response, request=request, opened=opened)),
        encrypted=encrypted,
        decrypted=encrypted and all(value is not None for value in opened.values()))


def _opened(data: Data, message: Message, keys: KeyStore) -> tuple[Data, ...] | None:
    return sensitive.unseal(data, message, keys) if sensitive.is_sealed(data) else None


def _result(response: access.AccessResponse) -> str:
    return result_of([("", result.name) for result in response.results])


def _alert(
    notification: access.DataNotification, name: str, use_case: UseCase | None,
    message: Message, keys: KeyStore,
) -> Reading:
    body = notification.body
    elements: Sequence[Data] = body.value if body.tag is Tag.STRUCTURE else ()
    if not elements or elements[0].tag is not Tag.LONG_UNSIGNED:
        return Reading("DataNotification", name, content=plain(body),
                       values=(Value("[0]", plain(body)),))
    code = int(elements[0].value)
    time = plain(elements[1]) if len(elements) > 1 else ""
    content = list(elements[2:])
    values, misfits = _content(content, use_case, message, keys, code)
    sealed = any(map(sensitive.is_sealed, _groups(content)))
    opened = any(value.shape is not None for value in values)
    return Reading(
        "DataNotification", name, OUTCOMES.get(code, NONE), values=tuple(values),
        alert_code=code, alert=events.name_of(code), alert_time=time_text(time),
        content=[plain(item) for item in content], misfits=tuple(misfits), encrypted=sealed,
        decrypted=sealed and opened)


def time_text(octets: Any) -> str:
    """Return a time of 12 octets, as hex text, in ISO 8601; as it is if it names no instant."""
    try:
        return date_time.decode(bytes.fromhex(octets)).text()
    except (ProtocolError, TypeError, ValueError):
        return str(octets)


def _groups(content: Sequence[Data]) -> list[Data]:
    """Return the elements of an alert, and the last two as one: a protected read is so written."""
    return [*content, Data(Tag.STRUCTURE, tuple(content[-2:]))]


def _content(
    content: Sequence[Data], use_case: UseCase | None, message: Message, keys: KeyStore, code: int
) -> tuple[list[Value], list[str]]:
    if message.message_code == OUTCOME and content and content[0].tag is Tag.OCTET_STRING \
            and len(content[0].value) >= _OUTCOME_LENGTH:
        return list(_outcome(content[0].value, code)), []
    rows = use_case.rows if use_case else ()
    read = [(key, list(run)) for key, run in groupby(rows, key=lambda row: row.key or row.path)
            if not key.startswith(f"{sensitive.CLASS_ID}/")]
    found: Sequence[Data] = content
    for data in _groups(content):
        if sensitive.is_sealed(data):
            found = sensitive.unseal(data, message, keys) or ()
    if not read or len(read) != len(found):
        names = _CONTENTS.get(message.message_code, ())
        return [Value(names[index] if index < len(names) else f"[{index}]", plain(data))
                for index, data in enumerate(content)], (
            [f"expected {len(read)} elements, found {len(found)}"] if read and found else [])
    values = [_value(key, plain(data), run) for (key, run), data in zip(read, found, strict=True)]
    misfits = [f"{key}: {text}" for (key, run), data in zip(read, found, strict=True)
               for text in fitting.misfits_of(shape_of(run), data)]
    return values, misfits


def _outcome(octets: bytes, code: int) -> Iterator[Value]:
    """Yield what the outcome of a future dated command says (GBCS, alert 00CC)."""
    class_id = int.from_bytes(octets[10:12], "big")
    key = f"{class_id}/{obis.text(octets[12:18])}/a{octets[18]}"
    row = next((row for use_case in use_cases.every_use_case() for row in use_case.rows
                if row.key == key), None)
    yield Value("message_code", use_cases.name_of(int.from_bytes(octets[:2], "big")))
    yield Value("originator_counter", int.from_bytes(octets[2:10], "big"))
    yield Value("object", key, "", row.clauses if row else "", row.item if row else "")
    yield Value("result", OUTCOMES.get(code, f"{code:04X}"))
    if octets[_OUTCOME_LENGTH:]:
        yield Value("more", octets[_OUTCOME_LENGTH:].hex().upper())


def _value(key: str, value: Any, rows: Sequence[Row], *, whole: bool = True) -> Value:
    """Return a value with what its rows say; the shape only for the whole of an attribute."""
    rows = [row for row in rows if "range_descriptor" not in row.path]
    if not rows:
        return Value(key, value)
    shape = shape_of(rows) if whole else None
    row = next((row for row in rows if row.clauses != "(DLMS)"), rows[0])
    item = row.item if len(rows) == 1 else row.item.partition(":")[0]
    unit = units.unit_of(row) if len(rows) == 1 else ""
    return Value(key, value, unit, row.clauses, item, shape)
