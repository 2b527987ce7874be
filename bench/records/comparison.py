"""What two runs say beside one another: the records that a comparison takes and gives.

A run is reduced to what can be compared, whether it comes from a ledger or from a ``report.json``;
what the source does not hold is ``None`` or "", and is never taken for the same.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.records.subject import Subject
from bench.records.verdict import Disposition, Verdict


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """One planned case of one run.

    ``fingerprint`` has 16 hexadecimal digits, "" when it is not known. ``ics`` names the items of
    the declaration that the case looks at, ``*`` for any. ``contradicts`` holds the requirements
    that a FAIL cites, None when it is not known. ``left_out`` is True when whoever ordered the run
    chose to leave it out. ``suspect`` holds the requirements that changed since the case was
    reviewed.
    """

    id: str
    group: str
    purpose: str
    requirements: tuple[str, ...]
    verdict: Verdict
    disposition: Disposition
    reason: str
    fingerprint: str = ""
    ics: tuple[str, ...] = ()
    contradicts: tuple[str, ...] | None = None
    left_out: bool = False
    suspect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run. ``ics``, ``ixit`` and ``rig`` are None where the source does not hold them."""

    subject: Subject
    mode: str
    demonstration: bool
    baseline: str  # its title, "" for none
    ledger_hash: str
    complete: bool
    cases: tuple[ComparedCase, ...]
    ics: Mapping[str, object] | None = None
    ixit: Mapping[str, object] | None = None
    rig: Mapping[str, object] | None = None
    tools: tuple[tuple[str, str], ...] = ()


class Change(enum.StrEnum):
    """What became of a case or a requirement from the old run to the new one."""

    REGRESSION = "regression"  # its verdict is worse
    CURE = "cure"  # it was bad and passes
    STILL_BAD = "still bad"  # bad in both and not worse
    NEW = "new"  # it has a verdict in the new run only
    GONE = "gone"  # it has a verdict in the old run only
    INCOMPLETE = "incomplete"  # no final verdict in one of them


class Answer(enum.StrEnum):
    """The answer of a comparison, one for each exit status of ``smip-bench compare``."""

    SAME_OR_BETTER = "same or better"
    REGRESSION = "regression"
    NOT_COMPARABLE = "not comparable"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case that is not good in both runs; a word is a verdict, a disposition or
    ``not planned``."""

    id: str
    change: Change
    requirements: tuple[str, ...]
    old: str
    new: str
    old_reason: str
    new_reason: str


@dataclass(frozen=True, slots=True)
class RequirementChange:
    """One requirement by the worst of its cases; ``cases`` are those behind the change."""

    id: str
    change: Change
    old: str
    new: str
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why two runs are not comparable.

    ``kind`` is ``plan`` (``item`` is a case), ``ics`` (an item of the declaration), ``subject``
    (a field) or ``unknown`` (what a source does not hold).
    """

    kind: str
    item: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that a comparison found, each list sorted by id.

    ``compared`` counts the cases with a verdict in both runs, ``unchanged`` those of them that
    pass in both, ``left_out`` those without a verdict in either by choice or by nature. ``notes``
    tell of differences that do not keep the runs from being compared.
    """

    answer: Answer
    old: Subject
    new: Subject
    old_ledger: str
    new_ledger: str
    obstacles: tuple[Obstacle, ...]
    notes: tuple[str, ...]
    compared: int = 0
    unchanged: int = 0
    left_out: int = 0
    cases: tuple[CaseChange, ...] = ()
    requirements: tuple[RequirementChange, ...] = ()
    suspect: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
