"""Parties that read, replace and renew the credentials of an emulated meter in these tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from remote_parties import Answer, Correspondence

from bench.protocols.gbcs import asn1, protection
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.use_cases import SIGNATURE_ONLY, other_code
from devices import pki

ROLE_NAMES = {
    "root": "root", "recovery": "recovery", "supplier": "supplier",
    "network_operator": "networkOperator", "access_control_broker": "accessControlBroker",
    "transitional_change_of_supplier": "transitionalCoS", "wan_provider": "wanProvider",
    "load_controller": "loadController"}
MODE_NAMES = dict(enumerate((
    "rootBySupplier", "rootByWanProvider", "supplierBySupplier",
    "networkOperatorByNetworkOperator", "accessControlBrokerByACB", "wanProviderByWanProvider",
    "transCoSByTransCoS", "supplierByTransCoS", "anyExceptAbnormalRootByRecovery",
    "anyByContingency"), 0x0100)) | {0x0125: "loadControllerByLoadController",
                                     0x0126: "loadControllerBySupplier"}
# kind of cell -> key usage, purpose, usage of the certificate
KINDS = {"ds": ("digitalSignature", "management", "ds"), "ka": ("keyAgreement", "management", "ka"),
         "pp": ("keyAgreement", "prePaymentTopUp", "ka")}
_SIGNERS = ("recovery", "transitional_change_of_supplier")
ALL_CELLS = {"supplier": ("ds", "ka", "pp"), "access_control_broker": ("ds", "ka"),
             "network_operator": ("ds", "ka"), "load_controller": ("ds", "ka"),
             "recovery": ("ds",), "transitional_change_of_supplier": ("ds",)}


def cell(role: str, kind: str = "ds") -> dict[str, Any]:
    usage, purpose, _ = KINDS[kind]
    return {"trustAnchorCellRemotePartyRole": ROLE_NAMES[role],
            "trustAnchorCellKeyUsage": [usage], "trustAnchorCellUsage": purpose}


ROOT_CELL = {"trustAnchorCellRemotePartyRole": "root", "trustAnchorCellKeyUsage": ["keyCertSign"]}


class CredentialParties(Correspondence):
    """A meter, and parties with keys of their own that may change."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.folder = folder
        self.keys = KeyStore.load(folder, strict=True)
        authorities = folder / pki.AUTHORITIES
        self.issuing = x509.load_pem_x509_certificate(
            (authorities / "issuing-authority.pem").read_bytes())
        self.path = [_der(self.issuing)]
        self.issued = 0
        self.pending: list[tuple[bytes, str, bytes, ec.EllipticCurvePrivateKey]] = []

    # -- certificates --------------------------------------------------------------------------

    def certificate(self, party: str | bytes, kind: str, flaw: str = "", *,
                    role: int | None = None) -> bytes:
        """Return a new certificate of ``party``; its key is used from :meth:`adopt` on."""
        usage = KINDS[kind][2]
        self.issued += 1
        der, key = pki.issue_organisation(self.folder, party, usage, flaw, role=role,
                                          seed=f"tests {self.issued}")
        eui64 = self.parties[party] if isinstance(party, str) else party
        self.pending.append((eui64, kind, der, key))
        return der

    def adopt(self) -> None:
        """Use the keys of the certificates made so far."""
        for eui64, kind, der, key in self.pending:
            if kind != "pp":
                self.keys.add(eui64, Usage(kind), private_key=key,
                              certificate=x509.load_der_x509_certificate(der))
        self.pending.clear()

    def replacements(self, role: str, party: str | bytes = "", flaw: str = "",
                     kinds: Iterable[str] = (), of_role: int | None = None
                     ) -> list[dict[str, Any]]:
        """Return replacements of the cells of ``role`` by new certificates of ``party``."""
        return [{"replacementCertificate": self.certificate(party or role, kind, flaw,
                                                            role=of_role),
                 "targetTrustAnchorCell": cell(role, kind)}
                for kind in kinds or ALL_CELLS[role]]

    # -- commands ------------------------------------------------------------------------------

    def credential(self, code: int, role: str, value: Any, *, counter: int | None = None,
                   **fields: Any) -> Message:
        """Return the protected command of a credential use case."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        payload = asn1.encode(code, Cra.COMMAND, value)
        message = replace(Message(Cra.COMMAND, counter, self.parties[role], self.device, code,
                                  payload), **fields)
        known = other_code(code)
        category = known.category if known else ""
        if role in _SIGNERS and known and SIGNATURE_ONLY in known.categories:
            category = SIGNATURE_ONLY
        return protection.protect(message, self.keys, category)

    def ask(self, code: int, role: str, value: Any, **more: Any) -> Answer:
        """Send a credential command and read the answer."""
        return self.exchange(self.credential(code, role, value, **more).encode())

    def update_value(self, code: int, role: str, replacements: list[dict[str, Any]], *,
                     counter: int, at: str | None = None, **control: Any) -> dict[str, Any]:
        """Return the plain value of CS02b or CS02g; ``control`` replaces or adds members."""
        own = {} if role == "access_control_broker" else {
            "authorisingRemotePartyTACellIdentifier": cell(role)}
        value = {
            "authorisingRemotePartyControl": {
                "credentialsReplacementMode": MODE_NAMES[code], **own,
                "authorisingRemotePartySeqNumber": counter, **control},
            "replacements": replacements, "certificationPathCertificates": self.path}
        return value if at is None else value | {"executionDateTime": at}

    def update(self, code: int, role: str, replacements: list[dict[str, Any]], *,
               counter: int | None = None, at: str | None = None, **control: Any) -> Answer:
        """Send CS02b or CS02g."""
        self.counter += 1
        counter = self.counter if counter is None else counter
        value = self.update_value(code, role, replacements, counter=counter, at=at, **control)
        return self.ask(code, role, value, counter=counter)

    def details(self, *roles: str, of: str = "supplier", code: int = 0x0008) -> Any:
        """Return what CS02a tells of ``roles``."""
        kind = "ka" if of == "access_control_broker" else "ds"
        return self.ask(code, of, {
            "authorisingRemotePartyTACellIdentifier": cell(of, kind),
            "remotePartyRolesCredentialsRequired": [ROLE_NAMES[role] for role in roles]}).content

    def holder(self, role: str) -> str:
        """Return the name of the party that the cells of ``role`` name."""
        entry = self.details(role, of="access_control_broker")[0]
        held = {one["existingSubjectUniqueID"] for one in entry["trustAnchorCellsDetails"]}
        assert len(held) == 1
        return self._name(bytes.fromhex(held.pop()))

    def key_identifiers(self, role: str) -> list[str]:
        """Return the key identifiers in the cells of ``role``."""
        entry = self.details(role, of="access_control_broker")[0]
        return [one["existingSubjectKeyIdentifier"] for one in entry["trustAnchorCellsDetails"]]

    def codes_by(self, role: str) -> list[int]:
        """Return the codes in the security log, read by the gaining supplier with its new keys."""
        self.adopt()
        found: list[list[int]] = self.send("ECS35b", role).value
        return [entry[1] for entry in found]

    def statuses(self, answer: Answer) -> list[str]:
        """Return the results of a replacement, cell by cell."""
        assert answer.content is not None
        outcome: Mapping[str, Any] = answer.content["executionOutcome"]
        return [one["statusCode"] for one in outcome["replacementOutcomes"]]


def _der(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding
    return certificate.public_bytes(Encoding.DER)
