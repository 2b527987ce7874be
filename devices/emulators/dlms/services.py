"""GET, SET and ACTION by logical name (IEC 62056-5-3): single, in lists, in blocks both ways.

One long transfer of each kind at a time; a new request of the kind takes the place of an old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.data import Data, Tag, decode, encode
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms.apdu import action, get
from bench.protocols.dlms.apdu import set as setting
from bench.protocols.dlms.apdu.fields import Refused as Refusal
from bench.protocols.dlms.apdu.form import Apdu
from devices.emulators.dlms.blocks import Incoming, Outgoing, fitting
from devices.emulators.dlms.execution import View
from devices.emulators.dlms.interface import (
    NULL,
    OTHER_REASON,
    SCOPE_VIOLATED,
    TYPE_UNMATCHED,
    Refused,
)
from devices.emulators.gbcs.faults import Faults

SUCCESS = 0
NO_LONG_GET, NO_LONG_SET, BAD_BLOCK = 16, 18, 19  # data-access-results
LONG_ACTION_ABORTED, NO_LONG_ACTION = 15, 16  # action-results
CONFIRMED = 0x40
"""The service class of invoke-id-and-priority; without it a Set or Action is not answered."""

GET_BLOCKS, SET_BLOCKS, ACTION_BLOCKS = (
    "block-transfer-with-get-or-read", "block-transfer-with-set-or-write",
    "block-transfer-with-action")
_BLOCK_HEAD = 9  # tag, choice, invoke, last, number (4), choice of the result

Item = TypeVar("Item")


class Services:
    """The services of one association. ``changed`` is called after whatever may change a value."""

    def __init__(self, view: View, conformance: frozenset[str], changed: Callable[[], None],
                 faults: Faults) -> None:
        self._view, self._conformance, self._changed = view, conformance, changed
        self._faults = faults
        self._get: tuple[int, Outgoing] | None = None
        self._set: Incoming | None = None
        self._action: Incoming | None = None
        self._returned: tuple[int, Outgoing] | None = None

    def answer(self, request: Apdu, room: int) -> Apdu | None:
        """Return the response, of at most ``room`` octets where blocks were negotiated."""
        return _ANSWERS[type(request)](self, request, room)

    # -- GET -----------------------------------------------------------------------------------

    def _get_normal(self, request: get.GetRequestNormal, room: int) -> Apdu:
        result = self._read(request.attribute, request.selection)
        raw = encode(result) if isinstance(result, Data) else b"\0\0"
        if len(raw) + 4 <= room:
            return get.GetResponseNormal(request.invoke, result)
        return self._begin_get(request.invoke, raw, room) \
            or get.GetResponseNormal(request.invoke, Refusal(OTHER_REASON))

    def _get_list(self, request: get.GetRequestWithList, room: int) -> Apdu:
        results = self._each([self._read(*one) for one in request.attributes],
                             lambda one: isinstance(one, Refusal))
        response = get.GetResponseWithList(request.invoke, results)
        if len(response.encode()) <= room:
            return response
        return self._begin_get(request.invoke, get.RESULTS.write(results), room) \
            or get.GetResponseWithList(request.invoke, (Refusal(OTHER_REASON),) * len(results))

    def _begin_get(self, invoke: int, raw: bytes, room: int) -> Apdu | None:
        if GET_BLOCKS not in self._conformance:
            return None
        if self._get is None or "long-get-survives-get" not in self._faults:
            self._get = invoke, Outgoing(raw, fitting(room, _BLOCK_HEAD), self._faults)
        return self._get_block()

    def _get_next(self, request: get.GetRequestNext, room: int) -> Apdu:  # noqa: ARG002  known
        if self._get is None or self._get[0] & 0x0F != request.invoke & 0x0F:
            if "next-block-without-long-get-answered" in self._faults:
                return get.GetResponseWithDatablock(request.invoke, True, request.number, b"\0")
            return get.GetResponseWithDatablock(request.invoke, True, request.number,
                                                Refusal(NO_LONG_GET))
        if request.number != self._get[1].shown and "block-number-not-checked" not in self._faults:
            self._get = None
            return get.GetResponseWithDatablock(request.invoke, True, request.number,
                                                Refusal(BAD_BLOCK))
        return self._get_block()

    def _get_block(self) -> Apdu:
        assert self._get is not None
        invoke, outgoing = self._get
        block = outgoing.next()
        if block.last:
            self._get = None
        return get.GetResponseWithDatablock(invoke, block.last, block.number, block.octets)

    def _read(self, attribute: Attribute, selection: Selection | None) -> Data | Refusal:
        if selection is not None and "selective-access" not in self._conformance:
            return Refusal(SCOPE_VIOLATED)
        try:
            return self._view.get(*attribute, selection)
        except Refused as refused:
            return Refusal(refused.result)

    # -- SET -----------------------------------------------------------------------------------

    def _set_normal(self, request: setting.SetRequestNormal, room: int) -> Apdu:  # noqa: ARG002
        return setting.SetResponseNormal(
            request.invoke, self._write(request.attribute, request.selection, request.value))

    def _set_list(self, request: setting.SetRequestWithList, room: int) -> Apdu:  # noqa: ARG002
        return setting.SetResponseWithList(
            request.invoke, self._write_list(request.attributes, request.values))

    def _set_first(
        self, request: setting.SetRequestWithFirstDatablock
        | setting.SetRequestWithListAndFirstDatablock, room: int,
    ) -> Apdu:
        self._set = Incoming(request, request.invoke)
        return self._set_block(request, room)

    def _set_block(
        self, request: setting.SetRequestWithFirstDatablock | setting.SetRequestWithDatablock
        | setting.SetRequestWithListAndFirstDatablock, room: int,  # noqa: ARG002  results are short
    ) -> Apdu:
        held = self._set
        if held is None:
            return setting.SetResponseLastDatablock(request.invoke, NO_LONG_SET, request.number)
        if not held.takes(request.number, request.raw, self._faults):
            self._set = None
            return setting.SetResponseLastDatablock(request.invoke, BAD_BLOCK, request.number)
        if not request.last:
            return setting.SetResponseDatablock(request.invoke, request.number)
        self._set = None
        return self._set_whole(held, request.invoke)

    def _set_whole(self, held: Incoming, invoke: int) -> Apdu:
        begun = held.request
        if isinstance(begun, setting.SetRequestWithFirstDatablock):
            value = _decoded(bytes(held.octets))
            code = TYPE_UNMATCHED if value is None \
                else self._write(begun.attribute, begun.selection, value)
            return setting.SetResponseLastDatablock(invoke, code, held.number)
        assert isinstance(begun, setting.SetRequestWithListAndFirstDatablock)
        values = _decoded_list(bytes(held.octets))
        if values is None or len(values) != len(begun.attributes):
            results: tuple[int, ...] = (TYPE_UNMATCHED,) * len(begun.attributes)
        else:
            results = self._write_list(begun.attributes, values)
        return setting.SetResponseLastDatablockWithList(invoke, results, held.number)

    def _write_list(self, attributes: tuple[get.Selected, ...],
                    values: tuple[Data, ...]) -> tuple[int, ...]:
        if len(attributes) != len(values):
            return (OTHER_REASON,) * len(attributes)
        return self._each([self._write(*one, value) for one, value in
                           zip(attributes, values, strict=True)], bool)

    def _write(self, attribute: Attribute, selection: Selection | None, value: Data) -> int:
        try:
            self._view.set(*attribute, value, selection)
        except Refused as refused:
            return refused.result
        self._changed()
        return SUCCESS

    # -- ACTION --------------------------------------------------------------------------------

    def _act_normal(self, request: action.ActionRequestNormal, room: int) -> Apdu:
        outcome = self._invoke(request.method, request.parameter)
        return self._outcome(request.invoke, outcome, room)

    def _act_list(self, request: action.ActionRequestWithList, room: int) -> Apdu:
        outcomes = self._invoke_list(request.methods, request.parameters)
        return self._outcomes(request.invoke, outcomes, room)

    def _act_first(
        self, request: action.ActionRequestWithFirstPblock
        | action.ActionRequestWithListAndFirstPblock, room: int,
    ) -> Apdu:
        self._action = Incoming(request, request.invoke)
        return self._act_block(request, room)

    def _act_block(
        self, request: action.ActionRequestWithFirstPblock | action.ActionRequestWithPblock
        | action.ActionRequestWithListAndFirstPblock, room: int,
    ) -> Apdu:
        held = self._action
        if held is None:
            return action.ActionResponseNormal(request.invoke, NO_LONG_ACTION)
        if not held.takes(request.number, request.raw, self._faults):
            self._action = None
            return action.ActionResponseNormal(request.invoke, LONG_ACTION_ABORTED)
        if not request.last:
            return action.ActionResponseNextPblock(request.invoke, request.number)
        self._action = None
        begun = held.request
        if isinstance(begun, action.ActionRequestWithFirstPblock):
            parameter = _decoded(bytes(held.octets))
            outcome = action.ActionOutcome(TYPE_UNMATCHED) if parameter is None \
                else self._invoke(begun.method, parameter)
            return self._outcome(request.invoke, outcome, room)
        assert isinstance(begun, action.ActionRequestWithListAndFirstPblock)
        parameters = _decoded_list(bytes(held.octets))
        return self._outcomes(request.invoke, self._invoke_list(begun.methods, parameters or ()),
                              room)

    def _outcome(self, invoke: int, outcome: action.ActionOutcome, room: int) -> Apdu:
        response = action.ActionResponseNormal(invoke, *outcome)
        if len(response.encode()) <= room:
            return response
        return self._begin_return(invoke, action.OUTCOME.write(outcome), room) \
            or action.ActionResponseNormal(invoke, OTHER_REASON)

    def _outcomes(self, invoke: int, outcomes: tuple[action.ActionOutcome, ...],
                  room: int) -> Apdu:
        response = action.ActionResponseWithList(invoke, outcomes)
        if len(response.encode()) <= room:
            return response
        return self._begin_return(invoke, action.OUTCOMES.write(outcomes), room) \
            or action.ActionResponseWithList(
                invoke, (action.ActionOutcome(OTHER_REASON),) * len(outcomes))

    def _begin_return(self, invoke: int, raw: bytes, room: int) -> Apdu | None:
        if ACTION_BLOCKS not in self._conformance:
            return None
        self._returned = invoke, Outgoing(raw, fitting(room, _BLOCK_HEAD - 1), self._faults)
        return self._return_block()

    def _act_next(self, request: action.ActionRequestNextPblock, room: int) -> Apdu:  # noqa: ARG002
        if self._returned is None:
            return action.ActionResponseNormal(request.invoke, NO_LONG_ACTION)
        if request.number != self._returned[1].shown:
            self._returned = None
            return action.ActionResponseNormal(request.invoke, LONG_ACTION_ABORTED)
        return self._return_block()

    def _return_block(self) -> Apdu:
        assert self._returned is not None
        invoke, outgoing = self._returned
        block = outgoing.next()
        if block.last:
            self._returned = None
        return action.ActionResponseWithPblock(invoke, block.last, block.number, block.octets)

    def _invoke_list(self, methods: tuple[Method, ...],
                     parameters: tuple[Data, ...]) -> tuple[action.ActionOutcome, ...]:
        if len(methods) != len(parameters):
            return (action.ActionOutcome(OTHER_REASON),) * len(methods)
        return self._each([self._invoke(method, parameter) for method, parameter in
                           zip(methods, parameters, strict=True)], lambda one: bool(one.code))

    def _invoke(self, method: Method, parameter: Data | None) -> action.ActionOutcome:
        try:
            returned = self._view.act(*method, NULL if parameter is None else parameter)
        except Refused as refused:
            return action.ActionOutcome(refused.result)
        self._changed()
        return action.ActionOutcome(SUCCESS, returned)

    def _each(self, results: Iterable[Item], failed: Callable[[Item], bool]) -> tuple[Item, ...]:
        """Return the results of a list, as a device with a defect of lists gives them."""
        found = tuple(results)
        if "list-out-of-order" in self._faults:
            return found[::-1]
        if "list-result-missing" in self._faults and len(found) > 1:
            return found[:-1]
        if "list-ends-at-error" in self._faults:
            first = next((place for place, one in enumerate(found) if failed(one)), len(found))
            return found[:first] + found[first : first + 1] * (len(found) - first)
        return found


def _decoded(octets: bytes) -> Data | None:
    try:
        value, end = decode(octets)
    except RemoteProtocolError:
        return None
    return value if end == len(octets) else None


def _decoded_list(octets: bytes) -> tuple[Data, ...] | None:
    """Return the values of a list: it is written as an array without its tag."""
    values = _decoded(bytes((Tag.ARRAY,)) + octets)
    return None if values is None else tuple(values.value)


SERVICE_OF: dict[type, tuple[str, str | None]] = {
    get.GetRequestNormal: ("get", None),
    get.GetRequestNext: ("get", GET_BLOCKS),
    get.GetRequestWithList: ("get", "multiple-references"),
    setting.SetRequestNormal: ("set", None),
    setting.SetRequestWithFirstDatablock: ("set", SET_BLOCKS),
    setting.SetRequestWithDatablock: ("set", SET_BLOCKS),
    setting.SetRequestWithList: ("set", "multiple-references"),
    setting.SetRequestWithListAndFirstDatablock: ("set", SET_BLOCKS),
    action.ActionRequestNormal: ("action", None),
    action.ActionRequestNextPblock: ("action", ACTION_BLOCKS),
    action.ActionRequestWithList: ("action", "multiple-references"),
    action.ActionRequestWithFirstPblock: ("action", ACTION_BLOCKS),
    action.ActionRequestWithListAndFirstPblock: ("action", ACTION_BLOCKS),
    action.ActionRequestWithPblock: ("action", ACTION_BLOCKS),
}
"""Request -> what must have been negotiated for it, in names of the conformance block."""

_ANSWERS: dict[type, Callable[..., Apdu]] = {
    get.GetRequestNormal: Services._get_normal,
    get.GetRequestNext: Services._get_next,
    get.GetRequestWithList: Services._get_list,
    setting.SetRequestNormal: Services._set_normal,
    setting.SetRequestWithFirstDatablock: Services._set_first,
    setting.SetRequestWithDatablock: Services._set_block,
    setting.SetRequestWithList: Services._set_list,
    setting.SetRequestWithListAndFirstDatablock: Services._set_first,
    action.ActionRequestNormal: Services._act_normal,
    action.ActionRequestNextPblock: Services._act_next,
    action.ActionRequestWithList: Services._act_list,
    action.ActionRequestWithFirstPblock: Services._act_first,
    action.ActionRequestWithListAndFirstPblock: Services._act_first,
    action.ActionRequestWithPblock: Services._act_block,
}

