"""What stands in for a test: tolerated issues, imported results, attestations, exemptions, quorum.

Takes the lines that the cases alone give and returns them with all that else was brought in. A
failure can only be tolerated, never covered by somebody's paper; what no case has shown can be
covered by a certificate, by somebody's word where the baseline takes it, or by an exemption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.records.assurance import Dossier, Match, RuledImport, Tolerance
from bench.records.decision import RequirementStanding, Standing
from bench.records.subject import Subject
from bench.scheme.baseline import Baseline
from bench.scheme.standing import Trial, judge

OPEN = frozenset({Standing.NOT_TESTED, Standing.NOT_TESTABLE, Standing.UNPROVEN})
"""What another way of showing a requirement may cover."""
BESIDE = frozenset({Standing.PASSED, Standing.CARRIED_OVER, Standing.INAPPLICABLE})
"""What the cases beside a tolerated failure must come to."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The lines, sorted as they came, and the tolerated issues that they make use of."""

    lines: tuple[RequirementStanding, ...]
    tolerated: tuple[Tolerance, ...]


def cover(
    lines: Sequence[RequirementStanding], trials: Sequence[Trial], *, baseline: Baseline,
    dossier: Dossier, imports: Sequence[RuledImport], subject: Subject, at: str,
) -> Covered:
    """Return ``lines`` with what stands in for a test on the day ``at``."""
    by_case = {trial.case: trial for trial in trials}
    known = [issue for issue in (*baseline.tolerated, *dossier.tolerated)
             if _concerns(issue, subject)]
    used: dict[str, Tolerance] = {}
    done = []
    for line in lines:
        found = line
        verifying = [by_case[case] for case in line.cases]
        if line.standing is Standing.FAILED:
            found = _tolerated(line, verifying, known, at, used)
        elif line.standing in OPEN:
            found = _shown_otherwise(line, baseline, dossier, imports, at)
        if found.standing in (Standing.PASSED, Standing.CARRIED_OVER):
            found = _by_quorum(found, verifying, baseline)
        done.append(found)
    return Covered(tuple(done), tuple(used[issue] for issue in sorted(used)))


def lapsed(
    issues: Iterable[Tolerance], subject: Subject, at: str
) -> Iterator[str]:
    """Yield a line for each issue whose review was due before ``at``: it excuses nothing more."""
    for issue in issues:
        if _concerns(issue, subject) and issue.review < at:
            yield (f"the tolerated issue {issue.issue} ({issue.owner}) was to be reviewed by "
                   f"{issue.review} and excuses nothing")


def _concerns(issue: Tolerance, subject: Subject) -> bool:
    return ((not issue.manufacturer_id or issue.manufacturer_id == subject.manufacturer_id)
            and (not issue.model or issue.model == subject.model))


def _tolerated(
    line: RequirementStanding, verifying: Sequence[Trial], known: Sequence[Tolerance], at: str,
    used: dict[str, Tolerance],
) -> RequirementStanding:
    excuses: dict[str, Tolerance] = {}
    excused = set()
    for trial in verifying:
        if trial.standing is not Standing.FAILED:
            continue
        issue = next((issue for issue in known if issue.review >= at
                      and line.id in issue.requirements
                      and (not issue.cases or trial.case in issue.cases)), None)
        if issue is None:
            return line
        excuses[issue.issue] = issue
        excused.add(trial.case)
    used |= excuses
    said = "; ".join(
        f"{issue.issue} ({'common' if issue.common else 'of this device'}): {issue.text}; owner "
        f"{issue.owner}, review by {issue.review}" for issue in excuses.values())
    rest = [trial for trial in verifying if trial.case not in excused]
    if rest:
        standing, reason = judge(line.id, rest)
        if standing not in BESIDE:
            return replace(line, standing=standing, reason=f"{reason}; beside it tolerated: {said}")
    return replace(line, standing=Standing.TOLERATED, reason=said)


def _shown_otherwise(
    line: RequirementStanding, baseline: Baseline, dossier: Dossier,
    imports: Sequence[RuledImport], at: str,
) -> RequirementStanding:
    for imported in imports:
        if line.id in imported.requirements:
            return replace(line, standing=Standing.IMPORTED, reason=_import(imported))
    for word in dossier.attestations:
        if line.id in word.requirements and line.id in baseline.attestable:
            return replace(line, standing=Standing.ATTESTED, reason=(
                f"attested by {word.by} on {word.date}: {word.statement} ({word.evidence.name})"))
    for leave in dossier.exemptions:
        if line.id in leave.requirements and (not leave.until or at <= leave.until):
            until = f", until {leave.until}" if leave.until else ""
            return replace(line, standing=Standing.EXEMPTED, reason=(
                f"exempted by {leave.granted_by}{until}: {leave.reason}"))
    return line


def _import(imported: RuledImport) -> str:
    result = imported.result
    how = "exact match" if imported.match is Match.EXACT else imported.remark
    return f"{result.kind} {result.number} of {result.issuer}, tested {result.tested}: {how}"


def _by_quorum(
    line: RequirementStanding, verifying: Sequence[Trial], baseline: Baseline
) -> RequirementStanding:
    wanted = max((rule.laboratories for rule in baseline.quorum
                  if line.id in rule.requirements), default=1)
    if wanted == 1:
        return line
    passed = [set(trial.laboratories) for trial in verifying
              if trial.standing in (Standing.PASSED, Standing.CARRIED_OVER) and not trial.flaw]
    agreeing = sorted(set[str]().union(*passed).intersection(*passed))
    if len(agreeing) >= wanted:
        return replace(line, reason=f"{line.reason}, by {' and '.join(agreeing)}")
    return replace(line, standing=Standing.SHORT, reason=(
        f"{line.reason}, by {' and '.join(agreeing) or 'no one laboratory alone'}; the baseline "
        f"asks for {wanted} laboratories"))

