"""Two runs of one case side by side: steps, frames, fields, and the first octet where they part.

Pure. What must differ by nature is told apart from what must not: counters that the bench makes of
its clock, times, and the signatures and MACs over them (:data:`BY_NATURE`; GBCS section 7.2). An
explanation is only given where the field is in both frames and as long in both. Inside a payload
the values are those that the frames were decoded to; what is no counter and no time there is never
explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from bench.protocols.gbcs import layout
from bench.protocols.gbcs.layout import Span
from bench.records.event import Event
from bench.records.plan import Step, TestCase
from bench.records.replay import FieldPair, FramePair, Parting, SideBySide, StepPair, Variable
from bench.records.verdict import Finding
from bench.scheme.leaves import Leaf, Reading, is_time, leaves_that_differ, located

OWN_TIME = "the time of its own run"

BY_NATURE: Mapping[str, str] = {
    layout.COUNTER: "a counter of its own run",
    layout.SUPPLEMENTARY_COUNTER: "a counter of its own run",
    layout.SUPPLEMENTARY_PARTY_COUNTER: "a counter of its own run",
    layout.DATE_TIME: OWN_TIME,
    layout.SIGNATURE: "made anew for each message",
    layout.MAC: "made over the counter, with the keys of its own run",
}
"""Field of a message -> why it differs between two runs of one case."""

OBSERVED_BY_NATURE: Mapping[str, str] = {
    "alert_counters": "counters of its own run",
    **dict.fromkeys(("device_time", "reference", "reference_text", "clock_time", "times"),
                    OWN_TIME),
}
FOLLOWS = "follows from what differs in length"
ANOTHER_SPECIMEN = "another specimen of the model"
PAYLOAD_EXPLAINED = "counters and times of its own run"
IN_WHOLE = "part of a message that is compared as a whole"
OWN_KEYS = "made with the keys of its own run"
BLOCK = "data"  # how the reading of a block with data begins
_LENGTHS = frozenset(layout.LENGTH_OF + name for name in (
    layout.PAYLOAD, layout.MESSAGE_CODE, layout.BLOCK_DATA)) | {layout.TOTAL_LENGTH}
_PARTIES = {layout.ORIGINATOR, layout.RECIPIENT}
_NOWHERE = Span("", 0, 0)
_PHASES = ("preamble", "body", "postamble")
_STEP_EVENTS = ("observation", "skipped", "not-testable", "not-verifiable", "inconclusive",
                "inapplicable", "bench-error")


Specimens = tuple[str, str]
Readings = tuple[Reading, Reading]


class Side(NamedTuple):
    """One run: the events of the attempt that counts, and what was found on judging it."""

    events: Sequence[Event]
    findings: Sequence[Finding]


def side_by_side(case: TestCase, stored: Side, replayed: Side, *,
                 specimens: Specimens = ("", ""),
                 how: Mapping[tuple[str, int], str] | None = None) -> SideBySide:
    """Return both runs of ``case``, step by step.

    ``specimens`` are the EUI-64s of the devices of either run; ``how`` says of steps how they
    were played, where a recording was.
    """
    left, right = _by_step(stored.events), _by_step(replayed.events)
    steps = tuple(
        _step(phase, index, step, left.get((phase, index)), right.get((phase, index)),
              _of_step(stored.findings, phase, index), _of_step(replayed.findings, phase, index),
              (how or {}).get((phase, index), ""), specimens)
        for phase in _PHASES for index, step in enumerate(getattr(case, phase)))
    frames = [frame for step in steps for frame in step.frames]
    return SideBySide(
        steps, next((frame.first for frame in frames if frame.first), None),
        next((frame.first_unexplained for frame in frames if frame.first_unexplained), None))


def _by_step(events: Iterable[Event]) -> dict[tuple[str, int], Event]:
    found: dict[tuple[str, int], Event] = {}
    for event in events:
        phase, index = event.data.get("phase"), event.data.get("step")
        if event.kind in _STEP_EVENTS and isinstance(phase, str) and isinstance(index, int):
            found[phase, index] = event
    return found


def _of_step(findings: Sequence[Finding], phase: str, index: int) -> tuple[Finding, ...]:
    return tuple(one for one in findings if (one.phase, one.step) == (phase, index))


def _step(phase: str, index: int, step: Step, stored: Event | None, replayed: Event | None,
          stored_findings: tuple[Finding, ...], replayed_findings: tuple[Finding, ...],
          how: str, specimens: Specimens) -> StepPair:
    lefts, rights = _frames_of(stored), _frames_of(replayed)
    # messages that went in blocks and are in the step as a whole too
    whole = set(map(_kind, lefts)) & set(map(_kind, rights))
    frames = tuple(_frame(phase, index, number, left or {}, right or {}, specimens, whole)
                   for number, (left, right) in enumerate(_paired(lefts, rights), 1))
    return StepPair(
        phase, index, step.action, stored.kind if stored else "",
        replayed.kind if replayed else "", _reason(stored), _reason(replayed), frames,
        tuple(_variables(stored, replayed)), stored_findings, replayed_findings, how)


def _reason(event: Event | None) -> str:
    return str(event.data.get("reason", "")) if event else ""


def _frames_of(event: Event | None) -> list[Mapping[str, Any]]:
    frames = event.data.get("frames") if event else None
    return [frame for frame in frames if isinstance(frame, Mapping)] \
        if isinstance(frames, list | tuple) else []


def _variables(stored: Event | None, replayed: Event | None) -> Iterator[Variable]:
    seen = [event.data.get("observation") if event else None for event in (stored, replayed)]
    left, right = (one if isinstance(one, Mapping) else {} for one in seen)
    for name in sorted({*left, *right}):
        before, after = left.get(name), right.get(name)
        if before == after:
            continue
        why = OBSERVED_BY_NATURE.get(name, "")
        if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
            yield Variable(name, before, after, why)
            continue
        for key in sorted({*before, *after}):
            pair = before.get(key), after.get(key)
            if pair[0] != pair[1]:
                yield Variable(f"{name}['{key}']", *pair, why or (
                    OWN_TIME if all(map(is_time, pair)) else ""))


def _paired(
    stored: Sequence[Mapping[str, Any]], replayed: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Yield frames that belong together: the same kind of message, in the same order.

    Of what has no partner, frames of one direction are held against each other.
    """
    matcher = SequenceMatcher(None, [_kind(frame) for frame in stored],
                              [_kind(frame) for frame in replayed], autojunk=False)
    for tag, first, last, other, other_last in matcher.get_opcodes():
        left, right = list(stored[first:last]), list(replayed[other:other_last])
        if tag == "equal":
            yield from zip(left, right, strict=True)
            continue
        while left and right and left[0].get("direction") == right[0].get("direction"):
            yield left.pop(0), right.pop(0)
        for frame in left:
            yield frame, None
        for frame in right:
            yield None, frame


def _kind(frame: Mapping[str, Any]) -> str:
    return f"{frame.get('direction', '')} {_what(frame)}"


def _message(kind: str) -> str:
    """Return the kind of the message that a block of this kind is a part of."""
    return kind.replace(f" {BLOCK} ", " ")


def _what(frame: Mapping[str, Any]) -> str:
    decoded = frame.get("decoded")
    if not isinstance(decoded, Mapping):
        return ""
    parts = (decoded.get("block"), decoded.get("cra"), decoded.get("message_code"))
    return " ".join(str(part) for part in parts if part)


def _frame(phase: str, index: int, number: int, stored: Mapping[str, Any],
           replayed: Mapping[str, Any], specimens: Specimens, whole: Set[str]) -> FramePair:
    left, right = _octets(stored), _octets(replayed)
    direction = str((stored or replayed).get("direction", ""))
    readings = Reading.of(stored), Reading.of(replayed)
    fields = tuple(_fields(left, right, readings, specimens, _message(_kind(stored)) in whole))
    differing = [field for field in fields if not field.same]

    def parting(field: FieldPair, *, everything: bool) -> Parting:
        offset, name = _first_octet(field, readings, everything=everything)
        return Parting(
            phase, index, number, direction, field.stored_at + offset,
            field.stored[2 * offset:2 * offset + 2], field.replayed[2 * offset:2 * offset + 2],
            name, field.explanation)

    return FramePair(
        number, direction, left.hex().upper(), right.hex().upper(),
        str(stored.get("time", "")), str(replayed.get("time", "")),
        _what(stored) or _what(replayed), fields,
        next((parting(field, everything=True) for field in differing), None),
        next((parting(field, everything=False) for field in differing
              if not field.explanation), None))


def _octets(frame: Mapping[str, Any]) -> bytes:
    try:
        return bytes.fromhex(str(frame.get("octets", "")))
    except ValueError:  # a ledger may hold what is none
        return b""


def _first_octet(field: FieldPair, readings: Readings, *,
                 everything: bool) -> tuple[int, str]:
    """Return the offset in a field of the first octet that differs, and what is there.

    Of a payload the octets of counters and times are passed over, unless ``everything`` counts.
    """
    left, right = bytes.fromhex(field.stored), bytes.fromhex(field.replayed)
    places = _places(left, right, readings) if field.name == layout.PAYLOAD else []
    name = f"{field.name}: {field.leaves[0]}" if field.leaves else field.name
    for offset in range(max(len(left), len(right))):
        if left[offset:offset + 1] == right[offset:offset + 1]:
            continue
        leaf = next((leaf for place, leaf in places if offset in place), None)
        if leaf is None:
            return offset, name
        if everything or not leaf.by_nature:
            return offset, f"{field.name}: {leaf.path}"
    return 0, name


def _places(before: bytes, after: bytes,
            readings: Readings) -> list[tuple[range, Leaf]]:
    """Return where in two payloads the values that differ lie, as far as it can be told."""
    return list(located(before, after, leaves_that_differ(*readings)))


def _fields(stored: bytes, replayed: bytes, readings: Readings,
            specimens: Specimens, in_whole: bool) -> Iterator[FieldPair]:
    """Yield the fields of both frames in the order of the line.

    A field that only one of the frames has stands at its place, without octets on the other side.
    """
    pairs = _together(layout.layout(stored), layout.layout(replayed))
    resized = any(left is None or right is None or left.end - left.start != right.end - right.start
                  for left, right in pairs if (left or right or _NOWHERE).name not in _LENGTHS)
    at_left = at_right = 0
    for left, right in pairs:
        name = (left or right or _NOWHERE).name
        before = stored[left.start:left.end] if left else b""
        after = replayed[right.start:right.end] if right else b""
        at_left, at_right = (left.start if left else at_left), (right.start if right else at_right)
        explanation, leaves, natural = "", tuple[str, ...](), tuple[tuple[int, int], ...]()
        if name == layout.PAYLOAD and before != after:
            explanation, leaves = _of_payload(len(before) == len(after), readings)
            natural = tuple((place.start, place.stop)
                            for place, leaf in _places(before, after, readings) if leaf.by_nature)
        elif before != after:
            explanation = _why(name, before, after, specimens, {
                layout.CERTIFICATE: OWN_KEYS if left and right and readings[0].sent else "",
                layout.BLOCK_DATA: IN_WHOLE if in_whole else "",
                **dict.fromkeys(_LENGTHS, FOLLOWS if left and right and resized else "")})
        yield FieldPair(name, before.hex().upper(), after.hex().upper(), at_left, at_right,
                        before == after, explanation, leaves, natural)
        at_left, at_right = (left.end if left else at_left), (right.end if right else at_right)


def _why(name: str, before: bytes, after: bytes, specimens: Specimens,
         here: Mapping[str, str]) -> str:
    """Return why a field, which is not the payload, differs; "" if nothing explains it.

    ``here`` has the explanations of fields that depend on the frame.
    """
    if name in here:
        return here[name]
    if name in _PARTIES and (before.hex().upper(), after.hex().upper()) == specimens:
        return ANOTHER_SPECIMEN
    return BY_NATURE.get(name, "") if len(before) == len(after) else ""


def _together(lefts: Sequence[Span], rights: Sequence[Span]
              ) -> list[tuple[Span | None, Span | None]]:
    matcher = SequenceMatcher(None, [span.name for span in lefts],
                              [span.name for span in rights], autojunk=False)
    pairs: list[tuple[Span | None, Span | None]] = []
    for tag, first, last, other, other_last in matcher.get_opcodes():
        if tag == "equal":
            pairs += zip(lefts[first:last], rights[other:other_last], strict=True)
        else:
            pairs += [(span, None) for span in lefts[first:last]]
            pairs += [(None, span) for span in rights[other:other_last]]
    return pairs


def _of_payload(one_length: bool, readings: Readings) -> tuple[str, tuple[str, ...]]:
    """Return why two payloads differ, "" if nothing explains it, and what in them differs."""
    differing = leaves_that_differ(*readings)
    unexplained = tuple(leaf.path for leaf in differing if not leaf.by_nature)
    # of another length is explained only what the bench wrote itself
    if differing and not unexplained and (one_length or readings[0].sent):
        return PAYLOAD_EXPLAINED, tuple(leaf.path for leaf in differing)
    return "", unexplained
