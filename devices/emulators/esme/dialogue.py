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
from bench.protocols.cosem.access import NULL, AccessResponse, AccessResult, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.commands import INVOKE_FLAGS
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.use_cases import category_of
from devices.emulators.esme import instants
from devices.emulators.esme.execution import OTHER, Execution
from devices.emulators.esme.reception import (
    AUTHENTICATION,
    AUTHORITY,
    FORMAT,
    OTHER_REFUSAL,
    Command,
    CredentialCommand,
    Reception,
    Refusal,
)
from devices.emulators.esme.store import elements

if TYPE_CHECKING:
    from devices.emulators.esme.device import Esme

MAX_PAYLOAD = 261_000
"""Octets; with its headers and protection it fits a transfer in blocks as the profile limits it."""

_BURST = 0x8F60

# Arrays or structures of one element within one another, in A-XDR and in DER.
_DEEP = re.compile(rb"(?:[\x01\x02]\x01){32}|(?:\x30[\x00-\x80]){32}|(?:\x30\x81.){32}"
                   rb"|(?:\x30\x82..){32}", re.DOTALL)
_UPSET_SETTING = "1/0-0:94.44.0.1/a2"  # the randomised offset limit

# A refusal that a faulty meter keeps to itself.
_SILENT = {AUTHORITY: "role-refused-silently", AUTHENTICATION: "authentication-failure-silent",
           OTHER_REFUSAL: "replay-unlogged"}


class Dialogue:
    """Answers the messages of one meter."""

    def __init__(self, meter: Esme, reception: Reception) -> None:
        self._meter = meter
        self._reception = reception
        self._execution = Execution(meter)
        self._bad_in_a_row = 0
        self._last: Command | CredentialCommand | None = None
        self._deaf = 0  # messages that a faulty meter will not hear

    def answer(self, octets: bytes) -> list[bytes]:
        """Return the response to one message, or nothing."""
        meter = self._meter
        if "silent-after-deep-nesting" in meter.faults and _DEEP.search(octets):
            self._deaf = 1 << 32
        if self._deaf:
            self._deaf -= 1
            return []
        try:
            command = self._reception.admit(octets, instants.to_datetime(meter.clock.now))
        except Refusal as refusal:
            self._refuse(refusal)
            return self._pretend(octets) if "refusals-answered" in self._meter.faults else []
        self._bad_in_a_row = 0
        self._last = command
        return [self._execute(command).encode()]

    def _refuse(self, refusal: Refusal) -> None:
        meter, code = self._meter, refusal.code
        if code == FORMAT and "format-error-unlogged" in meter.faults:
            meter.announce(code)
        elif _SILENT.get(code) not in meter.faults:
            meter.event(code)
        if refusal.command is not None:
            self._execute(refusal.command)
        if code == FORMAT:
            self._upset()
        self._bad_in_a_row += 1
        limit = 1 if "burst-threshold-ignored" in meter.faults else meter.settings.malformed_burst
        if self._bad_in_a_row == limit:
            self._bad_in_a_row = 0
            if "burst-not-reported" not in meter.faults:
                meter.event(_BURST)

    def _upset(self) -> None:
        """Do what only a faulty meter does behind a malformed message."""
        faults = self._meter.faults
        if "silent-after-malformed-message" in faults:
            self._deaf = 1
        if "malformed-message-changes-setting" in faults:
            element = elements()[_UPSET_SETTING]
            stored = self._meter.store.get(_UPSET_SETTING).value
            self._meter.store.set(_UPSET_SETTING, element.type.build((stored + 1) % 1_800))

    def _pretend(self, octets: bytes) -> list[bytes]:
        """Answer what was refused as if it had been done, as only a faulty meter does."""
        try:
            message = parse(octets)
        except RemoteProtocolError:
            if self._last is None:
                return []
            last = self._last.message
            message = replace(last, originator_counter=last.originator_counter + 1)
        payload = AccessResponse(INVOKE_FLAGS | message.originator_counter & 0xFFFFFF, b"", (),
                                 (NULL,), (AccessResult(Choice.ACTION, 0),)).encode()
        answer = Message(Cra.RESPONSE, message.originator_counter, self._meter.eui64,
                         message.originator, message.message_code, payload)
        return [self._protect(answer).encode()]

    def _execute(self, command: Command | CredentialCommand) -> Message:
        meter, message, use_case = self._meter, command.message, command.use_case
        stamp = instants.octets(meter.clock.now) if use_case.response_date_time else b""
        head = Message(
            Cra.RESPONSE, message.originator_counter, meter.eui64, message.originator,
            message.message_code, b"", stamp, message.supplementary_remote_party,
            message.supplementary_remote_party_counter,
            meter.next_counter() if message.certificate else None)
        if isinstance(command, CredentialCommand):
            payload, done = meter.credential_commands.execute(message, command.content)
        else:
            payload, done = self._access(command, head)
        if use_case.access == "update" and command.respond \
                and "command-not-logged" not in meter.faults:
            done = done or "failure-logged-as-success" in meter.faults
            meter.event(0x8154 if done else 0x8155,
                        Data(Tag.OCTET_STRING, message.message_code.to_bytes(2, "big")))
        return self._protect(replace(head, payload=payload), without_mac=message.mac is None)

    def _access(self, command: Command, head: Message) -> tuple[bytes, bool]:
        data, results = self._execution.run(command, head)
        done = not any(result.code for result in results) and not self._execution.failed_clock
        if "error-hidden-behind-success" in self._meter.faults:
            results = [result._replace(code=0) for result in results]
        return _payload(command, data, results), done

    def _protect(self, message: Message, *, without_mac: bool = False) -> Message:
        faults, keys = self._meter.faults, self._meter.keys
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
            return message  # a faulty meter answers whom it has no keys for
        if "response-unsigned" in faults:
            message = replace(message, signature=b"")
        if "response-signature-wrong" in faults and message.signature:
            message = replace(message, signature=_spoil(message.signature))
        if "response-mac-wrong" in faults and message.mac:
            message = replace(message, mac=_spoil(message.mac))
        return message


def _payload(command: Command, data: list[Data], results: list[AccessResult]) -> bytes:
    invoke_id = command.request.long_invoke_id
    payload = AccessResponse(invoke_id, b"", (), tuple(data), tuple(results)).encode()
    if len(payload) <= MAX_PAYLOAD:
        return payload
    refused = tuple(result._replace(code=OTHER) for result in results)
    return AccessResponse(invoke_id, b"", (), (NULL,) * len(data), refused).encode()


def _spoil(octets: bytes) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ 1,))
