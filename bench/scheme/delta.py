"""Delta certification: what a new firmware must show anew, and what is carried over, and why.

The maker declares what changed since a certified firmware; a rule table (``testplans/delta.yaml``)
says for each kind of change which planned cases it touches. Those are run again, with all that the
earlier ruling cannot vouch for: a case that is new or asks something else, that did not pass, whose
declared answers changed, or whose requirement changed since its review. Only the rest is carried
over, each case with its reason. Nothing is carried over by itself (SEED/S-16, S-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from bench.catalogue.form import Form, Text, read_form
from bench.catalogue.positions import line_of
from bench.errors import PlanError
from bench.records.assurance import ChangeDeclaration, RuledCase, Ruling
from bench.records.decision import Standing
from bench.records.plan import Selected, TestCase
from bench.records.serial import digest
from bench.records.verdict import Disposition
from bench.scheme.compared import ANY_ITEM, ics_items
from bench.scheme.standing import Trial

SHOWN = (Standing.PASSED, Standing.CARRIED_OVER)


@dataclass(frozen=True, slots=True)
class DeltaRule:
    """One kind of change: the groups of cases and the requirements that it may touch."""

    change: str
    text: str
    groups: tuple[str, ...]
    requirements: tuple[str, ...]

    def touches(self, case: TestCase) -> bool:
        """Return whether the change may touch what ``case`` tests."""
        return (any(fnmatchcase(case.group, pattern) for pattern in self.groups)
                or any(fnmatchcase(id_, pattern) for id_ in case.requirements
                       for pattern in self.requirements))


@dataclass(frozen=True, slots=True)
class DeltaRules:
    """The rule table; ``always`` are groups that every new firmware is put through."""

    always: tuple[str, ...]
    changes: Mapping[str, DeltaRule]
    digest: str


@dataclass(frozen=True, slots=True)
class DeltaLine:
    """One planned case: run again, or carried over, and why."""

    case: str
    again: bool
    reason: str


class _Rule(Form):
    change: Text
    text: Text
    groups: tuple[Text, ...] = ()
    requirements: tuple[Text, ...] = ()


class _Always(Form):
    groups: tuple[Text, ...]
    reason: Text


class _File(Form):
    always: _Always
    changes: tuple[_Rule, ...]


def load_rules(path: Path) -> DeltaRules:
    """Read the rule table; raises :class:`~bench.errors.PlanError` with file and line."""
    file = read_form(path, _File)
    changes: dict[str, DeltaRule] = {}
    for index, rule in enumerate(file.changes):
        if rule.change in changes or not (rule.groups or rule.requirements):
            line = line_of(path, ("changes", index, "change"))
            raise PlanError(f"{path}:{line}: {rule.change}: expected a kind of change of its own "
                            "that touches groups or requirements")
        changes[rule.change] = DeltaRule(rule.change, rule.text, rule.groups, rule.requirements)
    return DeltaRules(file.always.groups, changes, digest(file.model_dump(mode="json")))


def unknown_changes(change: ChangeDeclaration, rules: DeltaRules) -> tuple[str, ...]:
    """Return the kinds of change that the rule table does not hold."""
    return tuple(kind for kind in change.changes if kind not in rules.changes)


def declared(case: TestCase, ics: Mapping[str, object]) -> str:
    """Return the digest of what the ICS says on the items that ``case`` looks at."""
    items = ics_items(case)
    return digest(dict(ics) if ANY_ITEM in items else {item: ics.get(item) for item in items})


def delta(
    planned: Sequence[Selected], ics: Mapping[str, object], earlier: Ruling,
    change: ChangeDeclaration, rules: DeltaRules, suspects: Mapping[str, tuple[str, ...]],
) -> tuple[DeltaLine, ...]:
    """Say for each planned case that applies whether it is run again, in plan order.

    ``earlier`` is the ruling of the certificate ``change.base``; ``suspects`` gives for a case id
    the requirements whose text changed since its review. Raises
    :class:`~bench.errors.PlanError` for a kind of change that no rule tells of.
    """
    if unknown := unknown_changes(change, rules):
        raise PlanError(f"no rule for the change {', '.join(unknown)}; known are "
                        f"{', '.join(sorted(rules.changes))}")
    before = {case.id: case for case in earlier.cases}
    return tuple(
        _line(selected.case, before.get(selected.case.id), ics, change, rules,
              suspects.get(selected.case.id, ()))
        for selected in planned if selected.disposition is not Disposition.INAPPLICABLE)


def carry_over(
    trials: Sequence[Trial], lines: Sequence[DeltaLine], earlier: Ruling, base: str,
    frozen: Mapping[str, str],
) -> tuple[Trial, ...]:
    """Give the cases that were not run, and may be carried over, what they passed before.

    ``frozen`` gives the fingerprints of the baseline's cases, empty where it froze none: what
    passed before and is not the baseline's case is not carried over.
    """
    before = {case.id: case for case in earlier.cases}
    carried = {line.case: line.reason for line in lines if not line.again
               and (not frozen or frozen.get(line.case) == before[line.case].fingerprint)}
    return tuple(
        replace(trial, standing=Standing.PASSED, reason=carried[trial.case],
                laboratories=before[trial.case].laboratories,
                carried_from=before[trial.case].carried_from or base)
        if trial.standing is Standing.NOT_TESTED and trial.case in carried else trial
        for trial in trials)


def _line(
    case: TestCase, before: RuledCase | None, ics: Mapping[str, object],
    change: ChangeDeclaration, rules: DeltaRules, suspect: tuple[str, ...],
) -> DeltaLine:
    reasons = [*_reasons(case, before, ics, change, rules, suspect)]
    if reasons:
        return DeltaLine(case.id, True, "; ".join(reasons))
    since = before.carried_from if before and before.carried_from else change.base
    return DeltaLine(case.id, False, f"passed under {since} with the same fingerprint; not "
                     f"touched by {', '.join(change.changes)}")


def _reasons(
    case: TestCase, before: RuledCase | None, ics: Mapping[str, object],
    change: ChangeDeclaration, rules: DeltaRules, suspect: tuple[str, ...],
) -> Iterator[str]:
    for kind in change.changes:
        if rules.changes[kind].touches(case):
            yield f"touched by {kind}"
    if case.sanity or any(fnmatchcase(case.group, pattern) for pattern in rules.always):
        yield "run for every firmware"
    if suspect:
        yield f"changed since it was reviewed: {', '.join(suspect)}"
    if before is None:
        yield f"{change.base} does not rest on it"
    elif before.fingerprint != case.fingerprint:
        yield "it asks something else than before"
    elif before.standing not in SHOWN:
        yield f"it was {before.standing} before"
    elif before.declared != declared(case, ics):
        yield "the declaration it looks at changed"
