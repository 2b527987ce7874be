"""A made-up run of a made-up meter, of any size, with every verdict and disposition in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bench.records.decision import Decision, Outcome, RequirementStanding, Standing, Status
from bench.records.event import Event
from bench.records.plan import Expectation, Link, Step, TestCase
from bench.records.requirement import Provenance, Requirement
from bench.records.subject import Subject
from bench.records.verdict import CaseResult, Disposition, Finding, Verdict

GROUPS = ("clock", "identity", "logs", "message protection", "profile", "registers", "supply")
DOMAINS = ("functional", "security", "communications", "interoperability")
FATES = (
    *[(Verdict.PASS, Disposition.SELECTED)] * 12,
    (Verdict.FAIL, Disposition.SELECTED),
    *[(Verdict.PASS, Disposition.SELECTED)] * 9,
    (Verdict.INCONCLUSIVE, Disposition.SELECTED),
    (Verdict.NONE, Disposition.INAPPLICABLE),
    *[(Verdict.PASS, Disposition.SELECTED)] * 9,
    (Verdict.ERROR, Disposition.SELECTED),
    (Verdict.NONE, Disposition.NOT_TESTABLE),
    (Verdict.NONE, Disposition.NOT_VERIFIABLE),
    (Verdict.NONE, Disposition.BLOCKED),
    (Verdict.NONE, Disposition.NOT_RUN),
)
REASONS = {
    Verdict.PASS: "all 2 expectations hold",
    Verdict.FAIL: "body step 2 (read): clock_error_s = 14, the clock may be wrong by 10 s at most",
    Verdict.INCONCLUSIVE: "preamble step 1 (send): the supply was not armed",
    Verdict.ERROR: "the bench or the rig failed: body step 2: line /dev/ttyUSB0 unplugged",
    Disposition.INAPPLICABLE: "ics.prepayment is false",
    Disposition.NOT_TESTABLE: "the rig lacks the port tamper",
    Disposition.NOT_VERIFIABLE: "no key agreement certificate of the network operator",
    Disposition.BLOCKED: "the device did not answer the identity read",
    Disposition.NOT_RUN: "the run was interrupted",
}


@dataclass(frozen=True)
class Sample:
    """The arguments of ``reports.render``, less the folder."""

    outcome: Outcome
    requirements: dict[str, Requirement]
    cases: dict[str, TestCase]
    events: list[Event]

    def with_outcome(self, **changes: object) -> Sample:
        return replace(self, outcome=replace(self.outcome, **changes))

    def arguments(self) -> dict[str, object]:
        return {"requirements": self.requirements, "cases": self.cases, "events": self.events}


def _requirement(number: int) -> Requirement:
    clause = f"5.{6 + number % 2}.{3 + number % 5}.{number // 4 + 1}.{number}"
    provenance = Provenance.MEMORY if number % 9 == 5 else Provenance.READ
    return Requirement(
        id=f"SMETS2/{clause}", specification="SMETS2", version="5.0", clause=clause,
        text=f"On request number {number} the meter gives its stored value, and keeps it when "
             "the supply fails.",
        devices=("ESME",), domain=DOMAINS[number % 4], strength="mandatory", introduced_in="2",
        provenance=provenance, source="UC4", fingerprint=f"{number:016x}")


def _case(number: int, requirement: str) -> TestCase:
    group = GROUPS[number % len(GROUPS)]
    return TestCase(
        id=f"ESME-{group[:3].upper()}-{number:05d}[ECS70,supplier]", group=group,
        purpose="A clock that is set with a validity interval in the past keeps its time",
        device="esme", policy="smwan" if group == "message protection" else "",
        ports=("gbcs", "time"), verifies=(Link(requirement, "00"),),
        preamble=(Step("advance", "time", {"seconds": 60}),),
        body=(
            Step("send", "gbcs", {"use_case": "ECS70", "as": "supplier", "interval": "past"},
                 (Expectation("result == 'refused'", (requirement,)),), "set"),
            Step("read", "gbcs", {"use_case": "ECS70", "as": "supplier"},
                 (Expectation("clock_error_s <= 10", (requirement,)),)),
        ),
        postamble=(), bite=("clock-beyond-limit-accepted",),
        source="testplans/esme/clock.yaml:12", fingerprint=f"{number:016x}")


def _events(case: TestCase, number: int, verdict: Verdict, sequence: int) -> list[Event]:
    octets = (f"DF09{number:08X}" + "DD00000000000062" * 2 + "1100000000" * 24)
    decoded = {
        "message_code": "0062", "use_case": "ECS70", "cra": "command",
        "originator": "90-B3-D5-1F-30-01-00-00", "recipient": "00-DB-12-34-56-78-90-A0",
        "counter": 1000 + number, "mac": "valid", "signature": "valid",
        "payload": {"actions": [{"class": 8, "obis": "0-0:1.0.0.255", "method": 5},
                                {"class": 8, "obis": "0-0:1.0.0.255", "method": 4}]},
    }

    def observation(phase: str, index: int, step: Step, values: dict, frames: list) -> Event:
        return Event("observation", case.id, 1, f"2026-03-01T10:00:{index + 1:02d}Z", {
            "phase": phase, "step": index, "action": step.action, "port": step.port,
            "arguments": dict(step.arguments), "observation": values, "frames": frames})

    frames = [
        {"direction": "sent", "octets": octets, "time": "2026-03-01T10:00:01.120Z",
         "decoded": decoded},
        {"direction": "received", "octets": octets[::-1], "time": "2026-03-01T10:00:01.480Z",
         "decoded": {**decoded, "cra": "response"}},
    ]
    events = [
        Event("case-started", case.id, 1, "2026-03-01T10:00:00Z", {"attempt": 1}),
        observation("preamble", 0, case.preamble[0], {"now": "2026-03-01T10:00:00Z"}, []),
        observation("body", 0, case.body[0], {
            "result": "refused", "alerts": ["8F0C"]},
            frames),
    ]
    if verdict is Verdict.ERROR:
        events.append(Event("bench-error", case.id, 1, "2026-03-01T10:00:02Z", {
            "phase": "body", "step": 1, "reason": "line /dev/ttyUSB0 unplugged", "octets": ""}))
    else:
        error = 14 if verdict is Verdict.FAIL else 2
        events.append(observation("body", 1, case.body[1], {
            "clock_error_s": error, "time": "2026-03-01T10:00:14Z"}, frames))
    events.append(Event("case-ended", case.id, 1, "2026-03-01T10:00:03Z"))
    return [replace(event, sequence=sequence + index) for index, event in enumerate(events)]


def _result(case: TestCase, verdict: Verdict, disposition: Disposition,
            evidence: tuple[int, ...]) -> CaseResult:
    reason = REASONS[disposition if verdict is Verdict.NONE else verdict]
    if not evidence:
        return CaseResult(case.id, verdict, disposition, reason)
    cites = case.requirements
    findings = (
        Finding("body", 0, "result == 'refused'", Verdict.PASS, "holds", cites,
                {"result": "refused"}),
        Finding("body", 1, "clock_error_s <= 10", verdict, reason, cites,
                {"clock_error_s": 14 if verdict is Verdict.FAIL else 2}),
    )
    return CaseResult(case.id, verdict, disposition, reason, findings, 1, evidence)


def build(count: int, *, requirements: int = 60, fates: tuple = FATES) -> Sample:
    """Return a run of ``count`` cases of three steps each, on ``requirements`` requirements."""
    known = {item.id: item for item in map(_requirement, range(requirements))}
    ids = sorted(known)
    cases, results, events = {}, [], []
    standing = dict.fromkeys(ids, Standing.NOT_TESTED)
    verifying: dict[str, list[str]] = {id_: [] for id_ in ids}
    for number in range(count):
        id_ = ids[number % (len(ids) - 1)]  # the last one has no case
        case = _case(number, id_)
        verdict, disposition = fates[number % len(fates)]
        new = _events(case, number, verdict, len(events)) if verdict is not Verdict.NONE else []
        events += new
        result = _result(case, verdict, disposition, tuple(event.sequence for event in new))
        cases[case.id] = case
        results.append(result)
        verifying[id_].append(case.id)
        if verdict is Verdict.FAIL or standing[id_] is Standing.NOT_TESTED:
            standing[id_] = Standing.FAILED if verdict is Verdict.FAIL else Standing.PASSED
    lines = tuple(
        RequirementStanding(
            id_, Standing.PROVISIONAL if known[id_].provisional else standing[id_],
            index % 5 != 4, f"{len(verifying[id_])} cases", tuple(verifying[id_]))
        for index, id_ in enumerate(ids))
    failed = [line.id for line in lines if line.standing is Standing.FAILED]
    reasons = tuple(f"{id_} failed: {REASONS[Verdict.FAIL]}" for id_ in failed)
    decision = Decision(Status.NONE, "", reasons) if failed else Decision(
        Status.COMPLIANT, "SMETS2 ESME (2026-01-15): all 48 mandatory requirements that apply", ())
    outcome = Outcome(
        subject=Subject(
            "ESME", "Example Meters Ltd", "1A2B", "EM-100 single phase", "02", "01020304",
            "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", "A"),
        mode="certify", demonstration=True, baseline="SMETS2 ESME (2026-01-15)",
        decision=decision, requirements=lines, results=tuple(results),
        ledger_hash="5E884898DA28047151D0E56F8DC6292773603D0D6AABBDD62A11EF721D1542D8",
        started="2026-03-01T10:00:00Z", ended="2026-03-01T11:42:10Z",
        tools=(("smip-bench", "0.1.0"), ("python", "3.11.2"), ("cryptography", "46.0.3")))
    return Sample(outcome, known, cases, events)


@pytest.fixture(scope="session")
def sample() -> Callable[..., Sample]:
    """The builder of runs."""
    return build


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a headless browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not on the PATH")
    return found
