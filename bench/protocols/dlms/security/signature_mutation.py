"""Wrong answers to a challenge under mechanism 7, made on purpose: signatures with one flaw each.

The right one signs the titles of client and server, the server's challenge and the client's, in
this order, and is two numbers side by side (IEC 62056-5-3). A server refuses all of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.errors import LocalProtocolError
from bench.protocols import plain_ecdsa
from bench.protocols.dlms.security import hls
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.mutation import flip

_Way = Callable[[Keys, ec.EllipticCurvePrivateKey, bytes, bytes], bytes]


def _right(keys: Keys, theirs: bytes, ours: bytes) -> bytes:
    return hls.answer(Mechanism.ECDSA, keys, theirs=theirs, ours=ours)


MUTATIONS: Mapping[str, _Way] = {
    "altered": lambda keys, _, theirs, ours: flip(_right(keys, theirs, ours)),
    "other-key": lambda keys, own, theirs, ours: plain_ecdsa.sign(
        keys.own_title + keys.peer_title + theirs + ours, ec.generate_private_key(own.curve)),
    "challenges-swapped": lambda keys, _, theirs, ours: _right(keys, ours, theirs),
    "titles-absent": lambda _, own, theirs, ours: plain_ecdsa.sign(theirs + ours, own),
    "zeros": lambda keys, _, theirs, ours: bytes(len(_right(keys, theirs, ours))),
    "cut": lambda keys, _, theirs, ours: _right(keys, theirs, ours)[:-1],
    "extended": lambda keys, _, theirs, ours: _right(keys, theirs, ours) + b"\0",
    "absent": lambda _keys, _own, _theirs, _ours: b"",
}


def mutate(keys: Keys, name: str, *, theirs: bytes, ours: bytes) -> bytes:
    """Return the answer of a client to ``theirs`` with the flaw ``name``.

    LocalProtocolError for an unknown name, and where there is no private key to sign with.
    """
    if name not in MUTATIONS:
        raise LocalProtocolError(f"no mutation {name!r}")
    if keys.signing is None:
        raise LocalProtocolError("no private key to sign with")
    return MUTATIONS[name](keys, keys.signing, theirs, ours)


def stranger(keys: Keys) -> Keys:
    """Return ``keys`` with another key to sign with, and a certificate that it has signed itself
    in the name of the client.

    LocalProtocolError where there is no private key to sign with.
    """
    if keys.signing is None:
        raise LocalProtocolError("no private key to sign with")
    own = ec.generate_private_key(keys.signing.curve)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, keys.own_title.hex().upper())])
    made = x509.CertificateBuilder(
        name, name, own.public_key(), 1, _SINCE, _UNTIL).sign(own, hashes.SHA256())
    return replace(keys, signing=own,
                   certificate=made.public_bytes(serialization.Encoding.DER))


_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
