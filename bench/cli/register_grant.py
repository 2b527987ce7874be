"""From a signed ruling to what the register is asked to enter.

The ruling must be signed by a trusted certification body that is no laboratory of its runs, allow a
certificate, and carry results over, if it does, from a certificate that is still in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bench.bundle import TrustStore
from bench.bundle.ruling import read_ruling, verify_ruling
from bench.cli.evidence import sha256_of
from bench.errors import LedgerError, RegisterError
from bench.records.assurance import Ruling
from bench.records.decision import Status
from bench.records.register import Assessment, Grant, RunEvidence, ToleratedIssue
from bench.register import Register

CERTIFY = "certify"


def verified_ruling(path: Path, trust: TrustStore, now: datetime) -> Ruling:
    """Return the ruling in ``path``.

    Raises :class:`~bench.errors.RegisterError` where no trusted body signed it as it is, or a
    laboratory signed it itself.
    """
    try:
        signed = read_ruling(path)
        verify_ruling(signed, trust, now)
    except LedgerError as refused:
        raise RegisterError(f"{path}: nothing is entered on it: {refused}") from refused
    return signed.ruling


def grant_of(
    path: Path, ruling: Ruling, register: Register, *, conditions: tuple[str, ...],
    upgradable_from: tuple[str, ...], expires: str, coding: str, reason: str, at: str,
) -> Grant:
    """Return the grant that ``ruling``, read from ``path``, is ground for on the day ``at``.

    Raises :class:`~bench.errors.RegisterError` where it is none.
    """
    misfits = tuple(_misfits(ruling, register, at))
    if misfits:
        raise RegisterError(f"{path}: no certificate can rest on it: " + "; ".join(misfits))
    first, *further = (RunEvidence(run.ledger_hash, run.bundle_sha256) for run in ruling.runs)
    return Grant(
        subject=ruling.subject, baseline=ruling.baseline, decision=ruling.decision.status,
        scope=ruling.decision.scope, ledger_hash=first.ledger_hash,
        laboratory=" and ".join(dict.fromkeys(run.laboratory for run in ruling.runs)),
        certification_body=ruling.certification_body,
        reason=reason or f"decided {ruling.decision.status} by the ruling of {ruling.at}",
        conditions=conditions, upgradable_from=upgradable_from,
        bundle_sha256=first.bundle_sha256, expires=expires, coding=coding,
        demonstration=ruling.demonstration, ruling_sha256=sha256_of(path),
        further_runs=tuple(further))


def issues_of(ruling: Ruling) -> tuple[ToleratedIssue, ...]:
    """Return the issues of its own device that a ruling tolerates, as the register enters them."""
    return tuple(
        ToleratedIssue(issue.issue, ", ".join(issue.requirements), issue.text, issue.owner,
                       issue.review) for issue in ruling.tolerated if not issue.common)


def assessment_of(path: Path, ruling: Ruling, reason: str) -> Assessment:
    """Return what a ruling under a further baseline says, as the register enters it."""
    return Assessment(
        ruling.baseline, ruling.decision.status,
        reason or f"decided {ruling.decision.status} by the ruling of {ruling.at}",
        sha256_of(path))


def _misfits(ruling: Ruling, register: Register, at: str) -> Iterator[str]:
    if ruling.decision.status is Status.NONE:
        first = ruling.decision.reasons[:1]
        yield f"its decision is {ruling.decision.status}: " + "".join(first)
    if ruling.mode != CERTIFY:
        yield f"the run was a {ruling.mode}, not a certification"
    if ruling.at > at:
        yield f"it is of {ruling.at}, after the grant"
    if ruling.change is not None:
        yield from _base(ruling, register, at)


def _base(ruling: Ruling, register: Register, at: str) -> Iterator[str]:
    base = ruling.change.base if ruling.change else ""
    found = register.certificate(base, at=at)
    if not found.in_force:
        yield f"{base}, which it builds on, is {found.status} since {found.since}"
    if found.grant.ruling_sha256 != ruling.earlier_sha256:
        yield f"it carries results over from another ruling than that of {base}"
