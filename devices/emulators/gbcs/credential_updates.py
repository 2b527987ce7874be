"""Replacement of trust anchors, at once or at a set time: CS02b and CS02g (GBCS 13.3, R-SEC-06).

A command names the mode, the party that orders it and its originator counter again, the
replacements with a certificate and a cell each, the certificates of the path to the root, and
perhaps a time. Each cell has its own result; one that fails keeps what it held. All cells of a
role must name one party in the end, else none of that role is changed. Who holds a role anew has
its counters begin at the floor given with it; a party that renews its own certificates cannot lower
them. The checks are made when the command is executed. Our readings: ``docs/emulator.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.asn1.definitions import REMOTE_PARTY_ROLE
from bench.protocols.gbcs.keys import Role
from bench.protocols.gbcs.message import Cra, Message
from devices.emulators.gbcs import certification, instants
from devices.emulators.gbcs.credential_use_cases import ALERT_OF, MODES, Mode
from devices.emulators.gbcs.events import (
    CREDENTIALS_UPDATED,
    LATER_ACTIONED,
    LATER_NOT_ACTIONED,
)
from devices.emulators.gbcs.trust_anchors import (
    Cell,
    TrustAnchors,
    entity,
    key_identifier,
)

if TYPE_CHECKING:
    from devices.emulators.gbcs.device import Device

SUCCESS, BAD, NO_ANCHOR, NO_CELL, OTHER = (
    "success", "badCertificate", "noTrustAnchor", "trustAnchorNotFound", "other")
CANCELLED = "9999-12-31T23:59:59Z"
"""The execution time that takes back a pending command (reference test data)."""

# What a replacement certificate that breaks a rule is answered, and the fault of not looking.
_FLAWS: Mapping[str, tuple[str, str]] = {
    certification.MALFORMED: (BAD, ""),
    certification.PROFILE: (BAD, "certificate-profile-not-checked"),
    certification.UNKNOWN_ISSUER: (NO_ANCHOR, "certificate-of-unknown-issuer-accepted"),
    certification.ALTERED: (BAD, "altered-certificate-accepted"),
    certification.EXPIRED: (BAD, "expired-certificate-accepted"),
    certification.EARLY: (BAD, "not-yet-valid-certificate-accepted"),
    certification.USAGE: (BAD, "certificate-of-wrong-usage-accepted"),
    certification.ROLE: (BAD, "certificate-of-wrong-role-accepted"),
}


@dataclass(slots=True)
class _Replacement:
    """One cell to be filled, and what became of it."""

    target: Mapping[str, Any]
    cell: Cell | None
    der: bytes
    status: str = SUCCESS


@dataclass(frozen=True, slots=True)
class _Pending:
    instant: float
    message: Message
    content: Mapping[str, Any]


class Updates:
    """The replacements of one device, those to come included."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._pending: dict[int, _Pending] = {}

    def due(self) -> float:
        """Return the instant of the next pending one; infinity without any."""
        return min((item.instant for item in self._pending.values()), default=float("inf"))

    def run(self, now: float) -> None:
        """Do what is due by ``now`` and announce how it went."""
        for code, item in sorted(self._pending.items(), key=lambda pair: pair[1].instant):
            if item.instant <= now:
                del self._pending[code]
                outcome = self._apply(item.message, item.content)
                if "outcome-alert-missing" not in self._device.faults:
                    self._announce(item, outcome)

    def interrupt(self) -> None:
        """Go through a loss of mains; only a faulty device forgets anything."""
        if "pending-update-lost-over-outage" in self._device.faults:
            self._pending.clear()

    def execute(self, message: Message, content: Mapping[str, Any]) -> tuple[Any, bool]:
        """Return the response's plain value, and whether all was done that was asked."""
        faults, code = self._device.faults, message.message_code
        at = content.get("executionDateTime")
        if at is not None and "execution-date-ignored" not in faults:
            if at == CANCELLED:
                if "cancellation-ignored" not in faults:
                    self._pending.pop(code, None)
                return {"commandAccepted": None}, True
            instant = instants.from_datetime(datetime.fromisoformat(at))
            if instant > self._device.clock.now:
                self._pending[code] = _Pending(instant, message, content)
                return {"commandAccepted": None}, True
        outcome = self._apply(message, content)
        return {"commandAccepted": None, "executionOutcome": outcome}, _all_done(outcome)

    def _apply(self, message: Message, content: Mapping[str, Any]) -> dict[str, Any]:
        device, faults = self._device, self._device.faults
        held, control = device.credentials.anchors, content["authorisingRemotePartyControl"]
        mode = self._mode(message, control)
        replacements = [_replacement(item) for item in content["replacements"]]
        self._judge(replacements, mode, content)
        after = held.copy()
        for item in replacements:
            failed = item.status != SUCCESS and "failed-cell-replaced" not in faults
            if item.cell is not None and not failed:
                _put(after, item.cell, item.der)
        replaced = {item.cell.role for item in replacements
                    if item.cell is not None and item.status == SUCCESS}
        changes = self._count(held, after, mode, control, replaced)
        changed = after.certificates != held.certificates  # without success in a faulty device only
        if (replaced or changed) and "credentials-update-without-effect" not in faults:
            device.credentials.hold(after)
            device.credentials.learn(_path(content))
            if "credentials-update-not-logged" not in faults:
                device.event(CREDENTIALS_UPDATED)
        return {
            "authorisingRemotePartySeqNumber": control["authorisingRemotePartySeqNumber"],
            "credentialsReplacementMode": control["credentialsReplacementMode"],
            "remotePartySeqNumberChanges": changes,
            "replacementOutcomes": [self._outcome(item, held, after) for item in replacements]}

    def _mode(self, message: Message, control: Mapping[str, Any]) -> Mode:
        claimed = control["credentialsReplacementMode"]
        mode = MODES[message.message_code]
        if "replacement-mode-not-checked" in self._device.faults:
            return next((known for known in MODES.values() if known.name == claimed), mode)
        return mode

    def _judge(self, replacements: Sequence[_Replacement], mode: Mode,
               content: Mapping[str, Any]) -> None:
        """Give each replacement its status."""
        faults, credentials = self._device.faults, self._device.credentials
        path = _path(content)
        control = content["authorisingRemotePartyControl"]
        timed = control.get("applyTimeBasedCPVChecks", "apply") == "apply"
        now = instants.to_datetime(self._device.clock.now) if timed else None
        filled: set[Cell] = set()
        for item in replacements:
            if item.cell is None or item.cell not in credentials.anchors.cells:
                item.status = NO_CELL
            elif item.cell in filled or (item.cell.role not in mode.targets
                                         and "cell-of-another-role-replaced" not in faults):
                item.status = OTHER
            else:
                filled.add(item.cell)
                flaws = _flaws(item.cell, item.der, path, credentials.root, now)
                item.status = next((_FLAWS[flaw][0] for flaw in flaws
                                    if _FLAWS[flaw][1] not in faults), SUCCESS)
        if "party-mismatch-accepted" not in faults:
            _keep_one_party(replacements, credentials.anchors)

    def _count(self, held: TrustAnchors, after: TrustAnchors, mode: Mode,
               control: Mapping[str, Any], replaced: set[Role]) -> list[dict[str, Any]]:
        """Set the counters of the roles in ``replaced``; return the changes, as reported."""
        counters, faults = self._device.credentials.counters, self._device.faults
        changes = list(_floors(control, mode.authority, replaced))
        for role in replaced:
            renewed = held.party(role) == after.party(role)
            floor = after.floor(role)
            given = next((change for change in changes
                          if change["otherRemotePartyRole"] == _name(role)), None)
            least = floor.messages if renewed else 0
            floor.messages = least
            if given is not None:
                floor.messages = max(least, given["otherRemotePartyFloorSeqNumber"])
                for special in given.get("newRemotePartySpecialistFloorSeqNumber", ()):
                    floor.top_ups = special["seqNumber"]
            if "counters-reset-by-replacement" in faults:
                floor.messages = 0
            if not renewed or "counters-reset-by-replacement" in faults:
                counters.begin_anew(role.name.lower())
        return changes

    def _outcome(self, item: _Replacement, held: TrustAnchors, after: TrustAnchors
                 ) -> dict[str, Any]:
        status = item.status
        before = held.certificates.get(item.cell) if item.cell else None
        now = after.certificates.get(item.cell) if item.cell else None
        if "cell-result-success-always" in self._device.faults:
            status, now = SUCCESS, certification.loaded(item.der) or now
        return {
            "affectedTrustAnchorCell": dict(item.target), "statusCode": status,
            "existingSubjectUniqueID": entity(before) if before else b"",
            "existingSubjectKeyIdentifier": key_identifier(before) if before else b"",
            "replacingSubjectUniqueID": entity(now) if now else b"",
            "replacingSubjectKeyIdentifier": key_identifier(now) if now else b""}

    def _announce(self, item: _Pending, outcome: Mapping[str, Any]) -> None:
        done = _all_done(outcome) or "outcome-alert-success-always" in self._device.faults
        code = ALERT_OF[item.message.message_code]
        payload = asn1.encode(code, Cra.ALERT, {
            "alertCode": LATER_ACTIONED if done else LATER_NOT_ACTIONED,
            "executionDateTime": item.content["executionDateTime"],
            "executionOutcome": dict(outcome)})
        self._device.notify(code, payload, item.message.originator)


def cell_of(identifier: Mapping[str, Any]) -> Cell | None:
    """Return the cell that a plain cell identifier names; ``None`` where there can be none."""
    role = role_of_name(identifier["trustAnchorCellRemotePartyRole"])
    usages = identifier["trustAnchorCellKeyUsage"]
    if role is None or len(usages) != 1:
        return None
    return Cell(role, str(usages[0]), identifier.get("trustAnchorCellUsage") == "prePaymentTopUp")


def role_of_name(name: str | int) -> Role | None:
    """Return the role of a plain role; ``None`` for one that no cell has."""
    number = REMOTE_PARTY_ROLE.numbers.get(name) if isinstance(name, str) else name
    return Role(number) if number in set(Role) else None


def _path(content: Mapping[str, Any]) -> list[bytes]:
    return [bytes.fromhex(one) for one in content["certificationPathCertificates"]]


def _name(role: Role) -> str:
    return REMOTE_PARTY_ROLE.names[int(role)]


def _replacement(item: Mapping[str, Any]) -> _Replacement:
    target = item["targetTrustAnchorCell"]
    return _Replacement(target, cell_of(target), bytes.fromhex(item["replacementCertificate"]))


def _flaws(cell: Cell, der: bytes, path: Sequence[bytes], root: bytes | None,
           now: datetime | None) -> list[str]:
    if cell.role == Role.ROOT:
        return certification.root_flaws(der, path, root, now)
    # a supplier may be its own load controller (reference test data, CS02g)
    roles = (cell.role, Role.SUPPLIER) if cell.role == Role.LOAD_CONTROLLER else (cell.role,)
    return certification.flaws(der, cell.usage, roles, path, root, now)


def _keep_one_party(replacements: Sequence[_Replacement], held: TrustAnchors) -> None:
    """Refuse all good replacements of a role whose cells would name two parties in the end."""
    for role in set(Role) - {Role.ROOT}:  # which names no party
        good = [item for item in replacements
                if item.status == SUCCESS and item.cell is not None and item.cell.role == role]
        parties = {cell: entity(certificate) for cell, certificate in held.held(role)}
        new = {item.cell: _party(item.der) for item in good if item.cell is not None}
        if good and len(set((parties | new).values())) > 1:
            status = BAD if len(set(new.values())) > 1 else OTHER
            for item in good:
                item.status = status


def _floors(control: Mapping[str, Any], authority: Role | None, replaced: set[Role]
            ) -> Iterator[dict[str, Any]]:
    """Yield the counters to set: that of the role that ordered, or of the only one, then others."""
    floor = control.get("newRemotePartyFloorSeqNumber")
    special = control.get("newRemotePartySpecialistFloorSeqNumber")
    others = control.get("otherRemotePartySeqNumberChanges", ())
    successor = authority if authority in replaced or len(replaced) != 1 else next(iter(replaced))
    if floor is not None and successor in replaced:
        change = {"otherRemotePartyRole": _name(successor),
                  "otherRemotePartyFloorSeqNumber": floor}
        yield change | ({"newRemotePartySpecialistFloorSeqNumber": special} if special else {})
    for change in others:
        role = role_of_name(change["otherRemotePartyRole"])
        if role in replaced and (floor is None or role != successor):
            yield dict(change)


def _put(anchors: TrustAnchors, cell: Cell, der: bytes) -> None:
    certificate = certification.loaded(der)
    if certificate is not None:
        anchors.certificates[cell] = certificate


def _party(der: bytes) -> bytes:
    certificate = certification.readable(der)
    return certificate.eui64 or b"" if certificate else b""


def _all_done(outcome: Mapping[str, Any]) -> bool:
    return all(item["statusCode"] == SUCCESS for item in outcome["replacementOutcomes"])
