"""Which certificates a case touches: those whose baseline plans that very case.

A case that turns out to be wrong casts its doubt on every certificate that was granted by it,
whatever its verdict was there. The case lists of the baselines are given; a certificate that stands
on a baseline which is not among them is told apart, since nothing can be said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.records.register import Certificate, CertificateStatus

CONCERNED = frozenset({CertificateStatus.GRANTED, CertificateStatus.SUSPENDED,
                       CertificateStatus.SUPERSEDED})
"""Statuses of certificates that devices in the field still rest on."""


def touched(
    certificates: Iterable[Certificate], case: str, fingerprint: str,
    baselines: Mapping[str, Mapping[str, str]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the certificates that ``case`` touches, and those of which it is not known.

    ``baselines`` maps the digest of a baseline to its cases, id to fingerprint. A case of the same
    id and another fingerprint is another case.
    """
    found: list[str] = []
    unknown: list[str] = []
    for certificate in certificates:
        if certificate.status not in CONCERNED:
            continue
        digests = baselines_of(certificate)
        if any(baselines.get(digest, {}).get(case) == fingerprint for digest in digests):
            found.append(certificate.id)
        elif not baselines.keys() >= digests:
            unknown.append(certificate.id)
    return tuple(found), tuple(unknown)


def baselines_of(certificate: Certificate) -> frozenset[str]:
    """Return the digests of the baselines that a certificate stands on: that of its grant, and
    those under which it was assessed since."""
    return frozenset({certificate.grant.baseline.digest,
                      *(one.baseline.digest for one in certificate.assessments)})
