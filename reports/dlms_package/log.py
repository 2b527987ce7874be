"""``log.txt``: a run for a reader who has nothing but a text editor.

First who was tested and how it came out, then every case that neither passed nor failed, with its
reason, then what belongs to no case, then case by case: verdict, reason, each step with its frames
in words and what was judged of it. Errors in a frame have ``!`` before them. Octets are left to the
line traffic, the fields of each frame to the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from bench.records.decision import Outcome
from bench.records.event import Event
from bench.records.verdict import Disposition, Finding, Verdict
from reports.dlms_package.frames import Frame, frames_of, line, place_of
from reports.evidence import ShownCase
from reports.text import plain

LONGEST = 2000  # characters of one value
DECIDED = (Verdict.PASS, Verdict.FAIL)

_BOUNDS = frozenset(("case-started", "case-ended"))
_WORDS = tuple(str(word) for word in (*Verdict, *Disposition))
_APART = frozenset(("summary", "errors", "fields"))


def log_text(outcome: Outcome, shown: Sequence[ShownCase], events: Sequence[Event]) -> str:
    """Return the text; ``events`` are in ledger order."""
    return "".join(f"{one}\n" for one in _lines(outcome, shown, events))


def _lines(outcome: Outcome, shown: Sequence[ShownCase], events: Sequence[Event]) -> Iterator[str]:
    yield from _head(outcome, shown)
    yield from _undecided(shown)
    yield from _of_no_case(events)
    for item in shown:
        yield from _case(item)


def _head(outcome: Outcome, shown: Sequence[ShownCase]) -> Iterator[str]:
    subject = outcome.subject
    words = Counter(item.word for item in shown)
    facts = (
        ("device", f"{subject.manufacturer} {subject.model}, {subject.device_type}"),
        ("hardware", subject.hardware_version), ("firmware", subject.firmware_version),
        ("image", subject.image_hash),
        ("mode", outcome.mode + (", a demonstration" if outcome.demonstration else "")),
        ("baseline", outcome.baseline or "none"),
        ("run", f"{outcome.started} to {outcome.ended}"), ("ledger", outcome.ledger_hash),
        ("tools", ", ".join(f"{name} {version}" for name, version in outcome.tools)),
        ("cases", f"{len(shown)}: " + ", ".join(
            f"{words[word]} {word}" for word in dict.fromkeys(_WORDS) if words[word])),
    )
    yield "Log of a conformance run on a DLMS meter"
    yield ""
    for name, value in facts:
        yield f"{name + ':':<10} {line(value)}"


def _undecided(shown: Sequence[ShownCase]) -> Iterator[str]:
    """Yield the cases that neither passed nor failed: each needs a reason that is acceptable."""
    yield from _title("Neither passed nor failed")
    found = sorted((item for item in shown if item.word not in DECIDED),
                   key=lambda item: (item.word, item.id))
    for item in found:
        yield f"{item.word.upper()}  {line(item.id)}: {line(item.result.reason)}"
    if not found:
        yield "none"


def _of_no_case(events: Sequence[Event]) -> Iterator[str]:
    found = [event for event in events if not event.case and any(frames_of(event))]
    if found:
        yield from _title("Asked for no case")
    for event in found:
        yield f"{line(event.time)} {event.kind}"
        yield from _traffic(event)


def _case(item: ShownCase) -> Iterator[str]:
    yield from _title(f"{item.id}: {item.case.purpose}" if item.case else item.id)
    yield f"{item.word.upper()}: {line(item.result.reason)}"
    if item.verifies:
        yield f"verifies: {line(', '.join(item.verifies))}"
    for number, events in item.attempts:
        last = number == item.attempts[-1][0]
        yield f"attempt {number}" + ("" if last else ", not the one that decides")
        yield from _attempt(events, item.result.findings if last else ())


def _attempt(events: Sequence[Event], findings: Sequence[Finding]) -> Iterator[str]:
    judged: dict[tuple[object, object], list[Finding]] = {}
    for finding in findings:
        judged.setdefault((finding.phase, finding.step), []).append(finding)
    for place, group in groupby(events, key=lambda event: (
            event.data.get("phase"), event.data.get("step"))):
        for event in group:
            if event.kind not in _BOUNDS:
                yield from _event(event)
        yield from map(_judged, judged.pop(place, ()))
    for (phase, step), left in judged.items():
        yield f"  {phase} step {step}"
        yield from map(_judged, left)


def _event(event: Event) -> Iterator[str]:
    data = event.data
    if event.kind == "observation":
        given = f" {line(plain(data['arguments'], LONGEST))}" if data.get("arguments") else ""
        yield f"  {line(event.time)} {line(place_of(event))} on {line(data.get('port'))}{given}"
    elif event.kind == "operator-answer":
        yield (f"  {line(event.time)} {line(place_of(event))}: asked {line(data.get('question'))}: "
               f"{line(plain(data.get('answer'), LONGEST))}")
    else:
        where = f" {line(place_of(event))}" if "step" in data else ""
        yield f"  {line(event.time)}{where} {event.kind}: {line(data.get('reason', ''))}"
    yield from _traffic(event)
    if event.kind == "observation" and not data.get("frames"):
        yield f"    observed: {line(plain(data.get('observation'), LONGEST))}"


def _traffic(event: Event) -> Iterator[str]:
    for frame in frames_of(event):
        yield (f"    {line(frame.time)} {line(frame.direction):<8} "
               f"{line(_summary(frame))}")
        errors = frame.decoded.get("errors")
        for error in errors if isinstance(errors, list | tuple) else ():
            yield f"      ! {line(error)}"
        for name in sorted(set(frame.decoded) - _APART):
            yield f"      {line(name)}: {line(plain(frame.decoded[name], LONGEST))}"


def _summary(frame: Frame) -> str:
    said = str(frame.decoded.get("summary") or f"{len(frame.octets) // 2} octets, not decoded")
    return f"{frame.note}: {said}" if frame.note else said


def _judged(finding: Finding) -> str:
    why = "" if finding.verdict is Verdict.PASS else f": {line(finding.reason)}"
    return (f"    {finding.verdict.value.upper()}: {line(finding.expression)} "
            f"[{line(', '.join(finding.cites))}]{why}")


def _title(text: str) -> Iterator[str]:
    shown = line(text)
    yield ""
    yield shown
    yield "-" * min(len(shown), 100)
