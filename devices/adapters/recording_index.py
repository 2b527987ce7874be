"""What a recording answers to which command, and which of its alerts belong to none.

A command and its response have the message code, the originator counter and the two parties in
common (GBCS section 7.2), so these find the one from the other. An alert belongs to a command if
it says so: alerts about the outcome of a future-dated command carry its originator counter, most
of them its message code too (GBCS section 16, alert codes 8F66 and 8F67).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bench.errors import RemoteProtocolError, RigError
from bench.protocols.cosem import access
from bench.protocols.cosem.data import Tag
from bench.protocols.gbcs.inspection import payload_kind
from bench.protocols.gbcs.message import Cra, Message
from devices.adapters.recording_files import Recorded

# Message code of an alert with an ASN.1 payload -> message codes of the commands whose outcome it
# tells, as it has their counter only: firmware activation, replacement of security credentials.
ASN1_OUTCOMES: Mapping[int, frozenset[int]] = {
    0x00CA: frozenset({0x0012}),
    0x00CB: frozenset(range(0x0100, 0x010A)),
    0x0124: frozenset({0x0125, 0x0126}),
}

_INTEGER, _SEQUENCE = 0x02, 0x30
_GBZ_REFERENCE = 10  # offset: profile 2, form 1, alert code 2, time 4, length 1
_REFERENCE = 10  # octets: message code 2, originator counter 8


class Key(NamedTuple):
    """What a command and its response have in common; the parties as the command has them."""

    message_code: int
    originator_counter: int
    originator: bytes
    recipient: bytes

    @classmethod
    def of(cls, message: Message) -> Key:
        """Return the key of a command, or of the command that a response answers."""
        parties = (message.originator, message.recipient)
        if message.cra is not Cra.COMMAND:
            parties = (message.recipient, message.originator)
        return cls(message.message_code, message.originator_counter, *parties)

    @property
    def text(self) -> str:
        """Return the key in words."""
        return (f"code {self.message_code:04X}, counter {self.originator_counter}, "
                f"{self.originator.hex().upper()} to {self.recipient.hex().upper()}")


@dataclass(frozen=True, slots=True)
class Index:
    """``answers``: what follows a command, its response first; ``unprompted``: the other alerts."""

    answers: Mapping[Key, tuple[bytes, ...]]
    unprompted: tuple[bytes, ...]


def index(recorded: Iterable[Recorded]) -> Index:
    """Return what to play of the messages ``recorded``; pre-commands never cross the line.

    Raises :class:`RigError` where two commands, or two responses, differ and have one key.
    """
    messages = [one for one in recorded if not one.message.pre_command]
    commands = _by_key(messages, Cra.COMMAND)
    responses = _by_key(messages, Cra.RESPONSE)
    answers = {key: [responses[key].octets] if key in responses else []
               for key in (*commands, *responses)}
    unprompted: list[bytes] = []
    for one in messages:
        if one.message.cra is Cra.ALERT:
            key = _command_of(one.message, answers)
            queue = unprompted if key is None else answers[key]
            if one.octets not in queue:
                queue.append(one.octets)
    return Index({key: tuple(queue) for key, queue in answers.items()}, tuple(unprompted))


def _by_key(messages: Iterable[Recorded], cra: Cra) -> dict[Key, Recorded]:
    found: dict[Key, Recorded] = {}
    for one in messages:
        if one.message.cra is not cra:
            continue
        first = found.setdefault(Key.of(one.message), one)
        if first.octets != one.octets:
            raise RigError(
                f"expected one {cra.name.lower()} for {Key.of(one.message).text}, found "
                f"{first.name} and {one.name}, which differ; choose with `select`")
    return found


def _command_of(alert: Message, known: Iterable[Key]) -> Key | None:
    """Return the key of the command that ``alert`` says it belongs to, None for none of these."""
    try:
        codes, counter = _reference(alert)
    except (RemoteProtocolError, IndexError):
        return None  # a device may send what it likes: then it belongs to no command
    keys = (Key(code, counter, alert.recipient, alert.originator) for code in sorted(codes))
    return next((key for key in keys if key in known), None)


def _reference(alert: Message) -> tuple[frozenset[int], int]:
    """Return message codes and counter that ``alert`` names, no codes if it names none."""
    kind = payload_kind(alert.payload)
    if kind == "ASN.1":
        counter = _asn1_counter(alert.payload)
        return ASN1_OUTCOMES.get(alert.message_code, frozenset()), counter
    octets = b""
    if kind == "GBZ":
        octets = alert.payload[_GBZ_REFERENCE:]
    elif kind == "DataNotification":
        octets = _dlms_content(alert.payload)
    if len(octets) < _REFERENCE:
        return frozenset(), 0
    return frozenset({int.from_bytes(octets[:2], "big")}), int.from_bytes(octets[2:10], "big")


def _dlms_content(payload: bytes) -> bytes:
    """Return what follows code and time in the structure of a DLMS alert, where it is octets."""
    notification = access.decode_payload(payload)
    if not isinstance(notification, access.DataNotification):
        return b""
    if notification.body.tag is not Tag.STRUCTURE:
        return b""
    content = notification.body.value[2]
    return bytes(content.value) if content.tag is Tag.OCTET_STRING else b""


def _asn1_counter(payload: bytes) -> int:
    """Return the counter of SEQUENCE {alert code, time, counter | SEQUENCE {counter, ...}, ...}."""
    _, start, _ = _element(payload, 0)
    for _ in range(2):
        _, start, length = _element(payload, start)
        start += length
    tag, inner, length = _element(payload, start)
    if tag == _SEQUENCE:
        tag, inner, length = _element(payload, inner)
    if tag != _INTEGER:
        raise RemoteProtocolError(start, "a counter", f"tag {tag:02X}")
    return int.from_bytes(payload[inner : inner + length], "big")


def _element(octets: bytes, offset: int) -> tuple[int, int, int]:
    """Return tag, offset of the contents and their length of the element at ``offset``.

    Lengths need not be in their shortest form: devices have been seen to write 8200DE.
    """
    first = octets[offset + 1]
    more = first & 0x7F if first & 0x80 else 0
    start = offset + 2 + more
    length = int.from_bytes(octets[offset + 2 : start], "big") if more else first
    return octets[offset], start, length
