"""A test PKI: keys and certificates of every party that a rig needs, and of the emulated meter.

The shape follows what the DCC reference test data show (RTDS 4.5.0; facts in the project's
reference notes, "GBCS"): P-256, ECDSA with SHA-256; an organisation's certificate carries its role
as two hexadecimal digits in the subject's OU and its EUI-64 in x500UniqueIdentifier (2.5.4.45); a
device's certificate has an empty subject and its EUI-64 in a critical subjectAltName of the
hardwareModuleName kind (RFC 4108). Key usage is digital signature or key agreement, never both.

Files, for each party: ``<eui-64>-ds.pem``, ``-ds.key``, ``-ka.pem``, ``-ka.key`` (16 lower case
digits); the authorities' own in ``authorities/``; ``parties.yaml`` names who is who. Keys are
PKCS #8 PEM without a password and readable by the owner only: they protect nothing but a bench.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bench.errors import RigError

PARTIES_FILE = "parties.yaml"
AUTHORITIES = "authorities"
DEVICE = "device"

_BEGIN = datetime(2015, 1, 1, tzinfo=UTC)
_END = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
_NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280: no well-defined expiry
_POLICY = ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")  # as in the RTDS certificates
_HARDWARE_MODULE_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.4")  # RFC 4108
_HARDWARE_TYPE = bytes.fromhex("060D2A863A0001848FB90F01020201")  # DER, as RTDS devices name it
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


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

_USAGES = {"ds": "digital_signature", "ka": "key_agreement"}


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
        _write(folder, _Keys(seed))
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


class _Keys:
    """Makes key pairs, from the system's randomness or from a seed."""

    def __init__(self, seed: str | None) -> None:
        self._seed = seed

    def new(self, label: str) -> ec.EllipticCurvePrivateKey:
        if self._seed is None:
            return ec.generate_private_key(ec.SECP256R1())
        digest = hashlib.sha512(f"smip-bench pki\0{self._seed}\0{label}".encode()).digest()
        return ec.derive_private_key(1 + int.from_bytes(digest, "big") % (_ORDER - 1),
                                     ec.SECP256R1())

    def serial(self, label: str) -> int:
        if self._seed is None:
            return int.from_bytes(secrets.token_bytes(16), "big") >> 1 | 1
        digest = hashlib.sha256(f"serial\0{self._seed}\0{label}".encode()).digest()
        return int.from_bytes(digest[:16], "big") >> 1 | 1


def _write(folder: Path, keys: _Keys) -> None:
    authorities = folder / AUTHORITIES
    authorities.mkdir(mode=0o700, exist_ok=True)
    root_key, issuing_key = keys.new("root"), keys.new("issuing")
    root_name, issuing_name = _authority("00", "Bench Root"), _authority("07", "Bench Issuing")
    root = _certificate(root_name, root_key, root_name, root_key, keys.serial("root"),
                        usage="key_cert_sign")
    issuing = _certificate(issuing_name, issuing_key, root_name, root_key, keys.serial("issuing"),
                           usage="key_cert_sign")
    _store(authorities / "root", root_key, root)
    _store(authorities / "issuing-authority", issuing_key, issuing)
    for party in PARTIES:
        for kind, usage in _USAGES.items():
            label = f"{party.eui64.hex()}-{kind}"
            key = keys.new(label)
            certificate = _certificate(_organisation(party), key, issuing_name, issuing_key,
                                       keys.serial(label), usage=usage)
            _store(folder / label, key, certificate)
    for kind, usage in _USAGES.items():
        label = f"{DEVICE_EUI64.hex()}-{kind}"
        key = keys.new(label)
        certificate = _certificate(x509.Name([]), key, issuing_name, issuing_key,
                                   keys.serial(label), usage=usage, device=DEVICE_EUI64)
        _store(folder / label, key, certificate)
    lines = ["# EUI-64 of each party of this test PKI"]
    lines += [f'{party.name}: "{party.eui64.hex()}"' for party in PARTIES]
    lines.append(f'{DEVICE}: "{DEVICE_EUI64.hex()}"')
    # last, so that a folder with this file is a whole PKI
    (folder / PARTIES_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _authority(role: str, name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
                      x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _organisation(party: Party) -> x509.Name:
    # as a bit string, the leading zero octet says that no bit of the last octet is unused
    identifier = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0" + party.eui64,
                                    _ASN1Type.BitString)
    role = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{party.role:02X}")
    return x509.Name([role, identifier])


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey, serial: int, *, usage: str, device: bytes | None = None,
) -> x509.Certificate:
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(serial)
               .not_valid_before(_BEGIN).not_valid_after(_NO_END if device else _END))
    usages = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment",
                            "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                            "encipher_only", "decipher_only"), False)
    builder = builder.add_extension(x509.KeyUsage(**{**usages, usage: True}), critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier(_key_identifier(key)), critical=False)
    if device:
        name = _tlv(0x30, _HARDWARE_TYPE + _tlv(0x04, device))
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.OtherName(_HARDWARE_MODULE_NAME, name)]), critical=True)
    if usage == "key_cert_sign":
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None),
                                        critical=True)
    builder = builder.add_extension(
        x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), critical=True)
    authority = x509.AuthorityKeyIdentifier(_key_identifier(issuer_key), None, None)
    builder = builder.add_extension(authority, critical=False)
    return builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)


def _key_identifier(key: ec.EllipticCurvePrivateKey) -> bytes:
    # RFC 5280, 4.2.1.2, method 2: 0100 and the last 60 bits of the SHA-1 of the public key
    point = key.public_key().public_bytes(serialization.Encoding.X962,
                                          serialization.PublicFormat.UncompressedPoint)
    digest = hashlib.sha1(point, usedforsecurity=False).digest()
    return bytes((0x40 | digest[-8] & 0x0F,)) + digest[-7:]


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _store(stem: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    stem.with_name(stem.name + ".pem").write_bytes(pem)
    octets = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    path = stem.with_name(stem.name + ".key")
    path.unlink(missing_ok=True)  # so that the mode below also holds for a replaced key
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
