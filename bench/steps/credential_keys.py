"""The bench's end of a replacement of credentials: certificates to give, keys to follow with.

Certificates come from the rig's test PKI (``devices.pki``), good ones and ones that are wrong in
one named way; without the private keys of its authorities a case is not testable here. What the
device has taken, the bench speaks with from then on, and verifies with; a case puts both back. Keys
that are made here follow from the authority's private key, so that runs can be compared and nobody
without that key knows them. Left out: the contingency key, which no test PKI has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bench.errors import NotTestableHere, RemoteProtocolError, RigError
from bench.protocols.gbcs.asn1.credentials import TOP_UP, Cell
from bench.protocols.gbcs.certificates import key_identifier, read
from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.steps.context import Context
from bench.steps.parties import ROLES
from devices import pki
from devices.pki_certificates import (
    SIGNING,
    USAGES,
    Draft,
    Issuer,
    Keys,
    load_issuer,
    organisation_name,
    point,
)

_DS, _KA = "digitalSignature", "keyAgreement"
_NAMES: Mapping[str, str] = {  # remote party role of a plan -> of the payload
    "recovery": "recovery", "supplier": "supplier", "network_operator": "networkOperator",
    "access_control_broker": "accessControlBroker",
    "transitional_change_of_supplier": "transitionalCoS", "wan_provider": "wanProvider",
    "load_controller": "loadController"}
ROLE_OF: Mapping[str, str] = {"root": "root"} | {name: role for role, name in _NAMES.items()}
"""Remote party role of the payload -> of a plan."""
NAME_OF: Mapping[str, str] = {role: name for name, role in ROLE_OF.items()}

ROOT = "root"
CELLS: Mapping[str, Cell] = {
    ROOT: Cell("root", "keyCertSign"),
    **{f"{role}/{kind}": Cell(name, usage) for role, name in _NAMES.items()
       for kind, usage in (("ds", _DS), ("ka", _KA))},
    "supplier/top-up": Cell("supplier", _KA, TOP_UP)}
"""Trust anchor cells by the name that a plan gives them: role and use."""
_CELL_NAMES = {cell: name for name, cell in CELLS.items()}
_KINDS: Mapping[str, Usage] = {
    "ds": Usage.DIGITAL_SIGNATURE, "ka": Usage.KEY_AGREEMENT, "top-up": Usage.PREPAYMENT}

_UNREADABLE = (x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion,
               x509.UnsupportedGeneralNameType)
_ISSUING, _ROOT_FILE, _RENEWED = "issuing-authority", "root", "renewed-"


def cell_name(identifier: Mapping[str, Any], role: str | int | None = None) -> str:
    """Return the name of the cell that a payload identifies; what it says, where there is none.

    ``role`` stands for the role where the identifier leaves it out.
    """
    whole = {"trustAnchorCellRemotePartyRole": role, **identifier}
    cell = Cell.of(whole)
    found = _CELL_NAMES.get(cell) if cell else None
    return found or "/".join((
        str(whole["trustAnchorCellRemotePartyRole"]),
        "+".join(map(str, whole["trustAnchorCellKeyUsage"])), str(whole["trustAnchorCellUsage"])))


def usage_of(cell: str) -> Usage:
    """Return what the key of a cell's certificate is used for; the root's is for none of it."""
    return _KINDS[cell.rpartition("/")[2]]


def role_of(cell: str) -> str:
    """Return the role that a cell is of, by its name in a plan."""
    return cell.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate (DER), and the private key for it where it may be used; ``party`` is EUI-64."""

    party: bytes
    certificate: bytes
    private_key: ec.EllipticCurvePrivateKey | None = None

    @property
    def key(self) -> str:
        """The key identifier, 16 hexadecimal digits, as a device reports it."""
        loaded = x509.load_der_x509_certificate(self.certificate)
        found = loaded.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return found.value.digest.hex().upper()


@dataclass(slots=True)
class CredentialKeys:
    """What a bench has issued for one device, and what it began with."""

    folder: Path
    original: KeyStore
    issued: dict[str, Credential] = field(default_factory=dict)  # by key identifier
    device_keys: dict[Usage, list[ec.EllipticCurvePublicKey]] = field(default_factory=dict)
    used: dict[Usage, ec.EllipticCurvePublicKey] = field(default_factory=dict)  # by the device
    former: dict[tuple[bytes, Usage], Credential] = field(default_factory=dict)
    speaking: dict[tuple[bytes, Usage], str] = field(default_factory=dict)  # present or former


def of(context: Context) -> CredentialKeys:
    """Return the bench's end of this device's credentials; NotTestableHere without a folder."""
    parties = context.parties
    if parties.credentials is None:
        if parties.folder is None:
            raise NotTestableHere("the keys of this rig are not in a folder")
        parties.credentials = CredentialKeys(
            parties.folder, KeyStore.load(parties.folder, strict=True))
    known: CredentialKeys = parties.credentials
    return known


def held(context: Context, party: str, usage: Usage, keys: KeyStore | None = None) -> Credential:
    """Return the certificate that the bench has of a party; NotTestableHere without one."""
    store, eui64 = keys or context.parties.keys, context.parties.entity(party)
    found = store.certificate(eui64, usage)
    if found is None and usage is Usage.PREPAYMENT:  # one key agreement key for both
        return held(context, party, Usage.KEY_AGREEMENT, keys)
    if found is None:
        raise NotTestableHere(f"no certificate of {party} for {usage}")
    return Credential(eui64, der_of(found), store.private_key(eui64, usage))


def issue(context: Context, party: str, cell: str, flaw: str = "", *,
          by_renewed: bool = False) -> Credential:
    """Return a new certificate of ``party`` that fits ``cell``, or fails to by ``flaw``.

    Equal arguments give equal octets. ``by_renewed``: by the PKI's second authorities.
    NotTestableHere without the authorities' private keys.
    """
    folder = authorities(context)
    eui64 = context.parties.entity(party)
    role = int(ROLES[party.removeprefix("second_")])
    usage = "ds" if usage_of(cell) is Usage.DIGITAL_SIGNATURE else "ka"
    seed = f"{secret(folder)} {cell}{' renewed' if by_renewed else ''}"
    if by_renewed:
        keys = Keys(seed)
        key = keys.new(party)
        der = der_of(Draft(
            subject=organisation_name(role, eui64), public_key=key.public_key(),
            usages=(USAGES[usage],), serial=keys.serial(party),
            issuer=load_issuer(folder / (_RENEWED + _ISSUING))).sign())
    else:
        der, key = pki.issue_organisation(
            of(context).folder, eui64, usage, flaw, role=role, seed=seed)
    credential = Credential(eui64, der, key)
    if not flaw:
        of(context).issued[credential.key] = credential
    return credential


def root(context: Context, *, renewed: bool) -> tuple[Credential, list[bytes]]:
    """Return a root's certificate and the path that leads from its key to the other root.

    The path is one certificate of the new key, signed by the old one (RFC 4210, 4.4).
    """
    folder = authorities(context)
    new, old = (_RENEWED, "") if renewed else ("", _RENEWED)
    issuer, successor = (load_issuer(folder / (name + _ROOT_FILE)) for name in (old, new))
    return Credential(bytes(8), authority(context, new + _ROOT_FILE)), [
        der_of(_link(issuer, successor, Keys(secret(folder))))]


def path(context: Context, *, by_renewed: bool = False) -> list[bytes]:
    """Return the certificates between an organisation's and the root: the issuing authority's."""
    return [authority(context, (_RENEWED if by_renewed else "") + _ISSUING)]


def authority(context: Context, name: str) -> bytes:
    """Return the certificate (DER) of an authority; NotTestableHere where there is none."""
    file = of(context).folder / pki.AUTHORITIES / f"{name}.pem"
    try:
        return der_of(x509.load_pem_x509_certificate(file.read_bytes()))
    except OSError:
        raise NotTestableHere(f"the keys of this rig hold no certificate {file.name}") from None
    except ValueError:
        raise RigError(f"{file}: no certificate in PEM form") from None


def authorities(context: Context) -> Path:
    """Return the folder of the authorities; NotTestableHere without their private keys."""
    folder = of(context).folder / pki.AUTHORITIES
    if not (folder / f"{_ISSUING}.key").exists():
        raise NotTestableHere("the keys of this rig lack the authorities' own: "
                              "no certificate can be issued")
    return folder


def take_up(context: Context, cell: str, credential: Credential) -> None:
    """Speak with the key of ``credential`` from now on, as the device has it in ``cell``."""
    if cell == ROOT or credential.private_key is None or not readable(credential.certificate):
        return
    usage, keys = usage_of(cell), context.parties.keys
    former = keys.certificate(credential.party, usage)
    if former is not None:
        of(context).former[credential.party, usage] = Credential(
            credential.party, der_of(former), keys.private_key(credential.party, usage))
    of(context).speaking.pop((credential.party, usage), None)
    keys.add(credential.party, usage, private_key=credential.private_key,
             certificate=x509.load_der_x509_certificate(credential.certificate))


def take_up_device(context: Context, usage: Usage, certificate: x509.Certificate) -> None:
    """Verify the device's messages with ``certificate`` from now on.

    It is kept in the folder of the keys as well where that is the only place that could know it
    for the next run: where the device is one whose private keys are not there.
    """
    device, keys = context.parties.device, context.parties.keys
    before, used = keys.certificate(device, usage), keys.public_key(device, usage)
    if before is not None:
        of(context).former[device, usage] = Credential(device, der_of(before))
    if used is not None:
        of(context).used[usage] = used
    of(context).speaking.pop((device, usage), None)
    keys.add(device, usage, certificate=certificate)
    known = of(context).device_keys.setdefault(usage, [])
    public = certificate.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        known.append(public)
    stem = of(context).folder / f"{device.hex()}-{usage}"
    if stem.with_suffix(".pem").exists() and not stem.with_suffix(".key").exists():
        stem.with_suffix(".pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def identifier_of(public_key: ec.EllipticCurvePublicKey) -> str:
    """Return the key identifier of a public key, 16 hexadecimal digits."""
    return key_identifier(point(public_key)).hex().upper()


def readable(der: bytes) -> bool:
    """Return whether octets are a certificate that the bench can take up."""
    try:
        x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier)
        return read(der).key() is not None
    except (RemoteProtocolError, ValueError, TypeError, UnsupportedAlgorithm, *_UNREADABLE):
        return False


def _link(issuer: Issuer, successor: Issuer, keys: Keys) -> x509.Certificate:
    key = successor.key.public_key()
    return Draft(subject=successor.name, public_key=key, usages=(SIGNING,), issuer=issuer,
                 serial=keys.serial(f"link {identifier_of(key)}")).sign()


def secret(folder: Path) -> str:
    """Return what the keys that are made here follow from: the authority's private key."""
    return hashlib.sha256((folder / f"{_ISSUING}.key").read_bytes()).hexdigest()


def der_of(certificate: x509.Certificate) -> bytes:
    """Return the octets of a certificate."""
    return certificate.public_bytes(Encoding.DER)
