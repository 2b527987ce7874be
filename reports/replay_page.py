"""``replay.html``: a replayed case with both runs side by side, octet by octet.

One file that needs no network, no server and no script. Octets that differ are marked: those that
differ by nature in one way, all others in another, and the first of either is named at the top. A
long field is shown around its first difference, a long step by the frames that part; all of it is
in ``replay.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, zip_longest

from jinja2 import Template
from markupsafe import Markup

from bench.records.replay import FieldPair, FramePair, Parting, Replay, RunFacts, StepPair
from bench.records.verdict import Finding, Verdict
from reports.furniture import asset, environment, policy
from reports.page import QUIET, TONES
from reports.text import elided, instant, plain, visible

LONGEST_FIELD = 192  # octets of one field
BEFORE = 32  # of them, before its first difference
LONGEST_VALUE = 240  # characters
MOST_FRAMES = 8  # of one step

LENGTH = "length of "  # its field follows and is named
SAME, NATURE, OTHER, FIRST = "", "nature", "other", "first"
WAYS: Mapping[str, str] = {
    "device": "Replayed on the device", "recording": "Replayed from the recording",
    "judged": "Judged again, not run again",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Octets of one tone, as text in blocks."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class ShownField:
    """One field of a frame, or all between two that differ; ``offset`` is in the stored frame."""

    name: str
    offset: int
    stored: tuple[Piece, ...]
    replayed: tuple[Piece, ...]
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """One pair of frames; ``parts`` says that something in it differs and is not explained."""

    pair: FramePair
    anchor: str
    fields: tuple[ShownField, ...]
    word: str
    parts: bool


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """An expectation and its verdict in either run, "not judged" where it was not."""

    expression: str
    cites: str
    stored: str
    replayed: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step; ``more`` counts the frames that are left to ``replay.json``."""

    pair: StepPair
    frames: tuple[ShownFrame, ...]
    more: int
    findings: tuple[ShownFinding, ...]
    variables: tuple[tuple[str, str, str, str], ...]
    word: str
    parts: bool


def replay_html(replay: Replay) -> str:
    """Return the whole page."""
    style = asset("report.css") + asset("replay.css")
    beside = replay.beside
    steps = tuple(map(_step, beside.steps)) if beside else ()
    first = beside.first if beside else None
    unexplained = beside.first_unexplained if beside else None
    text = _template().render(
        replay=replay, way=WAYS[replay.way], headline=_headline(replay), tone=_tone(replay),
        sides=tuple(_sides(replay)), steps=steps,
        partings=tuple(_partings(first, unexplained)) if beside else (),
        settings=[(one.kind, one.item, _value(one.stored), _value(one.replayed), one.used)
                  for one in replay.settings],
        style=Markup(style),  # noqa: S704  our own files
        policy=policy(style))
    return visible(text)


def _headline(replay: Replay) -> str:
    if replay.replayed is None:
        return "Judged again: " + ("the same verdict" if replay.same_verdict else "another verdict")
    return "The same verdict" if replay.same_verdict else "Another verdict"


def _tone(replay: Replay) -> str:
    if replay.replayed is not None and replay.replayed.verdict is Verdict.ERROR:
        return "broken"
    return "good" if replay.same_verdict else "bad"


def _sides(replay: Replay) -> Iterator[tuple[str, RunFacts]]:
    yield "Stored run", replay.stored
    if replay.replayed is not None:
        yield "Replay", replay.replayed


def _partings(first: Parting | None,
              unexplained: Parting | None) -> Iterator[tuple[str, Parting | None, str]]:
    yield "First octet where they part", first, _anchor(first) if first else ""
    if first is None or first != unexplained:
        yield ("First octet that nothing explains", unexplained,
               _anchor(unexplained) if unexplained else "")


def _anchor(place: Parting) -> str:
    return f"{place.phase}-{place.step}-{place.frame}"


def _step(pair: StepPair) -> ShownStep:
    frames = sorted(pair.frames, key=lambda one: (one.first_unexplained is None, one.first is None))
    chosen = {one.number for one in frames[:MOST_FRAMES]}
    shown = tuple(_frame(pair, one) for one in pair.frames if one.number in chosen)
    variables = tuple((one.name, _value(one.stored), _value(one.replayed), one.explanation)
                      for one in pair.variables)
    parts = (pair.stored_kind != pair.replayed_kind
             or any(one.first_unexplained for one in pair.frames)
             or any(not one.explanation for one in pair.variables))
    return ShownStep(pair, shown, len(pair.frames) - len(shown), tuple(_findings(pair)), variables,
                     "they part" if parts else "alike", parts)


def _findings(pair: StepPair) -> Iterator[ShownFinding]:
    for stored, replayed in zip_longest(pair.stored_findings, pair.replayed_findings):
        known: Finding = stored or replayed
        reasons = [f"{side}: {elided(one.reason, 4 * LONGEST_VALUE)}"
                   for side, one in (("stored", stored), ("replay", replayed))
                   if one and one.verdict is not Verdict.PASS]
        yield ShownFinding(
            known.expression, ", ".join(known.cites),
            stored.verdict.value if stored else "not judged",
            replayed.verdict.value if replayed else "not judged", "\n".join(reasons))


def _frame(step: StepPair, pair: FramePair) -> ShownFrame:
    parts = pair.first_unexplained is not None
    word = "identical"
    if not pair.stored or not pair.replayed:
        word = "in the stored run only" if pair.stored else "in the replay only"
    elif pair.first is not None:
        word = "they part" if parts else "differ as explained"
    fields = tuple(_fields(pair))
    return ShownFrame(pair, f"{step.phase}-{step.step}-{pair.number}", fields, word, parts)


def _fields(pair: FramePair) -> Iterator[ShownField]:
    """Yield the fields that differ, and what lies between them in one piece."""
    for same, run in groupby(pair.fields, key=lambda one: one.same):
        fields = list(run)
        if not same:
            yield from (_field(one, pair) for one in fields)
            continue
        names = [one.name for one in fields if not one.name.startswith(LENGTH)]
        octets = bytes.fromhex("".join(one.stored for one in fields))
        pieces = tuple(_pieces(octets, [SAME] * len(octets), 0))
        yield ShownField(", ".join(names or [fields[0].name]), fields[0].stored_at, pieces, pieces,
                         SAME, "")


def _field(pair: FieldPair, frame: FramePair) -> ShownField:
    left, right = bytes.fromhex(pair.stored), bytes.fromhex(pair.replayed)
    tones = _tones(pair, frame, left, right)
    start = next((index for index, tone in enumerate(tones) if tone), 0)
    low = max(0, start - BEFORE) if len(tones) > LONGEST_FIELD else 0
    why = pair.explanation
    if pair.leaves:
        why = "; ".join(filter(None, (why, ", ".join(pair.leaves[:4]))))
    tone = SAME if pair.same else NATURE if pair.explanation else OTHER
    return ShownField(pair.name, pair.stored_at, tuple(_pieces(left, tones, low)),
                      tuple(_pieces(right, tones, low)), tone, why)


def _tones(pair: FieldPair, frame: FramePair, left: bytes, right: bytes) -> list[str]:
    """Return the tone of each octet of a field, as long as the longer side."""
    natural = {index for start, end in pair.natural for index in range(start, end)}
    tones = [SAME if left[index:index + 1] == right[index:index + 1]
             else NATURE if pair.explanation or index in natural else OTHER
             for index in range(max(len(left), len(right)))]
    for parting in (frame.first, frame.first_unexplained):
        index = parting.offset - pair.stored_at if parting else -1
        if parting and parting.field.partition(": ")[0] == pair.name and 0 <= index < len(tones) \
                and tones[index] == OTHER:
            tones[index] = FIRST
    return tones


def _pieces(octets: bytes, tones: Sequence[str], low: int) -> Iterator[Piece]:
    """Yield octets from ``low`` on in runs of one tone, in blocks of four by their offset."""
    high = min(len(octets), low + LONGEST_FIELD)
    if low and octets:
        yield Piece(f"[{min(low, len(octets))} octets] ", SAME)
    for tone, run in groupby(range(low, high), key=lambda index: tones[index]):
        text = "".join(f"{octets[index]:02X}" + (" " if index % 4 == 3 else "") for index in run)
        yield Piece(text, tone)
    if high < len(octets):
        yield Piece(f" [{len(octets) - high} octets]", SAME)


def _value(value: object) -> str:
    return "" if value is None else plain(value, LONGEST_VALUE)


@cache
def _template() -> Template:
    made = environment()
    made.filters["instant"] = instant
    made.globals["tones"] = {str(word): tone for word, tone in TONES.items()} | {
        "they part": ("bad", "≠"), "alike": ("good", "="), "identical": ("good", "="),
        "differ as explained": ("quiet", "≈"), "in the stored run only": ("bad", "≠"),
        "in the replay only": ("bad", "≠")}
    made.globals["quiet"] = QUIET
    return made.get_template("replay.html.j2")
