"""xDLMS APDUs for people: by their form, or by hand where a record has none.

What joined blocks hold is told with the last of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.cosem import access
from bench.protocols.cosem.classes import forms
from bench.protocols.cosem.data import Tag
from bench.protocols.cosem.reference import Method
from bench.protocols.dlms.apdu import fields as codecs
from bench.protocols.dlms.apdu import notices
from bench.protocols.dlms.apdu.decoding import SERVICES
from bench.protocols.dlms.apdu.form import Service
from bench.protocols.dlms.explain import naming
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.fields import (
    STEPS,
    Scope,
    Step,
    choice,
    datum,
    length_text,
    list_of,
    outcome,
    peek,
    present,
    result,
    selector_text,
    step,
    value,
)
from bench.protocols.dlms.explain.memory import Asked, Memory
from bench.protocols.dlms.explain.tree import Part
from bench.protocols.dlms.explain.values import MOST_ELEMENTS, data_at

_LONG_INVOKE = 0xFFFFFF
_LONGEST = 80  # characters of a value in a line that sums up
_ACCESSES = {int(kind): kind.name.lower().replace("_", "-") for kind in access.Choice}

def read_service(cursor: Cursor, memory: Memory, most: int = MOST_ELEMENTS) -> str:
    """Read the xDLMS APDU at the cursor, to its end; return what it is in one line."""
    tag = cursor.take(1)[0]
    if tag in _BY_HAND:
        name, reader = _BY_HAND[tag]
        scope = Scope(memory, name, request="request" in name, most=most)
        cursor.number("tag", 1, lambda value: f"{value:02X} {name}")
        reader(cursor, scope)
    else:
        record = _record(cursor)
        name = _name(record)
        scope = Scope(memory, name, action=name.startswith("action"), most=most,
                      request="request" in name)
        _read_form(cursor, record, scope)
    summary = _summary(name, scope)
    if cursor.left:
        raise RemoteProtocolError(cursor.at, "the end of the APDU", f"{cursor.left} octets more")
    return summary


def read_general_block(cursor: Cursor, memory: Memory) -> tuple[str, bytes | None]:
    """Read a block of general block transfer; return its name, and all blocks with the last."""
    cursor.number("tag", 1, lambda value: f"{value:02X} general-block-transfer")
    control = cursor.number("block-control", 1, lambda octet: (
        f"{octet:02X} {'last, ' if octet & 0x80 else ''}"
        f"{'streaming, ' if octet & 0x40 else ''}window {octet & 0x3F}"))
    number = cursor.number("block-number", 2)
    acknowledged = cursor.number("block-number-acknowledged", 2)
    raw = cursor.string("block", length_text)
    if cursor.left:
        raise RemoteProtocolError(cursor.at, "the end of the APDU", f"{cursor.left} octets more")
    name = f"general-block-transfer {number}, acknowledges {acknowledged}"
    joined = memory.join("general-block", 0, number, raw, last=bool(control & 0x80))
    return name, joined or None


def _record(cursor: Cursor) -> type[Service]:
    head = bytes(cursor.octets[cursor.at : min(cursor.at + 2, cursor.end)])
    for record in SERVICES:
        if head.startswith(record.form.head):
            return record
    known = sorted({record.form.head[1] for record in SERVICES
                    if record.form.head[0] == head[0] and len(record.form.head) == 2})
    if not known:
        raise RemoteProtocolError(cursor.at, "the tag of an APDU", f"{head[0]:02X}")
    if len(head) < 2:
        raise RemoteProtocolError(cursor.end, "more octets", "the end")
    cursor.number("tag", 1, lambda value: f"{value:02X}")
    raise RemoteProtocolError(cursor.at, "one of " + ", ".join(f"{one:02X}" for one in known),
                              f"{head[1]:02X}")


def _name(record: type[Service]) -> str:
    """Return ``get-request-normal`` of ``GetRequestNormal``."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter
                   for letter in record.__name__).strip("-")


def _read_form(cursor: Cursor, record: type[Service], scope: Scope) -> None:
    head = record.form.head
    cursor.number("tag", len(head), lambda value: f"{value:0{2 * len(head)}X} {_name(record)}")
    for codec, name in zip(record.form.fields, record.__slots__, strict=True):
        step(codec)(cursor, name.replace("_", "-"), scope)
    if scope.request and scope.references:
        scope.memory.asked[scope.invoke] = Asked(tuple(scope.references), scope.listed)
    if scope.raw is not None:
        _blocks(cursor, scope)


def _blocks(cursor: Cursor, scope: Scope) -> None:
    """Tell what joined blocks say, once the last of them is there."""
    raw = scope.raw or b""
    joined = scope.memory.join(scope.service.partition("-with")[0], scope.invoke, scope.number,
                               raw, last=scope.last)
    if joined is None or (scope.number == 1 and not scope.last):
        return
    inner = Cursor(joined)
    scope.given = 0
    reader = _joined_reader(scope)
    try:
        reader(inner, "value", scope)
        if inner.left:
            raise RemoteProtocolError(inner.at, "the end of the blocks", f"{inner.left} octets")
    except RemoteProtocolError as wrong:
        inner.fail(wrong)
    cursor.parts.append(Part(cursor.at, 0, "joined blocks", f"{len(joined)} octets",
                             tuple(inner.parts), derived=True))


def _joined_reader(scope: Scope) -> Step:
    if scope.request:
        if not scope.references:  # of a later block: what the first one named
            asked = scope.memory.asked.get(scope.invoke, Asked())
            scope.references, scope.listed = list(asked.references), asked.listed
        return list_of(datum) if scope.of_list else datum
    if scope.action:
        return list_of(outcome) if scope.of_list else outcome
    return list_of(result) if scope.of_list else datum


def _exception(cursor: Cursor, _scope: Scope) -> None:
    cursor.code("state-error", notices.STATE_ERRORS)
    if cursor.code("service-error", notices.SERVICE_ERRORS) == 6:
        cursor.number("expected invocation counter", 4)


def _long_head(cursor: Cursor, scope: Scope) -> None:
    scope.invoke = cursor.number("long-invoke-id-and-priority", 4, lambda value: (
        f"{value:08X} id {value & _LONG_INVOKE}, "
        f"{'high' if value >> 31 else 'normal'} priority")) & _LONG_INVOKE
    cursor.string("date-time", lambda octets: forms.text("date-time", octets))


def _access_specification(cursor: Cursor, _field: str, scope: Scope) -> None:
    chosen = choice(cursor, "access", _ACCESSES)
    STEPS[codecs.METHOD if chosen == access.Choice.ACTION else codecs.ATTRIBUTE](
        cursor, "reference", scope)
    if chosen in (access.Choice.GET_WITH_SELECTION, access.Choice.SET_WITH_SELECTION):
        with cursor.group("selection"):
            selector = cursor.number("selector", 1, selector_text(scope.references[-1]))
            data_at(cursor, "parameters", naming.selection_type(scope.references[-1], selector),
                    most=scope.most)


def _access_datum(cursor: Cursor, name: str, scope: Scope) -> None:
    reference = scope.next()
    found = peek(cursor)
    if found is not None and found.tag is Tag.NULL_DATA:
        data_at(cursor, name)  # a read, or what gives no data
    else:
        value(cursor, name, reference, scope,
              returned=not scope.request and isinstance(reference, Method))


def _access_request(cursor: Cursor, scope: Scope) -> None:
    _long_head(cursor, scope)
    list_of(_access_specification)(cursor, "specifications", scope)
    list_of(_access_datum)(cursor, "data", scope)
    scope.memory.asked[scope.invoke] = Asked(tuple(scope.references), listed=True)


def _access_response(cursor: Cursor, scope: Scope) -> None:
    _long_head(cursor, scope)
    if present(cursor, "specifications"):
        list_of(_access_specification)(cursor, "specifications", scope)
    list_of(_access_datum)(cursor, "data", scope)
    list_of(_access_result)(cursor, "results", scope)


def _access_result(cursor: Cursor, _field: str, _scope: Scope) -> None:
    chosen = choice(cursor, "access", _ACCESSES)
    cursor.code("result", access.ACTION_RESULTS if chosen == access.Choice.ACTION
                else access.DATA_ACCESS_RESULTS)


def _notification(cursor: Cursor, scope: Scope) -> None:
    _long_head(cursor, scope)
    data_at(cursor, "body", most=scope.most)


def _summary(name: str, scope: Scope) -> str:
    shown = [naming.described(reference) for reference in scope.references[:2]]
    if not scope.request and not shown:
        asked = scope.memory.asked.get(scope.invoke, Asked()).references
        shown = [naming.described(reference) for reference in asked[:1]]
    more = len(scope.references) - 2
    said = scope.said if len(scope.said) <= _LONGEST else f"{scope.said[:_LONGEST]}..."
    return "".join((", ".join((name, *shown)), f" and {more} more" if more > 0 else "",
                    f" = {said}" if said else ""))


_BY_HAND: Mapping[int, tuple[str, Callable[[Cursor, Scope], Any]]] = {
    0xD8: ("exception-response", _exception),
    access.ACCESS_REQUEST: ("access-request", _access_request),
    access.ACCESS_RESPONSE: ("access-response", _access_response),
    access.DATA_NOTIFICATION: ("data-notification", _notification),
}
