"""A step may end in INCONCLUSIVE or INAPPLICABLE: the reason is kept, judged, and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench.errors import BenchError, Inapplicable, Inconclusive
from bench.judge import judge_case
from bench.plan import load_plans
from bench.records.answers import Answers
from bench.records.decision import Decision, Outcome, Status
from bench.records.event import Event
from bench.records.plan import Selected, TestCase
from bench.records.subject import Subject
from bench.records.verdict import CaseResult, Disposition, Verdict
from bench.runner.clock import utc_now
from bench.runner.engine import run_case
from bench.scheme.standing import Standing, trials
from bench.steps.context import Context
from bench.steps.vocabulary import Action, Arguments, Frame, Observation
from reports import render

PLAN = """\
group: ENDS
title: Steps that end without a judgement
device: dlms-meter
cases:
  - id: ENDS-001
    purpose: A step that raises
    verifies: [DLMS/COSEM_WRITE]
    ports: [time]
    bite: [a-defect]
    steps:
      - look: {}
        expect: seen
      - raise: {}
        expect: seen
      - look: {}
        expect: seen
    postamble:
      - look: {}
"""


class Nothing(Arguments):
    """No arguments."""


def ended(tmp_path: Path, error: BenchError, plan: str = PLAN,
          lasting: dict[str, Any] | None = None) -> tuple[TestCase, tuple[Event, ...], CaseResult]:
    def fail(context: Context, wanted: Nothing) -> Observation:
        raise error

    vocabulary = {
        "look": Action("look", "time", Nothing, {"seen": ""}, lambda *_: Observation(
            {"seen": True})),
        "raise": Action("raise", "time", Nothing, {"seen": ""}, fail)}
    (tmp_path / "plan.yaml").write_text(plan, "utf-8")
    (case,) = load_plans([tmp_path / "plan.yaml"], vocabulary=vocabulary)
    context = Context(ports={}, answers=Answers(), parties=None, clock=utc_now,
                      lasting=lasting or {})
    events = tuple(run_case(case, context, 1, vocabulary=vocabulary))
    return case, events, judge_case(case, events, Answers())


ENDS = pytest.mark.parametrize(("error", "verdict", "disposition", "standing"), [
    (Inconclusive("write access was not tried: <the maker> says no value"),
     Verdict.INCONCLUSIVE, Disposition.SELECTED, Standing.INCONCLUSIVE),
    (Inapplicable("write access was not tried: <the maker> says no value"),
     Verdict.NONE, Disposition.INAPPLICABLE, Standing.INAPPLICABLE),
])


@ENDS
def test_the_steps_behind_are_skipped_and_the_device_is_restored(
    tmp_path: Path, error: BenchError, verdict: Verdict, disposition: Disposition,
    standing: Standing,
) -> None:
    _, events, result = ended(tmp_path, error)
    kind = type(error).__name__.lower()
    assert [event.kind for event in events] == [
        "case-started", "observation", kind, "skipped", "observation", "case-ended"]
    assert events[2].data["reason"] == str(error)
    assert (result.verdict, result.disposition) == (verdict, disposition)
    assert result.reason == f"body step 2: {error}"


@ENDS
def test_a_requirement_is_not_shown_by_it(
    tmp_path: Path, error: BenchError, verdict: Verdict, disposition: Disposition,
    standing: Standing,
) -> None:
    case, _, result = ended(tmp_path, error)
    (trial,) = trials([Selected(case, Disposition.SELECTED, "")], [result], {}, "lab")
    assert (trial.standing, trial.laboratories) == (standing, ())
    assert trial.reason == result.reason


@ENDS
def test_every_report_has_the_reason(
    tmp_path: Path, error: BenchError, verdict: Verdict, disposition: Disposition,
    standing: Standing,
) -> None:
    case, events, result = ended(tmp_path, error)
    subject = Subject("DLMS-METER", "M", "0000", "X", "1", "00000001", "0" * 64, "")
    outcome = Outcome(
        subject=subject, mode="precheck", demonstration=True, baseline="",
        decision=Decision(Status.NONE, "", ()), requirements=(), results=(result,),
        ledger_hash="0" * 64, started="2026-01-01T00:00:00+00:00",
        ended="2026-01-01T00:00:01+00:00", tools=())
    render(outcome, requirements={}, cases={case.id: case}, events=events, folder=tmp_path)
    assert "body step 2: write access was not tried: &lt;the maker&gt; says no value" in (
        tmp_path / "report.html").read_text("utf-8")
    assert result.reason in (tmp_path / "report.json").read_text("utf-8")
    junit = ET.parse(tmp_path / "junit.xml").getroot()
    (told,) = junit.find("testsuite/testcase") or ()
    assert told.tag == ("error" if verdict is Verdict.INCONCLUSIVE else "skipped")
    assert told.get("message") == result.reason


def test_what_crossed_the_line_before_a_step_stopped_is_evidence_of_that_step(
    tmp_path: Path
) -> None:
    class Line:
        def __init__(self) -> None:
            self.frames = [Frame("sent", b"\x01")]

        def take(self) -> tuple[Frame, ...]:
            taken, self.frames = tuple(self.frames), []
            return taken

        def hang_up(self) -> None: ...

    _, events, _ = ended(tmp_path, Inconclusive("no answer"), lasting={"line": Line()})
    (shown,) = [event for event in events if event.data.get("frames")]
    assert shown.kind == "inconclusive"
    assert [frame["octets"] for frame in shown.data["frames"]] == ["01"]


AT_ONCE = PLAN.replace("      - look: {}\n        expect: seen\n      - raise", "      - raise", 1)


@pytest.mark.parametrize(("error", "restored"), [
    (Inapplicable("there is no such association"), False),
    (Inconclusive("it does not say how large"), True)])
def test_a_case_that_applies_to_nothing_and_did_nothing_has_nothing_to_restore(
    tmp_path: Path, error: BenchError, restored: bool
) -> None:
    _, events, result = ended(tmp_path, error, AT_ONCE)
    (kind,) = [event.kind for event in events if event.data.get("phase") == "postamble"]
    assert kind == ("observation" if restored else "skipped")
    assert result.disposition is (Disposition.SELECTED if restored else Disposition.INAPPLICABLE)
