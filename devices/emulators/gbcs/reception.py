"""What a received message must pass before it is executed (R-SEC-01..07).

The order, from what costs and trusts least to what changes state:

1. the octets are one message and a command, nothing more or less       else 8F1E
2. the recipient is this device                                         else 8F53
3. the message code is one of this kind of device's use cases           else 8F1E
4. the originator is one of this device's remote parties                else 8F3D
5. signature and MAC are as the category asks, and valid                else 8F3D
6. the originator's role may run the use case                           else 8F30
7. the payload is one access request, ZigBee commands, or the use
   case's ASN.1, as its protocol is, and the use case is emulated       else 8F1E
8. a certificate of a supplementary remote party keeps the rules        else 8F53
9. a credential command does not contradict its own message             else 8F1E, 8F30, 8F53
10. where the use case is replay protected, the originator counter
    exceeds the greatest one accepted from this role for this use case
    (0 at first), and the floor of the role                             else 8F53

The counter is looked at last, because only an authentic counter means anything. A message that
fails has no effect and gets no response. Our reading: the references give the checks and what
follows from a failure, not their order (R-SEC-02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import AccessRequest, decode_payload
from bench.protocols.gbcs import asn1, gbz
from bench.protocols.gbcs.keys import Role
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.use_cases import UseCase, by_code
from devices.emulators.gbcs import certification, mending
from devices.emulators.gbcs.authentication import Authentication
from devices.emulators.gbcs.credential_commands import AUTHORITY as NOT_OWN
from devices.emulators.gbcs.credential_commands import COUNTER, contradiction
from devices.emulators.gbcs.credential_commands import FORMAT as OTHER_MODE
from devices.emulators.gbcs.credential_use_cases import MODES, is_carried_out, security_use_case
from devices.emulators.gbcs.credentials import Credentials
from devices.emulators.gbcs.events import AUTHENTICATION, AUTHORITY, FORMAT, OTHER_REFUSAL
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.kind import Kind

_CONTRADICTIONS = {OTHER_MODE: FORMAT, NOT_OWN: AUTHORITY, COUNTER: OTHER_REFUSAL}

# Who may be named as a supplementary remote party: no authority and no party of the DCC itself.
_USERS = (Role.SUPPLIER, Role.NETWORK_OPERATOR, Role.LOAD_CONTROLLER)

_FURTHER_PARTY: Mapping[str, str] = {
    certification.UNKNOWN_ISSUER: "further-party-of-unknown-issuer-accepted",
    certification.ALTERED: "further-party-certificate-altered-accepted",
    certification.EXPIRED: "further-party-certificate-expired-accepted",
    certification.EARLY: "further-party-certificate-not-yet-valid-accepted",
    certification.USAGE: "further-party-certificate-of-wrong-usage-accepted",
    certification.ROLE: "further-party-certificate-of-wrong-role-accepted",
    certification.PROFILE: "certificate-profile-not-checked",
}
"""The fault of not looking at a rule of a supplementary remote party's certificate."""


DLMS, GBZ, ASN_1 = "DLMS", "GBZ", "ASN.1"


@dataclass(frozen=True, slots=True)
class Command:
    """An admitted command; ``respond`` is false only in a faulty device.

    ``content`` is its payload: an :class:`AccessRequest`, a :class:`~bench.protocols.gbcs.gbz.Gbz`
    or the plain value of the ASN.1, as the protocol of the use case is.
    """

    message: Message
    use_case: UseCase
    content: Any
    respond: bool = True


class Refusal(Exception):  # noqa: N818  an outcome, not an error of the emulator
    """Why a message was not admitted: the event ``code``, and in words."""

    def __init__(self, code: int, reason: str, command: Command | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.command = command  # executed all the same by a faulty device


class Reception:
    """The checks of the device ``eui64``, with its credentials."""

    def __init__(
        self, kind: Kind, eui64: bytes, credentials: Credentials, faults: Faults = NONE
    ) -> None:
        self._kind = kind
        self._eui64 = eui64
        self._credentials = credentials
        self._faults = faults
        self._authentication = Authentication(credentials, faults)

    def admit(self, octets: bytes, now: datetime) -> Command:
        """Return the command in ``octets``, or raise :class:`Refusal`.

        ``now`` is the device's time, against which certificates are checked.
        """
        message, short_mac = self._message(octets)
        strange = message.recipient != self._eui64
        if strange and "recipient-not-checked" not in self._faults:
            raise Refusal(OTHER_REFUSAL, "for another device")
        use_case = self._use_case(message.message_code)
        if use_case is None:
            raise Refusal(FORMAT, f"message code {message.message_code:04X}")
        role = self._role(message, use_case)
        if not strange and role:
            reason = self._authentication.refusal(message, role, short_mac)
            if reason:
                raise Refusal(AUTHENTICATION, reason)
        self._check_authority(message, use_case, role)
        command = self._command(message, use_case)
        self._check_further_party(message, now)
        self._check_consistency(command, role)
        self._check_counter(message, use_case, role)
        return command

    def _message(self, octets: bytes) -> tuple[Message, int]:
        mended, short_mac = mending.mend(octets, self._faults)
        try:
            message = parse(mended)
        except RemoteProtocolError as wrong:
            raise Refusal(FORMAT, str(wrong)) from None
        if message.cra != Cra.COMMAND and "response-accepted-as-command" not in self._faults:
            raise Refusal(FORMAT, f"a {message.cra.name.lower()}, not a command")
        return message, short_mac

    def _role(self, message: Message, use_case: UseCase) -> str:
        """Return the originator's role; of several the one that may run the use case."""
        roles = self._credentials.roles(message.originator)
        if not roles and "originator-not-checked" not in self._faults:
            raise Refusal(AUTHENTICATION, "an originator that this device does not know")
        able = [role for role in roles if role in use_case.roles]
        return next(iter((*able, *roles)), "")

    def _check_authority(self, message: Message, use_case: UseCase, role: str) -> None:
        if not role or role in use_case.roles or "wrong-role-served" in self._faults \
                or self._from_anybody(use_case.code):
            return
        effect = "refused-command-has-effect" in self._faults
        raise Refusal(AUTHORITY, f"{role} may not run {use_case.id}",
                      replace(self._command(message, use_case), respond=False) if effect else None)

    def _from_anybody(self, message_code: int) -> bool:
        mode = MODES.get(message_code)
        return mode is not None and mode.fault in self._faults

    def _check_further_party(self, message: Message, now: datetime) -> None:
        if message.certificate is None:
            return
        flaws = certification.flaws(message.certificate, "keyAgreement", _USERS,
                                    self._credentials.issuers, self._credentials.root, now)
        wrong = [flaw for flaw in flaws if _FURTHER_PARTY.get(flaw) not in self._faults]
        certified = certification.readable(message.certificate)
        if certified and certified.eui64 != message.supplementary_remote_party \
                and "further-party-mismatch-accepted" not in self._faults:
            wrong.append("party")
        if wrong:
            raise Refusal(OTHER_REFUSAL, f"certificate of a further party: {', '.join(wrong)}")

    def _check_consistency(self, command: Command, role: str) -> None:
        if command.use_case.protocol != ASN_1:
            return
        found = contradiction(command.message, command.content, role,
                              any_mode="replacement-mode-not-checked" in self._faults)
        if found == NOT_OWN and (not role or self._from_anybody(command.use_case.code)
                                 or "wrong-role-served" in self._faults):
            return
        if found:
            raise Refusal(_CONTRADICTIONS[found], f"{command.use_case.id}: {found}")

    def _check_counter(self, message: Message, use_case: UseCase, role: str) -> None:
        if not use_case.replay_protected and "read-replay-refused" not in self._faults:
            return
        counters, party = self._credentials.counters, role or message.originator.hex()
        code, counter = message.message_code, message.originator_counter
        reason = counters.refusal(party, code, counter, self._credentials.floor(role))
        if reason:
            raise Refusal(OTHER_REFUSAL, reason)
        counters.take(party, code, counter)

    def _use_case(self, message_code: int) -> UseCase | None:
        use_case = by_code(message_code)
        if use_case is None:
            return security_use_case(message_code, self._kind)
        return use_case if self._kind.takes(use_case) else None

    def _command(self, message: Message, use_case: UseCase) -> Command:
        if use_case.protocol == ASN_1 and not is_carried_out(use_case.code, self._kind):
            raise Refusal(FORMAT, f"{use_case.id} is not emulated")
        try:
            return Command(message, use_case, _content(message, use_case))
        except RemoteProtocolError as wrong:
            raise Refusal(FORMAT, f"payload: {wrong}") from None


def _content(message: Message, use_case: UseCase) -> Any:
    """Return the payload read as the protocol of the use case; RemoteProtocolError if it is not."""
    if use_case.protocol == ASN_1:
        return asn1.decode(use_case.code, Cra.COMMAND, message.payload, strict=True)
    if use_case.protocol == GBZ:
        content = gbz.decode(message.payload)
        if not content.components or content.alert is not None:
            raise RemoteProtocolError(2, "at least one command", "none, or an alert")
        return content
    payload = decode_payload(message.payload)
    if not isinstance(payload, AccessRequest):
        raise RemoteProtocolError(0, "an access request", type(payload).__name__)
    return payload
