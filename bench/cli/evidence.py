"""What the commands of the scheme read: bundles judged again, and the ruling of a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

from bench.bundle import Authorities, BundleError, TrustStore, taken_out
from bench.bundle.ruling import read_ruling, verify_ruling
from bench.bundle.verdicts import difference_lines
from bench.errors import LedgerError, RegisterError
from bench.ledger import read_ledger
from bench.records.assurance import LaboratoryRun, Ruling
from bench.register import Register
from bench.runner.rejudge import judge_run


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file; raises :class:`~bench.errors.LedgerError`."""
    try:
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    except OSError as failure:
        raise LedgerError(f"{path}: cannot be read: {failure.strerror}") from failure


def laboratory_run(
    bundle: Path, trust: TrustStore, now: datetime, authorities: Authorities | None = None
) -> tuple[LaboratoryRun, Sequence[str]]:
    """Return the run of a bundle, judged again, and where the verdicts that were signed with it
    differ from that.

    Raises :class:`~bench.bundle.BundleError` for a bundle that does not hold, or that no trusted
    laboratory signed.
    """
    with taken_out(bundle, trust, now, authorities) as taken:
        signer = taken.verification.signer
        if signer is None:
            raise BundleError(f"{bundle}: no trusted laboratory signed it")
        contents = read_ledger(taken.folder)
        results = judge_run(contents)
        differing = dict.fromkeys(
            line for told in taken.told.values() for line in difference_lines(results, told))
        run = LaboratoryRun(
            contents.plan, results, contents.hash, contents.started, contents.events[-1].time,
            laboratory=signer.name, keyid=taken.verification.keyid,
            bundle_sha256=sha256_of(bundle))
    return run, tuple(differing)


def ruling_in_force(
    path: Path, certificate: str, register: Register, trust: TrustStore, now: datetime, at: str
) -> Ruling:
    """Return the ruling at ``path``, on which ``certificate`` rests and that is in force on ``at``.

    Raises :class:`~bench.errors.RegisterError` where the register says otherwise, and
    :class:`~bench.bundle.BundleError` where no trusted body signed it.
    """
    signed = read_ruling(path)
    verify_ruling(signed, trust, now)
    found = register.certificate(certificate, at=at)
    if not found.in_force:
        raise RegisterError(f"nothing carries over from {certificate}: it is {found.status} since "
                            f"{found.since}: {found.reason}")
    if found.grant.ruling_sha256 != sha256_of(path):
        raise RegisterError(f"{path} is not the ruling that {certificate} was granted on")
    return signed.ruling
