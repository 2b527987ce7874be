"""One message in, what is answered out: admission, execution, response.

The response goes back to the originator with the command's own counter, signed for a critical
command and with a MAC for another (R-SEC-01). Update commands leave 8154 or 8155 in the event log
with their message code (R-LOG-07); a read leaves nothing. Credential commands are answered in
ASN.1, signed without a MAC where they came so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.use_cases import category_of
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.events import (
    ACTIONED,
    AUTHENTICATION,
    AUTHORITY,
    BURST,
    FORMAT,
    NOT_ACTIONED,
    OTHER_REFUSAL,
)
from devices.emulators.gbcs.reception import ASN_1, Command, Reception, Refusal

if TYPE_CHECKING:
    from devices.emulators.gbcs.device import Device

MAX_PAYLOAD = 261_000
"""Octets; with its headers and protection it fits a transfer in blocks as the profile limits it."""

# Arrays or structures of one element within one another, in A-XDR and in DER, or components, GBZ.
_DEEP = re.compile(rb"(?:[\x01\x02]\x01){32}|(?:\x30[\x00-\x80]){32}|(?:\x30\x81.){32}"
                   rb"|(?:\x30\x82..){32}|(?:\x01\x01\x00){32}", re.DOTALL)

# A refusal that a faulty device keeps to itself.
_SILENT = {AUTHORITY: "role-refused-silently", AUTHENTICATION: "authentication-failure-silent",
           OTHER_REFUSAL: "replay-unlogged"}


class Dialogue:
    """Answers the messages of one device."""

    def __init__(self, device: Device, reception: Reception) -> None:
        self._device = device
        self._reception = reception
        self._bad_in_a_row = 0
        self._last: Command | None = None
        self._deaf = 0  # messages that a faulty device will not hear

    def answer(self, octets: bytes) -> list[bytes]:
        """Return the response to one message, or nothing."""
        device = self._device
        if "silent-after-deep-nesting" in device.faults and _DEEP.search(octets):
            self._deaf = 1 << 32
        if self._deaf:
            self._deaf -= 1
            return []
        try:
            command = self._reception.admit(octets, instants.to_datetime(device.clock.now))
        except Refusal as refusal:
            self._refuse(refusal)
            return self._pretend(octets) if "refusals-answered" in self._device.faults else []
        self._bad_in_a_row = 0
        self._last = command
        return [self._execute(command).encode()]

    def _refuse(self, refusal: Refusal) -> None:
        device, code = self._device, refusal.code
        if code == FORMAT and "format-error-unlogged" in device.faults:
            device.announce(code)
        elif _SILENT.get(code) not in device.faults:
            device.event(code)
        if refusal.command is not None:
            self._execute(refusal.command)
        if code == FORMAT:
            self._upset()
        self._bad_in_a_row += 1
        limit = 1 if "burst-threshold-ignored" in device.faults else device.settings.malformed_burst
        if self._bad_in_a_row == limit:
            self._bad_in_a_row = 0
            if "burst-not-reported" not in device.faults:
                device.event(BURST)

    def _upset(self) -> None:
        """Do what only a faulty device does behind a malformed message."""
        faults = self._device.faults
        if "silent-after-malformed-message" in faults:
            self._deaf = 1
        if "malformed-message-changes-setting" in faults:
            self._device.upset()

    def _pretend(self, octets: bytes) -> list[bytes]:
        """Answer what was refused as if it had been done, as only a faulty device does."""
        try:
            message = parse(octets)
        except RemoteProtocolError:
            if self._last is None:
                return []
            last = self._last.message
            message = replace(last, originator_counter=last.originator_counter + 1)
        answer = Message(Cra.RESPONSE, message.originator_counter, self._device.eui64,
                         message.originator, message.message_code,
                         self._device.pretence(message.originator_counter))
        return [self._protect(answer).encode()]

    def _execute(self, command: Command) -> Message:
        device, message, use_case = self._device, command.message, command.use_case
        stamp = instants.octets(device.clock.now) if use_case.response_date_time else b""
        head = Message(
            Cra.RESPONSE, message.originator_counter, device.eui64, message.originator,
            message.message_code, b"", stamp, message.supplementary_remote_party,
            message.supplementary_remote_party_counter,
            device.next_counter() if message.certificate else None)
        if use_case.protocol == ASN_1:
            payload, done = device.credential_commands.execute(message, command.content)
        else:
            payload, done = device.execute(command, head)
        if use_case.access == "update" and command.respond \
                and "command-not-logged" not in device.faults:
            done = done or "failure-logged-as-success" in device.faults
            device.event(ACTIONED if done else NOT_ACTIONED,
                         message.message_code.to_bytes(2, "big"))
        return self._protect(replace(head, payload=payload), without_mac=message.mac is None)

    def _protect(self, message: Message, *, without_mac: bool = False) -> Message:
        faults, keys = self._device.faults, self._device.keys
        if "response-counter-wrong" in faults:
            message = replace(message, originator_counter=message.originator_counter + 1)
        category = category_of(message.message_code, Cra.RESPONSE, without_mac=without_mac)
        if "response-code-wrong" in faults:
            message = replace(message, message_code=message.message_code ^ 0x4000)
        try:
            message = protection.protect(message, keys, category)
        except LocalProtocolError:
            if not faults:
                raise
            return message  # a faulty device answers whom it has no keys for
        if "response-unsigned" in faults:
            message = replace(message, signature=b"")
        if "response-signature-wrong" in faults and message.signature:
            message = replace(message, signature=_spoil(message.signature))
        if "response-mac-wrong" in faults and message.mac:
            message = replace(message, mac=_spoil(message.mac))
        return message


def _spoil(octets: bytes) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ 1,))
