"""What a device looks at in a certificate before it trusts it (GBCS sections 12 and 13, RFC 5280).

Each rule that a certificate breaks has a name. ``unknown issuer``: its chain does not lead to the
held root. ``altered``: a signature in the chain is not the issuer's. ``expired`` and ``early``: the
time is outside the validity of a certificate in the chain. ``usage`` and ``role``: it is for
another key usage or another remote party role than its place. ``profile``: it breaks another rule
of GBCS section 12 (``bench.protocols.gbcs.certificates``). ``malformed``: it cannot be read, or its
key is not on P-256. Left out: revocation lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs.certificates import Certificate, KeyUsage, Kind, check, read
from bench.protocols.gbcs.keys import Role

MALFORMED, UNKNOWN_ISSUER, ALTERED = "malformed", "unknown issuer", "altered"
EXPIRED, EARLY, USAGE, ROLE, PROFILE = "expired", "early", "usage", "role", "profile"

USAGES = {"digitalSignature": KeyUsage.DIGITAL_SIGNATURE, "keyAgreement": KeyUsage.KEY_AGREEMENT,
          "keyCertSign": KeyUsage.CERTIFICATE_SIGNING}
"""Key usages by their X.509 name."""

_LONGEST_CHAIN = 4
_NAMED_ABOVE = {"usage-missing", "usage-several", "usage-wrong", "role-missing", "role-wrong"}
_ECDSA = ec.ECDSA(hashes.SHA256())
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension,
               x509.InvalidVersion, x509.UnsupportedGeneralNameType)


def readable(der: bytes) -> Certificate | None:
    """Return the certificate in ``der``; ``None`` where it cannot be read or has no P-256 key."""
    try:
        certificate = read(der)
    except RemoteProtocolError:
        return None
    return certificate if certificate.key() and certificate.der == der else None


def loaded(der: bytes) -> x509.Certificate | None:
    """Return the certificate in ``der`` as a key store takes it; ``None`` where it cannot be."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        parts = (certificate.subject, certificate.extensions, certificate.public_key())
    except _UNREADABLE:
        return None
    key = parts[2]
    good = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    return certificate if good else None


def flaws(
    der: bytes, usage: str, roles: Collection[Role], path: Sequence[bytes], root: bytes | None,
    now: datetime | None,
) -> list[str]:
    """Return the rules that a remote party's certificate breaks, for a place of ``usage``.

    ``path`` are certificates of authorities that came with it or are known, ``root`` the held one,
    all DER. Times are not looked at where ``now`` is ``None``.
    """
    certificate = readable(der)
    if certificate is None or loaded(der) is None:
        return [MALFORMED]
    found = chain_flaws(certificate, path, root, now)
    if certificate.usage != USAGES.get(usage):
        found.append(USAGE)
    if certificate.role not in roles:
        found.append(ROLE)
    return found + profile_flaws(certificate)


def root_flaws(
    der: bytes, path: Sequence[bytes], root: bytes | None, now: datetime | None,
) -> list[str]:
    """Return the rules that a new root breaks: a certificate of its key must lead to the old one.

    That certificate is itself or one of ``path``, the link that the old root signed.
    """
    certificate = readable(der)
    if certificate is None or loaded(der) is None:
        return [MALFORMED]
    found = [] if certificate.kind is Kind.AUTHORITY else [USAGE]
    if certificate.role != Role.ROOT:
        found.append(ROLE)
    links = [link for link in (certificate, *_readable(path))
             if link.public_key == certificate.public_key]
    chains = [chain_flaws(link, path, root, now) for link in links]
    return found + min(chains, key=len)


def profile_flaws(certificate: Certificate) -> list[str]:
    """Return the rule ``profile`` if a certificate breaks it."""
    broken = {rule.name for rule in check(certificate)} - _NAMED_ABOVE
    return [PROFILE] if broken else []


def chain_flaws(
    certificate: Certificate, path: Sequence[bytes], root: bytes | None, now: datetime | None,
) -> list[str]:
    """Return which rules the chain from ``certificate`` to ``root`` breaks."""
    anchor = readable(root) if root else None
    if anchor is None:
        return [UNKNOWN_ISSUER]
    found: list[str] = []
    authorities = [one for one in _readable(path) if one.kind is Kind.AUTHORITY]
    link = certificate
    for _ in range(_LONGEST_CHAIN):
        found += [flaw for flaw in _times(link, now) if flaw not in found]
        issuer = next((one for one in (anchor, *authorities) if _issued(one, link)), None)
        if issuer is None:
            return [*found, UNKNOWN_ISSUER]
        if not _signed(issuer, link):
            return [*found, ALTERED]
        if issuer is anchor:
            return found
        link = issuer
    return [*found, UNKNOWN_ISSUER]


def _readable(path: Sequence[bytes]) -> Iterator[Certificate]:
    return (certificate for certificate in map(readable, path) if certificate)


def _times(certificate: Certificate, now: datetime | None) -> Iterator[str]:
    if now is not None and now > certificate.not_after:
        yield EXPIRED
    if now is not None and now < certificate.not_before:
        yield EARLY


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    return (certificate.issuer.same_as(issuer.subject)
            and certificate.authority_key_identifier in (None, issuer.subject_key_identifier))


def _signed(issuer: Certificate, certificate: Certificate) -> bool:
    key = issuer.key()
    try:
        if key is not None:
            key.verify(certificate.signature, certificate.signed, _ECDSA)
            return True
    except (InvalidSignature, ValueError):
        pass
    return False
