"""``smip-bench report``: a stored run as a page, and a laboratory's test report on it as a PDF.

The ledger is checked and judged again; ``report.json`` beside that of a certification run gives the
decision and the wording of the requirements, once its verdicts are those that the evidence gives.
"""

from __future__ import annotations

from pathlib import Path

import click

from bench.catalogue import load_catalogue
from bench.cli.options import write_whole
from bench.cli.signed_documents import credential_of, deliver, signing_options
from bench.cli.stored_report import outcome_of_run, sound_evidence, stored_outcome
from bench.documents.declaration import load_report_declaration
from bench.documents.ruling import read_ruling
from bench.errors import DocumentError
from bench.records.assurance import Ruling
from bench.records.decision import Outcome
from bench.records.serial import digest
from bench.runner.rejudge import judge_run
from reports.documents.report import Method, report_pdf
from reports.evidence import gather
from reports.page import page_html


@click.group("report")
def command() -> None:
    """Documents on a stored run."""


@command.command("html")
@click.argument("folder", metavar="RUN_FOLDER",
                type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The page.")
@click.option("--overlay", type=click.Path(path_type=Path, exists=True), default=None,
              help="The operator's confirmations of clauses; of a certify run its report has them.")
def html(folder: Path, output: Path, overlay: Path | None) -> None:
    """Write the page on the run in RUN_FOLDER, in any mode: every case with its evidence.

    Exit status: 0 written; 2 wrong usage or overlay; 3 the evidence, or the report beside that of a
    certification, does not hold.
    """
    contents = sound_evidence(folder)
    outcome, requirements = outcome_of_run(folder, contents, load_catalogue(overlay=overlay))
    planned = {selected.case.id: selected.case for selected in contents.plan.selected}
    page = page_html(outcome, requirements, gather(outcome, planned, contents.events))
    write_whole(output, page.encode("utf-8"))
    click.echo(str(output))


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
    contents = sound_evidence(folder)
    results = judge_run(contents)
    outcome, requirements = stored_outcome(folder, contents, results)
    said = load_report_declaration(laboratory, (outcome.started[:10], outcome.ended[:10]))
    decided = _ruling(ruling, outcome) if ruling else None
    planned = {selected.case.id: selected.case for selected in contents.plan.selected}
    made = report_pdf(
        outcome, said,
        Method(contents.plan.baseline_digest,
               digest(sorted((case.id, case.fingerprint) for case in planned.values())),
               contents.plan.rig, contents.plan.answers.ics),
        requirements=requirements,
        shown=gather(outcome, planned, contents.events),
        tolerated=decided.tolerated if decided else (),
        imports=decided.imports if decided else ())
    deliver(made, output, credential, said.signatory)


def _ruling(path: Path, outcome: Outcome) -> Ruling:
    decided, _ = read_ruling(path)
    if decided.subject != outcome.subject or outcome.ledger_hash not in {
            run.ledger_hash for run in decided.runs}:
        raise DocumentError(f"{path}: the ruling is not on this run")
    return decided
