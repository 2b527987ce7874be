"""The register's records: what an entry holds, and what the entries say of a certificate.

An entry is one line of the register and never changes; a :class:`Certificate` is what its entries
come to on one day. Dates are ISO 8601, ``YYYY-MM-DD``; they are given with the entry. Fields of a
certificate follow the Certified Products List where it has them (reference: schemes.md, part 2).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.records.decision import Status
from bench.records.serial import IF_ANY
from bench.records.subject import Subject


class CertificateStatus(enum.StrEnum):
    """What a certificate is worth; only ``granted`` is in force."""

    GRANTED = "granted"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class EntryKind(enum.StrEnum):
    """What an entry says; the record of its content is in :data:`CONTENT`."""

    OPENED = "register opened"
    GRANTED = "granted"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    PLANNED = "rectification plan"
    REVIEWED = "plan reviewed"
    TOLERATED = "issue tolerated"
    CLOSED = "issue closed"
    DISPUTED = "dispute opened"
    RESOLVED = "dispute resolved"
    MARKED = "marked by a dispute"
    ASSESSED = "assessed under a further baseline"


class DisputeOutcome(enum.StrEnum):
    """How a dispute over one case ended."""

    UPHELD = "upheld"  # the verdict stands
    CORRECTED = "corrected"
    PLAN_ERRATUM = "plan erratum"
    BENCH_FAULT = "bench fault"


@dataclass(frozen=True, slots=True)
class Opened:
    """The first entry: whose register it is, and whether it is a demonstration without worth."""

    keeper: str
    demonstration: bool


@dataclass(frozen=True, slots=True)
class CertifiedBaseline:
    """The baseline that a certificate stands for; ``digest`` is its SHA-256, 64 digits."""

    name: str
    date: str
    digest: str
    specifications: tuple[tuple[str, str], ...]  # name, version


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """One run that a certificate rests on.

    ``ledger_hash`` is the hash of the last entry of its ledger, ``bundle_sha256`` that of its
    evidence bundle, "" where there is none; both SHA-256, 64 hexadecimal digits.
    """

    ledger_hash: str
    bundle_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A certificate as it was granted.

    ``decision`` is full or partial. ``coding`` says how the maker writes firmware versions,
    "hexadecimal" or "BCD". ``ledger_hash`` and ``bundle_sha256`` are of the first run (see
    :class:`RunEvidence`), ``further_runs`` the others, in the order of the ruling.
    ``ruling_sha256`` is that of the signed ruling, "" where there is none. ``upgradable_from``
    holds firmware versions; () means that none is named. ``expires`` is the last day of validity,
    "" for no end. ``demonstration`` says that software stood for the device.
    """

    subject: Subject
    baseline: CertifiedBaseline
    decision: Status
    scope: str
    ledger_hash: str
    laboratory: str
    certification_body: str
    reason: str
    conditions: tuple[str, ...] = ()
    upgradable_from: tuple[str, ...] = ()
    bundle_sha256: str = ""
    expires: str = ""
    coding: str = "hexadecimal"
    demonstration: bool = False
    ruling_sha256: str = ""
    further_runs: tuple[RunEvidence, ...] = field(default=(), metadata=IF_ANY)

    @property
    def runs(self) -> tuple[RunEvidence, ...]:
        """The evidence of every run, the first one included."""
        return RunEvidence(self.ledger_hash, self.bundle_sha256), *self.further_runs

    @property
    def ledger_hashes(self) -> tuple[str, ...]:
        """The hash of the last entry of each run's ledger."""
        return tuple(run.ledger_hash for run in self.runs)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of status; ``successor`` is the superseding certificate, "" for other changes."""

    reason: str
    successor: str = ""


@dataclass(frozen=True, slots=True)
class RectificationPlan:
    """How and until when the maker cures what a partial certificate leaves open."""

    summary: str
    owner: str
    target: str


@dataclass(frozen=True, slots=True)
class PlanReview:
    """A review that found the plan on its way; what is not, is suspended or withdrawn."""

    finding: str
    reviewer: str


@dataclass(frozen=True, slots=True)
class ToleratedIssue:
    """An issue that does not count against a certificate; ``review`` is when it is looked at."""

    issue: str
    requirement: str
    text: str
    owner: str
    review: str


@dataclass(frozen=True, slots=True)
class ClosedIssue:
    """The end of a tolerated issue."""

    issue: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute over one case of a run that a certificate rests on, or of a report alone.

    ``ledger_hash`` is the hash of the last entry of that evidence, which stands for the report;
    ``fingerprint`` that of the case as it was run, 16 hexadecimal digits; ``verdict`` the disputed
    one; ``subject`` who was tested. Entries from before these were asked for leave them empty.
    """

    case: str
    opened_by: str
    reason: str
    ledger_hash: str = ""
    fingerprint: str = ""
    verdict: str = ""
    subject: Subject | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The end of the dispute that entry ``dispute`` opened.

    ``replay_sha256`` is the SHA-256 of the ``replay.json`` that it rests on, "" for none.
    """

    dispute: int
    outcome: DisputeOutcome
    reason: str
    replay_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A note on a certificate that the outcome of a dispute touches."""

    dispute: int
    reason: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What became of a certified subject under a further baseline, an emergency one for example.

    ``decision`` is that of the signed ruling with the SHA-256 ``ruling_sha256``.
    """

    baseline: CertifiedBaseline
    decision: Status
    reason: str
    ruling_sha256: str


Content = (Opened | Grant | Change | RectificationPlan | PlanReview | ToleratedIssue | ClosedIssue
           | Dispute | Resolution | Mark | Assessment)

CONTENT: Mapping[EntryKind, type[Content]] = {
    EntryKind.OPENED: Opened,
    EntryKind.GRANTED: Grant,
    EntryKind.SUSPENDED: Change,
    EntryKind.REINSTATED: Change,
    EntryKind.SUPERSEDED: Change,
    EntryKind.WITHDRAWN: Change,
    EntryKind.EXPIRED: Change,
    EntryKind.PLANNED: RectificationPlan,
    EntryKind.REVIEWED: PlanReview,
    EntryKind.TOLERATED: ToleratedIssue,
    EntryKind.CLOSED: ClosedIssue,
    EntryKind.DISPUTED: Dispute,
    EntryKind.RESOLVED: Resolution,
    EntryKind.MARKED: Mark,
    EntryKind.ASSESSED: Assessment,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; ``sequence`` counts from 1, ``certificate`` is "" for the register's own.

    ``subject`` is the key of the subject (:func:`bench.scheme.subject.subject_key`) of a grant, and
    ``model`` maker id and model; both are "" for other kinds. ``text`` is the content as
    stored, whose record is ``content``.
    """

    sequence: int
    at: str
    kind: EntryKind
    certificate: str
    subject: str
    model: str
    text: str
    previous: str
    hash: str
    content: Content


@dataclass(frozen=True, slots=True)
class OpenDispute:
    """A dispute; ``resolution`` is None while it is open.

    ``certificate`` is "" for a dispute over a report that no certificate rests on.
    """

    number: int
    opened: str
    dispute: Dispute
    resolution: Resolution | None
    resolved: str
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What its entries say of a certificate on one day.

    ``entered`` is the status by the entries alone. ``status`` is what must be shown: the day may
    have ended the validity, or passed ``due``, the day on which a partial certificate's
    rectification plan or its next review (``due_for``) had to be entered. ``since`` is the first
    day of ``status``.
    """

    id: str
    at: str
    grant: Grant
    granted: str
    status: CertificateStatus
    entered: CertificateStatus
    since: str
    reason: str
    successor: str
    due: str
    due_for: str
    overdue: bool
    plan: RectificationPlan | None
    issues: tuple[ToleratedIssue, ...]  # those not closed
    disputes: tuple[OpenDispute, ...]
    history: tuple[Entry, ...]
    assessments: tuple[Assessment, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether the certificate can be relied on."""
        return self.status is CertificateStatus.GRANTED


@dataclass(frozen=True, slots=True)
class RegisterHead:
    """The register as a whole: what its first and its last entry say."""

    keeper: str
    demonstration: bool
    opened: str
    first: str  # hash of the first entry, which names this register
    sequence: int
    hash: str
    at: str  # date of the last entry


@dataclass(frozen=True, slots=True)
class Published:
    """All of a register as it stands on the day ``at``, read in one piece.

    ``issues`` are those tolerated for all certificates, ``disputes`` those over reports that no
    certificate rests on; ``certificates`` and ``entries`` are in the order of their entries.
    """

    at: str
    head: RegisterHead
    issues: tuple[ToleratedIssue, ...]
    disputes: tuple[OpenDispute, ...]
    certificates: tuple[Certificate, ...]
    entries: tuple[Entry, ...]


def plain(entry: Entry) -> dict[str, Any]:
    """Return an entry as plain JSON values, its stored text included."""
    return {"sequence": entry.sequence, "at": entry.at, "kind": entry.kind.value,
            "certificate": entry.certificate, "subject": entry.subject, "model": entry.model,
            "content": entry.text, "previous": entry.previous, "hash": entry.hash}
