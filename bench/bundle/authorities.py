"""The time-stamping authorities that a verifier trusts, and the path of certificates up to one.

PEM files with certificates: an authority's own, or those of certification authorities above it. The
path is checked by ``cryptography.x509.verification`` (RFC 5280) for the time of the stamp: a
certificate may have expired since. Left out: revocation, which cannot be asked about offline; an
authority that lost its key is taken out of the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from bench.bundle.errors import KeyFileError
from bench.bundle.keys import LARGEST_FILE
from bench.bundle.time_stamp import TimeStamp
from bench.bundle.trust import pem_files, read_octets

_FOR_STAMPS = {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class Authorities:
    """The certificates of the authorities, or of those above them, that are trusted here."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._certificates = tuple(dict.fromkeys(certificates))

    def __len__(self) -> int:
        return len(self._certificates)

    def objection(self, stamp: TimeStamp) -> str:
        """Return why the authority of ``stamp`` is not trusted, "" if it is."""
        builder = PolicyBuilder().store(Store(list(self._certificates))).time(stamp.time)
        verifier = builder.extension_policies(
            ca_policy=_above(), ee_policy=ExtensionPolicy.permit_all()).build_client_verifier()
        authority, *above = stamp.certificates
        try:
            verifier.verify(authority, above)
        except VerificationError as failure:
            return (f"stamped by {stamp.authority}; no path of certificates that held at "
                    f"{stamp.time.isoformat()} leads from it to one of the {len(self)} trusted "
                    f"here ({failure})")
        return ""


def read_authorities(paths: Iterable[Path]) -> Authorities:
    """Read PEM files with one or more certificates, and all ``*.pem`` of folders.

    Raises :class:`KeyFileError` for a file without, a folder without a PEM file, and a YAML file
    beside one: it would be passed over.
    """
    return Authorities(certificate for path in paths for file in pem_files(path)
                       for certificate in _certificates(file))


def _certificates(file: Path) -> Iterator[x509.Certificate]:
    for beside in (file.with_suffix(".yaml"), file.with_suffix(".yml")):
        if beside.exists():
            raise KeyFileError(f"{beside}: nothing more can be said of a time-stamping authority; "
                               "one that is not trusted any more is taken out")
    octets = read_octets(file)
    if len(octets) >= LARGEST_FILE:
        raise KeyFileError(f"{file}: {LARGEST_FILE} octets or more")
    try:
        yield from x509.load_pem_x509_certificates(octets)
    except ValueError:
        raise KeyFileError(f"{file}: no certificate in PEM form") from None


def _above() -> ExtensionPolicy:
    """Return what certificates above an authority must be: RFC 5280, 6.1.4 (k) and (n).

    That its basic constraints let it issue, the library checks itself.
    """
    return (ExtensionPolicy.permit_all()
            .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
            .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign_certificates)
            .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _may_stand_above))


def _may_sign_certificates(_: Policy, __: x509.Certificate, said: x509.KeyUsage | None) -> None:
    if said is not None and not said.key_cert_sign:
        raise ValueError("its key usage does not let it sign certificates")


def _may_stand_above(_: Policy, __: x509.Certificate,
                     said: x509.ExtendedKeyUsage | None) -> None:
    if said is not None and not _FOR_STAMPS & set(said):
        raise ValueError("its extended key usage leaves time stamps out")
