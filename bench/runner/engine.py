"""One case on one rig: steps in, events out.

The engine performs the steps of a case in order and yields an :class:`~bench.records.event.Event`
for everything that happens. It asks the judge after each step, only to know whether going on makes
sense: after an unmet expectation the rest of that phase is skipped and the postamble runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bench.errors import BenchError, Inapplicable, Inconclusive, LinkError, NotTestableHere
from bench.expressions import AbsentValue, ExpressionError, resolve
from bench.judge import judge_step
from bench.ledger.entry import OPERATOR_ANSWER
from bench.records.event import Event
from bench.records.plan import Step, TestCase
from bench.records.serial import to_json
from bench.records.verdict import Verdict
from bench.runner.answers import OperatorAnswers
from bench.steps import VOCABULARY, Action, Frame, Observation
from bench.steps.context import Context

MAXIMUM_REPEAT = 100_000
LINK, DECLARATION, BENCH = "link", "declaration", "bench"  # causes of a failure
LINK_BROKE = "the link broke"


class StepStopped(Exception):  # noqa: N818  not an error of ours: the step ends here
    """A step could not be performed; carries the event that says why.

    ``broken`` is True where the way to the device broke, so that no later step can be either.
    """

    def __init__(
        self, kind: str, reason: str, *, octets: bytes = b"", broken: bool = False
    ) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.octets, self.broken = kind, reason, octets, broken


def run_case(case: TestCase, context: Context, attempt: int, *,
             vocabulary: Mapping[str, Action[Any]] = VOCABULARY) -> Iterator[Event]:
    """Run ``case`` and yield its events, from ``case-started`` to ``case-ended``.

    ``vocabulary`` is what performs its steps.
    """

    def event(kind: str, **data: Any) -> Event:
        return Event(kind, case.id, attempt, context.clock().isoformat(), data)

    answers = OperatorAnswers(context.ports)
    yield event("case-started", attempt=attempt)
    if case.generated and not case.body:  # it stands for cases that could not be generated
        yield event("inconclusive", reason=case.undisclosed)
    skip = ""  # why the steps that are left are not run
    restore = begun = False  # whether the postamble has anything, and any way, to restore
    for phase, index, step in _steps(case):
        if skip and (phase != "postamble" or not restore):
            yield event("skipped", phase=phase, step=index, reason=skip)
            continue
        context.place = phase, index
        try:
            data = _perform(case, step, context, vocabulary)
        except StepStopped as stopped:
            frames = [frame_data(frame) for one in context.lasting.values() for frame in one.take()]
            yield event(stopped.kind, phase=phase, step=index, reason=stopped.reason,
                        octets=stopped.octets.hex().upper(),
                        cause=LINK if stopped.broken else BENCH,
                        **({"frames": frames} if frames else {}))
            skip = LINK_BROKE if stopped.broken else stopped.reason
            restore = not stopped.broken and (
                restore or begun or stopped.kind not in ("inapplicable", "not-testable"))
        else:
            begun = True
            yield event("observation", phase=phase, step=index, **data)
            if _unmet(case, step, phase, index, data, context):
                skip, restore = f"{phase} step {index + 1} did not see what it expects", True
        for time, answer in answers.new():
            yield Event(OPERATOR_ANSWER, case.id, attempt, time,
                        {"phase": phase, "step": index, **answer})
    yield event("case-ended")


def blocked(
    case: TestCase, time: str, attempt: int, reason: str, cause: str
) -> Iterator[Event]:
    """Yield the events of a case that could not start; ``cause`` is ``declaration`` or ``link``."""
    yield Event("case-started", case.id, attempt, time, {"attempt": attempt})
    yield Event("blocked", case.id, attempt, time, {"reason": reason, "cause": cause})
    yield Event("case-ended", case.id, attempt, time, {})


def frame_data(frame: Frame) -> dict[str, Any]:
    """Return ``frame`` as the data of an event holds it."""
    return {
        "direction": frame.direction,
        "octets": frame.octets.hex().upper(),
        "time": frame.time,
        "decoded": to_json(frame.decoded),
    }


def _steps(case: TestCase) -> Iterator[tuple[str, int, Step]]:
    phases = {"preamble": case.preamble, "body": case.body, "postamble": case.postamble}
    for phase, steps in phases.items():
        for index, step in enumerate(steps):
            yield phase, index, step


def _perform(case: TestCase, step: Step, context: Context,
             vocabulary: Mapping[str, Action[Any]]) -> dict[str, Any]:
    """Perform one step; return the data of its ``observation`` event."""
    action = vocabulary[step.action]
    environment = _environment(case, context)
    try:
        given = resolve(step.arguments, environment)
        repeat = resolve(step.repeat, environment)
        arguments = action.arguments.model_validate(given)
    except AbsentValue as absent:
        raise StepStopped("skipped", f"{step.action}: {absent}") from absent
    except (ExpressionError, ValidationError) as mistake:
        raise StepStopped("bench-error", f"{case.source}: {step.action}: {mistake}") from mistake
    if not isinstance(repeat, int) or not 1 <= repeat <= MAXIMUM_REPEAT:
        raise StepStopped("bench-error", f"{case.source}: repeat must be 1..{MAXIMUM_REPEAT}")
    context.step_name = step.name
    seen = Observation({})
    frames: list[Frame] = []
    for _ in range(repeat):
        seen = _call(action.perform, context, arguments)
        frames += seen.frames
    if step.name:
        context.observations[step.name] = seen.values
    return {
        "action": step.action,
        "port": step.port,
        "arguments": to_json(given),
        "repeat": repeat,
        "observation": to_json(seen.values),
        "frames": [frame_data(frame) for frame in frames],
    }


def _call(perform: Any, context: Context, arguments: Any) -> Observation:
    try:
        seen: Observation = perform(context, arguments)
    except NotTestableHere as lacking:
        raise StepStopped("not-testable", str(lacking)) from lacking
    except Inconclusive as unclear:
        raise StepStopped("inconclusive", str(unclear)) from unclear
    except Inapplicable as absent:
        raise StepStopped("inapplicable", str(absent)) from absent
    except LinkError as broken:
        raise StepStopped(
            "bench-error", str(broken), octets=broken.octets, broken=True) from broken
    except BenchError as failed:
        raise StepStopped("bench-error", str(failed)) from failed
    except Exception as crash:
        raise StepStopped("bench-error", f"{type(crash).__name__}: {crash}") from crash
    return seen


def _environment(case: TestCase, context: Context) -> Mapping[str, Any]:
    return {
        "steps": context.observations, "row": case.row, "ics": context.answers.ics,
        "ixit": context.answers.ixit, "subject": context.answers.subject,
    }


def _unmet(
    case: TestCase, step: Step, phase: str, index: int, data: Mapping[str, Any], context: Context
) -> bool:
    findings = judge_step(
        step, phase, index, data["observation"], context.observations, case, context.answers,
    )
    return any(finding.verdict is not Verdict.PASS for finding in findings)
