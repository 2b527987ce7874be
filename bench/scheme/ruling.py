"""From the laboratories' runs and the dossier to a ruling: the one door to a decision.

Pure. The runs were judged again by who calls; the day is given. What cannot be evidence for one
subject at all is a :class:`~bench.errors.LedgerError`; all else that stands in the way is a reason
in the decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from bench.errors import LedgerError
from bench.records.assurance import (
    Dossier,
    LaboratoryRun,
    RuledCase,
    RuledRun,
    Ruling,
)
from bench.records.decision import Standing
from bench.records.plan import TestCase
from bench.records.requirement import Requirement
from bench.records.subject import Subject
from bench.records.verdict import Verdict
from bench.scheme.baseline import Baseline
from bench.scheme.covering import cover, lapsed
from bench.scheme.decision import decide
from bench.scheme.delta import DeltaRules, carry_over, declared, delta
from bench.scheme.importing import rule_imports
from bench.scheme.merging import contradictions, merge
from bench.scheme.standing import Trial, standings, trials

CERTIFY = "certify"


def rule(
    *,
    runs: Sequence[LaboratoryRun],
    catalogue: Mapping[str, Requirement],
    baseline: Baseline,
    suspects: Mapping[str, tuple[str, ...]],
    at: str,
    dossier: Dossier | None = None,
    earlier: Ruling | None = None,
    rules: DeltaRules | None = None,
    bench: str = "",
    certification_body: str = "",
) -> Ruling:
    """Rule on the subject of ``runs`` (one or more, of one subject) on the day ``at``.

    The runs are numbered in the order in which they began, however they are given. ``suspects``
    gives for a case id the requirements whose text changed since its links were reviewed.
    ``earlier`` is the ruling that the dossier's declaration of change builds on, and ``rules`` the
    rule table; both are needed for a delta certification. Raises
    :class:`~bench.errors.LedgerError` for runs of different subjects or results that are not of
    their plan, and :class:`~bench.errors.PlanError` for a kind of change without a rule.
    """
    dossier = dossier or Dossier()
    runs = sorted(runs, key=lambda run: run.turn)
    subject = _one_subject(runs)
    imports = rule_imports(dossier.imports, baseline, subject, at)
    tried = merge([(_name(number, run), trials(run.plan.selected, run.results, suspects,
                                               run.laboratory))
                   for number, run in enumerate(runs, 1)], baseline.cases)
    notes = [*lapsed((*baseline.tolerated, *dossier.tolerated), subject, at)]
    if dossier.change and earlier and rules:
        plan = runs[0].plan
        lines_of_delta = delta(plan.selected, plan.answers.ics, earlier, dossier.change, rules,
                               suspects)
        tried = carry_over(tried, lines_of_delta, earlier, dossier.change.base, baseline.cases)
        notes.append(_carried(tried, dossier.change.base))
    covered = cover(
        standings(tried=tried, catalogue=catalogue, baseline=baseline,
                  variant=subject.variant or baseline.variant),
        tried, baseline=baseline, dossier=dossier, imports=imports, subject=subject, at=at)
    demonstration = any(run.plan.demonstration for run in runs)
    decision = decide(
        lines=covered.lines, tried=tried, catalogue=catalogue, baseline=baseline,
        tolerated=covered.tolerated, demonstration=demonstration,
        blocks=(*_blocks(runs, baseline, subject, dossier, earlier), *_contradicted(tried)),
        obstacles=tuple(_obstacles(runs, baseline, subject, dossier)))
    return Ruling(
        subject=subject, baseline=baseline.certified, mode=_mode(runs),
        demonstration=demonstration, at=at, decision=decision, requirements=covered.lines,
        cases=tuple(_cases(runs, tried)), runs=tuple(map(_ruled_run, runs)), imports=imports,
        attestations=dossier.attestations, exemptions=dossier.exemptions,
        tolerated=covered.tolerated, change=dossier.change, notes=tuple(notes),
        certification_body=certification_body, bench=bench)


def _one_subject(runs: Sequence[LaboratoryRun]) -> Subject:
    if not runs:
        raise LedgerError("there is no run to decide on")
    first = runs[0].plan.subject
    for number, run in enumerate(runs[1:], 2):
        for field in fields(Subject):
            ours, theirs = (getattr(one, field.name) for one in (first, run.plan.subject))
            if ours != theirs:
                raise LedgerError(f"{_name(number, run)} is of another subject than "
                                  f"{_name(1, runs[0])}: {field.name} {theirs!r}, not {ours!r}")
    hashes = [run.ledger_hash for run in runs]
    if len(set(hashes)) < len(hashes):
        raise LedgerError("the same run was given twice")
    return first


def _name(number: int, run: LaboratoryRun) -> str:
    return f"run {number} ({run.laboratory})" if run.laboratory else f"run {number}"


def _mode(runs: Sequence[LaboratoryRun]) -> str:
    modes = {run.plan.mode for run in runs}
    return modes.pop() if len(modes) == 1 else "mixed"


def _blocks(
    runs: Sequence[LaboratoryRun], baseline: Baseline, subject: Subject, dossier: Dossier,
    earlier: Ruling | None,
) -> Iterator[str]:
    """Yield what allows no certificate at all."""
    if subject.device_type != baseline.device:
        yield f"the baseline is for {baseline.device}, the subject is {subject.device_type}"
    for number, run in enumerate(runs, 1):
        under = run.plan.baseline_digest
        if under != baseline.digest and (under or run.plan.mode == CERTIFY):
            yield (f"{_name(number, run)} was begun under another baseline than {baseline.title} "
                   f"as it is now: {run.plan.baseline or 'none'}, {under or 'no digest'}")
    ics = runs[0].plan.answers.ics
    for number, run in enumerate(runs[1:], 2):
        other = run.plan.answers.ics
        items = sorted(item for item in {*ics, *other} if ics.get(item) != other.get(item))
        if items:
            yield f"{_name(number, run)} was made under another declaration: {', '.join(items)}"
    if dossier.change:
        yield from _change_blocks(subject, dossier, earlier,
                                  any(run.plan.demonstration for run in runs))


def _change_blocks(
    subject: Subject, dossier: Dossier, earlier: Ruling | None, demonstration: bool
) -> Iterator[str]:
    if dossier.change is None:
        return
    if earlier is None:
        yield f"the ruling of {dossier.change.base}, to carry results over from, is not at hand"
        return
    if earlier.demonstration is not demonstration:
        yield (f"nothing carries over from {dossier.change.base}: software stood for the device "
               "there or here, and not in both")
    for field in ("device_type", "manufacturer_id", "model", "variant"):
        before, now = getattr(earlier.subject, field), getattr(subject, field)
        if before != now:
            yield (f"nothing carries over from {dossier.change.base}: {field} {before!r} is not "
                   f"{now!r}")


def _contradicted(tried: Sequence[Trial]) -> Iterator[str]:
    for line in contradictions(tried):
        yield f"contradiction: {line}"


def _obstacles(
    runs: Sequence[LaboratoryRun], baseline: Baseline, subject: Subject, dossier: Dossier
) -> Iterator[str]:
    """Yield what allows no full certificate."""
    variant = subject.variant or baseline.variant
    if baseline.draft:
        yield f"the baseline {baseline.title} is a draft and certifies nothing"
    for mode in sorted({run.plan.mode for run in runs} - {CERTIFY}):
        yield f"the mode {mode} gives no certificate"
    if baseline.variant and variant != baseline.variant:
        yield f"the baseline is for variant {baseline.variant}, the subject is {variant}"
    if dossier.installed and not baseline.covers_installation(dossier.installed):
        yield (f"the baseline is for devices installed {_window(baseline)}, not on "
               f"{dossier.installed}")


def _window(baseline: Baseline) -> str:
    said = [f"from {baseline.installed_from}"] if baseline.installed_from else []
    said += [f"until {baseline.installed_until}"] if baseline.installed_until else []
    return " ".join(said)


def _carried(tried: Sequence[Trial], base: str) -> str:
    carried = sum(bool(trial.carried_from) for trial in tried)
    return f"{carried} of {len(tried)} cases are carried over on the ground of {base}"


def _cases(runs: Sequence[LaboratoryRun], tried: Sequence[Trial]) -> Iterator[RuledCase]:
    planned: dict[str, tuple[TestCase, LaboratoryRun]] = {
        selected.case.id: (selected.case, run)
        for run in reversed(runs) for selected in run.plan.selected}
    for trial in tried:
        known = planned.get(trial.case)
        yield RuledCase(
            trial.case, trial.fingerprint, trial.requirements,
            Standing.CARRIED_OVER if trial.carried_from else trial.standing, trial.reason,
            declared=declared(known[0], known[1].plan.answers.ics) if known else "",
            carried_from=trial.carried_from, laboratories=trial.laboratories)


def _ruled_run(run: LaboratoryRun) -> RuledRun:
    return RuledRun(
        laboratory=run.laboratory, keyid=run.keyid, bundle_sha256=run.bundle_sha256,
        ledger_hash=run.ledger_hash, started=run.started, ended=run.ended, mode=run.plan.mode,
        tools=run.plan.tools,
        cases=sum(result.verdict is not Verdict.NONE for result in run.results))
