"""What a meter with a defect makes of signatures under mechanism 7, those of a client and its own.

A client signs its title, the meter's, the meter's challenge and its own; the meter its own title,
the client's, the client's challenge and its own (IEC 62056-5-3, high-level security).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import load_der_x509_certificate

from bench.errors import LocalProtocolError
from bench.protocols import plain_ecdsa
from bench.protocols.dlms.security.keys import Keys
from devices.emulators.gbcs.faults import Faults


class Passes(NamedTuple):
    """What is signed: ``theirs`` is the client's challenge, ``ours`` the meter's, ``former`` the
    meter's in the association before, empty in the first one."""

    keys: Keys
    theirs: bytes
    ours: bytes
    former: bytes

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Return whether the client's key made ``signature`` over ``text``."""
        key = self.keys.peer_signing
        return key is not None and plain_ecdsa.verify(text, signature, key)

    def signed(self, text: bytes) -> bytes:
        """Return the meter's signature over ``text``."""
        assert self.keys.signing is not None  # else the right one could not be made
        return plain_ecdsa.sign(text, self.keys.signing)

    @property
    def octets(self) -> int:
        """Return the length of a signature."""
        key = self.keys.peer_signing
        return 0 if key is None else key.key_size // 4

    @property
    def client_and_meter(self) -> bytes:
        """Return the titles in the order in which the client signs them."""
        return self.keys.peer_title + self.keys.own_title


_TAKEN: Mapping[str, Callable[[Passes, bytes], bool]] = {
    "signature-not-verified": lambda of, given: len(given) == of.octets and any(given),
    "signature-of-zeros-accepted": lambda of, given: len(given) == of.octets and not any(given),
    "signature-too-short-accepted": lambda of, given: len(given) < of.octets,
    "signature-too-long-accepted": lambda of, given: of.verifies(
        of.client_and_meter + of.ours + of.theirs, given[: of.octets]),
    "signature-of-swapped-challenges-accepted": lambda of, given: of.verifies(
        of.client_and_meter + of.theirs + of.ours, given),
    "signature-without-titles-accepted": lambda of, given: of.verifies(of.ours + of.theirs, given),
    "signature-of-former-challenge-accepted": lambda of, given: of.verifies(
        of.client_and_meter + of.former + of.theirs, given),
}

_MADE: Mapping[str, Callable[[Passes], bytes]] = {
    "own-signature-of-swapped-challenges": lambda of: of.signed(
        of.keys.own_title + of.keys.peer_title + of.ours + of.theirs),
    "own-signature-without-titles": lambda of: of.signed(of.theirs + of.ours),
    "own-signature-in-der": lambda of: _der(of.signed(
        of.keys.own_title + of.keys.peer_title + of.theirs + of.ours)),
}


def taken(faults: Faults, of: Passes, given: bytes) -> bool:
    """Return whether a wrong signature of the client is taken all the same."""
    return any(name in faults and way(of, given) for name, way in _TAKEN.items())


def made(faults: Faults, of: Passes, right: bytes) -> bytes:
    """Return the meter's own signature: ``right``, but for a defect."""
    if "own-signature-altered" in faults:
        return right[:-1] + bytes((right[-1] ^ 1,))
    return next((way(of) for name, way in _MADE.items() if name in faults), right)


def with_certified(keys: Keys, certificate: bytes) -> Keys:
    """Return ``keys`` with that of a certificate, whoever signed it, in the place of the client's;
    as they are where it cannot be read."""
    try:
        key = load_der_x509_certificate(certificate).public_key()
        return replace(keys, peer_signing=key)  # type: ignore[arg-type]  # Keys looks at its curve
    except (ValueError, AttributeError, LocalProtocolError):
        return keys


def _der(signature: bytes) -> bytes:
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"),
                                int.from_bytes(signature[half:], "big"))
