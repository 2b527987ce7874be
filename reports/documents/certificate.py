"""A certification body's certificate as PDF/A: what was decided, on what, and what it is worth.

The register says what was granted and what became of it by the day of issue; the ruling says what
the decision rests on; the body's declaration who signs. A certificate in force, in part, suspended,
superseded, withdrawn, expired or of a demonstration differs from each other in words, frame and
marks, not in colour alone. The grounds of the ISO/IEC 17065:2012, 7.7 contents (body, subject,
scope, dates, signatory) are in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.records.assurance import Match, RuledImport, RuledRun, Ruling
from bench.records.decision import Status
from bench.records.issued import BodyDeclaration
from bench.records.register import Certificate, EntryKind, RegisterHead
from reports.documents.literal import Whole
from reports.documents.parties import identity, organisation, person
from reports.documents.typeset import typeset
from reports.text import instant

TEMPLATE = "certificate.typ.j2"


def certificate_pdf(
    found: Certificate, ruling: Ruling, head: RegisterHead, declaration: BodyDeclaration
) -> bytes:
    """Return the certificate, as it stands on the day ``found.at``, unsigned.

    The same arguments give the same octets; the time in the file is that day. Raises
    :class:`~bench.errors.DocumentError`.
    """
    grant = found.grant
    day = datetime.fromisoformat(found.at).replace(tzinfo=UTC)
    granting = next(entry for entry in found.history if entry.kind is EntryKind.GRANTED)
    return typeset(TEMPLATE, {
        "number": found.id, "at": found.at, "granted": found.granted,
        "expires": grant.expires, "status": found.status.value, "since": found.since,
        "why": found.reason, "successor": found.successor, "in_force": found.in_force,
        "full": grant.decision is Status.COMPLIANT, "demonstration": grant.demonstration,
        "body": organisation(declaration.body), "signatory": person(declaration.signatory),
        "subject": identity(grant.subject), "coding": grant.coding,
        "upgradable_from": grant.upgradable_from,
        "baseline": [grant.baseline.name, grant.baseline.date, Whole(grant.baseline.digest)],
        "specifications": [f"{name} {version}" for name, version in
                           grant.baseline.specifications],
        "scope": grant.scope, "conditions": grant.conditions, "reason": grant.reason,
        "tolerated": [*_tolerated(found, ruling)],
        "runs": [_run(run) for run in ruling.runs],
        "imports": [_import(item) for item in ruling.imports if item.requirements],
        "attestations": [[item.statement, ", ".join(item.requirements), item.by, item.date]
                         for item in ruling.attestations],
        "exemptions": [[item.reason, ", ".join(item.requirements), item.granted_by,
                        item.until or "no end"] for item in ruling.exemptions],
        "carried": [[name, count] for name, count in sorted(Counter(
            case.carried_from for case in ruling.cases if case.carried_from).items())],
        "cases": len(ruling.cases),
        "change": [ruling.change.base, ", ".join(ruling.change.changes),
                   ruling.change.declared_by, ruling.change.date] if ruling.change else None,
        "due": [found.due_for, found.due, found.overdue] if found.due else None,
        "plan": [found.plan.summary, found.plan.owner, found.plan.target] if found.plan else None,
        "disputes": [[f"Dispute {item.number} over {item.dispute.case}", item.opened,
                      item.resolution.outcome.value if item.resolution else "open"]
                     for item in found.disputes],
        "assessments": [[f"{item.baseline.name} ({item.baseline.date})", item.decision.value,
                         item.reason] for item in found.assessments],
        "ruling": Whole(grant.ruling_sha256), "decided": ruling.at, "bench": ruling.bench,
        "entry": [granting.sequence, Whole(granting.hash)],
        "register": [head.keeper, Whole(head.first), head.sequence, Whole(head.hash)],
    }, day)


def _tolerated(found: Certificate, ruling: Ruling) -> Iterator[list[str]]:
    """Give the issues of the ruling, then those entered since, each once."""
    seen = set()
    for item in ruling.tolerated:
        seen.add(item.issue)
        yield [item.issue, item.text, ", ".join(item.requirements), item.owner, item.review]
    for issue in found.issues:
        if issue.issue not in seen:
            yield [issue.issue, issue.text, issue.requirement, issue.owner, issue.review]


def _run(run: RuledRun) -> dict[str, object]:
    return {
        "laboratory": run.laboratory or "not named", "cases": run.cases,
        "started": instant(run.started), "ended": instant(run.ended),
        "ledger": Whole(run.ledger_hash), "bundle": Whole(run.bundle_sha256),
        "key": Whole(run.keyid)}


def _import(item: RuledImport) -> list[str]:
    result = item.result
    mapping = result.mapping
    match = "exact" if item.match is Match.EXACT else (
        f"mapped: {mapping.reason} ({mapping.by})" if mapping else item.match.value)
    return [result.kind.value, result.issuer, result.number, match, ", ".join(item.requirements)]
