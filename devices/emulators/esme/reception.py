"""What a received message must pass before it is executed (R-SEC-01..04).

The order, from what costs and trusts least to what changes state:

1. the octets are one message and a command, nothing more or less       else 8F1E
2. the recipient is this meter                                          else 8F53
3. the message code is one of an ESME's DLMS use cases                  else 8F1E
4. the originator is one of this meter's remote parties                 else 8F3D
5. signature and MAC are as the category asks, and valid                else 8F3D
6. the payload is one access request                                    else 8F1E
7. the originator's role may run the use case                           else 8F30
8. where the use case is replay protected, the originator counter
   exceeds the greatest one accepted from it for this use case (0 at
   first)                                                               else 8F53

The counter is looked at last, because only an authentic counter means anything. A message that
fails has no effect and gets no response. Our reading: the references give the checks and what
follows from a failure, not their order (R-SEC-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import AccessRequest, decode_payload
from bench.protocols.cosem.data import decode_length, encode_length
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import MAC_TAG, Cra, Message, parse
from bench.protocols.gbcs.protection import State
from bench.protocols.gbcs.use_cases import UseCase, by_code
from devices.emulators.esme.faults import NONE, Faults

FORMAT = 0x8F1E
AUTHENTICATION = 0x8F3D
AUTHORITY = 0x8F30
OTHER_REFUSAL = 0x8F53


@dataclass(frozen=True, slots=True)
class Command:
    """An admitted command; ``respond`` is false only in a faulty meter."""

    message: Message
    use_case: UseCase
    request: AccessRequest
    respond: bool = True


class Refusal(Exception):  # noqa: N818  an outcome, not an error of the emulator
    """Why a message was not admitted: the event ``code``, and in words."""

    def __init__(self, code: int, reason: str, command: Command | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.command = command  # executed all the same by a faulty meter


class Reception:
    """The checks of one meter. ``roles`` are its remote parties' roles, by EUI-64."""

    def __init__(
        self, eui64: bytes, keys: KeyStore, roles: Mapping[bytes, str], faults: Faults = NONE
    ) -> None:
        self._eui64 = eui64
        self._keys = keys
        self._roles = roles
        self._faults = faults
        self._counters: dict[tuple[bytes, int], int] = {}

    def admit(self, octets: bytes) -> Command:
        """Return the command in ``octets``, or raise :class:`Refusal`."""
        message = self._message(octets)
        strange = message.recipient != self._eui64
        if strange and "recipient-not-checked" not in self._faults:
            raise Refusal(OTHER_REFUSAL, "for another device")
        use_case = by_code(message.message_code)
        if use_case is None or "ESME" not in use_case.target or use_case.protocol != "DLMS" \
                or not use_case.category.startswith("SME.C."):
            raise Refusal(FORMAT, f"message code {message.message_code:04X}")
        role = self._role(message)
        if not strange and role:
            self._authenticate(message)
        command = Command(message, use_case, _request(message))
        if role and role not in use_case.roles and "wrong-role-served" not in self._faults:
            effect = "refused-command-has-effect" in self._faults
            raise Refusal(AUTHORITY, f"{role} may not run {use_case.id}",
                          replace(command, respond=False) if effect else None)
        self._check_counter(message, use_case)
        return command

    def _message(self, octets: bytes) -> Message:
        try:
            message = parse(self._mend(octets))
        except RemoteProtocolError as wrong:
            raise Refusal(FORMAT, str(wrong)) from None
        if message.cra != Cra.COMMAND:
            raise Refusal(FORMAT, f"a {message.cra.name.lower()}, not a command")
        return message

    def _role(self, message: Message) -> str:
        role = self._roles.get(message.originator, "")
        if not role and "originator-not-checked" not in self._faults:
            raise Refusal(AUTHENTICATION, "an originator that this meter does not know")
        return role

    def _authenticate(self, message: Message) -> None:
        found = protection.check(message, self._keys)
        signature, mac = found.signature, found.mac
        kept = found.rule_kept
        if "signature-not-checked" in self._faults:
            signature, kept = State.VALID, True
        if "mac-not-checked" in self._faults:
            mac, kept = State.VALID, True
        if not kept or not {signature, mac} <= {State.VALID, State.ABSENT}:
            raise Refusal(AUTHENTICATION, found.reason)

    def _check_counter(self, message: Message, use_case: UseCase) -> None:
        if not use_case.replay_protected and "read-replay-refused" not in self._faults:
            return
        stored = self._counters.get((message.originator, message.message_code), 0)
        counter = message.originator_counter
        same = counter == stored and "replay-accepted" not in self._faults
        lower = counter < stored and "lower-counter-accepted" not in self._faults
        if same or lower:
            raise Refusal(OTHER_REFUSAL, f"originator counter {counter} after {stored}")
        if "counter-not-raised" not in self._faults:
            self._counters[message.originator, message.message_code] = max(counter, stored)

    def _mend(self, octets: bytes) -> bytes:
        """Return ``octets``, mended where a faulty meter does not look."""
        if octets[:1] != bytes((MAC_TAG,)) or not self._faults:
            return octets
        try:
            length, start = decode_length(octets, 7)
        except (IndexError, RemoteProtocolError):
            return octets
        if "trailing-octets-accepted" in self._faults:
            return octets[:start + length]
        if "length-not-checked" in self._faults:
            return octets[:7] + encode_length(len(octets) - start) + octets[start:]
        return octets


def _request(message: Message) -> AccessRequest:
    try:
        payload = decode_payload(message.payload)
    except RemoteProtocolError as wrong:
        raise Refusal(FORMAT, f"payload: {wrong}") from None
    if not isinstance(payload, AccessRequest):
        raise Refusal(FORMAT, "the payload is no access request")
    return payload
