"""One expectation against one observation."""

from __future__ import annotations

import pytest

from bench.judge import Answers, judge_step
from bench.records.plan import Expectation, Step, TestCase
from bench.records.verdict import Finding, Verdict

CASE = TestCase("C", "g", "p", "esme", (), (), (), (), (), ())


def judge(expression: str, phase: str = "body", **observation: object) -> Finding:
    step = Step("send", "gbcs", {}, (Expectation(expression, ("R-1", "R-2")),))
    (finding,) = judge_step(step, phase, 3, observation, {}, CASE, Answers())
    return finding


@pytest.mark.parametrize(
    ("phase", "verdict"),
    [("preamble", Verdict.INCONCLUSIVE), ("body", Verdict.FAIL),
     ("postamble", Verdict.INCONCLUSIVE)],
)
@pytest.mark.parametrize("expression", ["n == 2", "absent == 1", "deep.absent == 1",
                                        "values[5] == 1"])
def test_false_and_absent_are_the_devices_fault_in_the_body_only(
    phase: str, verdict: Verdict, expression: str
) -> None:
    finding = judge(expression, phase, n=1, deep={"here": 1}, values=[1])
    assert (finding.verdict, finding.step, finding.cites) == (verdict, 3, ("R-1", "R-2"))
    assert f"expected {expression}" in finding.reason


@pytest.mark.parametrize("phase", ["preamble", "body", "postamble"])
@pytest.mark.parametrize("expression", ["n + 'x' == 1", "n", "'true'", "n ==", "nowhere(n)"])
def test_a_mistake_of_the_plan_is_an_error(phase: str, expression: str) -> None:
    finding = judge(expression, phase, n=1)
    assert finding.verdict is Verdict.ERROR
    assert expression in finding.reason


def test_a_true_expectation_passes_and_says_what_was_seen() -> None:
    finding = judge("n == 1", n=1)
    assert (finding.verdict, finding.reason) == (Verdict.PASS, "n == 1 holds; seen n = 1")


def test_an_absent_value_is_named() -> None:
    finding = judge("reply.result == 'x'", reply={"other": 1})
    assert "not delivered" in finding.reason
    assert finding.seen == {"reply.result": "(absent)"}


def test_long_values_are_shortened() -> None:
    finding = judge(
        "octets == 'x' && size(entries) == 2 && record.a == 1",
        octets="AB" * 5000, entries=list(range(1000)), record={"a": 2, "b": "x" * 9999},
    )
    assert finding.seen["octets"] == "AB" * 16 + "... (10000 characters)"
    assert finding.seen["entries"] == [0, 1, 2, 3, 4, 5, 6, 7, "... (1000 items)"]
    assert finding.seen["record.a"] == 2
    assert len(finding.reason) < 1000


def test_a_macros_own_variable_is_no_value_of_the_device() -> None:
    finding = judge("entries.all(entry, entry.code == 1)", entries=[{"code": 2}])
    assert finding.verdict is Verdict.FAIL
    assert finding.seen == {"entries": [{"code": 2}]}


def test_a_step_without_expectations_has_no_findings() -> None:
    assert judge_step(Step("send", "gbcs", {}), "body", 0, {}, {}, CASE, Answers()) == ()


def test_an_observation_cannot_hide_the_plans_own_names() -> None:
    assert judge("size(steps) == 0 && size(ics) == 0", steps=[1], ics=[1]).verdict is Verdict.PASS
