"""Which certificate issued which: names, key identifiers and signatures (RFC 5280 section 6.1).

Left out: everything that a certificate must keep besides; that is the rules' part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.gbcs.certificate_reading import Certificate


def chain(
    certificate: Certificate, authorities: Sequence[Certificate],
) -> tuple[Certificate, ...]:
    """Return root, issuing authority and ``certificate``, as far as ``authorities`` lead up."""
    path = [certificate]
    while not path[0].self_issued:
        issuer = issuer_of(path[0], authorities)
        if issuer is None or issuer in path:
            break
        path.insert(0, issuer)
    return tuple(path)


def issuer_of(
    certificate: Certificate, authorities: Sequence[Certificate],
) -> Certificate | None:
    """Return the authority of the issuer's name and, where stated, key; one that verifies first.

    The name may be that of an organisation too: whether it may issue is a rule of its own.
    """
    named = [other for other in authorities
             if other.subject.same_as(certificate.issuer)
             and certificate.authority_key_identifier in (None, other.subject_key_identifier)]
    return next((other for other in named if verifies(certificate, other)),
                named[0] if named else None)


def verifies(certificate: Certificate, issuer: Certificate) -> bool:
    """Tell whether the key of ``issuer`` made the signature (ECDSA with SHA-256 on P-256)."""
    key = issuer.key()
    if key is None:
        return False
    try:
        key.verify(certificate.signature, certificate.signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def key_identifier(public_key: bytes) -> bytes:
    """Return the 8 octets that name a public key (RFC 5280 section 4.2.1.2, method 2)."""
    digest = hashlib.sha1(public_key, usedforsecurity=False).digest()
    return bytes((0x40 | digest[-8] & 0x0F,)) + digest[-7:]
