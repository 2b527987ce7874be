"""Where a command says how long or how many, and every way in which that can be untrue.

:func:`fields` finds each length and each count of a right message: those of the message itself
(GBCS section 7.2) and those inside its payload, be it a DLMS access request (A-XDR), DER or GBZ.
:func:`malformed` changes one of them at a time, or the whole. What is wrong inside a payload is
wrong under valid protection, so that only the device's own reading can refuse it; the caller makes
the protection. Left out: counts inside a GBZ command, whose layout the command decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bench.errors import LocalProtocolError
from bench.protocols.cosem.access import ACCESS_REQUEST, Choice
from bench.protocols.cosem.data import Tag, decode
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.gbcs.message import Message
from bench.protocols.gbcs.mutation import spans

LENGTH, COUNT = "length", "count"
DEEPEST = 2_000  # levels of nesting
LARGEST = 0xFF00  # octets of a payload, just short of what one line or length of 16 bits carries

_GBZ = bytes.fromhex("0109")
_CONSTRUCTED = 0x20
_ONE_OCTET = ("date_time_length", "signature_length")
_ARRAYS = (Tag.ARRAY, Tag.STRUCTURE)
_STRINGS = (Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING, Tag.BIT_STRING)


@dataclass(frozen=True, slots=True)
class Field:
    """A length or a count: its octets are ``start`` to ``stop`` of the message or payload.

    ``fixed`` says that it always has as many octets; else it is a length as BER writes it.
    """

    kind: str
    start: int
    stop: int
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """One malformed message: its octets, or the payload that it must be protected with."""

    name: str  # what is wrong, and at which octet
    message: bytes = b""
    payload: bytes | None = None


# name -> what becomes of a value; None where only the way of writing it changes
CHANGES: Mapping[str, Callable[[int], int | None]] = {
    "shorter": lambda value: max(value - 1, 0),
    "longer": lambda value: value + 1,
    "zero": lambda _: 0,
    "huge": lambda _: 0xFFFFFFFF,
    "indefinite": lambda _: None,
    "not-minimal": lambda _: None,
}

def fields(payload: bytes) -> tuple[Field, ...]:
    """Return the lengths and counts of a right payload, in order.

    LocalProtocolError if it is not one.
    """
    try:
        if payload[:2] == _GBZ:
            return tuple(_gbz(payload))
        if payload[:1] == bytes((ACCESS_REQUEST,)):
            return tuple(_access(payload))
        return tuple(_der(payload, 0, len(payload)))
    except (IndexError, LocalProtocolError) as wrong:
        raise LocalProtocolError(f"not a right payload: {wrong}") from wrong


def malformed(message: Message, change: str) -> Iterator[Malformed]:
    """Yield ``message`` with each of its lengths and counts changed in turn, or as a whole.

    ``change`` is one of :data:`CHANGES` or :data:`WHOLES`; a change that leaves a field as it was
    (the length 0 made shorter) is passed over. LocalProtocolError for another name.
    """
    if change in WHOLES:
        changed = WHOLES[change](message.payload)
        if changed != message.payload:
            yield Malformed(f"payload {change}", payload=changed)
        if change in ("trailing", "cut", "empty", "filled"):
            yield Malformed(f"message {change}", message=WHOLES[change](message.encode()))
        return
    if change not in CHANGES:
        raise LocalProtocolError(f"no change {change!r}; there are "
                                 f"{', '.join((*CHANGES, *WHOLES))}")
    octets = message.encode()
    for field in _of_message(octets):
        if changed := _changed(octets, field, change):
            yield Malformed(f"message {field.kind} at {field.start} {change}", message=changed)
    for field in fields(message.payload):
        if changed := _changed(message.payload, field, change):
            yield Malformed(f"payload {field.kind} at {field.start} {change}", payload=changed)


def _changed(octets: bytes, field: Field, change: str) -> bytes:
    now = octets[field.start : field.stop]
    then = _fixed(now, change) if field.fixed else _written(now, change)
    return b"" if then == now else octets[: field.start] + then + octets[field.stop :]


def _written(now: bytes, change: str) -> bytes:
    """Return a length as BER writes it, changed."""
    value = decode_length(now, 0)[0]
    then = CHANGES[change](value)
    if then is not None:
        return encode_length(then)
    return b"\x80" if change == "indefinite" else b"\x84" + value.to_bytes(4, "big")


def _fixed(now: bytes, change: str) -> bytes:
    """Return a length of fixed size, changed as far as that size can say it."""
    if change == "not-minimal":
        return now
    then = CHANGES[change](int.from_bytes(now, "big"))
    value = 0x80 if then is None else min(then, (1 << 8 * len(now)) - 1)
    return value.to_bytes(len(now), "big")


def _of_message(octets: bytes) -> Iterator[Field]:
    found = spans(octets)
    for name, span in found.items():
        if name.endswith("_length"):
            yield Field(LENGTH, span.start, span.stop, fixed=name in _ONE_OCTET)
    # the fixed lengths of the grouping header stand in front of what they measure
    for name in ("counter", "originator", "recipient"):
        start = found[name].start - (2 if name == "counter" else 1)
        yield Field(LENGTH, start, start + 1, fixed=True)
    other = found["other_information"].start
    yield Field(LENGTH, found["date_time"].stop, other)


def _nested(payload: bytes) -> bytes:
    """Return a payload whose first element is nested :data:`DEEPEST` levels deep."""
    if payload[:1] == bytes((ACCESS_REQUEST,)):
        fixed = bytes((ACCESS_REQUEST,)) + payload[1:5] + b"\0"
        action = bytes((Choice.SET, 0, 1)) + bytes(6) + b"\2"
        return fixed + b"\1" + action + b"\1" + b"\2\1" * DEEPEST + b"\0"
    if payload[:2] == _GBZ:
        return _GBZ + b"\1" + (b"\1\1\0" * DEEPEST)[:LARGEST - 8]
    inner = b"\5\0"
    for _ in range(DEEPEST):
        inner = b"\x30" + encode_length(len(inner)) + inner
    return inner


def _access(payload: bytes) -> Iterator[Field]:
    length, at = _read(payload, 5)
    yield Field(LENGTH, 5, at)
    at += length
    count, end = _read(payload, at)
    yield Field(COUNT, at, end)
    at = end
    for _ in range(count):
        selective = payload[at] in (Choice.GET_WITH_SELECTION, Choice.SET_WITH_SELECTION)
        at += 10
        if selective:
            yield from _data(payload, at + 1)
            at = decode(payload, at + 1)[1]
    count, end = _read(payload, at)
    yield Field(COUNT, at, end)
    at = end
    for _ in range(count):
        yield from _data(payload, at)
        at = decode(payload, at)[1]


def _data(payload: bytes, at: int) -> Iterator[Field]:
    tag = payload[at]
    if tag in _ARRAYS:
        count, end = _read(payload, at + 1)
        yield Field(COUNT, at + 1, end)
        for _ in range(count):
            yield from _data(payload, end)
            end = decode(payload, end)[1]
    elif tag in _STRINGS:
        yield Field(LENGTH, at + 1, _read(payload, at + 1)[1])


def _der(payload: bytes, at: int, end: int) -> Iterator[Field]:
    while at < end:
        length, content = _read(payload, at + 1)
        yield Field(LENGTH, at + 1, content)
        if payload[at] & _CONSTRUCTED:
            yield from _der(payload, content, content + length)
        at = content + length


def _gbz(payload: bytes) -> Iterator[Field]:
    yield Field(COUNT, 2, 3, fixed=True)
    at = 3
    for _ in range(payload[2]):
        # control octet, cluster, then a length of two octets
        yield Field(LENGTH, at + 3, at + 5, fixed=True)
        at += 5 + int.from_bytes(payload[at + 3 : at + 5], "big")


def _read(payload: bytes, at: int) -> tuple[int, int]:
    return decode_length(payload, at)


# name -> what becomes of the whole payload
WHOLES: Mapping[str, Callable[[bytes], bytes]] = {
    "trailing": lambda payload: payload + b"\0",
    "cut": lambda payload: payload[:-1],
    "empty": lambda _: b"",
    "filled": lambda payload: payload + bytes(LARGEST - len(payload)),
    "nested": _nested,
}
