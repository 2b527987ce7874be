"""GBZ payloads: ZigBee commands in a GBCS message, for gas (GBCS).

Layout, lengths in octets, numbers big-endian::

    0109 count(1)  component...                      command or response
    0109 count(1)  alert-code(2) time(4) [content]   alert; the content may be components

Alert codes have their highest bit set and the control octets that components begin with do not,
which tells the two apart. Times are seconds since 2000-01-01 UTC. Sources: GBCS 4.0, DCC
reference test data set 4.5.0. The parts are in :mod:`.gbz_component`, :mod:`.gbz_alerts` and
:mod:`.gbz_plain`; left out is which components a use case has (:mod:`.gbz_commands`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import gbz_alerts, gbz_plain, protection
from bench.protocols.gbcs.gbz_alerts import Alert
from bench.protocols.gbcs.gbz_component import Component, decode_components, too_short
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message

__all__ = ["PROFILE", "Alert", "Component", "Gbz", "decode", "from_plain", "plain", "seal",
           "unseal"]

PROFILE = bytes.fromhex("0109")  # ZigBee Smart Energy

_ALERT = 0x80  # in the first octet of an alert code


@dataclass(frozen=True, slots=True)
class Gbz:
    """One payload: components of a command or response, or an alert with what it carries."""

    components: tuple[Component, ...] = ()
    alert: Alert | None = None

    def encode(self) -> bytes:
        """Return the octets; LocalProtocolError if they would not be a payload."""
        count = len(self.components)
        if count > 0xFF:
            raise LocalProtocolError(f"{count} components do not fit")
        encoded = b"".join(component.encode(last=number == count)
                           for number, component in enumerate(self.components, 1))
        if self.alert is None:
            return PROFILE + bytes((count,)) + encoded
        return PROFILE + bytes((self.alert.count,)) + self.alert.encode() + encoded


def decode(payload: bytes) -> Gbz:
    """Return the payload that the octets are, all of them, or raise RemoteProtocolError.

    The fields of commands that are not encrypted are read too, so that a wrong one is found here.
    """
    if payload[:2] != PROFILE:
        raise RemoteProtocolError(0, "profile 0109", payload[:2].hex().upper())
    if len(payload) < 3:
        raise too_short(payload)
    count = payload[2]
    if len(payload) > 3 and payload[3] & _ALERT:
        return _decode_alert(payload, count)
    return Gbz(decode_components(payload, 3, count))


def unseal(gbz: Gbz, message: Message, keys: KeyStore) -> Gbz:
    """Return ``gbz`` with its encrypted components opened; as it is without the keys.

    ``message`` is the response or alert that carries it. RemoteProtocolError if the tag of a
    ciphertext is wrong, or the plaintext is not what the command has.
    """
    if not any(component.sealed for component in gbz.components):
        return gbz
    key = protection.encryption_key(message, keys)
    if key is None:
        return gbz
    return replace(gbz, components=tuple(
        _open(component, key, message.originator) if component.sealed else component
        for component in gbz.components))


def seal(gbz: Gbz, message: Message, keys: KeyStore) -> Gbz:
    """Return ``gbz`` with its open encrypted components sealed; the opposite of :func:`unseal`.

    Only ids and counters of ``message`` are used. LocalProtocolError where the keys of device and
    reader are not held.
    """
    if all(component.sealed or not component.encrypted for component in gbz.components):
        return gbz
    key = protection.encryption_key(message, keys)
    if key is None:
        raise LocalProtocolError(f"no keys between {message.originator.hex()} and the reader")
    return replace(gbz, components=tuple(
        component if component.sealed or not component.encrypted
        else component._replace(sealed=True, frame=component.frame._replace(
            payload=protection.encrypt(key, message.originator, component.frame.payload)))
        for component in gbz.components))


def plain(
    gbz: Gbz, message: Message | None = None, keys: KeyStore | None = None
) -> list[dict[str, Any]]:
    """Return the payload as plain JSON values, one dict for each component, in order.

    An alert's first dict has ``alert_code``, ``time`` and ``content``. A component has ``cluster``
    and ``command`` by name, ``direction``, ``sequence`` and ``fields``; an encrypted one
    ``sealed``, its octets, unless ``message`` and ``keys`` are given and open it. Times are
    seconds since 2000.
    """
    if message is not None and keys is not None:
        gbz = unseal(gbz, message, keys)
    head = [gbz_alerts.plain(gbz.alert)] if gbz.alert else []
    return head + [gbz_plain.plain(component) for component in gbz.components]


def from_plain(records: Sequence[Mapping[str, Any]]) -> Gbz:
    """Return the payload of what :func:`plain` gives; it encodes to the same octets.

    What was opened has to be sealed again (:func:`seal`) before it can be encoded.
    LocalProtocolError naming the component and the field for what does not fit.
    """
    rest = list(records)
    alert = None
    if rest and isinstance(rest[0], Mapping) and "alert_code" in rest[0]:
        alert = gbz_alerts.from_plain(rest.pop(0))
    components = []
    for number, record in enumerate(rest, 1):
        try:
            components.append(gbz_plain.from_plain(record))
        except LocalProtocolError as wrong:
            raise LocalProtocolError(f"component {number}: {wrong}") from None
    return Gbz(tuple(components), alert)


def _decode_alert(payload: bytes, count: int) -> Gbz:
    code, time, content = payload[3:5], payload[5:9], payload[9:]
    if len(time) < 4:
        raise too_short(payload)
    components: tuple[Component, ...] = ()
    if count and content:
        with suppress(RemoteProtocolError):  # then it is other content
            components, content = decode_components(payload, 9, count), b""
    return Gbz(components, Alert(int.from_bytes(code, "big"), int.from_bytes(time, "big"), count,
                                 content))


def _open(component: Component, key: bytes, originator: bytes) -> Component:
    plaintext = protection.decrypt(key, originator, component.frame.payload)
    opened = component._replace(sealed=False, frame=component.frame._replace(payload=plaintext))
    opened.fields()
    return opened
