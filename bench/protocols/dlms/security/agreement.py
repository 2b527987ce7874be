"""Keys agreed for one message: ECDH, the key derivation of DLMS, ephemeral public keys.

The shared secret is the x coordinate (NIST SP 800-56A, cofactor 1). The derivation is that
document's concatenation with one round of the suite's hash; its other information is the id of the
algorithm, then the titles of originator and recipient; in the static unified model C(0e, 2s) the
transaction id with its length stands between them, as GBCS section 4.3.3.2 has it too. A public
key goes as x and y side by side.

Our reading, as the Green Book is not held: in one-pass Diffie-Hellman C(1e, 1s) the signature is
over the ephemeral public key alone.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.dlms.security.general import octet_string
from bench.protocols.dlms.security.suites import Suite


def derive(suite: Suite, secret: bytes, other_information: bytes, *,
           wrap: bool = False) -> bytes:
    """Return a key of the suite's length, for AES-GCM or, with ``wrap``, for AES key wrap."""
    assert suite.hash is not None
    digest = hashes.Hash(suite.hash)
    algorithm = suite.wrap_id if wrap else suite.gcm_id
    digest.update(b"".join((b"\0\0\0\1", secret, algorithm, other_information)))
    return digest.finalize()[: suite.key_octets]


def one_pass_key(suite: Suite, secret: bytes, originator: bytes, recipient: bytes) -> bytes:
    """Return the key of a message under C(1e, 1s)."""
    return derive(suite, secret, originator + recipient)


def static_key(suite: Suite, secret: bytes, originator: bytes, transaction_id: bytes,
               recipient: bytes) -> bytes:
    """Return the key of a message under C(0e, 2s)."""
    return derive(suite, secret, originator + octet_string(transaction_id) + recipient)


def shared_secret(own: ec.EllipticCurvePrivateKey, peer: ec.EllipticCurvePublicKey) -> bytes:
    """Return the secret that the two agree on: 32 octets on P-256, 48 on P-384."""
    return own.exchange(ec.ECDH(), peer)


def public_octets(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return x and y side by side."""
    size, numbers = key.key_size // 8, key.public_numbers()
    return numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")


def public_key(curve: ec.EllipticCurve, octets: bytes) -> ec.EllipticCurvePublicKey:
    """Return the key of x and y; ValueError if they are no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + octets)


def ephemeral(curve: ec.EllipticCurve, octets: bytes) -> ec.EllipticCurvePrivateKey:
    """Return a private key made from random ``octets``, 8 or more beyond the curve's length."""
    order = _ORDERS[curve.name]
    number = int.from_bytes(octets, "big") % (order - 1) + 1  # FIPS 186-4, B.4.1
    return ec.derive_private_key(number, curve)


_ORDERS = {  # FIPS 186-4, D.1.2
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                     "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
}
