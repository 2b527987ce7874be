"""One step: each of its expectations against what was observed."""

from __future__ import annotations

from collections.abc import Mapping

from bench.errors import BenchError
from bench.expressions import AbsentValue, Expression, compile_expression
from bench.judge.seen import as_text, seen_values
from bench.records.answers import Answers
from bench.records.plan import Expectation, Step, TestCase
from bench.records.verdict import Finding, Verdict

UNMET = {
    # Only the body can contradict a requirement (ISO/IEC 9646-1: preamble and postamble prepare
    # and restore; the test purpose is judged in between).
    "preamble": (Verdict.INCONCLUSIVE, "precondition not reached: "),
    "body": (Verdict.FAIL, ""),
    "postamble": (Verdict.INCONCLUSIVE, "not restored: "),
}


def judge_step(
    step: Step,
    phase: str,
    index: int,
    observation: Mapping[str, object],
    earlier: Mapping[str, Mapping[str, object]],
    case: TestCase,
    answers: Answers,
) -> tuple[Finding, ...]:
    """Judge every expectation of ``step`` (``index`` counts from 0 within ``phase``).

    ``earlier`` maps the names of the steps observed so far to their observations. An expectation
    gives PASS when it is true. When it is false, or names a value that the device did not
    deliver, it gives FAIL in the body and INCONCLUSIVE elsewhere. One that cannot be evaluated is
    a mistake of the plan: ERROR. Raises ``KeyError`` for a phase that there is not.
    """
    environment = {
        **observation,
        "steps": earlier, "row": case.row, "ics": answers.ics, "ixit": answers.ixit,
        "subject": answers.subject,
    }
    return tuple(_judge(expectation, phase, index, environment) for expectation in step.expect)


def _judge(
    expectation: Expectation, phase: str, index: int, environment: Mapping[str, object]
) -> Finding:
    text = expectation.expression
    try:
        expression = compile_expression(text)
    except BenchError as mistake:
        return Finding(phase, index, text, Verdict.ERROR, str(mistake), expectation.cites)
    seen = seen_values(expression.paths, environment)
    verdict, reason = _verdict(expression, phase, environment)
    observed = f"; seen {as_text(seen)}" if seen else ""
    return Finding(phase, index, text, verdict, f"{reason}{observed}", expectation.cites, seen)


def _verdict(
    expression: Expression, phase: str, environment: Mapping[str, object]
) -> tuple[Verdict, str]:
    unmet, prefix = UNMET[phase]
    expected = f"{prefix}expected {expression.text}"
    try:
        outcome = expression.evaluate(environment)
    except AbsentValue as absent:
        return unmet, f"{expected}; not delivered: {absent}"
    except BenchError as mistake:
        return Verdict.ERROR, f"the plan's expectation cannot be evaluated: {mistake}"
    if outcome is True:
        return Verdict.PASS, f"{expression.text} holds"
    if outcome is False:
        return unmet, expected
    return Verdict.ERROR, f"the plan's {expression.text} is neither true nor false: {outcome!r}"
