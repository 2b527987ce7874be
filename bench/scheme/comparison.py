"""Two runs beside one another, by requirement and by case: the firmware gate's first question.

Pure. A case is the same in both when its fingerprint is; two runs are comparable when they hold
the same cases for the same ICS and the same device. A verdict that got worse, in the order
``pass < inconclusive < fail``, is a regression; a case that was bad and passes is a cure. ERROR
says nothing of the device, so it is no final verdict. Leaves out how a run was stored
(:mod:`bench.scheme.compared`) and how the comparison is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from bench.records.comparison import (
    Answer,
    CaseChange,
    Change,
    ComparedCase,
    ComparedRun,
    Comparison,
    Obstacle,
    RequirementChange,
)
from bench.records.verdict import SEVERITY, Disposition, Verdict, worse
from bench.scheme.compared import ANY_ITEM

NOT_PLANNED = "not planned"
PRESENT, CHANGED = "planned", "changed"
FINAL = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
BY_NATURE = (Disposition.INAPPLICABLE, Disposition.NOT_TESTABLE, Disposition.NOT_VERIFIABLE)
SAME_DEVICE = ("device_type", "manufacturer_id", "model", "variant")
SAME_BUILD = ("manufacturer", "hardware_version")

Pair = tuple[ComparedCase, ComparedCase]


def compare(old: ComparedRun, new: ComparedRun, *, anyway: bool = False) -> Comparison:
    """Compare two runs.

    When something stands in the way (see :class:`~bench.records.comparison.Obstacle`) the answer
    is ``not comparable`` and nothing is compared, unless ``anyway``: then what is the same in both
    is compared, and the answer is about that. A regression comes before what is incomplete.
    """
    obstacles = tuple(_obstacles(old, new))
    notes = tuple(_notes(old, new))
    heads = (old.subject, new.subject, old.ledger_hash, new.ledger_hash, obstacles, notes)
    if obstacles and not anyway:
        return Comparison(Answer.NOT_COMPARABLE, *heads)

    sides = _Sides(old, new)
    pairs = sides.pairs()
    tested = [pair for pair in pairs if all(_final(case) for case in pair)]
    cases = tuple(sorted((*_case_changes(pairs), *sides.unpaired()), key=lambda one: one.id))
    lines = tuple(_requirement_changes(pairs, cases))
    return Comparison(
        _answer(cases, lines, sides, len(tested)), *heads,
        compared=len(tested),
        unchanged=sum(all(case.verdict is Verdict.PASS for case in pair) for pair in tested),
        left_out=sum(not any(map(_final, pair)) and not any(map(_open, pair)) for pair in pairs),
        cases=cases, requirements=lines,
        suspect={case.id: case.suspect
                 for case in sorted(new.cases, key=lambda case: case.id) if case.suspect})


# What stands in the way

def _obstacles(old: ComparedRun, new: ComparedRun) -> Iterator[Obstacle]:
    for name in SAME_DEVICE:
        pair = str(getattr(old.subject, name)), str(getattr(new.subject, name))
        if pair[0] != pair[1]:
            yield Obstacle("subject", name, *pair)
    known = [_knows(old), _knows(new)]
    if not all(known):
        words = ["held" if held else "not held" for held in known]
        yield Obstacle("unknown", "fingerprints of the plan and ICS", words[0], words[1])
    for name in _changed_ics(old, new):
        yield Obstacle("ics", name, _shown(old.ics, name), _shown(new.ics, name))
    before, after = _by_id(old), _by_id(new)
    for name in sorted({*before, *after}):
        if name not in after:
            yield Obstacle("plan", name, PRESENT, NOT_PLANNED)
        elif name not in before:
            yield Obstacle("plan", name, NOT_PLANNED, PRESENT)
        elif not _same_form(before[name], after[name]):
            yield Obstacle("plan", name, before[name].fingerprint or PRESENT,
                           after[name].fingerprint or CHANGED)


def _knows(run: ComparedRun) -> bool:
    return run.ics is not None and all(case.fingerprint for case in run.cases)


def _changed_ics(old: ComparedRun, new: ComparedRun) -> tuple[str, ...]:
    if old.ics is None or new.ics is None:
        return ()
    return _differing(old.ics, new.ics)


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, ...]:
    absent = object()
    return tuple(name for name in sorted({*old, *new})
                 if old.get(name, absent) != new.get(name, absent))


def _shown(items: Mapping[str, object] | None, name: str) -> str:
    return str(items[name]) if items and name in items else "not declared"


def _same_form(old: ComparedCase, new: ComparedCase) -> bool:
    """Return whether two cases of one id ask the same; by what a report says where one is from a
    report."""
    if old.fingerprint and new.fingerprint:
        return old.fingerprint == new.fingerprint
    return ((old.group, old.purpose, sorted(old.requirements))
            == (new.group, new.purpose, sorted(new.requirements)))


def _notes(old: ComparedRun, new: ComparedRun) -> Iterator[str]:
    if (old.subject.firmware_version, old.subject.image_hash) == (
            new.subject.firmware_version, new.subject.image_hash):
        yield "both runs are of the same firmware"
    for name in SAME_BUILD:
        before, after = getattr(old.subject, name), getattr(new.subject, name)
        if before != after:
            yield f"subject.{name}: {before} -> {after}"
    for name, before, after in (
            ("baseline", old.baseline, new.baseline), ("mode", old.mode, new.mode),
            ("demonstration", old.demonstration, new.demonstration)):
        if before != after:
            yield f"{name}: {before or 'none'} -> {after or 'none'}"
    for name, before, after in (("ixit", old.ixit, new.ixit), ("rig", old.rig, new.rig)):
        if before is not None and after is not None and before != after:
            yield f"{name} differs: {', '.join(_differing(before, after))}"
    for tool in _differing(dict(old.tools), dict(new.tools)):
        yield (f"tool {tool}: {_shown(dict(old.tools), tool)} -> {_shown(dict(new.tools), tool)}"
               .replace("not declared", "none"))
    for word, run in (("old", old), ("new", new)):
        if not run.complete:
            yield f"the {word} run ended early"


# Cases

@dataclass(frozen=True, slots=True)
class _Sides:
    """Both runs, and which cases they share."""

    old: ComparedRun
    new: ComparedRun

    def pairs(self) -> list[Pair]:
        """Return the cases that are the same in both, sorted by id."""
        changed = set(_changed_ics(self.old, self.new))
        before, after = _by_id(self.old), _by_id(self.new)
        return [(before[name], after[name]) for name in sorted(before.keys() & after.keys())
                if _same_form(before[name], after[name]) and not _touched(after[name], changed)]

    def unpaired(self) -> Iterator[CaseChange]:
        """Yield the cases that one plan holds and the other does not, where they have a verdict."""
        before, after = _by_id(self.old), _by_id(self.new)
        for name in before.keys() - after.keys():
            case = before[name]
            if _final(case):
                yield CaseChange(name, Change.GONE, case.requirements, _word(case), NOT_PLANNED,
                                 case.reason, "")
        for name in after.keys() - before.keys():
            case = after[name]
            if _final(case):
                yield CaseChange(name, Change.NEW, case.requirements, NOT_PLANNED, _word(case),
                                 "", case.reason)


def _touched(case: ComparedCase, changed: set[str]) -> bool:
    return bool(changed) and (ANY_ITEM in case.ics or not changed.isdisjoint(case.ics))


def _by_id(run: ComparedRun) -> dict[str, ComparedCase]:
    return {case.id: case for case in run.cases}


def _case_changes(pairs: Sequence[Pair]) -> Iterator[CaseChange]:
    for old, new in pairs:
        change = _change(old, new)
        if change is not None:
            yield CaseChange(new.id, change, new.requirements, _word(old), _word(new),
                             old.reason, new.reason)


def _change(old: ComparedCase, new: ComparedCase) -> Change | None:
    if _open(old) or _open(new):
        return Change.INCOMPLETE
    if _final(old) and _final(new):
        return _worded(old.verdict, new.verdict)
    if _final(old):
        return Change.INCOMPLETE if new.left_out else Change.GONE
    if _final(new):
        return Change.INCOMPLETE if old.left_out else Change.NEW
    return None


def _worded(old: Verdict, new: Verdict) -> Change | None:
    if SEVERITY[new] > SEVERITY[old]:
        return Change.REGRESSION
    if new is not Verdict.PASS:
        return Change.STILL_BAD
    return None if old is Verdict.PASS else Change.CURE


def _final(case: ComparedCase) -> bool:
    # A PASS of a case whose means were missing is none; anything worse stands all the same.
    return case.verdict in FINAL and (
        case.disposition is Disposition.SELECTED or case.verdict is not Verdict.PASS)


def _open(case: ComparedCase) -> bool:
    """Return whether a case was to be tested and has no final verdict."""
    return not (_final(case) or case.left_out
                or (case.disposition in BY_NATURE and case.verdict is not Verdict.ERROR))


def _word(case: ComparedCase) -> str:
    if case.verdict is not Verdict.NONE:
        return case.verdict.value
    return (Disposition.NOT_RUN if case.disposition is Disposition.SELECTED
            else case.disposition).value


# Requirements

def _requirement_changes(
    pairs: Sequence[Pair], cases: Sequence[CaseChange]
) -> Iterator[RequirementChange]:
    tested: dict[str, list[tuple[str, Verdict, Verdict]]] = defaultdict(list)
    for old, new in pairs:
        if _final(old) and _final(new):
            for id_, before, after in _said(old, new):
                tested[id_].append((new.id, before, after))
    others: dict[str, dict[Change, list[CaseChange]]] = defaultdict(lambda: defaultdict(list))
    for one in cases:
        if one.change in (Change.INCOMPLETE, Change.NEW, Change.GONE):
            for id_ in one.requirements:
                others[id_][one.change].append(one)
    for id_ in sorted({*tested, *others}):
        line = _requirement(id_, tested[id_], others[id_])
        if line is not None:
            yield line


def _said(old: ComparedCase, new: ComparedCase) -> Iterator[tuple[str, Verdict, Verdict]]:
    """Yield what a case says of each requirement in either run.

    A FAIL is held against the requirements that it cites and leaves the others inconclusive;
    where one source does not say which it cites, against all in both.
    """
    if old.contradicts is None or new.contradicts is None:
        for id_ in new.requirements:
            yield id_, old.verdict, new.verdict
        return
    for id_ in sorted({*new.requirements, *old.contradicts, *new.contradicts}):
        yield id_, _on(old, id_), _on(new, id_)


def _on(case: ComparedCase, requirement: str) -> Verdict:
    uncited = requirement not in (case.contradicts or ())
    return Verdict.INCONCLUSIVE if case.verdict is Verdict.FAIL and uncited else case.verdict


def _requirement(
    id_: str, tested: Sequence[tuple[str, Verdict, Verdict]],
    others: Mapping[Change, Sequence[CaseChange]],
) -> RequirementChange | None:
    old = reduce(worse, (before for _, before, _ in tested), Verdict.NONE)
    new = reduce(worse, (after for _, _, after in tested), Verdict.NONE)
    change = _worded(old, new) if tested else None
    if change is not Change.REGRESSION and others.get(Change.INCOMPLETE):
        return _without_pair(id_, Change.INCOMPLETE, others[Change.INCOMPLETE])
    if change is not None:
        bad = tuple(name for name, before, after in tested
                    if before is not Verdict.PASS or after is not Verdict.PASS)
        return RequirementChange(id_, change, old.value, new.value, bad)
    for alone in () if tested else (Change.GONE, Change.NEW):
        if others.get(alone):
            return _without_pair(id_, alone, others[alone])
    return None


def _without_pair(
    id_: str, change: Change, behind: Sequence[CaseChange]
) -> RequirementChange:
    return RequirementChange(id_, change, _least(behind, "old"), _least(behind, "new"),
                             tuple(one.id for one in behind))


def _least(behind: Sequence[CaseChange], side: str) -> str:
    """Return the one word of several cases, or all of them."""
    return ", ".join(sorted({str(getattr(one, side)) for one in behind}))


# The answer

def _answer(
    cases: Sequence[CaseChange], lines: Sequence[RequirementChange], sides: _Sides, tested: int
) -> Answer:
    if (any(case.change is Change.REGRESSION for case in cases)
            or any(line.change is Change.REGRESSION for line in lines)):
        return Answer.REGRESSION
    lacking = any(
        one.change is Change.INCOMPLETE
        or (one.change is Change.GONE and one.new != NOT_PLANNED)
        or (one.change is Change.NEW and one.old != NOT_PLANNED
            and one.new != Verdict.PASS.value)
        for one in cases)
    if lacking or not tested or not (sides.old.complete and sides.new.complete):
        return Answer.INCOMPLETE
    return Answer.SAME_OR_BETTER
