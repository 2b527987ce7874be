"""After a case that a wrong device fails the next one is judged by what the device does then."""

from __future__ import annotations

import pytest
from served import served

from bench.judge import judge_case
from bench.plan import load_plans
from bench.records.verdict import Verdict
from bench.resources import ROOT
from bench.runner.engine import run_case

CASES = {case.id: case for case in load_plans([ROOT / "testplans/dlms/security.yaml"])}


@pytest.mark.parametrize(("case", "defect"), [
    ("DLMS-SEC-211", "wrong-key-id-accepted"), ("DLMS-SEC-212", "wrong-wrap-accepted"),
    ("DLMS-SEC-213", "key-of-another-suite-accepted")])
@pytest.mark.parametrize("framing", ["wrapper", "hdlc"])
def test_after_a_key_was_taken_against_the_rules_the_next_case_passes(
        case: str, defect: str, framing: str) -> None:
    context = served(framing, defect)
    verdicts = {}
    for name in (case, "DLMS-SEC-000"):
        events = tuple(run_case(CASES[name], context, 1))
        verdicts[name] = judge_case(CASES[name], events, context.answers).verdict
    assert verdicts == {case: Verdict.FAIL, "DLMS-SEC-000": Verdict.PASS}
