"""The fields of xDLMS APDUs for people, each at its octet: one way of telling for each codec.

The records of ``bench.protocols.dlms.apdu`` declare their fields by codecs; a step here goes with
each. The name of a field is the record's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.errors import RemoteProtocolError
from bench.protocols.cosem import access
from bench.protocols.cosem.classes import forms
from bench.protocols.cosem.data import Data, decode
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms.apdu import conformance_names, notices
from bench.protocols.dlms.apdu import fields as codecs
from bench.protocols.dlms.apdu.action import METHODS, OUTCOMES, PARAMETERS
from bench.protocols.dlms.apdu.fields import Field
from bench.protocols.dlms.apdu.get import RESULTS, SELECTED_LIST
from bench.protocols.dlms.apdu.initiate import InitiateRequest
from bench.protocols.dlms.apdu.set import VALUES
from bench.protocols.dlms.apdu.short_names import READ_RESULTS, ReadRequest, WriteResponse
from bench.protocols.dlms.explain import learnt, naming
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.memory import Asked, Memory, Reference
from bench.protocols.dlms.explain.tree import Part
from bench.protocols.dlms.explain.values import MOST_ELEMENTS, data_at, one_line

_INVOKE = 0x0F

@dataclass(slots=True)
class Scope:
    """What is known while one APDU is read."""

    memory: Memory
    service: str = ""
    action: bool = False
    request: bool = False
    invoke: int = 0
    most: int = MOST_ELEMENTS
    references: list[Reference] = field(default_factory=list)
    listed: bool = False
    given: int = 0  # data and results read so far
    last: bool = True
    number: int = 1
    raw: bytes | None = None
    said: str = ""  # the first value or result, for a line that sums up

    def next(self) -> Reference | None:
        """Return what the next datum or result belongs to."""
        asked = self.references if self.request else self._asked().references
        self.given += 1
        return asked[self.given - 1] if self.given <= len(asked) else None

    def _asked(self) -> Asked:
        return self.memory.asked.get(self.invoke, Asked())

    @property
    def of_list(self) -> bool:
        """Whether what was asked for is a list."""
        return self.listed if self.request else self._asked().listed


Step = Callable[[Cursor, str, Scope], None]


def step(codec: Field) -> Step:
    return STEPS.get(codec) or _BY_KIND[codec.kind]


def _number(length: int) -> Step:
    def read(cursor: Cursor, name: str, scope: Scope) -> None:
        text: Callable[[int], str] = _NUMBERS.get(name, str)
        value = cursor.number(_TITLES.get(name, name), length, text)
        if name == "invoke":
            scope.invoke = value & _INVOKE
        if name == "number":
            scope.number = value

    return read


def _invoke_text(octet: int) -> str:
    service = "confirmed" if octet & 0x40 else "unconfirmed"
    return f"{octet:02X} id {octet & _INVOKE}, {service}, " \
           f"{'high' if octet & 0x80 else 'normal'} priority"


def _integer(cursor: Cursor, name: str, _scope: Scope) -> None:
    cursor.number(name, 1, lambda value: str(value - 256 if value > 127 else value))


def _code(cursor: Cursor, name: str, scope: Scope) -> None:
    if scope.service == "confirmed-service-error":
        _service_error(cursor, name, scope)
        return
    if scope.action:
        action_result(cursor, scope)
    else:
        access_result(cursor, scope)


def action_result(cursor: Cursor, scope: Scope) -> None:
    """Read what became of a method."""
    _say(scope, access.ACTION_RESULTS, cursor.code("action-result", access.ACTION_RESULTS))


def access_result(cursor: Cursor, scope: Scope) -> None:
    """Read what became of an attribute."""
    names = access.DATA_ACCESS_RESULTS
    _say(scope, names, cursor.code("data-access-result", names))


def _say(scope: Scope, names: Mapping[int, str], code: int) -> None:
    scope.said = scope.said or names.get(code, str(code))


def _service_error(cursor: Cursor, name: str, scope: Scope) -> None:
    if name == "service":
        cursor.code(name, notices.SERVICES)
    elif name == "kind":
        kinds = {number: title for number, (title, _) in notices.ERRORS.items()}
        scope.number = cursor.code(name, kinds)
    else:
        _, errors = notices.ERRORS.get(scope.number, ("", ()))
        cursor.code(name, dict(enumerate(errors)))


def _flag(cursor: Cursor, name: str, scope: Scope) -> None:
    value = cursor.take(1)[0]
    if value not in (0, 1, 0xFF):
        raise RemoteProtocolError(cursor.at, "a flag 00, 01 or FF", f"{value:02X}")
    cursor.number(name, 1, lambda flag: "true" if flag else "false")
    if name == "last":
        scope.last = bool(value)


def _octets(cursor: Cursor, name: str, scope: Scope) -> None:
    if name == "raw":
        scope.raw = cursor.string("block", length_text)
    elif name == "dedicated-key":
        scope.memory.dedicated = cursor.string(name, lambda _: naming.HIDDEN)
    elif name == "time":
        cursor.string(name, lambda octets: forms.text("date-time", octets))
    else:
        cursor.string(name)


def length_text(octets: bytes) -> str:
    return f"{len(octets)} octets"


def datum(cursor: Cursor, name: str, scope: Scope) -> None:
    reference = scope.next()
    value(cursor, _VALUE.get(name, name), reference, scope)


def value(cursor: Cursor, name: str, reference: Reference | None, scope: Scope, *,
          returned: bool = False) -> None:
    """Read the value of ``reference``, or what that method ``returned``."""
    secret = reference is not None and naming.is_secret(reference)
    memory = scope.memory
    if returned:
        kind = naming.returned_type(reference)
    else:
        found = peek(cursor)
        kind = learnt.rows_of(reference, found, memory) or naming.type_of(
            reference, found, memory.version(reference))
    data = data_at(cursor, name, kind, secret=secret, most=scope.most)
    if not scope.said:
        scope.said = naming.HIDDEN if secret else one_line(data, kind)
    if isinstance(reference, Attribute) and not returned:
        learnt.learn(reference, data, memory)
        said = learnt.scaled(reference, data, memory)
        if said:
            cursor.parts.append(Part(cursor.at, 0, "with scaler and unit", said))


_VALUE = {"result": "value", "results": "value", "values": "value"}


def peek(cursor: Cursor) -> Data | None:
    try:
        return decode(cursor.octets[: cursor.end], cursor.at)[0]
    except RemoteProtocolError:
        return None


def _reference(kind: type[Attribute] | type[Method]) -> Step:
    def read(cursor: Cursor, name: str, scope: Scope) -> None:
        octets = cursor.take(9)
        found: Reference = kind(int.from_bytes(octets[:2], "big"), octets[2:8], octets[8])
        cursor.add(Part(cursor.at, 9, name, naming.described(found)))
        scope.references.append(found)

    return read


def _selection(cursor: Cursor, name: str, scope: Scope) -> None:
    if not present(cursor, name):
        return
    with cursor.group(name):
        reference = scope.references[-1] if scope.references else None
        selector = cursor.number("selector", 1, selector_text(reference))
        data_at(cursor, "parameters", naming.selection_type(reference, selector), most=scope.most)


def selector_text(reference: Reference | None) -> Callable[[int], str]:
    profile = reference is not None and (reference.class_id, reference.index) == (7, 2)
    names = {1: "1 by range", 2: "2 by entry"} if profile else {}
    return lambda value: names.get(value, str(value))


def present(cursor: Cursor, name: str) -> bool:
    flag = cursor.take(1)[0]
    if flag not in (0, 1, 0xFF):
        raise RemoteProtocolError(cursor.at, f"00 or 01: {name} absent or present", f"{flag:02X}")
    cursor.number(name, 1, lambda value: "present" if value else "none")
    return bool(flag)


def _optional(inner: Step) -> Step:
    def read(cursor: Cursor, name: str, scope: Scope) -> None:
        if present(cursor, name):
            inner(cursor, name, scope)

    return read


def _defaulted(cursor: Cursor, name: str, scope: Scope) -> None:
    """Read the one flag with a default: whether a response is allowed."""
    if cursor.take(1)[0]:
        _optional(_flag)(cursor, name, scope)
    else:
        cursor.number(name, 1, lambda _: "left out: true")


def list_of(inner: Step) -> Step:
    def read(cursor: Cursor, name: str, scope: Scope) -> None:
        with cursor.group(name) as said:
            count = cursor.length()
            said[0] = f"{count}"
            scope.listed = True
            for number in range(count):
                with cursor.group(f"[{number}]"):
                    inner(cursor, name, scope)

    return read


def _selected(cursor: Cursor, _field: str, scope: Scope) -> None:
    STEPS[codecs.ATTRIBUTE](cursor, "attribute", scope)
    _selection(cursor, "selection", scope)


def choice(cursor: Cursor, name: str, numbers: Mapping[int, str]) -> int:
    chosen = cursor.take(1)[0]
    if chosen not in numbers:
        listed = ", ".join(f"{number:02X}" for number in numbers)
        raise RemoteProtocolError(cursor.at, f"{name}: one of {listed}", f"{chosen:02X}")
    return cursor.number(name, 1, lambda value: f"{value} {numbers[value]}")


def result(cursor: Cursor, name: str, scope: Scope) -> None:
    if scope.action:
        _returned(cursor, name, scope)
        return
    if choice(cursor, "choice", {0: "data", 1: "data-access-result"}):
        scope.next()
        access_result(cursor, scope)
    else:
        datum(cursor, name, scope)


def _returned(cursor: Cursor, _field: str, scope: Scope) -> None:
    reference = scope.next()
    if choice(cursor, "choice", {0: "data", 1: "data-access-result"}):
        access_result(cursor, scope)
    else:
        value(cursor, "returned", reference, scope, returned=True)


def outcome(cursor: Cursor, name: str, scope: Scope) -> None:
    action_result(cursor, scope)
    if present(cursor, "returned"):
        _returned(cursor, name, scope)
    else:
        scope.next()


def _raw_result(cursor: Cursor, _field: str, scope: Scope) -> None:
    if choice(cursor, "choice", {0: "raw data", 1: "data-access-result"}):
        access_result(cursor, scope)
    else:
        scope.raw = cursor.string("block", length_text)


def _specification(cursor: Cursor, _field: str, scope: Scope) -> None:
    chosen = choice(cursor, "choice", _VARIABLES)
    if chosen in (6, 7):
        _flag(cursor, "last", scope)
    cursor.number("block number" if chosen in (5, 6, 7) else "short name", 2,
                  lambda number: str(number) if chosen in (5, 6, 7) else f"{number:04X}")
    if chosen == 4:
        cursor.number("selector")
        data_at(cursor, "parameters", most=scope.most)
    if chosen == 6:
        cursor.string("block", length_text)


_VARIABLES = {2: "variable-name", 4: "parameterized-access", 5: "block-number-access",
              6: "read-data-block-access", 7: "write-data-block-access"}


def _read_result(cursor: Cursor, _field: str, scope: Scope) -> None:
    chosen = choice(cursor, "choice", {0: "data", 1: "data-access-error",
                                        2: "data-block-result", 3: "block-number"})
    if chosen == 0:
        data_at(cursor, "value", most=scope.most)
    elif chosen == 1:
        access_result(cursor, scope)
    else:
        if chosen == 2:
            _flag(cursor, "last", scope)
        cursor.number("block number", 2)
        if chosen == 2:
            cursor.string("block", length_text)


def _write_result(cursor: Cursor, _field: str, scope: Scope) -> None:
    chosen = choice(cursor, "choice", {0: "success", 1: "data-access-error", 2: "block-number"})
    if chosen == 1:
        access_result(cursor, scope)
    elif chosen == 2:
        cursor.number("block number", 2)


def _conformance(cursor: Cursor, name: str, _scope: Scope) -> None:
    octets = cursor.take(7)
    if octets[:4] != bytes.fromhex("5F1F0400"):
        raise RemoteProtocolError(cursor.at, "a conformance block 5F 1F 04 00",
                                  octets[:4].hex().upper())
    held = conformance_names(int.from_bytes(octets[4:], "big"))
    cursor.add(Part(cursor.at, 7, name, f"{octets[4:].hex().upper()} "
                                        f"({', '.join(held) or 'none'})"))


_TITLES = {"invoke": "invoke-id-and-priority"}
_NUMBERS: Mapping[str, Callable[[int], str]] = {
    "invoke": _invoke_text,
    "max-pdu": lambda value: f"{value} octets" if value else "0 no limit",
    "vaa-name": lambda value: f"{value:04X}",
}
STEPS: Mapping[Field, Step] = {
    codecs.U8: _number(1), codecs.U16: _number(2), codecs.U32: _number(4), codecs.I8: _integer,
    codecs.CODE: _code, codecs.FLAG: _flag, codecs.OCTETS: _octets, codecs.TIME: _octets,
    codecs.DATA: datum, codecs.ATTRIBUTE: _reference(Attribute),
    codecs.METHOD: _reference(Method), codecs.SELECTION: _selection, codecs.RESULT: result,
    codecs.RAW_RESULT: _raw_result, SELECTED_LIST: list_of(_selected), VALUES: list_of(datum),
    RESULTS: list_of(result), METHODS: list_of(_reference(Method)), PARAMETERS: list_of(datum),
    OUTCOMES: list_of(outcome), READ_RESULTS: list_of(_read_result),
    ReadRequest.form.fields[0]: list_of(_specification),
    WriteResponse.form.fields[0]: list_of(_write_result),
    InitiateRequest.form.fields[4]: _conformance,
}
_BY_KIND: Mapping[str, Step] = {
    "optional data": _optional(datum), "optional octets": _optional(_octets),
    "optional number": _optional(_integer), "optional choice": _optional(result),
    "optional flag": _defaulted, "sequence of code": list_of(_code),
    "sequence of data": list_of(datum),
}
