"""A disputed case replayed: the stored run and the one beside it, and where their octets part.

Octets are upper-case hexadecimal text, "" for none. ``explanation`` says why two runs of the same
case on the same device differ there, "" where nothing known does: such a difference is what a
dispute is about. Phases and steps are those of the case, steps from 0; frames count from 1 within
their step.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.records.subject import Subject
from bench.records.verdict import Disposition, Finding, Verdict


@dataclass(frozen=True, slots=True)
class FieldPair:
    """A field of a message as both runs have it; ``stored_at`` and ``replayed_at`` are offsets.

    ``leaves`` name what inside the field differs and is not explained, as the frame was decoded;
    ``natural`` holds (start, end) of octets in the field that are a counter or a time.
    """

    name: str
    stored: str
    replayed: str
    stored_at: int
    replayed_at: int
    same: bool
    explanation: str = ""
    leaves: tuple[str, ...] = ()
    natural: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Parting:
    """One octet in which the runs differ: where it is in the stored frame, and what it is.

    ``stored`` and ``replayed`` are the octet in either, "" where that frame or octet is missing.
    """

    phase: str
    step: int
    frame: int
    direction: str
    offset: int
    stored: str
    replayed: str
    field: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class FramePair:
    """Frames of both runs that belong together; "" for a frame that only one run has."""

    number: int
    direction: str
    stored: str
    replayed: str
    stored_time: str
    replayed_time: str
    what: str  # cra and message code, as far as it was decoded
    fields: tuple[FieldPair, ...]
    first: Parting | None
    first_unexplained: Parting | None


@dataclass(frozen=True, slots=True)
class Variable:
    """Something that a step observed otherwise; None where it was not observed."""

    name: str
    stored: object
    replayed: object
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class StepPair:
    """One step in both runs; a ``kind`` is that of its event, "" where the run has none."""

    phase: str
    step: int
    action: str
    stored_kind: str
    replayed_kind: str
    stored_reason: str
    replayed_reason: str
    frames: tuple[FramePair, ...]
    variables: tuple[Variable, ...]
    stored_findings: tuple[Finding, ...] = ()
    replayed_findings: tuple[Finding, ...] = ()
    how: str = ""  # of a played recording: read again, or why not


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Both runs step by step, the first octet where they part, and the first unexplained one."""

    steps: tuple[StepPair, ...]
    first: Parting | None
    first_unexplained: Parting | None


@dataclass(frozen=True, slots=True)
class JudgedAttempt:
    """What the judge of today says of one attempt."""

    number: int
    verdict: Verdict
    disposition: Disposition
    reason: str


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One of the two runs: who was tested, when, by what; ``ledger_hash`` is of its last entry."""

    ledger_hash: str
    started: str
    mode: str
    subject: Subject
    baseline: str
    verdict: Verdict
    disposition: Disposition
    reason: str


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Of the case: as the ledger says, computed anew from the ledger's case, in the installed plan.

    ``installed`` is "" where the plan that is installed here has no such case.
    """

    stored: str
    computed: str
    installed: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Something in which the two runs were set up otherwise; ``kind`` as subject, ICS, rig."""

    kind: str
    item: str
    stored: object
    replayed: object
    used: str = ""  # which of the two the replay used, where it had the choice


@dataclass(frozen=True, slots=True)
class Replay:
    """The document ``replay.json``: one case of some evidence, judged again, perhaps run again.

    ``way`` is ``judged`` (no second run), ``device`` or ``recording``; ``reported`` the verdict of
    the report, "" without one. ``bundle_sha256`` is that of the bundle that held the evidence.
    """

    case: str
    purpose: str
    requirements: tuple[str, ...]
    fingerprints: Fingerprints
    way: str
    demonstration: bool
    seed: int
    bundle_sha256: str
    reported: str
    stored: RunFacts
    attempts: tuple[JudgedAttempt, ...]
    replayed: RunFacts | None
    settings: tuple[Setting, ...]
    notes: tuple[str, ...]
    beside: SideBySide | None
    tools: tuple[tuple[str, str], ...]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdicts of the case: reported (if it was), judged again, replayed (if it was)."""
        found = (self.reported, self.stored.verdict.value,
                 self.replayed.verdict.value if self.replayed else "")
        return tuple(verdict for verdict in found if verdict)

    @property
    def same_verdict(self) -> bool:
        """Whether all of them are one."""
        return len(set(self.verdicts)) == 1
