"""A test PKI: keys and certificates of every party that a rig needs, and of the emulated meter.

The shape follows what the DCC reference test data show (RTDS 4.5.0; facts in the project's
reference notes, "GBCS"): P-256, ECDSA with SHA-256; an organisation's certificate carries its role
as two hexadecimal digits in the subject's OU and its EUI-64 in x500UniqueIdentifier (2.5.4.45); a
device's certificate has an empty subject and its EUI-64 in a critical subjectAltName of the
hardwareModuleName kind (RFC 4108). Key usage is digital signature or key agreement, never both.

Files, for each party: ``<eui-64>-ds.pem``, ``-ds.key``, ``-ka.pem``, ``-ka.key`` (16 lower case
digits); the authorities' own in ``authorities/``; ``parties.yaml`` names who is who. Beside them
lie, for tests of replacement, ``renewed/`` with a second pair of certificates for each organisation
and ``untrusted/`` with authorities of another PKI. More certificates, right or wrong in one named
way, come from :func:`issue_device` and :func:`issue_organisation`. Keys are PKCS #8 PEM without a
password and readable by the owner only: they protect nothing but a bench. Left out: the wrapped
contingency key of the root; how GBCS has it was not found in what is public.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bench.errors import RemoteProtocolError, RigError
from bench.protocols.gbcs.certificates import Certificate, read
from devices.pki_certificates import (
    BEGIN,
    HARDWARE_MODULE_NAME,
    NO_END,
    SIGNING,
    USAGES,
    Draft,
    Issuer,
    Keys,
    authority_name,
    hardware_extension,
    load_issuer,
    organisation_name,
    point,
    store,
    usage_extension,
)
from devices.pki_flaws import FLAWS, Flaw, Subject, apply

__all__ = ["AUTHORITIES", "DEVICE", "DEVICE_EUI64", "FLAWS", "PARTIES", "PARTIES_FILE", "RENEWED",
           "UNTRUSTED", "Flaw", "Party", "init", "issue_device", "issue_organisation",
           "read_authorities", "read_parties", "request"]

PARTIES_FILE = "parties.yaml"
AUTHORITIES = "authorities"
RENEWED = "renewed"
UNTRUSTED = "untrusted"
DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation: its name in ``parties.yaml``, GBCS remote party role and EUI-64."""

    name: str
    role: int  # RTDS subject OU: 1 recovery, 2 supplier ... 8 load controller
    eui64: bytes


def _eui64(number: int) -> bytes:
    return bytes.fromhex("0200000000") + number.to_bytes(3, "big")  # locally administered


PARTIES = (
    Party("recovery", 1, _eui64(0x000001)),
    Party("supplier", 2, _eui64(0x000002)),
    Party("network_operator", 3, _eui64(0x000003)),
    Party("access_control_broker", 4, _eui64(0x000004)),
    Party("transitional_change_of_supplier", 5, _eui64(0x000005)),
    Party("wan_provider", 6, _eui64(0x000006)),
    Party("load_controller", 8, _eui64(0x000008)),
    Party("second_supplier", 2, _eui64(0x000102)),
    Party("second_network_operator", 3, _eui64(0x000103)),
)
"""Who gets certificates. Roles 0 (root) and 7 (issuing authority) are the authorities."""

DEVICE_EUI64 = _eui64(0xE50001)

def init(folder: Path, *, seed: str | None = None, force: bool = False) -> None:
    """Write a whole PKI to ``folder`` (made with mode 0700 where absent).

    With ``seed`` the keys come out equal each time, for runs to be compared; anyone who knows the
    seed knows the keys. Raises :class:`RigError` where the folder already holds a PKI and not
    ``force``, and where it cannot be written.
    """
    if not force and (folder / PARTIES_FILE).exists():
        raise RigError(f"{folder}: holds a PKI already; --force replaces its keys")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _write(folder, Keys(seed))
    except OSError as wrong:
        raise RigError(f"{folder}: cannot write the PKI: {wrong.strerror or wrong}") from wrong


def read_parties(folder: Path) -> Mapping[str, bytes]:
    """Return name -> EUI-64 (8 octets) of every party of the PKI in ``folder``.

    The names are those of :data:`PARTIES`, and :data:`DEVICE`. Raises :class:`RigError` with the
    file's name where it is absent or wrong.
    """
    path = folder / PARTIES_FILE
    try:
        loaded: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as wrong:
        raise RigError(f"{path}: cannot be read: {wrong}") from wrong
    if not isinstance(loaded, dict):
        raise RigError(f"{path}: expected a mapping of parties to EUI-64")
    parties = {}
    for name, text in loaded.items():
        try:
            parties[str(name)] = bytes.fromhex(text)
        except (TypeError, ValueError):
            raise RigError(f"{path}: {name}: expected 16 hexadecimal digits, found {text!r}"
                           ) from None
        if len(parties[str(name)]) != 8:
            raise RigError(f"{path}: {name}: expected 16 hexadecimal digits, found {text!r}")
    return parties


def read_authorities(folder: Path) -> tuple[Certificate, ...]:
    """Return the certificates (``.pem``, ``.der``, ``.crt``, ``.cer``) that lie in ``folder``.

    For a PKI of :func:`init` that is its sub-folder :data:`AUTHORITIES`. Raises :class:`RigError`
    where there is none, or with the name of the file that holds no certificate.
    """
    found = []
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in (".pem", ".der", ".crt", ".cer"):
                found.append(read(path.read_bytes()))
    except OSError as wrong:
        raise RigError(f"{folder}: cannot be read: {wrong.strerror}") from None
    except RemoteProtocolError as wrong:
        raise RigError(f"{path}: {wrong}") from None
    if not found:
        raise RigError(f"{folder}: holds no certificate (.pem, .der, .crt, .cer)")
    return tuple(found)


def request(key: ec.EllipticCurvePrivateKey, eui64: bytes, usage: str) -> bytes:
    """Return the certification request (PKCS #10, DER) of a device; ``usage`` is ds or ka.

    The form is that of the RTDS response to CS02c: an empty subject, and as requested extensions
    the usage and the hardware module name, both critical.
    """
    return (x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
            .add_extension(usage_extension((_usage(usage),)), critical=True)
            .add_extension(hardware_extension(eui64), critical=True)
            .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
            .public_bytes(serialization.Encoding.DER))


def issue_device(
    folder: Path, csr_der: bytes, eui64: bytes | None = None, flaw: str = "", *,
    usage: str | None = None, serial: int | None = None, not_before: datetime = BEGIN,
    seed: str | None = None,
) -> bytes:
    """Return the device certificate (DER) that the PKI in ``folder`` issues for a request.

    ``eui64`` and ``usage`` (ds or ka) stand above what the request states and are needed where it
    states none. ``flaw`` is a name in :data:`FLAWS`. Without ``serial`` the serial number comes
    from ``seed`` or, without that, from the system's randomness. Raises RemoteProtocolError for a
    request that is wrong or not signed by its own key, :class:`RigError` for the rest.
    """
    public_key, stated_eui64, stated_usage = _requested(csr_der)
    eui64 = eui64 or stated_eui64
    wanted = _usage(usage) if usage else stated_usage
    if eui64 is None or len(eui64) != 8 or not wanted:
        raise RemoteProtocolError(0, "a request with an EUI-64 and a key usage",
                                  "neither in it nor given" if not eui64 and not wanted
                                  else "no key usage" if eui64 else "no EUI-64")
    keys = Keys(seed)
    label = f"issue {eui64.hex()} {wanted} {hashlib.sha256(point(public_key)).hexdigest()} {flaw}"
    draft = Draft(subject=x509.Name([]), public_key=public_key, usages=(wanted,),
                  issuer=_issuing(folder), serial=serial or keys.serial(label),
                  not_before=not_before, not_after=NO_END, hardware_serial=eui64)
    return apply(flaw, draft, Subject(eui64, None, keys, _untrusted(folder)))


def issue_organisation(
    folder: Path, party: str | bytes, usage: str, flaw: str = "", *, role: int | None = None,
    serial: int | None = None, not_before: datetime = BEGIN, seed: str | None = None,
) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """Return a new certificate (DER) of an organisation and the private key for it.

    ``party`` is a name of :data:`PARTIES`, or an EUI-64, which needs ``role`` (1 to 8) unless it
    is one of theirs; ``usage`` is ds or ka; ``flaw`` a name in :data:`FLAWS`. Key and serial number
    come from ``seed`` (the same seed, party, usage and flaw give the same octets) or from the
    system's randomness. Raises :class:`RigError`.
    """
    eui64, of_role = _organisation(party, role)
    wanted, keys = _usage(usage), Keys(seed)
    label = f"issue {eui64.hex()} {wanted} {flaw}"
    key = keys.new(label)
    draft = Draft(subject=organisation_name(of_role, eui64), public_key=key.public_key(),
                  usages=(wanted,), issuer=_issuing(folder), serial=serial or keys.serial(label),
                  not_before=not_before)
    return apply(flaw, draft, Subject(eui64, of_role, keys, _untrusted(folder))), key


def _organisation(party: str | bytes, role: int | None) -> tuple[bytes, int]:
    """Return EUI-64 and role of a known party, or of an EUI-64 with its role."""
    for one in PARTIES:
        if party in (one.name, one.eui64):
            return one.eui64, one.role if role is None else role
    if isinstance(party, str) or len(party) != 8 or role is None:
        raise RigError(f"no party {party if isinstance(party, str) else party.hex()!r}: expected "
                       f"{', '.join(one.name for one in PARTIES)}, or an EUI-64 with its role")
    return party, role


def _issuing(folder: Path) -> Issuer:
    return load_issuer(folder / AUTHORITIES / "issuing-authority")


def _untrusted(folder: Path) -> Issuer:
    return load_issuer(folder / UNTRUSTED / "issuing-authority")


def _usage(name: str) -> str:
    if name not in USAGES:
        raise RigError(f"no usage {name!r} of a certificate: expected ds or ka")
    return USAGES[name]


def _requested(csr_der: bytes) -> tuple[ec.EllipticCurvePublicKey, bytes | None, str]:
    """Return public key, EUI-64 and usage of a request; the last two may be absent."""
    try:
        csr = x509.load_der_x509_csr(csr_der)
        key, extensions = csr.public_key(), csr.extensions
        signed = csr.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension,
            x509.InvalidVersion, x509.UnsupportedGeneralNameType) as wrong:
        raise RemoteProtocolError(0, "a certification request in DER", str(wrong)) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise RemoteProtocolError(0, "a request for a key on P-256", type(key).__name__)
    if not signed:
        raise RemoteProtocolError(0, "a request signed by its own key", "another signature")
    eui64, usage = None, ""
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            for name in value.get_values_for_type(x509.OtherName):
                if name.type_id == HARDWARE_MODULE_NAME and name.value[-10:-8] == b"\x04\x08":
                    eui64 = name.value[-8:]
        elif isinstance(value, x509.KeyUsage):
            stated = [bit for bit in USAGES.values() if getattr(value, bit)]
            usage = stated[0] if len(stated) == 1 else ""
    return key, eui64, usage


def _write(folder: Path, keys: Keys) -> None:
    issuing = _write_authorities(folder / AUTHORITIES, keys, "", "Bench")
    _write_authorities(folder / AUTHORITIES, keys, "renewed-", "Bench 2")
    _write_authorities(folder / UNTRUSTED, keys, "", "Strange", label="untrusted ")
    (folder / RENEWED).mkdir(mode=0o700, exist_ok=True)
    for party in PARTIES:
        subject = organisation_name(party.role, party.eui64)
        for kind in USAGES:
            label = f"{party.eui64.hex()}-{kind}"
            _write_one(folder / label, keys, label, kind, issuing, subject)
            _write_one(folder / RENEWED / label, keys, f"renewed {label}", kind, issuing, subject)
    for kind in USAGES:
        label = f"{DEVICE_EUI64.hex()}-{kind}"
        _write_one(folder / label, keys, label, kind, issuing, x509.Name([]), DEVICE_EUI64)
    lines = ["# EUI-64 of each party of this test PKI"]
    lines += [f'{party.name}: "{party.eui64.hex()}"' for party in PARTIES]
    lines.append(f'{DEVICE}: "{DEVICE_EUI64.hex()}"')
    # last, so that a folder with this file is a whole PKI
    (folder / PARTIES_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_authorities(
    folder: Path, keys: Keys, prefix: str, name: str, label: str = "",
) -> Issuer:
    """Write a root and the issuing authority below it; return the latter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    label += prefix
    root = Issuer(authority_name("00", f"{name} Root"), keys.new(f"{label}root"))
    issuing = Issuer(authority_name("07", f"{name} Issuing"), keys.new(f"{label}issuing"))
    for one, file, serial in ((root, "root", "root"), (issuing, "issuing-authority", "issuing")):
        draft = Draft(subject=one.name, public_key=one.key.public_key(), usages=(SIGNING,),
                      issuer=root, serial=keys.serial(label + serial))
        store(folder / (prefix + file), one.key, draft.sign())
    return issuing


def _write_one(
    stem: Path, keys: Keys, label: str, kind: str, issuing: Issuer, subject: x509.Name,
    device: bytes | None = None,
) -> None:
    key = keys.new(label)
    draft = Draft(subject=subject, public_key=key.public_key(), usages=(USAGES[kind],),
                  issuer=issuing, serial=keys.serial(label), hardware_serial=device)
    store(stem, key, (replace(draft, not_after=NO_END) if device else draft).sign())
