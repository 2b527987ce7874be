"""A run of any size that never happened: what :func:`reports.render` takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.records.decision import Decision, Outcome, RequirementStanding, Standing, Status
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Step, TestCase
from bench.records.requirement import Provenance, Requirement
from bench.records.subject import Subject
from bench.records.verdict import CaseResult, Disposition, Finding, Verdict

REQUIREMENTS = 60
TIME = "2026-03-01T10:00:00.120Z"
GROUPS = ("clock", "identity", "logs", "profile", "registers", "supply", "tamper")
# one case in ten has another verdict than pass, one in forty was left out
VERDICTS = (*[Verdict.PASS] * 17, Verdict.FAIL, *[Verdict.PASS] * 18, Verdict.INCONCLUSIVE,
            Verdict.ERROR, Verdict.FAIL, Verdict.NONE)
OCTETS = "DD00000000000062" + "1100000000DF0901000000000000" * 12
DECODED = {
    "use_case": "ECS70", "message_code": "0062", "cra": "command", "mac": "valid",
    "originator": "0200000000000002", "recipient": "0200000000E50001", "signature": "valid",
    "payload": {"service": "AccessRequest", "accesses": [
        {"choice": "ACTION", "key": "8/0-0:1.0.0.255/m5", "data": ["07EA0301", "07EA0302"]},
        {"choice": "ACTION", "key": "8/0-0:1.0.0.255/m6", "data": 0},
        {"choice": "GET", "key": "8/0-0:1.0.0.255/a2", "data": None}]},
}


@dataclass(frozen=True, slots=True)
class MadeUpRun:
    """What a report is made of; ``events`` are in ledger order."""

    outcome: Outcome
    requirements: dict[str, Requirement]
    cases: dict[str, TestCase]
    events: list[Event]


def made_up_run(count: int) -> MadeUpRun:
    """Return a run of ``count`` cases on 60 requirements."""
    requirements = {item.id: item for item in map(_requirement, range(REQUIREMENTS))}
    ids = tuple(requirements)
    cases = {case.id: case for case in (
        _case(number, ids[number % REQUIREMENTS]) for number in range(count))}
    events: list[Event] = []
    results = []
    for number, case in enumerate(cases.values()):
        verdict = VERDICTS[number % len(VERDICTS)]
        new = [] if verdict is Verdict.NONE else [
            replace(event, sequence=len(events) + index)
            for index, event in enumerate(_events(case, verdict))]
        events += new
        results.append(_result(case, verdict, tuple(event.sequence for event in new)))
    standings = tuple(
        RequirementStanding(id_, Standing.FAILED, True, "failed",
                            tuple(name for name, case in cases.items()
                                  if case.requirements == (id_,)))
        for id_ in ids)
    subject = Subject("ESME", "Nobody", "0000", "MADE-UP", "1", "00000001", "0" * 64, "A")
    outcome = Outcome(
        subject, "certify", True, "made up", Decision(Status.NONE, "", ("made up",)), standings,
        tuple(results), "0" * 64, TIME, TIME, (("smip-bench", "0"),))
    return MadeUpRun(outcome, requirements, cases, events)


def _requirement(number: int) -> Requirement:
    return Requirement(
        id=f"SMETS2/5.6.{number}", specification="SMETS2", version="5.0", clause=f"5.6.{number}",
        text=f"The meter gives its stored value number {number} on request.", devices=("ESME",),
        domain="functional", strength="mandatory", introduced_in="2", source="made up",
        provenance=Provenance.READ)


def _case(number: int, requirement: str) -> TestCase:
    expects = (Expectation("result == 'refused'", (requirement,)),)
    command = {"use_case": "ECS70", "as": "supplier"}
    return TestCase(
        id=f"ESME-{number:05d}", group=GROUPS[number % len(GROUPS)], device="esme",
        purpose="A clock that is set outside its validity interval keeps its time",
        ports=("gbcs", "time"), verifies=(Link(requirement, ""),),
        preamble=(Step("advance", "time", {"seconds": 60}),),
        body=(Step("send", "gbcs", command, expects, "set"),
              Step("send", "gbcs", command, expects)),
        postamble=(), bite=("made-up",), source="made-up.yaml:1", fingerprint=f"{number:016x}")


def _events(case: TestCase, verdict: Verdict) -> list[Event]:
    frames = [{"direction": direction, "octets": OCTETS, "time": TIME, "decoded": DECODED}
              for direction in ("sent", "received")]

    def event(kind: str, **data: object) -> Event:
        return Event(kind, case.id, 1, TIME, data)

    def observed(phase: str, index: int, step: Step, frames: object, **seen: object) -> Event:
        return event("observation", phase=phase, step=index, action=step.action, port=step.port,
                     arguments=step.arguments, observation=seen, frames=frames)

    first, second = case.body
    last = event("bench-error", phase="body", step=1, reason="unplugged", octets="") \
        if verdict is Verdict.ERROR else observed("body", 1, second, frames, result="refused")
    return [
        event("case-started", attempt=1),
        observed("preamble", 0, case.preamble[0], [], reference=1_772_359_260),
        observed("body", 0, first, frames, result="refused", alerts=["8F0C"]),
        last, event("case-ended")]


def _result(case: TestCase, verdict: Verdict, evidence: tuple[int, ...]) -> CaseResult:
    if verdict is Verdict.NONE:
        return CaseResult(case.id, verdict, Disposition.NOT_TESTABLE, "the rig lacks a port")
    findings = tuple(
        Finding("body", index, "result == 'refused'", found, "made up", case.requirements,
                {"result": "refused"})
        for index, found in enumerate((Verdict.PASS, verdict)))
    return CaseResult(case.id, verdict, Disposition.SELECTED, "made up", findings, 1, evidence)
