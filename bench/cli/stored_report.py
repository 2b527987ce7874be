"""The outcome of a stored run: what its evidence gives when it is judged again.

What was decided on a certification run comes from ``report.json`` beside its ledger, which is
believed once it tells of that ledger and of the verdicts that its evidence gives. Any other run has
no decision; its requirements stand as its cases say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from bench.bundle.verdicts import differences, reported
from bench.errors import LedgerError
from bench.ledger import LedgerContents, check_ledger, read_ledger
from bench.plan import suspected
from bench.records.decision import Decision, Outcome, RequirementStanding, Standing, Status
from bench.records.requirement import Provenance, Requirement
from bench.records.subject import Subject
from bench.records.verdict import CaseResult
from bench.runner.rejudge import judge_run
from bench.scheme.standing import standings_of_cases, trials

REPORT = "report.json"
CERTIFY = "certify"


class _Row(BaseModel):
    id: str
    status: Standing
    mandatory: bool
    reason: str
    cases: tuple[str, ...]
    text: str
    specification: str
    version: str
    clause: str
    domain: str
    provenance: str
    provisional: bool


class _Document(BaseModel):
    subject: Subject
    mode: str
    demonstration: bool
    baseline: str
    decision: Decision
    requirements: tuple[_Row, ...]
    ledger_hash: str


def sound_evidence(folder: Path) -> LedgerContents:
    """Return the ledger in ``folder``; raises :class:`~bench.errors.LedgerError` where it does not
    hold or is not complete."""
    problems = check_ledger(folder)
    if problems:
        raise LedgerError(f"the evidence in {folder} does not hold: {problems[0].text}")
    return read_ledger(folder)


def outcome_of_run(
    folder: Path, contents: LedgerContents, catalogue: Mapping[str, Requirement]
) -> tuple[Outcome, Mapping[str, Requirement]]:
    """Return the outcome of the run in ``folder``, in any mode, and its requirements by id.

    ``contents`` are of its ledger, which holds. Raises :class:`~bench.errors.LedgerError` where a
    certification run has no report beside it, or one that does not fit.
    """
    results = judge_run(contents)
    if contents.plan.mode == CERTIFY:
        return stored_outcome(folder, contents, results)
    plan = contents.plan
    tried = trials(plan.selected, results,
                   suspected((selected.case for selected in plan.selected), catalogue))
    decision = Decision(Status.NONE, "", (f"the mode {plan.mode} gives no certificate",))
    return _outcome(contents, results, decision, standings_of_cases(tried, catalogue)), catalogue


def stored_outcome(
    folder: Path, contents: LedgerContents, results: Sequence[CaseResult]
) -> tuple[Outcome, dict[str, Requirement]]:
    """Return the outcome of the run in ``folder`` and the requirements that it names, by id.

    ``results`` are those of judging it again. Raises :class:`~bench.errors.LedgerError` where there
    is no report, or one that does not fit.
    """
    document = _document(folder / REPORT)
    misfits = (*_misfits(document, contents), *_other_verdicts(folder / REPORT, results))
    if misfits:
        raise LedgerError(f"{folder / REPORT}: no document can rest on it: "
                          + "; ".join(misfits))
    lines = tuple(RequirementStanding(row.id, row.status, row.mandatory, row.reason, row.cases)
                  for row in document.requirements)
    return (_outcome(contents, results, document.decision, lines),
            {row.id: _requirement(row) for row in document.requirements})


def _document(path: Path) -> _Document:
    try:
        return TypeAdapter(_Document).validate_json(path.read_bytes())
    except OSError as failure:
        raise LedgerError(f"{path}: cannot be read: {failure.strerror}; a run in the mode certify "
                          "leaves it") from failure
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise LedgerError(f"{path}: not a report: {'.'.join(map(str, first['loc']))}: "
                          f"{first['msg']}") from None


def _misfits(document: _Document, contents: LedgerContents) -> Iterator[str]:
    plan = contents.plan
    if document.ledger_hash != contents.hash:
        yield f"it tells of another ledger than the one beside it, which ends in {contents.hash}"
    if document.subject != plan.subject:
        yield "its subject is not the one that was tested"
    if document.baseline != plan.baseline:
        yield "its baseline is not that of the run"
    if (document.mode, document.demonstration) != (plan.mode, plan.demonstration):
        yield "its mode is not that of the run"


def _other_verdicts(path: Path, results: Sequence[CaseResult]) -> Iterator[str]:
    different = tuple(differences(results, reported(path.read_bytes(), str(path))))
    if different:
        yield (f"{len(different)} verdicts or dispositions are not those that its evidence gives, "
               f"the first of case {different[0].case}")


def _outcome(
    contents: LedgerContents, results: Sequence[CaseResult], decision: Decision,
    requirements: tuple[RequirementStanding, ...],
) -> Outcome:
    plan = contents.plan
    return Outcome(
        subject=plan.subject, mode=plan.mode, demonstration=plan.demonstration,
        baseline=plan.baseline, decision=decision, requirements=requirements,
        results=tuple(results), ledger_hash=contents.hash, started=contents.started,
        ended=contents.events[-1].time if contents.events else contents.started,
        tools=plan.tools)


def _requirement(row: _Row) -> Requirement:
    sure = Provenance(row.provenance) if row.provenance in set(Provenance) else Provenance.MEMORY
    return Requirement(
        id=row.id, specification=row.specification, version=row.version, clause=row.clause,
        text=row.text, devices=(), domain=row.domain, strength="", introduced_in="",
        provenance=sure, source="",
        confirmed="" if row.provisional or sure is Provenance.READ else "confirmed")
