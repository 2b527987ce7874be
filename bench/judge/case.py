"""One case: its events, attempt by attempt, to one :class:`~bench.records.verdict.CaseResult`.

Every event can only make the verdict of its attempt worse. What is missing counts too: an attempt
that never ended is an ERROR, a step that was not run or a body that judged nothing cannot pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from bench.judge.step import judge_step
from bench.records.answers import Answers
from bench.records.event import Event
from bench.records.plan import Step, TestCase
from bench.records.verdict import CaseResult, Disposition, Finding, Verdict, worse

WITHHELD = {
    "not-testable": Disposition.NOT_TESTABLE,
    "not-verifiable": Disposition.NOT_VERIFIABLE,
    "blocked": Disposition.BLOCKED,
    "inapplicable": Disposition.INAPPLICABLE,
}
UNDECIDED = "inconclusive"
ENDS = ("case-ended", "blocked")
STOPPED = "worker or bench stopped before the case ended"


@dataclass(slots=True)
class _Attempt:
    """What the events of one attempt say, gathered in their order."""

    findings: list[Finding] = field(default_factory=list)
    remarks: list[tuple[Verdict, str]] = field(default_factory=list)
    withheld: list[tuple[Disposition, str]] = field(default_factory=list)
    undecided: bool = False  # a step said so: what was not run for it needs no other reason
    observed: set[tuple[str, int]] = field(default_factory=set)
    earlier: dict[str, Mapping[str, object]] = field(default_factory=dict)
    ended: bool = False


def judge_case(case: TestCase, events: Sequence[Event], answers: Answers) -> CaseResult:
    """Judge ``case`` by ``events`` in the order they were stored; other cases' are passed over.

    The last attempt decides, all are counted. An attempt may follow only one that ended in ERROR
    or that gave no verdict; anything else would let a device be tried until it passes, so it is
    itself an ERROR. ``evidence`` holds the sequence numbers of the deciding attempt.
    """
    attempts: dict[int, list[Event]] = {}
    for event in events:
        if event.case == case.id:
            attempts.setdefault(event.attempt, []).append(event)
    if not attempts:
        return CaseResult(case.id, Verdict.NONE, Disposition.NOT_RUN, "no event tells of it")
    numbers = sorted(attempts)
    results = {number: _judge_attempt(case, attempts[number], answers) for number in numbers}
    last = results[numbers[-1]]
    verdict, reason = last.verdict, last.reason
    for number in numbers[:-1]:
        if results[number].verdict not in (Verdict.ERROR, Verdict.NONE):
            verdict = Verdict.ERROR
            reason = (f"attempt {number} ended in {results[number].verdict}; only an attempt that "
                      f"ended in error may be followed by another")
            break
    disposition = last.disposition if verdict is last.verdict else Disposition.SELECTED
    return CaseResult(
        case.id, verdict, disposition, reason, last.findings, len(numbers), last.evidence
    )


def _judge_attempt(case: TestCase, events: Sequence[Event], answers: Answers) -> CaseResult:
    attempt = _Attempt()
    for event in events:
        _take(attempt, event, case, answers)
    if not attempt.ended:
        attempt.remarks.append((Verdict.ERROR, STOPPED))
    if not (attempt.withheld or attempt.undecided):
        attempt.remarks += [(Verdict.INCONCLUSIVE, reason) for reason in _gaps(attempt, case)]
    causes = [(finding.verdict, _name(finding, case)) for finding in attempt.findings]
    causes += attempt.remarks
    verdict = reduce(worse, (verdict for verdict, _ in causes), Verdict.PASS)
    disposition = Disposition.SELECTED
    if verdict is Verdict.PASS and attempt.withheld:
        verdict, (disposition, reason) = Verdict.NONE, attempt.withheld[0]
    elif verdict is Verdict.PASS:
        reason = f"all {len(attempt.findings)} expectations hold"
    else:
        reason = _first_of([text for found, text in causes if found is verdict])
    evidence = tuple(event.sequence for event in events if event.sequence >= 0)
    return CaseResult(case.id, verdict, disposition, reason, tuple(attempt.findings), 1, evidence)


def _take(attempt: _Attempt, event: Event, case: TestCase, answers: Answers) -> None:
    """Add what one event says."""
    attempt.ended = attempt.ended or event.kind in ENDS
    reason = f"{_place(event)}{event.data.get('reason', '')}"
    if event.kind == "observation":
        _observe(attempt, event, case, answers)
    elif event.kind == "bench-error":
        attempt.remarks.append((Verdict.ERROR, f"the bench or the rig failed: {reason}"))
    elif event.kind == UNDECIDED:
        attempt.undecided = True
        restoring = "not restored: " if event.data.get("phase") == "postamble" else ""
        attempt.remarks.append((Verdict.INCONCLUSIVE, f"{restoring}{reason}"))
    elif event.kind in WITHHELD and event.data.get("phase") == "postamble":
        # The purpose was judged all the same, but the device was not restored. Where it was not
        # judged for want of the same means, that says enough.
        if WITHHELD[event.kind] not in (kind for kind, _ in attempt.withheld):
            attempt.remarks.append((Verdict.INCONCLUSIVE, f"not restored: {reason}"))
    elif event.kind in WITHHELD:
        attempt.withheld.append((WITHHELD[event.kind], reason))


def _observe(attempt: _Attempt, event: Event, case: TestCase, answers: Answers) -> None:
    phase, index = str(event.data.get("phase")), event.data.get("step")
    observation = event.data.get("observation")
    steps = _phases(case).get(phase, ())
    if (
        not isinstance(index, int)
        or not 0 <= index < len(steps)
        or not isinstance(observation, Mapping)
    ):
        attempt.remarks.append(
            (Verdict.ERROR, f"{_place(event)}the evidence does not fit the planned case")
        )
        return
    step = steps[index]
    attempt.observed.add((phase, index))
    if step.name:
        attempt.earlier[step.name] = observation
    attempt.findings += judge_step(
        step, phase, index, observation, attempt.earlier, case, answers
    )


def _gaps(attempt: _Attempt, case: TestCase) -> list[str]:
    """Return why the attempt cannot pass, whatever was seen."""
    missing = [
        f"{phase} step {index + 1} ({step.action}) was not run"
        for phase, steps in _phases(case).items()
        for index, step in enumerate(steps)
        if (phase, index) not in attempt.observed
    ]
    judged = any(finding.phase == "body" for finding in attempt.findings)
    return missing if judged else [*missing, "nothing was judged: no expectation in the body"]


def _phases(case: TestCase) -> dict[str, tuple[Step, ...]]:
    return {"preamble": case.preamble, "body": case.body, "postamble": case.postamble}


def _place(event: Event) -> str:
    phase, index = event.data.get("phase"), event.data.get("step")
    return f"{phase} step {index + 1}: " if phase and isinstance(index, int) else ""


def _name(finding: Finding, case: TestCase) -> str:
    step = _phases(case)[finding.phase][finding.step]
    cites = f" [{', '.join(finding.cites)}]" if finding.cites else ""
    return f"{finding.phase} step {finding.step + 1} ({step.action}): {finding.reason}{cites}"


def _first_of(reasons: Sequence[str]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}"
