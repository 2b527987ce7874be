"""The decision on a subject, and what each requirement contributed to it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bench.records.subject import Subject
from bench.records.verdict import CaseResult


class Status(enum.StrEnum):
    """Full, partial (scope named) or none."""

    COMPLIANT = "SMIP Compliant"
    PARTIAL = "partial"
    NONE = "none"


class Standing(enum.StrEnum):
    """What the evidence says of one requirement."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    INAPPLICABLE = "inapplicable"
    NOT_TESTABLE = "not testable here"
    NOT_TESTED = "not tested"
    PROVISIONAL = "provisional"  # tested, reported, not counted
    SUSPECT = "suspect"  # the requirement changed since its cases were reviewed
    UNPROVEN = "unproven"  # its passing cases have no bite
    CONTRADICTED = "contradicted"  # one run says pass, another says fail
    SHORT = "short of quorum"  # passed, by fewer laboratories than the baseline asks for
    TOLERATED = "tolerated"  # failed, by an issue that may stand for now
    IMPORTED = "imported"  # shown by another body's certificate
    ATTESTED = "attested"  # on somebody's word, where no test can show it
    EXEMPTED = "exempted"
    CARRIED_OVER = "carried over"  # passed by an earlier firmware, and not touched since


@dataclass(frozen=True, slots=True)
class RequirementStanding:
    """One requirement's line of the matrix."""

    id: str
    standing: Standing
    mandatory: bool
    reason: str
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Status, the scope it holds for, and every reason that kept it from being better."""

    status: Status
    scope: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a report needs: pure data, no paths to resolve, no clock to read."""

    subject: Subject
    mode: str  # precheck, ci or certify
    demonstration: bool
    baseline: str
    decision: Decision
    requirements: tuple[RequirementStanding, ...]
    results: tuple[CaseResult, ...]
    ledger_hash: str
    started: str
    ended: str
    tools: tuple[tuple[str, str], ...]  # name, version
