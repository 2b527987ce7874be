"""What is brought to a decision beside the runs, and what a certification body decided from all.

A *dossier* is what a maker or a laboratory hands in with the evidence: results of other bodies,
attestations, exemptions, tolerated issues, a declaration of change. A *ruling* is the decision with
everything that it rests on; it is what the certification body signs, what the register grants
from, and what a later delta certification carries results over from. Dates are ISO 8601,
``YYYY-MM-DD``; every digest is a SHA-256 in 64 hexadecimal digits, lower case.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.records.decision import Decision, RequirementStanding, Standing
from bench.records.register import CertifiedBaseline
from bench.records.run import FrozenPlan
from bench.records.subject import Subject
from bench.records.verdict import CaseResult


class ImportKind(enum.StrEnum):
    """Where a result of others comes from."""

    DLMS_UA = "dlms-ua"
    ZIGBEE = "zigbee"
    CPA = "cpa"
    METROLOGY = "metrology"
    SAFETY = "safety"
    MAKER = "maker"  # JUnit XML of the maker's own system: shown, never counted


class Match(enum.StrEnum):
    """How the product that an imported result names is the subject."""

    EXACT = "exact"
    MAPPED = "mapped"  # it differs, and evidence says why that does not matter
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a statement: its name and its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class VersionMapping:
    """Why a certificate for another version holds for the subject, and the evidence for it."""

    reason: str
    by: str
    evidence: Attached


@dataclass(frozen=True, slots=True)
class ImportedResult:
    """One certificate or report of another body, as its document has it.

    ``product`` maps fields of a subject (``manufacturer``, ``manufacturer_id``, ``model``,
    ``hardware_version``, ``firmware_version``, ``image_hash``) to what the document says; a field
    that it does not name is absent. ``tool`` and ``tool_version`` name the conformance tool, "" for
    none; ``tested`` is the day of the test. ``counts`` are cases passed and failed, of JUnit only.
    """

    kind: ImportKind
    issuer: str
    number: str
    product: Mapping[str, str]
    tested: str
    document: Attached
    tool: str = ""
    tool_version: str = ""
    expires: str = ""
    mapping: VersionMapping | None = None
    counts: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Attestation:
    """Somebody's word for requirements that no test on a device can show."""

    requirements: tuple[str, ...]
    statement: str
    by: str
    date: str
    evidence: Attached


@dataclass(frozen=True, slots=True)
class Exemption:
    """Requirements that need not be shown anew, by whose leave and why; ``until`` "" for no end."""

    requirements: tuple[str, ...]
    reason: str
    granted_by: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """An issue that may stand: failures of these requirements, in these cases, until ``review``.

    ``cases`` () means any case. ``common`` issues lie outside the maker's power and do not keep a
    decision from being full; others make it partial. ``manufacturer_id`` and ``model`` are "" for
    any device.
    """

    issue: str
    requirements: tuple[str, ...]
    text: str
    owner: str
    review: str
    cases: tuple[str, ...] = ()
    common: bool = False
    manufacturer_id: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class ChangeDeclaration:
    """What the maker says changed since the certificate ``base``: kinds of the rule table."""

    base: str
    changes: tuple[str, ...]
    declared_by: str
    date: str
    release_notes: Attached


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is brought in beside the runs; ``installed`` is a day of installation, or ""."""

    imports: tuple[ImportedResult, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    tolerated: tuple[Tolerance, ...] = ()
    change: ChangeDeclaration | None = None
    installed: str = ""


@dataclass(frozen=True, slots=True)
class LaboratoryRun:
    """One run, judged again by who decides, and the laboratory that signed its evidence.

    ``keyid`` is the SHA-256 of the signing key's public half and ``bundle_sha256`` that of the
    bundle, both "" for evidence that nobody signed.
    """

    plan: FrozenPlan
    results: tuple[CaseResult, ...]
    ledger_hash: str
    started: str
    ended: str
    laboratory: str = ""
    keyid: str = ""
    bundle_sha256: str = ""

    @property
    def turn(self) -> tuple[str, str]:
        """By what several runs are put in order: when they began, then their ledgers."""
        return self.started, self.ledger_hash


@dataclass(frozen=True, slots=True)
class RuledRun:
    """What a ruling keeps of a run."""

    laboratory: str
    keyid: str
    bundle_sha256: str
    ledger_hash: str
    started: str
    ended: str
    mode: str
    tools: tuple[tuple[str, str], ...]
    cases: int  # that have a verdict


@dataclass(frozen=True, slots=True)
class RuledCase:
    """One planned case: what all runs together say of it.

    ``declared`` is the digest of what the ICS says on the items that the case looks at;
    ``carried_from`` names the certificate under which it was tested, "" where it was tested for
    this one. ``laboratories`` are those that passed it.
    """

    id: str
    fingerprint: str
    requirements: tuple[str, ...]
    standing: Standing
    reason: str
    declared: str = ""
    carried_from: str = ""
    laboratories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledImport:
    """An imported result, how it matches, and which requirements it stands for, or why none."""

    result: ImportedResult
    match: Match
    requirements: tuple[str, ...]
    remark: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision with everything it rests on.

    ``tolerated`` are the issues in force that the decision made use of, ``at`` the day of the
    decision, ``bench`` the version that decided. ``certification_body`` is "" while nobody signs.
    ``earlier_sha256`` is that of the signed ruling that results were carried over from, or "".
    """

    subject: Subject
    baseline: CertifiedBaseline
    mode: str
    demonstration: bool
    at: str
    decision: Decision
    requirements: tuple[RequirementStanding, ...]
    cases: tuple[RuledCase, ...]
    runs: tuple[RuledRun, ...]
    imports: tuple[RuledImport, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    tolerated: tuple[Tolerance, ...] = ()
    change: ChangeDeclaration | None = None
    notes: tuple[str, ...] = field(default=())
    certification_body: str = ""
    bench: str = ""
    earlier_sha256: str = ""
