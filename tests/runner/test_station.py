"""A case on a rig: what breaks the rig, what a person answers, what is restored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench_folder import LAUNCHED_RIG, Bench

from bench.judge import judge_case
from bench.ledger import read_ledger
from bench.plan import load_plans
from bench.records.event import Event
from bench.records.plan import TestCase
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.clock import utc_now
from bench.runner.station import Station
from devices import pki
from devices.profile import load_profile
from devices.rig import load_rig

STEPS = """\
group: ONE
title: One case
device: esme
cases:
  - id: ONE-001
    purpose: Steps that a test writes
    verifies: [R-SUP-01]
    ports: [gbcs, mains, controls, load]
    steps:
{steps}
"""


def case_of(bench: Bench, steps: str) -> TestCase:
    bench.plan.write_text(STEPS.format(steps="\n".join(
        "      " + line for line in steps.splitlines())), encoding="utf-8")
    (case,) = load_plans([bench.plan])
    return case


def station_of(bench: Bench, **given: object) -> Station:
    return Station(load_profile(bench.profile), load_rig(bench.rig), utc_now, **given)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The emulator processes that rigs of this test have launched."""
    children: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def popen(*arguments: object, **given: object) -> subprocess.Popen[str]:
        children.append(real(*arguments, **given))
        return children[-1]

    monkeypatch.setattr("devices.launch.subprocess.Popen", popen)
    return children


@pytest.mark.parametrize(
    "after", ["send: {use_case: ECS52, wait: quiet}", "await_alert: {code: 8F0C}"])
def test_an_emulator_that_dies_is_an_error_and_not_a_fail(
    bench: Bench, launched: list[subprocess.Popen[str]], after: str
) -> None:
    bench.write_rig(LAUNCHED_RIG)
    case = case_of(bench, "- send: {use_case: ECS52}\n  expect: result == 'success'\n"
                          f"- {after}\n  expect: deviations.size() == 0\n")
    station = station_of(bench)
    try:
        events = []
        for event in station.run(case, 1):
            events.append(event)
            if event.kind == "observation":
                launched[0].kill()
                launched[0].wait()
        result = judge_case(case, events, station.answers)
        assert result.verdict is Verdict.ERROR, result.reason
        later = judge_case(case, tuple(station.run(case, 1)), station.answers)
        assert later.disposition is Disposition.BLOCKED
        assert "the rig broke in ONE-001" in later.reason
    finally:
        station.close()


OPERATOR_RIG = """\
rig: operated
serves: esme
ports:
  gbcs: {{adapter: puppet, keys: {keys}, notes: {notes}}}
  mains: {{adapter: operator, name: A. Smith}}
  controls: {{adapter: operator, name: A. Smith}}
  load: {{adapter: operator, name: A. Smith}}
"""


def operated(bench: Bench, steps: str, answers: dict[str, str]) -> tuple[
        tuple[Event, ...], CaseResult]:
    bench.write_rig(OPERATOR_RIG)
    case = case_of(bench, steps)
    station = station_of(bench, ask=lambda question: next(
        answer for part, answer in answers.items() if part in question))
    try:
        events = tuple(station.run(case, 1))
    finally:
        station.close()
    return events, judge_case(case, events, station.answers)


def told(events: Iterator[Event] | tuple[Event, ...]) -> list[tuple[object, ...]]:
    return [(event.data["phase"], event.data["step"], event.data["name"], event.data["question"],
             event.data["answer"]) for event in events if event.kind == "operator-answer"]


def test_what_an_operator_answers_is_recorded_with_the_step(bench: Bench) -> None:
    events, result = operated(
        bench, "- mains: {state: off}\n- observe_contactor:\n  expect: contactor == 'open'\n",
        {"supply off": "done", "load terminals": "open"})
    assert result.verdict is Verdict.PASS, result.reason
    first, second = told(events)
    assert first[:3] == ("body", 0, "A. Smith")
    assert first[4] == "done"
    assert second[:3] == ("body", 1, "A. Smith")
    assert "is the contactor closed or open?" in str(second[3])
    assert second[4] == "open"
    for event in events:
        if event.kind == "operator-answer":
            assert datetime.fromisoformat(event.time).tzinfo == UTC


def test_an_answer_of_cannot_is_recorded_too(bench: Bench) -> None:
    events, result = operated(
        bench, "- mains: {state: off}\n- observe_contactor:\n  expect: contactor == 'open'\n",
        {"supply off": "cannot, the switch is sealed"})
    assert result.disposition is Disposition.NOT_TESTABLE
    assert [answer[4] for answer in told(events)] == ["cannot, the switch is sealed"]


def test_answers_reach_the_ledger(bench: Bench, tmp_path: Path, monkeypatch) -> None:
    bench.write_rig(OPERATOR_RIG)
    case_of(bench, "- observe_contactor:\n  expect: contactor == 'open'\n")
    monkeypatch.setattr("bench.cli.run.ask_at_terminal", lambda _: "open")
    ran = bench.run()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (answer,) = (event for event in read_ledger(bench.out).events
                 if event.kind == "operator-answer")
    assert (answer.case, answer.attempt, answer.data["step"]) == ("ONE-001", 1, 0)
    assert (answer.data["name"], answer.data["answer"]) == ("A. Smith", "open")


RESTORE = """\
preamble:
  - send: {use_case: ECS52}
    expect: result == 'failure'
postamble:
  - press: {control: supply_on}
"""


@pytest.mark.parametrize(("trouble", "pressed"), [("", True), ("unplugged", False)])
def test_the_postamble_runs_as_long_as_the_line_holds(
    bench: Bench, trouble: str, pressed: bool
) -> None:
    bench.write_rig(trouble=trouble, at=2)
    bench.plan.write_text(STEPS.format(
        steps="      - send: {use_case: ECS52}\n        expect: result == 'success'")
        .replace("[gbcs, mains, controls, load]", "[gbcs, controls]")
        .replace("    steps:", "".join(f"    {line}\n" for line in RESTORE.splitlines())
                 + "    steps:"), encoding="utf-8")
    (case,) = load_plans([bench.plan])
    station = station_of(bench)
    try:
        events = tuple(station.run(case, 1))
    finally:
        station.close()
    kinds = {(event.data["phase"], event.kind) for event in events if "phase" in event.data}
    assert (("postamble", "observation") in kinds) is pressed
    assert (("postamble", "skipped") in kinds) is not pressed
    assert judge_case(case, events, station.answers).verdict is (
        Verdict.INCONCLUSIVE if pressed else Verdict.ERROR)


def test_the_wrong_keys_of_the_right_device_are_told_as_such(
    bench: Bench, tmp_path: Path
) -> None:
    pki.init(tmp_path / "others", seed="others")
    bench.edit(bench.profile, "  keys: keys", f"  keys: {tmp_path / 'others'}")
    bench.edit(bench.profile, "response_timeout_s: 5", "response_timeout_s: 0.05")
    station = station_of(bench)
    try:
        (case,) = load_plans([bench.plan])[:1]
        result = judge_case(case, tuple(station.run(case, 1)), station.answers)
    finally:
        station.close()
    assert result.disposition is Disposition.BLOCKED
    assert "are the keys in" in result.reason
    assert str(tmp_path / "others") in result.reason


def only_identity(events: Iterator[Event] | tuple[Event, ...]) -> Event:
    (identity,) = (event for event in events if event.kind == "identity")
    return identity


def test_the_identity_check_is_evidence_before_the_first_case(bench: Bench) -> None:
    case = case_of(bench, "- send: {use_case: ECS52}\n  expect: result == 'success'\n")
    bench.edit(bench.plan, "[gbcs, mains, controls, load]", "[gbcs]")
    ran = bench.run()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    events = bench.ledger.events
    identity = only_identity(events)
    assert (identity.case, identity.attempt) == ("", 0)
    version = load_profile(bench.profile).subject.firmware_version
    assert (identity.data["declared"], identity.data["found"]) == (version, version)
    assert identity.data["outcome"] == "response"
    frames = identity.data["frames"]
    assert [frame["direction"] for frame in frames] == ["sent", "received"]
    assert all(frame["decoded"] for frame in frames)
    assert version in frames[1]["octets"]
    assert all(datetime.fromisoformat(frame["time"]).tzinfo for frame in frames)
    first = next(event for event in events if event.case and event.kind != "case-started")
    assert identity.sequence < first.sequence
    result = bench.results[case.id]
    assert result.verdict is Verdict.PASS
    assert identity.sequence not in result.evidence


@pytest.mark.parametrize(("edit", "found", "outcome"), [
    (("firmware_version: ", "firmware_version: 0BADF00D  # "), True, "response"),
    (("  keys: keys", "  keys: {others}"), False, None),
])
def test_the_identity_check_of_a_refused_device_is_evidence_too(
    bench: Bench, tmp_path: Path, edit: tuple[str, str], found: bool, outcome: str | None
) -> None:
    pki.init(tmp_path / "others", seed="others")
    declared = load_profile(bench.profile).subject.firmware_version
    bench.edit(bench.profile, edit[0], edit[1].format(others=tmp_path / "others"))
    bench.edit(bench.profile, "response_timeout_s: 5", "response_timeout_s: 0.05")
    (case, *_) = load_plans([bench.plan])
    station = station_of(bench)
    try:
        events = tuple(station.run(case, 1))
        later = tuple(station.run(case, 2))
    finally:
        station.close()
    assert [event.kind for event in events] == [
        "identity", "case-started", "blocked", "case-ended"]
    assert bool(events[0].data["found"]) is found
    if found:
        assert events[0].data["found"] == declared
        assert events[0].data["declared"] == "0BADF00D"
    assert outcome in (None, events[0].data["outcome"])
    assert events[0].data["frames"]
    assert "identity" not in [event.kind for event in later]


def test_an_emulator_that_does_not_start_is_a_broken_rig(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.Popen
    bench.write_rig(LAUNCHED_RIG)

    def dies_at_once(command: list[str], **given: object) -> subprocess.Popen[str]:
        return real([sys.executable, "-I", "-S", "-c", "raise SystemExit('no memory')"], **given)

    monkeypatch.setattr("devices.launch.subprocess.Popen", dies_at_once)
    ran = bench.run("-n", "0")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "the emulator esme did not start (exit status 1)" in ran.stderr
    assert "no memory" in ran.stderr
    assert {result.disposition for result in bench.results.values()} == {Disposition.BLOCKED}
