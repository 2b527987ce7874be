"""Time-stamping authorities of our own: one built here, that can be wrong in every way, and
OpenSSL's ``ts`` as a process of its own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from asn1crypto import x509 as names
from bundled_runs import NOW
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

YEAR = timedelta(days=365)
STAMPED = NOW + timedelta(minutes=1)
FOR_STAMPS = (ExtendedKeyUsageOID.TIME_STAMPING,)
KEYS = {"rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1())}


@dataclass(frozen=True)
class Authority:
    """An authority with its key, and the certificates above it."""

    key: Key
    certificate: x509.Certificate
    above: x509.Certificate
    root: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def trusting(self, folder: Path, which: str = "root") -> Path:
        """Write one of the certificates as a PEM file and return it."""
        path = folder / f"{which}.pem"
        path.write_bytes(getattr(self, which).public_bytes(Encoding.PEM))
        return path


def authority(kind: str = "ec", *, usage: tuple[Any, ...] = FOR_STAMPS, critical: bool = True,
              ca: bool = False, signs: bool = True, start: datetime = NOW - YEAR,
              end: datetime = NOW + YEAR, above_ca: bool = True,
              above_signs: bool = True, above_usage: tuple[Any, ...] = ()) -> Authority:
    """Return an authority under a certification authority under a root."""
    root_key, above_key, key = (_key(kind, number) for number in range(3))
    root = _certificate("Root", root_key, "Root", root_key, _limits(True))
    more: list[tuple[x509.ExtensionType, bool]] = [
        *_limits(above_ca), (_key_usage(False, certificates=above_signs), True)]
    if above_usage:
        more.append((x509.ExtendedKeyUsage(above_usage), False))
    above = _certificate("Above", above_key, "Root", root_key, more)
    own: list[tuple[x509.ExtensionType, bool]] = [
        *_limits(ca), (_key_usage(signs), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)]
    if usage:
        own.append((x509.ExtendedKeyUsage(usage), critical))
    certificate = _certificate("Stamps of Anytown", key, "Above", above_key, own, start=start,
                               end=end)
    return Authority(key, certificate, above, root)


@dataclass
class Reply:
    """What an authority says in a reply; each field can be wrong."""

    octets: bytes
    time: datetime = STAMPED
    digest: str = "sha256"
    signed_digest: str = ""  # as ``digest`` unless it says otherwise
    status: str = "granted"
    text: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ("certificate", "above")
    ess: str = "v2"
    ess_digest: str = "sha256"
    named: bytes = b""  # the certificate that is signed for, if another
    pss: bool = False
    by_key_id: bool = False
    unsigned: bool = False
    critical: bool = False
    nonce: int | None = None
    content: bytes = b""  # signed for instead of what is there
    attributes: list[dict[str, Any]] = field(default_factory=list)

    def of(self, signer: Authority) -> bytes:
        """Return the TimeStampResp (DER)."""
        info = self._info()
        attributes = cms.CMSAttributes([
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.new(
                self._signed_with(), self.content or info).digest()]},
            *self._named(signer), *self.attributes])
        made: dict[str, Any] = {
            "version": "v3",
            "digest_algorithms": [self._algorithm(self._signed_with())],
            "encap_content_info": {"content_type": "tst_info",
                                   "content": core.ParsableOctetString(info)},
            "certificates": [names.Certificate.load(getattr(signer, name).public_bytes(
                Encoding.DER)) for name in self.certificates],
            "signer_infos": [{
                "version": "v3" if self.by_key_id else "v1",
                "sid": self.sid(signer),
                "digest_algorithm": self._algorithm(self._signed_with()),
                "signed_attrs": attributes,
                "signature_algorithm": self._signature_algorithm(signer),
                "signature": self._signature(signer.key, attributes.dump()),
                **({"unsigned_attrs": [{"type": "1.2.3.4", "values": [core.Null()]}]}
                   if self.unsigned else {})}]}
        status: dict[str, Any] = {"status": self.status}
        if self.text:
            status["status_string"] = list(self.text)
        return bytes(tsp.TimeStampResp({
            "status": status, "time_stamp_token": {"content_type": "signed_data",
                                                   "content": cms.SignedData(made)}}).dump())

    def _signed_with(self) -> str:
        return self.signed_digest or self.digest

    @staticmethod
    def _algorithm(digest: str) -> dict[str, Any]:
        return {"algorithm": digest, "parameters": core.Null()}

    def _info(self) -> bytes:
        info: dict[str, Any] = {
            "version": "v1", "policy": "1.2.3.4.1",
            "message_imprint": {"hash_algorithm": self._algorithm(self.digest),
                                "hashed_message": hashlib.new(self.digest, self.octets).digest()},
            "serial_number": 7, "gen_time": self.time}
        if self.nonce is not None:
            info["nonce"] = self.nonce
        if self.critical:
            info["extensions"] = [{"extn_id": "1.2.3.5", "critical": True, "extn_value": b"\5\0"}]
        return bytes(tsp.TSTInfo(info).dump())

    def _named(self, signer: Authority) -> list[dict[str, Any]]:
        octets = self.named or signer.der
        if self.ess == "v1":
            return [{"type": "signing_certificate", "values": [
                {"certs": [{"cert_hash": hashlib.sha1(octets).digest()}]}]}]
        if self.ess == "v2":
            return [{"type": "signing_certificate_v2", "values": [{"certs": [{
                "hash_algorithm": {"algorithm": self.ess_digest},
                "cert_hash": hashlib.new(self.ess_digest, octets).digest()}]}]}]
        return []

    def sid(self, signer: Authority) -> cms.SignerIdentifier:
        certificate = names.Certificate.load(signer.der)
        if self.by_key_id:
            return cms.SignerIdentifier("subject_key_identifier",
                                        certificate.key_identifier_value)
        return cms.SignerIdentifier("issuer_and_serial_number", {
            "issuer": certificate.issuer, "serial_number": certificate.serial_number})

    def _signature_algorithm(self, signer: Authority) -> dict[str, Any]:
        digest = self._signed_with()
        if isinstance(signer.key, ec.EllipticCurvePrivateKey):
            return {"algorithm": f"{digest}_ecdsa"}
        if self.pss:
            return {"algorithm": "rsassa_pss", "parameters": {
                "hash_algorithm": {"algorithm": digest},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": digest}},
                "salt_length": 20}}
        return {"algorithm": f"{digest}_rsa", "parameters": core.Null()}

    def _signature(self, key: Key, octets: bytes) -> bytes:
        digest = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(),
                  "sha512": hashes.SHA512()}[self._signed_with()]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(octets, ec.ECDSA(digest))
        return key.sign(octets, padding.PSS(padding.MGF1(digest), 20) if self.pss
                        else padding.PKCS1v15(), digest)


def openssl(*arguments: object) -> str:
    """Run OpenSSL and return what it says; the test is skipped where there is none."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("openssl is not installed")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def openssl_reply(signer: Authority, request: Path, *, ess: str = "sha256", digest: str = "sha256",
                  chain: bool = True) -> Path:
    """Let ``openssl ts`` answer a request as the authority ``signer``, now; return the reply."""
    folder = request.parent
    key, own, above = folder / "tsa.key", signer.trusting(folder, "certificate"), \
        signer.trusting(folder, "above")
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "serial").write_text("01\n")
    settings = folder / "tsa.cnf"
    settings.write_text(
        f"[tsa]\ndefault_tsa = own\n[own]\nserial = {(folder / 'serial').as_posix()}\n"
        "default_policy = 1.2.3.4.1\ndigests = sha256, sha384, sha512\naccuracy = secs:1\n"
        f"clock_precision_digits = 3\ness_cert_id_alg = {ess}\nsigner_digest = {digest}\n")
    reply = folder / "reply.tsr"
    openssl("ts", "-reply", "-config", settings, "-queryfile", request, "-signer", own, "-inkey",
            key, *(("-chain", above) if chain else ()), "-out", reply)
    return reply


def now() -> datetime:
    """Return the time on the wall, which OpenSSL's authority has, too."""
    return datetime.now(UTC)


@cache
def _key(kind: str, number: int) -> Key:
    del number  # one key for each place
    return KEYS[kind]()


def _limits(ca: bool) -> list[tuple[x509.ExtensionType, bool]]:
    return [(x509.BasicConstraints(ca, None), True)]


def _key_usage(signs: bool, *, certificates: bool = False) -> x509.KeyUsage:
    other = not signs and not certificates
    return x509.KeyUsage(signs, False, other, False, False, certificates, False, False, False)


def _certificate(name: str, key: Key, issuer: str, issuer_key: Key,
                 extensions: list[tuple[x509.ExtensionType, bool]], *,
                 start: datetime = NOW - 5 * YEAR,
                 end: datetime = NOW + 20 * YEAR) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        _name(issuer), _name(name), key.public_key(), x509.random_serial_number(), start, end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
