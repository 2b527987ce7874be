"""The ACCESS service and the data notification, unciphered (IEC 62056-5-3), as GBCS carries them.

An access request lists what to do (specifications) and, in the same order, one datum for each:
null for a plain read, else the value, the method's parameter. The response gives the data and a
result for each. Long-invoke-id-and-priority is kept whole: 24 bits of id, 8 of flags.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag, decode, encode
from bench.protocols.cosem.data import plain as plain_data
from bench.protocols.cosem.length import decode_length, encode_length

ACCESS_REQUEST = 0xD9
ACCESS_RESPONSE = 0xDA
DATA_NOTIFICATION = 0x0F

NULL = Data(Tag.NULL_DATA, None)


class Choice(enum.IntEnum):
    """The five kinds of access specification."""

    GET = 1
    SET = 2
    ACTION = 3
    GET_WITH_SELECTION = 4
    SET_WITH_SELECTION = 5


# Results of an access (IEC 62056-5-3, Data-Access-Result and Action-Result).
DATA_ACCESS_RESULTS: Mapping[int, str] = {
    0: "success", 1: "hardware-fault", 2: "temporary-failure", 3: "read-write-denied",
    4: "object-undefined", 9: "object-class-inconsistent", 11: "object-unavailable",
    12: "type-unmatched", 13: "scope-of-access-violated", 14: "data-block-unavailable",
    15: "long-get-aborted", 16: "no-long-get-in-progress", 17: "long-set-aborted",
    18: "no-long-set-in-progress", 19: "data-block-number-invalid", 250: "other-reason",
}
ACTION_RESULTS: Mapping[int, str] = {
    0: "success", 1: "hardware-fault", 2: "temporary-failure", 3: "read-write-denied",
    4: "object-undefined", 9: "object-class-inconsistent", 11: "object-unavailable",
    12: "type-unmatched", 13: "scope-of-access-violated", 14: "data-block-unavailable",
    15: "long-action-aborted", 16: "no-long-action-in-progress", 250: "other-reason",
}


class AccessSpecification(NamedTuple):
    """What one element of a request addresses; ``index`` is that of an attribute or a method."""

    choice: Choice
    class_id: int
    instance: bytes
    index: int  # type: ignore[assignment]  # the standard's word; tuple.index is of no use here
    selector: int | None = None
    parameters: Data | None = None

    @property
    def key(self) -> str:
        """Return ``class/obis/aN`` or ``class/obis/mN``, the name of the value everywhere else."""
        kind = "m" if self.choice == Choice.ACTION else "a"
        return f"{self.class_id}/{obis.text(self.instance)}/{kind}{self.index}"


class AccessResult(NamedTuple):
    """The outcome of one element: 0 is success."""

    choice: Choice
    code: int

    @property
    def name(self) -> str:
        """Return the standard's name of the result, or its number where it has none."""
        names = ACTION_RESULTS if self.choice == Choice.ACTION else DATA_ACCESS_RESULTS
        return names.get(self.code, str(self.code))


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """``data`` has one element for each of ``specifications``; ``date_time`` 0 or 12 octets."""

    long_invoke_id: int
    date_time: bytes
    specifications: tuple[AccessSpecification, ...]
    data: tuple[Data, ...]

    def encode(self) -> bytes:
        """Return the octets from the tag D9 on."""
        return b"".join((
            _head(ACCESS_REQUEST, self.long_invoke_id, self.date_time),
            _specifications(self.specifications), _list(self.data)))


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """``specifications`` is empty unless the device repeats the request's."""

    long_invoke_id: int
    date_time: bytes
    specifications: tuple[AccessSpecification, ...]
    data: tuple[Data, ...]
    results: tuple[AccessResult, ...]

    def encode(self) -> bytes:
        """Return the octets from the tag DA on."""
        repeated = b"\x01" + _specifications(self.specifications) if self.specifications else b"\0"
        results = bytes(part for result in self.results for part in result)
        return b"".join((
            _head(ACCESS_RESPONSE, self.long_invoke_id, self.date_time), repeated,
            _list(self.data), encode_length(len(self.results)), results))


@dataclass(frozen=True, slots=True)
class DataNotification:
    """What a device sends on its own; ``body`` is one datum, a structure in GBCS alerts."""

    long_invoke_id: int
    date_time: bytes
    body: Data

    def encode(self) -> bytes:
        """Return the octets from the tag 0F on."""
        return _head(DATA_NOTIFICATION, self.long_invoke_id, self.date_time) + encode(self.body)


Payload = AccessRequest | AccessResponse | DataNotification


def decode_payload(octets: bytes, offset: int = 0) -> Payload:
    """Return the service of ``octets``, which it must fill; else RemoteProtocolError.

    ``offset`` is where the payload lies within its message; errors count from there.
    """
    try:
        tag = octets[0]
        if tag not in _READERS:
            raise RemoteProtocolError(0, "an access request D9, access response DA or data "
                                      "notification 0F", f"{tag:02X}")
        payload, end = _READERS[tag](octets)
        if end != len(octets):
            raise RemoteProtocolError(end, "the end of the payload",
                                      f"{len(octets) - end} octets more")
    except IndexError:
        raise RemoteProtocolError(offset + len(octets), "more octets", "the end") from None
    except RecursionError:
        raise RemoteProtocolError(offset, "data", "structures nested beyond reason") from None
    except RemoteProtocolError as wrong:
        if not offset:
            raise
        raise RemoteProtocolError(offset + wrong.offset, wrong.expected, wrong.found) from None
    return payload


def plain(payload: Payload) -> dict[str, Any]:
    """Return ``payload`` as plain JSON values for a record or a report."""
    head: dict[str, Any] = {
        "service": type(payload).__name__, "long_invoke_id": payload.long_invoke_id,
        "date_time": payload.date_time.hex().upper(),
    }
    if isinstance(payload, DataNotification):
        return head | {"body": plain_data(payload.body)}
    if isinstance(payload, AccessRequest):
        return head | {"accesses": [
            _plain_specification(specification) | {"data": plain_data(data)}
            for specification, data in zip(payload.specifications, payload.data, strict=True)]}
    return head | {
        "specifications": [_plain_specification(item) for item in payload.specifications],
        "data": [plain_data(data) for data in payload.data],
        "results": [{"choice": result.choice.name, "code": result.code, "name": result.name}
                    for result in payload.results],
    }


def _plain_specification(specification: AccessSpecification) -> dict[str, Any]:
    described: dict[str, Any] = {"choice": specification.choice.name, "key": specification.key}
    if specification.parameters is not None:
        described["selector"] = specification.selector
        described["parameters"] = plain_data(specification.parameters)
    return described


def _head(tag: int, long_invoke_id: int, date_time: bytes) -> bytes:
    if not 0 <= long_invoke_id < 1 << 32:
        raise LocalProtocolError(f"long-invoke-id {long_invoke_id} does not fit 4 octets")
    return b"".join((bytes((tag,)), long_invoke_id.to_bytes(4, "big"),
                     encode_length(len(date_time)), date_time))


def _specifications(specifications: tuple[AccessSpecification, ...]) -> bytes:
    parts = [encode_length(len(specifications))]
    for choice, class_id, instance, index, selector, parameters in specifications:
        try:
            parts.append(_address(choice, class_id, instance, index))
            if choice in _SELECTIVE:
                if selector is None or parameters is None:
                    raise LocalProtocolError(f"{choice.name} needs a selector and its parameters")
                parts.append(bytes((selector,)) + encode(parameters))
        except ValueError as wrong:
            raise LocalProtocolError(f"class {class_id} index {index}: {wrong}") from wrong
    return b"".join(parts)


@lru_cache(maxsize=1024)  # the same objects stand in every command of a use case
def _address(choice: Choice, class_id: int, instance: bytes, index: int) -> bytes:
    return bytes((choice, class_id >> 8, class_id & 0xFF)) + instance + bytes((index,))


def _list(data: tuple[Data, ...]) -> bytes:
    return encode_length(len(data)) + b"".join(map(encode, data))


def _read_head(octets: bytes) -> tuple[int, bytes, int]:
    length, start = decode_length(octets, 5)
    end = start + length
    if length not in (0, 12):
        raise RemoteProtocolError(5, "a date-time of 0 or 12 octets", f"{length}")
    if end > len(octets):
        raise RemoteProtocolError(len(octets), "more octets", "the end")
    return int.from_bytes(octets[1:5], "big"), octets[start:end], end


def _read_specifications(octets: bytes, offset: int) -> tuple[tuple[AccessSpecification, ...], int]:
    count, offset = decode_length(octets, offset)
    found = []
    for _ in range(count):
        choice = _read_choice(octets, offset)
        index = octets[offset + 9]
        class_id = octets[offset + 1] << 8 | octets[offset + 2]
        instance = octets[offset + 3 : offset + 9]
        offset += 10
        if choice in _SELECTIVE:
            selector = octets[offset]
            parameters, offset = decode(octets, offset + 1)
            found.append(AccessSpecification(choice, class_id, instance, index, selector,
                                             parameters))
        else:
            found.append(AccessSpecification(choice, class_id, instance, index))
    return tuple(found), offset


def _read_choice(octets: bytes, offset: int) -> Choice:
    choice = octets[offset]
    if choice not in _CHOICES:
        raise RemoteProtocolError(offset, "an access choice 01 to 05", f"{choice:02X}")
    return _CHOICES[choice]


def _read_data(octets: bytes, offset: int, expected: int | None) -> tuple[tuple[Data, ...], int]:
    count, start = decode_length(octets, offset)
    if expected is not None and count != expected:
        raise RemoteProtocolError(offset, f"{expected} data, as many as specifications",
                                  f"{count}")
    found = []
    for _ in range(count):
        element, start = decode(octets, start)
        found.append(element)
    return tuple(found), start


def _read_request(octets: bytes) -> tuple[Payload, int]:
    long_invoke_id, date_time, offset = _read_head(octets)
    specifications, offset = _read_specifications(octets, offset)
    data, offset = _read_data(octets, offset, len(specifications))
    return AccessRequest(long_invoke_id, date_time, specifications, data), offset


def _read_response(octets: bytes) -> tuple[Payload, int]:
    long_invoke_id, date_time, offset = _read_head(octets)
    if octets[offset] not in (0, 1):
        raise RemoteProtocolError(offset, "00 or 01: specifications repeated or not",
                                  f"{octets[offset]:02X}")
    specifications: tuple[AccessSpecification, ...] = ()
    if octets[offset]:
        specifications, offset = _read_specifications(octets, offset + 1)
    else:
        offset += 1
    data, offset = _read_data(octets, offset, None)
    at = offset
    count, offset = decode_length(octets, at)
    if count != len(data):
        raise RemoteProtocolError(at, f"{len(data)} results, as many as data", f"{count}")
    results = []
    for _ in range(count):
        results.append(AccessResult(_read_choice(octets, offset), octets[offset + 1]))
        offset += 2
    return AccessResponse(long_invoke_id, date_time, specifications, data, tuple(results)), offset


def _read_notification(octets: bytes) -> tuple[Payload, int]:
    long_invoke_id, date_time, offset = _read_head(octets)
    body, offset = decode(octets, offset)
    return DataNotification(long_invoke_id, date_time, body), offset


_SELECTIVE = (Choice.GET_WITH_SELECTION, Choice.SET_WITH_SELECTION)
_CHOICES = {int(choice): choice for choice in Choice}
_READERS = {
    ACCESS_REQUEST: _read_request, ACCESS_RESPONSE: _read_response,
    DATA_NOTIFICATION: _read_notification,
}
