"""What the planned cases say of each requirement: one line for each, nothing silent.

A case *counts* when it has a bite (a named defect under which it must FAIL) and none of its links
is suspect. A case that does not count can still show a failure, and it can still keep a
requirement from passing; it cannot make one pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import LedgerError
from bench.records.decision import RequirementStanding, Standing
from bench.records.plan import Selected
from bench.records.requirement import Requirement
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.scheme.baseline import Baseline, Relevance, relevance

BY_VERDICT: Mapping[Verdict, Standing] = {
    Verdict.NONE: Standing.NOT_TESTED,
    Verdict.PASS: Standing.PASSED,
    Verdict.INCONCLUSIVE: Standing.INCONCLUSIVE,
    Verdict.FAIL: Standing.FAILED,
    Verdict.ERROR: Standing.ERROR,
}
BY_DISPOSITION: Mapping[Disposition, Standing] = {
    Disposition.INAPPLICABLE: Standing.INAPPLICABLE,
    Disposition.NOT_TESTABLE: Standing.NOT_TESTABLE,
    Disposition.NOT_VERIFIABLE: Standing.INCONCLUSIVE,
    Disposition.BLOCKED: Standing.NOT_TESTED,
    Disposition.NOT_RUN: Standing.NOT_TESTED,
}
FINAL = (Standing.PASSED, Standing.INCONCLUSIVE, Standing.FAILED)
"""What a verdict makes of a case; an inconclusive one may also stand for keys that were missing,
then it has no verdict."""
WORST_FIRST = (
    Standing.CONTRADICTED, Standing.FAILED, Standing.ERROR, Standing.INCONCLUSIVE,
    Standing.NOT_TESTED, Standing.NOT_TESTABLE,
)
"""What one case says for a requirement over all the others; anything else is a pass."""

UNKNOWN = (Standing.SUSPECT, "the catalogue no longer holds it")

NAMED = 3
"""So many cases are named with their reasons in one line; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One planned case and what became of it.

    ``verdict`` is NONE where the case has no final one; ``contradicts`` are the requirements that a
    FAIL cites; ``flaw`` is ``SUSPECT`` or ``UNPROVEN`` when the case cannot count, else None.
    ``laboratories`` are those that passed it, ``carried_from`` the certificate under which it was
    tested, "" for the present one.
    """

    case: str
    group: str
    requirements: tuple[str, ...]
    standing: Standing
    reason: str
    contradicts: frozenset[str] = frozenset()
    flaw: Standing | None = None
    verdict: Verdict = Verdict.NONE
    fingerprint: str = ""
    laboratories: tuple[str, ...] = ()
    carried_from: str = ""
    planned: str = ""  # the id by which a baseline knows it, where that is not its own

    def on(self, requirement: str) -> Standing:
        """Return what the case says of one requirement that it verifies.

        A FAIL is held against the requirements that it cites. Of the others the case says
        nothing certain, since it did not pass.
        """
        against = self.standing in (Standing.FAILED, Standing.CONTRADICTED)
        if against and requirement not in self.contradicts:
            return Standing.INCONCLUSIVE
        return self.standing


def trials(
    selected: Sequence[Selected],
    results: Sequence[CaseResult],
    suspects: Mapping[str, tuple[str, ...]],
    laboratory: str = "",
) -> tuple[Trial, ...]:
    """Join the plan of one run with its results, one trial for each planned case, sorted by id.

    Raises :class:`~bench.errors.LedgerError` for two results of one case, or a result of a case
    that was never planned: such evidence is not of this plan.
    """
    by_case: dict[str, CaseResult] = {}
    for result in results:
        if result.case in by_case:
            raise LedgerError(f"two results for case {result.case}")
        by_case[result.case] = result
    strangers = by_case.keys() - {item.case.id for item in selected}
    if strangers:
        raise LedgerError(f"results of cases that were not planned: {', '.join(sorted(strangers))}")
    return tuple(
        _trial(item, by_case.get(item.case.id), suspects.get(item.case.id, ()), laboratory)
        for item in sorted(selected, key=lambda item: item.case.id)
    )


def standings(
    *,
    tried: Sequence[Trial],
    catalogue: Mapping[str, Requirement],
    baseline: Baseline,
    variant: str,
) -> tuple[RequirementStanding, ...]:
    """Return one standing, sorted by id, for each requirement that has anything to do here.

    That is: all of the catalogue for the baseline's device, all that the baseline demands, and
    all that a planned case verifies.
    """
    by_requirement = _by_requirement(tried)
    ids = {*baseline.mandatory, *by_requirement}
    for id_, known in catalogue.items():
        if relevance(known, baseline.device, "") is Relevance.RELEVANT:
            ids.add(id_)
    mandatory = frozenset(baseline.mandatory)
    outside = dict(baseline.outside)
    lines = []
    for id_ in sorted(ids):
        verifying = by_requirement.get(id_, [])
        requirement = catalogue.get(id_)
        if requirement is None:
            standing, reason = UNKNOWN
        elif verifying:
            standing, reason = stand(requirement, verifying, outside.get(id_, ""))
        else:
            standing, reason = _untried(
                requirement, outside.get(id_, ""), baseline.device, variant)
        cases = tuple(trial.case for trial in verifying)
        lines.append(RequirementStanding(id_, standing, id_ in mandatory, reason, cases))
    return tuple(lines)


def standings_of_cases(
    tried: Sequence[Trial], catalogue: Mapping[str, Requirement]
) -> tuple[RequirementStanding, ...]:
    """Return one standing, sorted by id, for each requirement that a planned case verifies; none is
    mandatory, since without a baseline nothing is."""
    lines = []
    for id_, verifying in sorted(_by_requirement(tried).items()):
        known = catalogue.get(id_)
        standing, reason = stand(known, verifying) if known else UNKNOWN
        cases = tuple(trial.case for trial in verifying)
        lines.append(RequirementStanding(id_, standing, False, reason, cases))
    return tuple(lines)


def _by_requirement(tried: Sequence[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = defaultdict(list)
    for trial in tried:
        for id_ in {*trial.requirements, *trial.contradicts}:
            found[id_].append(trial)
    return found


def name_cases(found: Sequence[Trial]) -> str:
    """Name up to :data:`NAMED` cases with their reasons, and count the rest."""
    named = "; ".join(f"{trial.case}: {trial.reason}" if trial.reason else trial.case
                      for trial in found[:NAMED])
    rest = len(found) - NAMED
    return f"{named}; and {rest} more" if rest > 0 else named


def _trial(item: Selected, result: CaseResult | None, suspect: tuple[str, ...],
           laboratory: str) -> Trial:
    case = item.case
    flaw = Standing.SUSPECT if suspect else None if case.bite else Standing.UNPROVEN
    standing, reason = _became(item, result)
    contradicts = frozenset[str]()
    if result is not None and standing is Standing.FAILED:
        contradicts = frozenset(
            cited for finding in result.findings if finding.verdict is Verdict.FAIL
            for cited in finding.cites) or frozenset(case.requirements)
    return Trial(
        case.id, case.group, case.requirements, standing, reason, contradicts, flaw,
        verdict=result.verdict if result is not None and standing in FINAL else Verdict.NONE,
        fingerprint=case.generated.fingerprint if case.generated else case.fingerprint,
        planned=case.generated.id if case.generated else "",
        laboratories=(laboratory,) if standing is Standing.PASSED else ())


def _became(item: Selected, result: CaseResult | None) -> tuple[Standing, str]:
    if result is not None and result.verdict in (Verdict.FAIL, Verdict.ERROR):
        return BY_VERDICT[result.verdict], result.reason
    if item.disposition is not Disposition.SELECTED:
        return BY_DISPOSITION[item.disposition], item.reason
    if result is None:
        return Standing.NOT_TESTED, "no attempt"
    if result.disposition is not Disposition.SELECTED:
        return BY_DISPOSITION[result.disposition], result.reason
    if result.attempts < 1:
        return Standing.NOT_TESTED, "no finished attempt"
    return BY_VERDICT[result.verdict], result.reason


def stand(
    requirement: Requirement, verifying: Sequence[Trial], outside: str = ""
) -> tuple[Standing, str]:
    """Return what the cases that verify a requirement say of it, and why."""
    standing, reason = judge(requirement.id, verifying)
    if requirement.provisional and standing not in (
            Standing.INAPPLICABLE, Standing.NOT_TESTED, Standing.NOT_TESTABLE):
        return Standing.PROVISIONAL, f"{standing}, does not count until confirmed: {reason}"
    return standing, f"{reason}; outside the baseline: {outside}" if outside else reason


def _untried(
    requirement: Requirement, outside: str, device: str, variant: str
) -> tuple[Standing, str]:
    if relevance(requirement, device, variant) is Relevance.OTHER_VARIANT:
        return Standing.INAPPLICABLE, (
            f"for {', '.join(requirement.devices)}; the subject is variant {variant}")
    if requirement.untestable:
        return Standing.NOT_TESTED, f"cannot be shown by a test: {requirement.untestable}"
    if outside:
        return Standing.NOT_TESTED, f"outside the baseline: {outside}"
    return Standing.NOT_TESTED, "no case of the plan verifies it"


def judge(id_: str, verifying: Sequence[Trial]) -> tuple[Standing, str]:
    """Return what cases say of the requirement ``id_``, as if its wording were confirmed."""
    applicable = [trial for trial in verifying if trial.standing is not Standing.INAPPLICABLE]
    if not applicable:
        return Standing.INAPPLICABLE, name_cases(verifying)
    said: dict[Standing, list[Trial]] = defaultdict(list)
    for trial in applicable:
        said[trial.on(id_)].append(trial)
    for standing in WORST_FIRST:
        if said[standing]:
            return standing, name_cases(said[standing])
    counting = [trial for trial in applicable if trial.flaw is None]
    if counting:
        return _passed(counting, len(applicable) - len(counting))
    if any(trial.flaw is Standing.SUSPECT for trial in applicable):
        return Standing.SUSPECT, (
            "a requirement changed since its cases were reviewed: " + name_cases(applicable))
    return Standing.UNPROVEN, "no passing case has a bite: " + name_cases(applicable)


def _passed(counting: Sequence[Trial], idle: int) -> tuple[Standing, str]:
    origins = sorted({trial.carried_from for trial in counting if trial.carried_from})
    tested = sum(not trial.carried_from for trial in counting)
    said = [f"{_count(tested)} passed"] if tested or not origins else []
    said += [f"{_count(sum(trial.carried_from == origin for trial in counting))} carried over "
             f"from {origin}" for origin in origins]
    if idle:
        said.append(f"{idle} more passed without counting")
    return Standing.CARRIED_OVER if origins else Standing.PASSED, "; ".join(said)


def _count(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"
