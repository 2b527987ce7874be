"""Making one certificate of the test PKI: what is to be certified, and signing it.

The shape is that of the DCC reference test data (RTDS 4.5.0) and GBCS section 12; a ``Draft`` can
depart from it in every way that ``pki_flaws`` needs. Keys and serial numbers come from the
system's randomness or from a seed, times from the draft: never from a clock.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from bench.errors import RigError
from bench.protocols.gbcs.certificates import key_identifier

BEGIN = datetime(2015, 1, 1, tzinfo=UTC)
END = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280: no well-defined expiry
POLICY = ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")  # as in the RTDS certificates
HARDWARE_MODULE_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.4")  # RFC 4108

USAGES = {"ds": "digital_signature", "ka": "key_agreement"}
SIGNING = "key_cert_sign"

_HARDWARE_TYPE = bytes.fromhex("060D2A863A0001848FB90F01020201")  # DER, as RTDS devices name it
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_KEY_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
               "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
_STRANGE = ObjectIdentifier("1.2.826.0.1.8641679.1.99")  # nobody knows it


class Keys:
    """Makes key pairs and serial numbers, from the system's randomness or from a seed."""

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


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: the name that the certificate gives, and the key that signs it."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A certificate before it is signed; ``hardware_serial`` makes it a device's.

    ``signed_with`` differs from the issuer's key, and ``key_identifier`` from that of the public
    key, only in a flawed certificate.
    """

    subject: x509.Name
    public_key: ec.EllipticCurvePublicKey
    usages: tuple[str, ...]
    issuer: Issuer
    serial: int
    not_before: datetime = BEGIN
    not_after: datetime = END
    hardware_serial: bytes | None = None
    policies: tuple[ObjectIdentifier, ...] = (POLICY,)
    signed_with: ec.EllipticCurvePrivateKey | None = None
    key_identifier: bytes | None = None
    names_authority_key: bool = True
    usage_critical: bool = True
    strange_extension: bool = False
    digest: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)

    def sign(self) -> x509.Certificate:
        """Return the certificate; equal drafts give equal octets."""
        builder = (x509.CertificateBuilder().subject_name(self.subject)
                   .issuer_name(self.issuer.name).public_key(self.public_key)
                   .serial_number(self.serial).not_valid_before(self.not_before)
                   .not_valid_after(self.not_after))
        for extension, critical in self._extensions():
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.signed_with or self.issuer.key, self.digest,
                            ecdsa_deterministic=True)

    def _extensions(self) -> list[tuple[x509.ExtensionType, bool]]:
        identifier = self.key_identifier or key_identifier(point(self.public_key))
        found: list[tuple[x509.ExtensionType, bool]] = [
            (usage_extension(self.usages), self.usage_critical),
            (x509.SubjectKeyIdentifier(identifier), False)]
        if self.hardware_serial is not None:
            found.append((hardware_extension(self.hardware_serial), True))
        if SIGNING in self.usages:
            found.append((x509.BasicConstraints(ca=True, path_length=None), True))
        if self.policies:
            found.append((x509.CertificatePolicies(
                [x509.PolicyInformation(policy, None) for policy in self.policies]), True))
        if self.names_authority_key:
            issuer = key_identifier(point(self.issuer.key.public_key()))
            found.append((x509.AuthorityKeyIdentifier(issuer, None, None), False))
        if self.strange_extension:
            found.append((x509.UnrecognizedExtension(_STRANGE, b"\x05\x00"), True))
        return found


def authority_name(role: str, name: str) -> x509.Name:
    """Return the subject of an authority."""
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
                      x509.NameAttribute(NameOID.COMMON_NAME, name)])


def organisation_name(role: int | None, eui64: bytes | None) -> x509.Name:
    """Return the subject of an organisation, a part left out where it is ``None``."""
    found: list[x509.NameAttribute[str] | x509.NameAttribute[bytes]] = []
    if role is not None:
        found.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}"))
    if eui64 is not None:
        # as a bit string, the leading zero octet says that no bit of the last octet is unused
        found.append(x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0" + eui64,
                                        _ASN1Type.BitString))
    return x509.Name(found)


def usage_extension(usages: tuple[str, ...]) -> x509.KeyUsage:
    """Return the key usage extension with those bits."""
    return x509.KeyUsage(**{name: name in usages for name in _KEY_USAGES})


def hardware_extension(serial: bytes) -> x509.SubjectAlternativeName:
    """Return the alternative name that holds a device's EUI-64 (RFC 4108)."""
    name = _tlv(0x30, _HARDWARE_TYPE + _tlv(0x04, serial))
    return x509.SubjectAlternativeName([x509.OtherName(HARDWARE_MODULE_NAME, name)])


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the uncompressed point of a key."""
    return key.public_bytes(serialization.Encoding.X962,
                            serialization.PublicFormat.UncompressedPoint)


def store(stem: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write ``stem``.pem and ``stem``.key, the key for its owner only."""
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    stem.with_name(stem.name + ".pem").write_bytes(pem)
    octets = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    path = stem.with_name(stem.name + ".key")
    path.unlink(missing_ok=True)  # so that the mode below also holds for a replaced key
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)


def load_issuer(stem: Path) -> Issuer:
    """Return the authority that ``store`` wrote; raise RigError with the file that is wrong."""
    pem, path = stem.with_name(stem.name + ".pem"), stem.with_name(stem.name + ".key")
    try:
        name = x509.load_pem_x509_certificate(pem.read_bytes()).subject
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as wrong:
        raise RigError(f"{wrong.filename}: {wrong.strerror}; smip-bench pki init --force makes "
                       "the whole PKI anew") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RigError(f"{stem}.pem, .key: no certificate and private key in PEM form") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RigError(f"{path}: not a key on P-256")
    return Issuer(name, key)


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content
