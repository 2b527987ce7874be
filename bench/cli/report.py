"""``smip-bench report``: a laboratory's test report on a stored run, as a signed PDF.

The ledger is checked and judged again; ``report.json`` beside it gives the decision and the
wording of the requirements, once its verdicts are those that the evidence gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import BaseModel, TypeAdapter, ValidationError

from bench.bundle.verdicts import differences, reported
from bench.cli.signed_documents import credential_of, deliver, signing_options
from bench.documents.declaration import load_report_declaration
from bench.documents.ruling import read_ruling
from bench.errors import DocumentError, LedgerError
from bench.ledger import LedgerContents, check_ledger, read_ledger
from bench.records.assurance import Ruling
from bench.records.decision import Decision, Outcome, RequirementStanding, Standing
from bench.records.requirement import Provenance, Requirement
from bench.records.serial import digest
from bench.records.subject import Subject
from bench.records.verdict import CaseResult
from bench.runner.rejudge import judge_run
from reports.documents.report import Method, report_pdf
from reports.evidence import gather

REPORT = "report.json"


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


@click.group("report")
def command() -> None:
    """Documents on a stored run."""


@command.command("pdf")
@click.argument("folder", metavar="RUN_FOLDER",
                type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--laboratory", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The laboratory's declaration: names, samples, deviations, signatory.")
@click.option("--ruling", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="A ruling on this run, whose tolerated issues and imported results are shown.")
@signing_options("The laboratory's")
def pdf(
    folder: Path, laboratory: Path, ruling: Path | None, certificate_file: Path | None,
    key: Path | None, output: Path,
) -> None:
    """Write the test report on the certification run in RUN_FOLDER (ISO/IEC 17025, 7.8).

    Exit status: 0 written; 2 wrong usage, declaration or key file; 3 the evidence or the report
    beside it does not hold.
    """
    credential = credential_of(certificate_file, key)
    contents = _evidence(folder)
    results = judge_run(contents)
    document = _document(folder / REPORT)
    misfits = (*_misfits(document, contents), *_other_verdicts(folder / REPORT, results))
    if misfits:
        raise LedgerError(f"{folder / REPORT}: no test report can rest on it: "
                          + "; ".join(misfits))
    outcome = _outcome(document, contents, results)
    said = load_report_declaration(laboratory, (outcome.started[:10], outcome.ended[:10]))
    decided = _ruling(ruling, outcome) if ruling else None
    planned = {selected.case.id: selected.case for selected in contents.plan.selected}
    made = report_pdf(
        outcome, said,
        Method(contents.plan.baseline_digest,
               digest(sorted((case.id, case.fingerprint) for case in planned.values())),
               contents.plan.rig, contents.plan.answers.ics),
        requirements={row.id: _requirement(row) for row in document.requirements},
        shown=gather(outcome, planned, contents.events),
        tolerated=decided.tolerated if decided else (),
        imports=decided.imports if decided else ())
    deliver(made, output, credential, said.signatory)


def _evidence(folder: Path) -> LedgerContents:
    problems = check_ledger(folder)
    if problems:
        raise LedgerError(f"the evidence in {folder} does not hold: {problems[0].text}")
    return read_ledger(folder)


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


def _other_verdicts(path: Path, results: tuple[CaseResult, ...]) -> Iterator[str]:
    different = tuple(differences(results, reported(path.read_bytes(), str(path))))
    if different:
        yield (f"{len(different)} verdicts or dispositions are not those that its evidence gives, "
               f"the first of case {different[0].case}")


def _outcome(document: _Document, contents: LedgerContents,
             results: tuple[CaseResult, ...]) -> Outcome:
    plan = contents.plan
    return Outcome(
        subject=plan.subject, mode=plan.mode, demonstration=plan.demonstration,
        baseline=plan.baseline, decision=document.decision,
        requirements=tuple(
            RequirementStanding(row.id, row.status, row.mandatory, row.reason, row.cases)
            for row in document.requirements),
        results=results, ledger_hash=contents.hash, started=contents.started,
        ended=contents.events[-1].time if contents.events else contents.started,
        tools=plan.tools)


def _requirement(row: _Row) -> Requirement:
    sure = Provenance(row.provenance) if row.provenance in set(Provenance) else Provenance.MEMORY
    return Requirement(
        id=row.id, specification=row.specification, version=row.version, clause=row.clause,
        text=row.text, devices=(), domain=row.domain, strength="", introduced_in="",
        provenance=sure, source="",
        confirmed="" if row.provisional or sure is Provenance.READ else "confirmed")


def _ruling(path: Path, outcome: Outcome) -> Ruling:
    decided, _ = read_ruling(path)
    if decided.subject != outcome.subject or outcome.ledger_hash not in {
            run.ledger_hash for run in decided.runs}:
        raise DocumentError(f"{path}: the ruling is not on this run")
    return decided
