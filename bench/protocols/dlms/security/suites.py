"""Security suites 0, 1 and 2 of DLMS: which algorithms go together (IEC 62056-5-3).

All use AES-GCM with a tag of 12 octets and AES key wrap; suite 1 adds ECDSA, ECDH and a hash on
P-256, suite 2 the same on P-384 with keys of 256 bits. Compression (V.44) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import LocalProtocolError

TAG_OCTETS = 12
TITLE_OCTETS = 8


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite; lengths in octets. Suite 0 has no public key algorithms."""

    number: int
    key_octets: int
    curve: ec.EllipticCurve | None = None
    hash: hashes.HashAlgorithm | None = None
    gcm_id: bytes = b""  # object identifiers of the algorithms, for key derivation
    wrap_id: bytes = b""

    @property
    def number_octets(self) -> int:
        """Return the octets of one coordinate, and of each half of a signature."""
        return 0 if self.curve is None else self.curve.key_size // 8


def _algorithm(number: int) -> bytes:
    """Return 2.16.756.5.8.3.n, an algorithm registered by the DLMS UA, in BER without its tag."""
    return bytes.fromhex("608574050803") + bytes((number,))


SUITES: Mapping[int, Suite] = {
    0: Suite(0, 16, gcm_id=_algorithm(0), wrap_id=_algorithm(2)),
    1: Suite(1, 16, ec.SECP256R1(), hashes.SHA256(), _algorithm(0), _algorithm(2)),
    2: Suite(2, 32, ec.SECP384R1(), hashes.SHA384(), _algorithm(1), _algorithm(3)),
}


def suite(number: int) -> Suite:
    """Return the suite of that number; LocalProtocolError for any but 0, 1 and 2."""
    if number not in SUITES:
        raise LocalProtocolError(f"security suite {number} is none of 0, 1, 2")
    return SUITES[number]
