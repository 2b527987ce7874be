"""The device's own key pairs: those in use, and those that wait for their certificate (R-SEC-07).

CS02c makes a key pair and answers with a request for a certificate (PKCS #10), CS02d brings the
certificate and puts the pair to use, CS02e gives the certificate in use. Keys follow from the
device's seed and its first private key, so that runs can be compared and nobody without that key
knows them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import RigError
from bench.protocols.gbcs.certificates import Certificate, KeyUsage, Kind
from bench.protocols.gbcs.keys import KeyStore, Usage
from devices import pki
from devices.emulators.gbcs.certification import (
    chain_flaws,
    loaded,
    profile_flaws,
    readable,
)
from devices.emulators.gbcs.faults import NONE, Faults

SUCCESS, INVALID_CERTIFICATE, WRONG_IDENTITY = "success", "invalidCertificate", \
    "wrongDeviceIdentity"
INVALID_USAGE, NO_PAIR, WRONG_KEY = "invalidKeyUsage", "noCorrespondingKeyPairGenerated", \
    "wrongPublicKey"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256

_USAGES = {KeyUsage.DIGITAL_SIGNATURE: Usage.DIGITAL_SIGNATURE,
           KeyUsage.KEY_AGREEMENT: Usage.KEY_AGREEMENT}
_BY_NAME = {"digitalSignature": Usage.DIGITAL_SIGNATURE, "keyAgreement": Usage.KEY_AGREEMENT}

# A result that a faulty device does not give.
_UNCHECKED = {
    INVALID_CERTIFICATE: "invalid-device-certificate-accepted",
    WRONG_IDENTITY: "device-certificate-of-another-device-accepted",
    INVALID_USAGE: "device-certificate-of-wrong-usage-accepted",
    NO_PAIR: "device-certificate-without-request-accepted",
    WRONG_KEY: "device-certificate-of-another-key-accepted",
}


@dataclass(slots=True)
class Pair:
    """A private key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate | None


def usage_of(bits: list[str]) -> Usage | None:
    """Return the usage that key usage bits name; ``None`` unless it is one that a device has."""
    return _BY_NAME.get(bits[0]) if len(bits) == 1 else None


class OwnKeys:
    """The key pairs of ``device``; the first ones come from ``keys``."""

    def __init__(self, device: bytes, keys: KeyStore, seed: int, faults: Faults = NONE) -> None:
        self._device = device
        self._faults = faults
        self._pairs: dict[Usage, Pair] = {}
        for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
            private = keys.private_key(device, usage)
            if private is None:
                raise RigError(f"no private key {device.hex()}-{usage}.key for the device")
            self._pairs[usage] = Pair(private, keys.certificate(device, usage))
        self._first = dict(self._pairs)
        self._pending: dict[Usage, ec.EllipticCurvePrivateKey] = {}
        self._made = 0
        number = self._pairs[Usage.DIGITAL_SIGNATURE].key.private_numbers().private_value
        self._entropy = f"{seed}\0{number:x}"

    def fill(self, store: KeyStore) -> None:
        """Put the pairs in use into ``store``."""
        pairs = self._first if "old-device-key-still-used" in self._faults else self._pairs
        for usage, pair in pairs.items():
            store.add(self._device, usage, certificate=pair.certificate,
                      public_key=pair.key.public_key(), private_key=pair.key)

    def request(self, usage: Usage) -> bytes:
        """Make a new pair for ``usage`` and return the request for its certificate, DER."""
        self._made += 1
        key = _derived(f"smip-bench device\0{self._entropy}\0{self._made}")
        self._pending[usage] = key
        if "request-for-the-old-key" in self._faults:
            key = self._pairs[usage].key
        return pki.request(key, self._device, usage)

    def install(self, der: bytes, issuers: Sequence[bytes], root: bytes | None,
                now: datetime) -> str:
        """Put a pending pair to use with its certificate; return the result by its GBCS name.

        ``issuers`` are the known authorities below ``root``, DER.
        """
        certificate = readable(der)
        if certificate is None or loaded(der) is None:
            return INVALID_CERTIFICATE
        usage = _USAGES.get(certificate.usage) if certificate.usage is not None else None
        pending = self._pending.get(usage) if usage else None
        result = SUCCESS
        if chain_flaws(certificate, issuers, root, now) or self._misshapen(certificate):
            result = INVALID_CERTIFICATE
        elif certificate.eui64 != self._device:
            result = WRONG_IDENTITY
        elif usage is None:
            result = INVALID_USAGE
        elif pending is None:
            result = NO_PAIR
        elif _point(pending) != certificate.public_key:
            result = WRONG_KEY
        if result == SUCCESS and usage is not None:
            self._put(usage, pending, der)
        elif self._lenient(result, certificate):
            wanted = next((one for one, key in self._pending.items()
                           if _point(key) == certificate.public_key), usage)
            wanted = wanted or Usage.DIGITAL_SIGNATURE
            self._put(wanted, self._pending.get(wanted), der)
            result = SUCCESS
        return result

    def _lenient(self, result: str, certificate: Certificate) -> bool:
        """Return whether a faulty device takes what a right one answers with ``result``."""
        swapped = result in (NO_PAIR, WRONG_KEY) and any(
            _point(key) == certificate.public_key for key in self._pending.values())
        return _UNCHECKED[INVALID_USAGE if swapped else result] in self._faults

    def _misshapen(self, certificate: Certificate) -> bool:
        # without its own name a certificate is somebody else's, whatever else is wrong with it
        return certificate.eui64 == self._device and (
            certificate.kind is not Kind.DEVICE or bool(profile_flaws(certificate)))

    def certificate(self, usage: Usage) -> bytes | None:
        """Return the certificate in use, DER."""
        pairs = self._first if "old-device-certificate-provided" in self._faults else self._pairs
        certificate = pairs[usage].certificate
        return certificate.public_bytes(serialization.Encoding.DER) if certificate else None

    def interrupt(self) -> None:
        """Go through a loss of mains; only a faulty device forgets anything."""
        if "pending-key-lost-over-outage" in self._faults:
            self._pending.clear()

    def _put(self, usage: Usage, pending: ec.EllipticCurvePrivateKey | None, der: bytes) -> None:
        self._pairs[usage] = Pair(pending or self._pairs[usage].key, loaded(der))
        self._pending.pop(usage, None)


def _derived(label: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha512(label.encode()).digest(), "big")
    return ec.derive_private_key(1 + number % (_ORDER - 1), ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962,
                                         serialization.PublicFormat.UncompressedPoint)
