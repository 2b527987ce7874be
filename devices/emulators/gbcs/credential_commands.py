"""Carries out the credential use cases CS02a to CS02g: what is asked, what is answered.

CS02a and CS02f tell what the cells of roles hold, CS02b and CS02g replace it (``Updates``), CS02c,
CS02d and CS02e are about the device's own certificates (``OwnKeys``). The answer to CS02d is signed
with the new key already: our reading, as its result tells whether the change went well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.keys import Role
from bench.protocols.gbcs.message import Cra, Message
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.credential_updates import Updates, cell_of, role_of_name
from devices.emulators.gbcs.credential_use_cases import (
    DETAILS,
    INSTALL,
    ISSUE,
    LOAD_CONTROLLER_DETAILS,
    MODES,
    PROVIDE,
)
from devices.emulators.gbcs.events import CREDENTIALS_UPDATED
from devices.emulators.gbcs.own_keys import INVALID_USAGE, SUCCESS, usage_of
from devices.emulators.gbcs.trust_anchors import entity, key_identifier

if TYPE_CHECKING:
    from devices.emulators.gbcs.device import Device

_NO_CELL, _NO_CERTIFICATE = "trustAnchorNotFound", "noCertificateHeld"
AUTHORITY, FORMAT, COUNTER = "authority", "format", "counter"

Act = Callable[[Message, Any], tuple[Any, bool]]
"""Carries out a command in ASN.1: the plain value of the response, and whether all was done."""


class CredentialCommands:
    """Carries them out on one device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.updates = Updates(device)
        self._acts: dict[int, Act] = {
            DETAILS: self._details, LOAD_CONTROLLER_DETAILS: self._details,
            ISSUE: self._issue, INSTALL: self._install, PROVIDE: self._provide,
            **dict.fromkeys(MODES, self.updates.execute)}

    def execute(self, message: Message, content: Any) -> tuple[bytes, bool]:
        """Return the response's payload, and whether all was done that was asked."""
        acts = {**self._acts, **self._device.acts()}
        value, done = acts[message.message_code](message, content)
        return asn1.encode(message.message_code, Cra.RESPONSE, value), done

    def _details(self, _: Message, content: Mapping[str, Any]) -> tuple[Any, bool]:
        return [self._role_details(name)
                for name in content["remotePartyRolesCredentialsRequired"]], True

    def _role_details(self, name: str | int) -> dict[str, Any]:
        anchors, role = self._device.credentials.anchors, role_of_name(name)
        held = anchors.held(role) if role is not None else ()
        if role is None or not held:
            return {"remotePartyRole": name, "statusCode": _NO_CELL}
        wrong = 1 if "credential-details-wrong" in self._device.faults else 0
        return {
            "remotePartyRole": name, "statusCode": "success",
            "currentSeqNumber": anchors.floor(role).messages,
            "trustAnchorCellsDetails": [{
                "trustAnchorCellKeyUsage": [cell.usage],
                "trustAnchorCellUsage": "prePaymentTopUp" if cell.top_up else "management",
                "existingSubjectUniqueID": entity(certificate),
                "existingSubjectKeyIdentifier": _spoilt(key_identifier(certificate), wrong),
            } for cell, certificate in held]}

    def _issue(self, _: Message, content: Mapping[str, Any]) -> tuple[Any, bool]:
        usage = usage_of(content["keyUsage"])
        if usage is None:
            return {"responseCode": INVALID_USAGE}, False
        return {"certificationRequest": self._device.credentials.own.request(usage)}, True

    def _install(self, _: Message, content: str) -> tuple[Any, bool]:
        credentials, faults = self._device.credentials, self._device.faults
        now = instants.to_datetime(self._device.clock.now)
        result = credentials.own.install(bytes.fromhex(content), credentials.issuers,
                                         credentials.root, now)
        if result == SUCCESS:
            credentials.renew()
            if "device-certificate-update-not-logged" not in faults:
                self._device.event(CREDENTIALS_UPDATED)
        if "device-certificate-result-success-always" in faults:
            result = SUCCESS
        return result, result == SUCCESS

    def _provide(self, _: Message, content: Mapping[str, Any]) -> tuple[Any, bool]:
        usage = usage_of(content["keyUsage"])
        if usage is None:
            return {"responseCode": INVALID_USAGE}, False
        certificate = self._device.credentials.own.certificate(usage)
        if certificate is None:
            return {"responseCode": _NO_CERTIFICATE}, False
        return {"certificate": certificate}, True


def contradiction(message: Message, content: Any, role: str, *, any_mode: bool = False) -> str:
    """Return what an authentic command from ``role`` says against itself: empty, or what of.

    The cell of who orders it must be that party's (``AUTHORITY``), a mode that of the message code
    (``FORMAT``) and its counter the message's (``COUNTER``).
    """
    code = message.message_code
    if code in (DETAILS, LOAD_CONTROLLER_DETAILS):
        return _not_own(content["authorisingRemotePartyTACellIdentifier"], role)
    if code not in MODES:
        return ""
    control = content["authorisingRemotePartyControl"]
    if control["credentialsReplacementMode"] != MODES[code].name and not any_mode:
        return FORMAT
    if control["authorisingRemotePartySeqNumber"] != message.originator_counter:
        return COUNTER
    own = control.get("authorisingRemotePartyTACellIdentifier")
    if own is None:  # only the broker, who signs nothing, may leave it out
        return "" if role == Role.ACCESS_CONTROL_BROKER.name.lower() else FORMAT
    return _not_own(own, role)


def _not_own(identifier: Mapping[str, Any], role: str) -> str:
    cell = cell_of(identifier)
    return "" if cell is not None and cell.role.name.lower() == role else AUTHORITY


def _spoilt(octets: bytes, by: int) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ by,)) if octets else octets
