"""Reads a certification body's ruling, and holds it against the register and the body.

The file is the ruling as JSON, or the signed one (:mod:`bench.bundle.ruling`). Whether the
signature holds was asked when the certificate was granted: the register names the SHA-256 of the
signed ruling, the subject, the baseline and the evidence, and the ruling must be of the same. Who
signs a certificate may be no laboratory whose evidence it rests on.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from pydantic import TypeAdapter, ValidationError

from bench.bundle import ruling as signed_ruling
from bench.bundle.errors import BundleError
from bench.documents.signing import Credential
from bench.errors import DocumentError
from bench.records.assurance import Ruling
from bench.records.issued import BodyDeclaration
from bench.records.register import Certificate, Grant, RunEvidence

LARGEST = 64 << 20  # octets


def read_ruling(path: Path) -> tuple[Ruling, str]:
    """Return the ruling in ``path`` and the SHA-256 of the file; :class:`DocumentError` if none."""
    try:
        with path.open("rb") as stream:
            octets = stream.read(LARGEST + 1)
    except OSError as failure:
        raise DocumentError(f"{path}: cannot be read: {failure.strerror}") from failure
    if len(octets) > LARGEST:
        raise DocumentError(f"{path}: larger than {LARGEST} octets: no ruling")
    try:
        ruling = (signed_ruling.read_ruling(path).ruling if b'"payload"' in octets
                  else TypeAdapter(Ruling).validate_json(octets))
    except BundleError as wrong:
        raise DocumentError(str(wrong)) from wrong
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise DocumentError(f"{path}: no ruling: {'.'.join(map(str, first['loc'])) or 'the file'}: "
                            f"{first['msg']}") from None
    return ruling, sha256(octets).hexdigest()


def refuse_misfits(
    found: Certificate, ruling: Ruling, ruling_sha256: str, declaration: BodyDeclaration,
    credential: Credential | None,
) -> None:
    """Raise :class:`DocumentError` where no certificate can be made of these together."""
    misfits = (*_misfits(found, ruling, ruling_sha256, declaration),
               *_same_hands(found, ruling, declaration, credential))
    if misfits:
        raise DocumentError(f"{found.id}: no certificate: {'; '.join(misfits)}")


def _misfits(found: Certificate, ruling: Ruling, ruling_sha256: str,
             declaration: BodyDeclaration) -> Iterator[str]:
    grant = found.grant
    if ruling.subject != grant.subject:
        yield "the ruling is on another subject"
    if ruling.baseline != grant.baseline:
        yield "the ruling is under another baseline"
    if (ruling.decision.status, ruling.decision.scope) != (grant.decision, grant.scope):
        yield f"the ruling decided {ruling.decision.status}, {ruling.decision.scope}"
    if ruling.demonstration != grant.demonstration:
        yield "one of ruling and grant is a demonstration"
    yield from _other_evidence(grant, ruling)
    if grant.ruling_sha256 not in ("", ruling_sha256):
        yield f"it was granted on the signed ruling with SHA-256 {grant.ruling_sha256}"
    if _plain(grant.certification_body) != _plain(declaration.body.name):
        yield f"it was granted by {grant.certification_body}, not by {declaration.body.name}"
    if _plain(ruling.certification_body) not in ("", _plain(grant.certification_body)):
        yield f"the ruling is by {ruling.certification_body}"


def _other_evidence(grant: Grant, ruling: Ruling) -> Iterator[str]:
    rests_on = tuple(RunEvidence(run.ledger_hash, run.bundle_sha256) for run in ruling.runs)
    if not grant.further_runs:  # of several runs, an earlier version entered the first alone
        rests_on = rests_on[:1]
    if grant.runs != rests_on:
        yield "the ruling rests on other evidence: its runs are not those of the grant"


def _same_hands(found: Certificate, ruling: Ruling, declaration: BodyDeclaration,
                credential: Credential | None) -> Iterator[str]:
    laboratories = {_plain(name) for said in (
        found.grant.laboratory, *(run.laboratory for run in ruling.runs)) for name in _names(said)}
    if _plain(declaration.body.name) in laboratories:
        yield f"{declaration.body.name} is the laboratory too"
    if credential is None:
        return
    for run in ruling.runs:
        if run.keyid == credential.keyid:
            yield f"the signing key is that of {run.laboratory or 'the laboratory'}, who tested"
    for name in credential.names:
        if _plain(name) in laboratories:
            yield f"the signing certificate is that of {name}, who tested"


def _names(laboratory: str) -> Iterator[str]:
    """Give a laboratory's name, and where it is that of a certificate, each name in it."""
    if laboratory:
        yield laboratory
    try:
        yield from (str(part.value) for part in x509.Name.from_rfc4514_string(laboratory))
    except ValueError:
        return


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
