"""Read and Write by short name (IEC 62056-5-3): attributes and methods at addresses.

An attribute is at its object's base name and 8 for each index above 1, a method at an offset that
its class has (IEC 62056-6-2). Methods are invoked by writing their parameter, or by a read with
parameters where they return something. A request in blocks holds, joined, what one in a single
APDU has behind its tag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.classes import interface_class
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Selection
from bench.protocols.dlms.apdu import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    Variable,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
    decode,
)
from bench.protocols.dlms.apdu.fields import Refused as Refusal
from bench.protocols.dlms.apdu.form import Apdu
from bench.protocols.dlms.apdu.short_names import (
    READ_RESULTS,
    ReadResult,
    Specification,
    WriteResult,
)
from devices.emulators.dlms.blocks import Outgoing, fitting
from devices.emulators.dlms.execution import View
from devices.emulators.dlms.interface import (
    NULL,
    OBJECT_UNDEFINED,
    OTHER_REASON,
    SCOPE_VIOLATED,
    Interface,
    Refused,
)
from devices.emulators.gbcs.faults import Faults

BAD_BLOCK = 19
MULTIPLE, PARAMETERS = "multiple-references", "parameterized-access"
_READ_BLOCKS = "block-transfer-with-get-or-read"
_WRITE_BLOCKS = "block-transfer-with-set-or-write"
_BLOCK_HEAD = 6  # tag, count, choice, last, number (2)

SHORT_OF: dict[type, tuple[str, str | None]] = {
    ReadRequest: ("read", None), WriteRequest: ("write", None),
    UnconfirmedWriteRequest: ("unconfirmed-write", None)}
"""Request -> what must have been negotiated for it."""

Item = TypeVar("Item")

_REPLY = 8  # the method of class 12 that takes the answer to a challenge


@dataclass(slots=True)
class _Arriving:
    """A request in blocks; ``number`` is that of the last block."""

    number: int = 0
    octets: bytearray = field(default_factory=bytearray)


class ShortServices:
    """The services of one association. ``changed`` is called after whatever may change a value."""

    def __init__(self, view: View, conformance: frozenset[str], changed: Callable[[], None],
                 faults: Faults) -> None:
        self._view, self._conformance, self._changed = view, conformance, changed
        self._faults = faults
        self._long: Outgoing | None = None
        self._arriving = _Arriving()

    def answer(self, request: Apdu, room: int) -> Apdu | None:
        """Return the response, of at most ``room`` octets where blocks were negotiated."""
        if isinstance(request, ReadRequest):
            return self._read(request, room)
        assert isinstance(request, WriteRequest | UnconfirmedWriteRequest)
        if len(request.specifications) != len(request.data):
            results: tuple[WriteResult, ...] = (Refusal(OTHER_REASON),)
        else:
            results = self._write_all(request.specifications, request.data)
        return WriteResponse(results) if isinstance(request, WriteRequest) else None

    def answers_challenge(self, request: Apdu) -> bool:
        """Return whether a request does nothing but answer the server's challenge."""
        if not isinstance(request, ReadRequest | WriteRequest) or len(request.specifications) != 1:
            return False
        [one] = request.specifications
        if not isinstance(one, Variable | ParameterizedAccess):
            return False
        try:
            found, method, index = self._place(one.address)
        except Refused:
            return False
        return found.CLASS_ID == 12 and method and index == _REPLY

    # -- read ----------------------------------------------------------------------------------

    def _read(self, request: ReadRequest, room: int) -> Apdu:
        first = request.specifications[0] if request.specifications else None
        if isinstance(first, BlockNumberAccess):
            return self._next(first.number)
        if isinstance(first, ReadDataBlockAccess):
            return self._read_block(first, room)
        self._long = None
        results = self._each(tuple(self._value(one, len(request.specifications))
                                   for one in request.specifications))
        response = ReadResponse(results)
        if len(response.encode()) <= room:
            return response
        if _READ_BLOCKS not in self._conformance:
            return ReadResponse((Refusal(OTHER_REASON),) * len(results))
        self._long = Outgoing(READ_RESULTS.write(results), fitting(room, _BLOCK_HEAD), self._faults)
        return self._block()

    def _read_block(self, block: ReadDataBlockAccess, room: int) -> Apdu:
        try:
            whole = self._arrived(block.number, block.last, block.raw)
        except Refused as refused:
            return ReadResponse((Refusal(refused.result),))
        if whole is None:
            return ReadResponse((BlockNumber(block.number),))
        again = _whole(0x05, whole)
        if not isinstance(again, ReadRequest) or any(
                isinstance(one, ReadDataBlockAccess) for one in again.specifications):
            return ReadResponse((Refusal(BAD_BLOCK),))
        return self._read(again, room)

    def _next(self, number: int) -> Apdu:
        if self._long is None:
            return ReadResponse((Refusal(16),))
        if number != self._long.shown and "block-number-not-checked" not in self._faults:
            self._long = None
            return ReadResponse((Refusal(BAD_BLOCK),))
        return self._block()

    def _block(self) -> Apdu:
        assert self._long is not None
        block = self._long.next()
        if block.last:
            self._long = None
        return ReadResponse((DataBlockResult(block.last, block.number & 0xFFFF, block.octets),))

    def _value(self, one: Specification, count: int) -> ReadResult:
        if (count > 1 and MULTIPLE not in self._conformance) or not isinstance(
                one, Variable | ParameterizedAccess):
            return Refusal(OTHER_REASON)
        if isinstance(one, ParameterizedAccess) and PARAMETERS not in self._conformance:
            return Refusal(SCOPE_VIOLATED)
        try:
            found, method, index = self._place(one.address)
            if method:
                parameter = one.parameters if isinstance(one, ParameterizedAccess) else NULL
                value = self._view.act(*found.key, index, parameter) or NULL
                self._changed()
                return value
            selection = Selection(one.selector, one.parameters) \
                if isinstance(one, ParameterizedAccess) else None
            return self._view.get(*found.key, index, selection)
        except Refused as refused:
            if "unknown-short-name-answered" in self._faults \
                    and refused.result == OBJECT_UNDEFINED:
                return NULL
            return Refusal(refused.result)

    # -- write ---------------------------------------------------------------------------------

    def _write_all(self, specifications: tuple[Specification, ...],
                   data: tuple[Data, ...]) -> tuple[WriteResult, ...]:
        first = specifications[0] if specifications else None
        if isinstance(first, WriteDataBlockAccess):
            return self._write_block(first, data[0])
        if len(specifications) > 1 and MULTIPLE not in self._conformance:
            return (Refusal(OTHER_REASON),) * len(specifications)
        return self._each(tuple(self._write(one, value) for one, value in
                                zip(specifications, data, strict=True)))

    def _write_block(self, block: WriteDataBlockAccess, data: Data) -> tuple[WriteResult, ...]:
        if data.tag != Tag.OCTET_STRING or _WRITE_BLOCKS not in self._conformance:
            return (Refusal(OTHER_REASON),)
        try:
            whole = self._arrived(block.number, block.last, data.value)
        except Refused as refused:
            return (Refusal(refused.result),)
        if whole is None:
            return (BlockNumber(block.number),)
        again = _whole(0x06, whole)
        if not isinstance(again, WriteRequest) or len(again.specifications) != len(again.data) \
                or any(isinstance(one, WriteDataBlockAccess) for one in again.specifications):
            return (Refusal(BAD_BLOCK),)
        return self._write_all(again.specifications, again.data)

    def _write(self, one: Specification, value: Data) -> WriteResult:
        if not isinstance(one, Variable | ParameterizedAccess):
            return Refusal(OTHER_REASON)
        try:
            found, method, index = self._place(one.address)
            if method:
                self._view.act(*found.key, index, value)
            else:
                selection = Selection(one.selector, one.parameters) \
                    if isinstance(one, ParameterizedAccess) else None
                self._view.set(*found.key, index, value, selection)
        except Refused as refused:
            if "unknown-short-name-written" in self._faults and refused.result == OBJECT_UNDEFINED:
                return None
            return Refusal(refused.result)
        self._changed()
        return None

    # -- inside --------------------------------------------------------------------------------

    def _place(self, address: int) -> tuple[Interface, bool, int]:
        """Return the object at an address, whether it is a method, and the index."""
        for row in self._view.listing():
            found, offset = row.found, address - row.base_name
            if not row.base_name or offset < 0 or offset % 8:
                continue
            if offset // 8 + 1 in (1, *found.attributes):
                if "served-by-no-short-name" in self._faults:
                    break
                return found, False, offset // 8 + 1
            declared = interface_class(found.CLASS_ID, found.VERSION)
            first = declared.first_method_offset if declared else None
            if first is not None and (offset - first) // 8 + 1 in found.methods:
                return found, True, (offset - first) // 8 + 1
        raise Refused(OBJECT_UNDEFINED)

    def _arrived(self, number: int, last: bool, octets: bytes) -> bytes | None:
        """Return a request that has arrived whole, None while there is more to come."""
        if number == 1:
            self._arriving = _Arriving()
        held = self._arriving
        if number != held.number + 1 and "set-block-gap-accepted" not in self._faults:
            self._arriving = _Arriving()
            raise Refused(BAD_BLOCK)
        held.number = number
        held.octets += octets
        if not last:
            return None
        self._arriving = _Arriving()
        return bytes(held.octets)

    def _each(self, results: tuple[Item, ...]) -> tuple[Item, ...]:
        if "list-out-of-order" in self._faults:
            return results[::-1]
        if "list-result-missing" in self._faults and len(results) > 1:
            return results[:-1]
        return results


def _whole(tag: int, octets: bytes) -> Apdu | None:
    try:
        return decode(bytes((tag,)) + octets)
    except RemoteProtocolError:
        return None
