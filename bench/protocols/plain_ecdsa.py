"""ECDSA signatures as GBCS and DLMS/COSEM carry them: the numbers r and s side by side, no DER.

Each half is as long as a coordinate of the curve; the hash goes with the curve: SHA-256 on P-256,
SHA-384 on P-384 (FIPS 186-4; IEC 62056-5-3, security suites 1 and 2).
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

_ALGORITHMS: Mapping[int, ec.ECDSA] = {
    256: ec.ECDSA(hashes.SHA256()), 384: ec.ECDSA(hashes.SHA384())}


def sign(octets: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the signature over ``octets``: 64 octets on P-256, 96 on P-384."""
    size = key.key_size
    half = size // 8
    # DER: 30 length 02 length r 02 length s, each number with a zero in front or octets missing
    der = key.sign(octets, _ALGORITHMS[size])
    end = 4 + der[3]
    return der[4:end][-half:].rjust(half, b"\0") + der[end + 2 :][-half:].rjust(half, b"\0")


def verify(octets: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    """Return whether ``signature`` is that of ``octets``; one of another length is not."""
    size = key.key_size
    half = size // 8
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    try:
        key.verify(utils.encode_dss_signature(r, s), octets, _ALGORITHMS[size])
    except InvalidSignature:
        return False
    return len(signature) == 2 * half
