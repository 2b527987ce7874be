"""One case as the page shows it: its phases, steps, expectations, and what crossed the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.records.event import Event
from bench.records.plan import Expectation, Step
from bench.records.verdict import Finding, Verdict
from reports import fields
from reports.evidence import ShownCase
from reports.text import elided, hexadecimal, outline, plain

LONGEST_OCTETS = 256  # of one frame
LONGEST_VALUE = 240  # characters
MOST_RUNS = 6  # of one repeated step
MOST_JUDGED = 12  # of one step
MOST_EXCHANGES = 4  # of one run of a step, half of them the last ones
MOST_OF_A_FAILURE = 48  # the same, where a case did not pass
MOST_ANSWERS = 12  # of an operator, in one step
OPERATOR_ANSWER = "operator-answer"



class Detail(NamedTuple):
    """How much is shown: octets ``brief``, on one line each; messages of one run of a step."""

    brief: bool
    exchanges: int


_PHASES = ("preamble", "body", "postamble")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Octets that crossed the border to the device, beside what they were read as."""

    heading: str  # direction and time
    octets: str
    reading: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a step: what it did, what it saw, or why it did not."""

    kind: str  # of the event
    time: str
    reason: str
    arguments: str
    observed: str
    alerts: tuple[str, ...]
    exchanges: tuple[Exchange, ...]
    more_exchanges: int = 0  # in the middle of them, left to the ledger


@dataclass(frozen=True, slots=True)
class OperatorAnswer:
    """What a person was asked in a step and answered; ``time`` is that of the answer."""

    name: str
    question: str
    answer: str
    time: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An expectation, its verdict ("not judged" without one), and what was seen for it."""

    expression: str
    word: str
    reason: str
    cites: str
    seen: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step; ``more_...`` count what is left to the ledger."""

    number: int  # from 1, as people count
    action: str
    port: str
    planned: str
    judged: tuple[Judged, ...]
    more_judged: int
    runs: tuple[Run, ...]
    more_runs: int
    answers: tuple[OperatorAnswer, ...]
    more_answers: int


@dataclass(frozen=True, slots=True)
class ShownPhase:
    """Preamble, body or postamble."""

    name: str
    steps: tuple[ShownStep, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; only the last one was judged. ``remarks`` are of the case as a whole."""

    number: int
    last: bool
    phases: tuple[ShownPhase, ...]
    remarks: tuple[str, ...]


def attempts_of(item: ShownCase, *, brief: bool = False) -> tuple[Attempt, ...]:
    """Return the attempts in order; one of number 0, the plan alone, when there was none.

    ``brief`` gives what octets were read as on one line: it takes a quarter of the time.
    """
    passed = item.result.verdict in (Verdict.PASS, Verdict.NONE)
    detail = Detail(brief, MOST_EXCHANGES if passed else MOST_OF_A_FAILURE)
    if not item.attempts:
        return (Attempt(0, True, _phases(item, (), item.result.findings, detail), ()),)
    last = item.attempts[-1][0]
    return tuple(
        Attempt(
            number, number == last,
            _phases(item, events, item.result.findings if number == last else (), detail),
            tuple(f"{event.kind}: {event.data['reason']}" for event in events
                  if "reason" in event.data and "step" not in event.data))
        for number, events in item.attempts)


def _phases(
    item: ShownCase, events: Sequence[Event], findings: Sequence[Finding], detail: Detail
) -> tuple[ShownPhase, ...]:
    happened: dict[tuple[object, object], list[Event]] = {}
    for event in events:
        if "step" in event.data:
            place = event.data.get("phase"), event.data["step"]
            happened.setdefault(place, []).append(event)
    judged: dict[tuple[object, object], list[Finding]] = {}
    for finding in findings:
        judged.setdefault((finding.phase, finding.step), []).append(finding)
    phases = []
    for name in _PHASES:
        planned: Mapping[object, Step] = dict(
            enumerate(getattr(item.case, name))) if item.case else {}
        found = {index for phase, index in (*happened, *judged) if phase == name}
        steps = tuple(
            _step(index, planned.get(index), happened.get((name, index), ()),
                  judged.get((name, index), ()), detail)
            for index in sorted({*planned, *found}, key=_rank))
        if steps:
            phases.append(ShownPhase(name, steps))
    return tuple(phases)


def _rank(index: object) -> tuple[bool, int, str]:
    """Order step numbers; a ledger may hold what is none, and it must be shown all the same."""
    return (False, index, "") if isinstance(index, int) else (True, 0, str(index))


def _step(
    index: object, step: Step | None, events: Sequence[Event], findings: Sequence[Finding],
    detail: Detail,
) -> ShownStep:
    answers = [event for event in events if event.kind == OPERATOR_ANSWER]
    events = [event for event in events if event.kind != OPERATOR_ANSWER]
    first: Mapping[str, Any] = events[0].data if events else {}
    if len(findings) > 1:
        findings = sorted(findings, key=lambda finding: finding.verdict is Verdict.PASS)
    judged = [_judged(finding) for finding in findings[:MOST_JUDGED]]
    if step and not findings:
        judged = [_not_judged(expectation) for expectation in step.expect]
    return ShownStep(
        number=index + 1 if isinstance(index, int) else 0,
        action=step.action if step else str(first.get("action", "")),
        port=step.port if step else str(first.get("port", "")),
        planned=_values(step.arguments) if step and not events else "",
        judged=tuple(judged),
        more_judged=max(0, len(findings) - MOST_JUDGED),
        runs=tuple(_run(event, detail) for event in events[:MOST_RUNS]),
        more_runs=max(0, len(events) - MOST_RUNS),
        answers=tuple(map(_answer, answers[:MOST_ANSWERS])),
        more_answers=max(0, len(answers) - MOST_ANSWERS))


def _judged(finding: Finding) -> Judged:
    return Judged(
        finding.expression, finding.verdict.value,
        "" if finding.verdict is Verdict.PASS else elided(finding.reason, 4 * LONGEST_VALUE),
        ", ".join(finding.cites), _values(finding.seen))


def _not_judged(expectation: Expectation) -> Judged:
    return Judged(expectation.expression, "not judged", "", ", ".join(expectation.cites), "")


def _run(event: Event, detail: Detail) -> Run:
    data = event.data
    observed = data.get("observation")
    alerts = observed.get("alerts") if isinstance(observed, Mapping) else None
    frames = data.get("frames")
    if data.get("octets"):  # of a bench-error: what had arrived before it
        frames = [{"direction": "arrived so far", "octets": data["octets"], "time": event.time}]
    shown, more = _most([frame for frame in frames if isinstance(frame, Mapping)]
                        if isinstance(frames, list | tuple) else [], detail.exchanges)
    return Run(
        kind=event.kind, time=event.time, reason=str(data.get("reason", "")),
        arguments=_values(data.get("arguments")),
        observed=_values(observed),
        alerts=tuple(plain(alert, LONGEST_VALUE) for alert in alerts)
        if isinstance(alerts, list | tuple) else (),
        exchanges=tuple(_exchange(frame, detail.brief) for frame in shown),
        more_exchanges=more)


def _answer(event: Event) -> OperatorAnswer:
    name, question, answer = (
        plain(event.data.get(key, ""), 4 * LONGEST_VALUE)
        for key in ("name", "question", "answer"))
    return OperatorAnswer(name, question, answer, event.time)


def _most(
    frames: Sequence[Mapping[str, Any]], most: int
) -> tuple[Sequence[Mapping[str, Any]], int]:
    """Return the frames that are shown, half of them the last ones, and how many are not."""
    more = len(frames) - most
    if more <= 0:
        return frames, 0
    return [*frames[:most // 2], *frames[-(most // 2):]], more


def _exchange(frame: Mapping[str, Any], brief: bool) -> Exchange:
    decoded = frame.get("decoded")
    if isinstance(decoded, Mapping) and fields.has_fields(decoded):
        reading = fields.reading(decoded, LONGEST_VALUE, brief=brief)
    else:
        reading = plain(decoded, 4 * LONGEST_VALUE) if brief and decoded else _values(decoded)
    return Exchange(
        f"{frame.get('direction', '')} {frame.get('time', '')}",
        hexadecimal(str(frame.get("octets", "")), LONGEST_OCTETS),
        reading or "not decoded")


def _values(values: object) -> str:
    if isinstance(values, Mapping):
        return outline(values, LONGEST_VALUE)
    return plain(values, LONGEST_VALUE) if values else ""
