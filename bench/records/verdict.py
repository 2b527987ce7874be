"""Verdict, disposition and grade (ISO/IEC 9646-1; TTCN-3 ordering)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Verdict(enum.StrEnum):
    """``none < pass < inconclusive < fail < error``; see :func:`worse`."""

    NONE = "none"
    PASS = "pass"  # noqa: S105  a verdict
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"
    ERROR = "error"


SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict)}


def worse(first: Verdict, second: Verdict) -> Verdict:
    """Return the worse of two verdicts: a verdict never gets better."""
    return max(first, second, key=SEVERITY.__getitem__)


class Disposition(enum.StrEnum):
    """What became of a planned case, apart from its verdict. Nothing is silent."""

    SELECTED = "selected"
    INAPPLICABLE = "inapplicable"
    NOT_TESTABLE = "not testable here"
    NOT_VERIFIABLE = "not verifiable"
    BLOCKED = "blocked"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged expectation: where, what was expected, what was seen, what it cites."""

    phase: str  # "preamble", "body" or "postamble"
    step: int  # index within the phase, from 0
    expression: str
    verdict: Verdict
    reason: str
    cites: tuple[str, ...]
    seen: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The judged outcome of one case: its last attempt decides, earlier ones are kept."""

    case: str
    verdict: Verdict
    disposition: Disposition
    reason: str
    findings: tuple[Finding, ...] = ()
    attempts: int = 0
    evidence: tuple[int, ...] = ()  # sequence numbers of the ledger entries judged
