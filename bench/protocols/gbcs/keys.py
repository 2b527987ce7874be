"""The keys of a bench: a folder of certificates and private keys, named by party and usage.

``<eui64>-ds.pem``, ``-ka.pem`` and ``-pp-ka.pem`` hold a certificate (or a bare public key),
``.key`` of the same name the private key, PEM without a password. All keys are on P-256 (GBCS
section 4.3.2). The role of a remote party is the organisational unit of its certificate (GBCS
section 12.4); a device's certificate has none. Left out: checking chains of certificates.
"""

from __future__ import annotations

import enum
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.errors import LocalProtocolError


class Usage(enum.StrEnum):
    """What a key is for; the value is the ending of its file's name."""

    DIGITAL_SIGNATURE = "ds"
    KEY_AGREEMENT = "ka"
    PREPAYMENT = "pp-ka"  # key agreement of prepayment top-ups


class Role(enum.IntEnum):
    """Remote party roles, as certificates number them (GBCS section 12.4)."""

    ROOT = 0
    RECOVERY = 1
    SUPPLIER = 2
    NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER = 4
    TRANSITIONAL_CHANGE_OF_SUPPLIER = 5
    WAN_PROVIDER = 6
    ISSUING_AUTHORITY = 7
    LOAD_CONTROLLER = 8


class KeyStoreError(LocalProtocolError):
    """A folder of keys cannot be used; the text names the folder or file."""


_USAGES: Mapping[str, Usage] = {usage.value: usage for usage in Usage}
_NAME = re.compile(r"([0-9a-f]{16})-(ds|ka|pp-ka)\.(pem|key)")
_HARDWARE_MODULE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")
_UNIQUE_IDENTIFIER = NameOID.X500_UNIQUE_IDENTIFIER


class KeyStore:
    """Certificates, public and private keys by EUI-64 and usage, and the secrets they agree on."""

    def __init__(self) -> None:
        self.warnings: tuple[str, ...] = ()
        self._certificates: dict[tuple[bytes, Usage], x509.Certificate] = {}
        self._public: dict[tuple[bytes, Usage], ec.EllipticCurvePublicKey] = {}
        self._private: dict[tuple[bytes, Usage], ec.EllipticCurvePrivateKey] = {}
        # what is asked for with every message, and slow to find out
        self._secrets: dict[tuple[bytes, bytes, Usage, Usage], bytes | None] = {}
        self._roles: dict[bytes, Role | None] = {}
        self._of_role: dict[Role, tuple[bytes, ...]] = {}

    @classmethod
    def load(cls, folder: str | Path, *, strict: bool) -> KeyStore:
        """Read ``folder``; raise KeyStoreError if it is absent or holds no key.

        ``strict`` refuses a private key that group or others can read (on POSIX), a certificate
        of another party than its name says, and a private key without its certificate's public
        key; otherwise each is a line of ``warnings``.
        """
        path = Path(folder)
        if not path.is_dir():
            raise KeyStoreError(f"key folder {path}: no such folder")
        store = cls()
        complaints: list[str] = []
        exposed = 0
        try:
            for file, eui64, usage in _key_files(path):
                if file.suffix.lower() == ".pem":
                    complaints += store._read_certificate(file, eui64, usage)
                else:
                    exposed += _readable_by_others(file)
                    store._private[eui64, usage] = _private_key(file)
        except OSError as wrong:
            raise KeyStoreError(f"{wrong.filename or path}: {wrong.strerror}") from None
        if not store._public and not store._private:
            raise KeyStoreError(
                f"key folder {path}: no file named <eui64>-ds|ka|pp-ka.pem or .key")
        complaints += store._mismatches()
        for key, private in store._private.items():
            store._public.setdefault(key, private.public_key())
        if exposed:
            complaints.insert(0, f"{exposed} private key files can be read by group or others")
        if strict and complaints:
            raise KeyStoreError(f"key folder {path}: {complaints[0]}")
        store.warnings = tuple(complaints)
        return store

    def add(
        self, eui64: bytes, usage: Usage, *, certificate: x509.Certificate | None = None,
        public_key: ec.EllipticCurvePublicKey | None = None,
        private_key: ec.EllipticCurvePrivateKey | None = None,
    ) -> None:
        """Put keys of one party in, replacing what was there."""
        key = (eui64, Usage(usage))
        if certificate is not None:
            self._certificates[key] = certificate
            public_key = public_key or _on_p256(certificate.public_key(), "certificate")
        if private_key is not None:
            self._private[key] = private_key
            public_key = public_key or private_key.public_key()
        if public_key is not None:
            self._public[key] = public_key
            if key in self._private and self._private[key].public_key() != public_key:
                del self._private[key]  # of the pair that this one replaces
        for kept in (self._secrets, self._roles, self._of_role):
            kept.clear()

    def parties(self) -> tuple[bytes, ...]:
        """Return the EUI-64 of every party of which any key is held, in order."""
        return tuple(sorted({eui64 for eui64, _ in (*self._public, *self._private)}))

    def certificate(self, eui64: bytes, usage: str) -> x509.Certificate | None:
        """Return the certificate, or ``None`` where none is held."""
        return self._certificates.get((eui64, _USAGES[usage]))

    def public_key(self, eui64: bytes, usage: str) -> ec.EllipticCurvePublicKey | None:
        """Return the public key, or ``None`` where none is held."""
        return self._public.get((eui64, _USAGES[usage]))

    def private_key(self, eui64: bytes, usage: str) -> ec.EllipticCurvePrivateKey | None:
        """Return the private key, or ``None`` where none is held."""
        return self._private.get((eui64, _USAGES[usage]))

    def role(self, eui64: bytes) -> Role | None:
        """Return the role in the party's certificates; ``None`` for a device or where unknown."""
        try:
            return self._roles[eui64]
        except KeyError:
            held = (self._certificates.get((eui64, usage)) for usage in Usage)
            certificate = next(filter(None, held), None)
            role = self._roles[eui64] = role_of(certificate) if certificate else None
            return role

    def of_role(self, role: Role) -> tuple[bytes, ...]:
        """Return the parties of one role, in order."""
        found = self._of_role.get(role)
        if found is None:
            found = self._of_role[role] = tuple(
                eui64 for eui64 in self.parties() if self.role(eui64) == role)
        return found

    def shared_secret(
        self, one: bytes, other: bytes, usage: Usage = Usage.KEY_AGREEMENT,
        other_usage: Usage = Usage.KEY_AGREEMENT,
    ) -> bytes | None:
        """Return the P-256 Diffie-Hellman secret of two parties, 32 octets, kept once computed.

        ``None`` unless the private key of one and the public key of the other are held.
        """
        pair = (one, other, usage, other_usage)
        try:
            return self._secrets[pair]
        except KeyError:
            secret = self._secrets[pair] = (
                self._exchange((one, usage), (other, other_usage))
                or self._exchange((other, other_usage), (one, usage)))
            return secret

    def _exchange(self, own: tuple[bytes, Usage], peer: tuple[bytes, Usage]) -> bytes | None:
        private, public = self._private.get(own), self._public.get(peer)
        if private is None or public is None:
            return None
        return private.exchange(ec.ECDH(), public)

    def _read_certificate(self, file: Path, eui64: bytes, usage: Usage) -> list[str]:
        octets = file.read_bytes()
        try:
            if b"BEGIN PUBLIC KEY" in octets:
                self._public[eui64, usage] = _on_p256(
                    serialization.load_pem_public_key(octets), file.name)
                return []
            certificate = x509.load_pem_x509_certificate(octets)
            self._public[eui64, usage] = _on_p256(certificate.public_key(), file.name)
            self._certificates[eui64, usage] = certificate
            subject = entity_of(certificate)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyStoreError(f"{file}: no certificate in PEM form") from None
        if subject is not None and subject != eui64:
            return [f"{file.name} certifies {subject.hex()}"]
        return []

    def _mismatches(self) -> list[str]:
        return [
            f"{eui64.hex()}-{usage}.key does not belong to the certificate of that name"
            for (eui64, usage), private in self._private.items()
            if (eui64, usage) in self._public
            and self._public[eui64, usage].public_numbers()
            != private.public_key().public_numbers()]


def owner_only_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """Return the private key in ``file``; KeyStoreError if group or others can read it, or none."""
    key = _private_key(file)
    if _readable_by_others(file):
        raise KeyStoreError(f"{file}: a private key that group or others can read")
    return key


def role_of(certificate: x509.Certificate) -> Role | None:
    """Return the remote party role of ``certificate``, or ``None`` if it states none we know."""
    for unit in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME):
        try:
            return Role(int(str(unit.value), 16))
        except ValueError:
            continue
    return None


def entity_of(certificate: x509.Certificate) -> bytes | None:
    """Return the EUI-64 that ``certificate`` is about, or ``None`` if it states none.

    A remote party has it as the unique identifier of its subject, a device as the serial number
    of the hardware module name among its alternative names.
    """
    for attribute in certificate.subject.get_attributes_for_oid(_UNIQUE_IDENTIFIER):
        value = attribute.value
        return value[-8:] if isinstance(value, bytes) else bytes.fromhex(value[-16:])
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return None
    for name in names.value.get_values_for_type(x509.OtherName):
        if name.type_id == _HARDWARE_MODULE_NAME:
            return name.value[-8:]
    return None


def _key_files(folder: Path) -> Iterator[tuple[Path, bytes, Usage]]:
    for file in sorted(folder.iterdir()):
        match = _NAME.fullmatch(file.name.lower())
        if match:
            yield file, bytes.fromhex(match[1]), Usage(match[2])


def _readable_by_others(file: Path) -> bool:
    return os.name == "posix" and bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _private_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyStoreError(f"{file}: no private key in PEM form without a password") from None
    except OSError as wrong:
        raise KeyStoreError(f"{file}: {wrong.strerror}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise KeyStoreError(f"{file}: not a key on P-256")
    return key


def _on_p256(key: object, name: str) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise KeyStoreError(f"{name}: not a key on P-256")
    return key
