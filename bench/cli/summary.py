"""``smip-bench summary``: a stored run as Markdown for a job page; and what a ``ci`` run leaves."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path

import click

from bench.errors import LedgerError
from bench.ledger import LedgerContents, read_ledger
from bench.records.decision import Decision, Outcome, Status
from bench.records.expected import ExpectedFailures
from bench.records.plan import TestCase
from bench.records.serial import from_json
from bench.records.verdict import CaseResult
from bench.runner.rejudge import judge_run
from bench.scheme.expected import assess, load_expected
from reports.evidence import gather
from reports.junit import junit_xml
from reports.summary import summary_markdown

SUMMARY, JUNIT, REPORT = "summary.md", "junit.xml", "report.json"


@click.command("summary")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--expected", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              default=None, metavar="FILE", help="Expected failures, of a run in the mode ci.")
def command(folder: Path, expected: Path | None) -> None:
    """Print the run in FOLDER as Markdown: what failed, against which requirement, and why.

    The decision is that of report.json beside the ledger. GitHub shows what is added to
    $GITHUB_STEP_SUMMARY. Exit status: 0 printed; 2 a wrong file of expected failures; 3 the
    ledger cannot be judged.
    """
    contents = read_ledger(folder)
    results = judge_run(contents)
    found = ExpectedFailures()
    if expected:
        refuse_expected(contents.plan.mode)
        day = datetime.date.fromisoformat(contents.started[:10])
        found = assess(load_expected(expected, cases_of(contents), day), results)
    outcome = outcome_of(contents, results, folder)
    shown = gather(outcome, cases_of(contents), contents.events)
    click.echo(summary_markdown(outcome, shown, found, complete=contents.complete), nl=False)


def leave_reports(
    folder: Path, contents: LedgerContents, results: Sequence[CaseResult],
    found: ExpectedFailures,
) -> None:
    """Write ``summary.md`` and ``junit.xml`` beside the ledger of a ``ci`` run."""
    outcome = outcome_of(contents, results, folder)
    shown = gather(outcome, cases_of(contents), contents.events)
    excused = {entry.case: f"expected failure: {entry.reason} (owner {entry.owner}, review by "
                           f"{entry.review})" for entry in found.failed}
    page = summary_markdown(outcome, shown, found, complete=contents.complete)
    for name, text in ((SUMMARY, page), (JUNIT, junit_xml(outcome, shown, excused))):
        try:
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        except OSError as failure:
            raise LedgerError(f"{folder / name}: cannot be written: {failure.strerror}") \
                from failure


def refuse_expected(mode: str) -> None:
    """Refuse expected failures in every mode but ``ci``: a certificate excuses nothing."""
    if mode != "ci":
        raise click.UsageError(f"expected failures are for the mode ci; this is {mode}")


def cases_of(contents: LedgerContents) -> dict[str, TestCase]:
    """Return the planned cases of a run by id."""
    return {selected.case.id: selected.case for selected in contents.plan.selected}


def outcome_of(
    contents: LedgerContents, results: Sequence[CaseResult], folder: Path
) -> Outcome:
    """Return the outcome of a stored run without requirements, judged again as ``results``."""
    plan = contents.plan
    return Outcome(
        subject=plan.subject, mode=plan.mode, demonstration=plan.demonstration,
        baseline=plan.baseline, decision=_decision(contents, folder), requirements=(),
        results=tuple(results), ledger_hash=contents.hash, started=contents.started,
        ended=contents.events[-1].time if contents.events else contents.started,
        tools=plan.tools)


def _decision(contents: LedgerContents, folder: Path) -> Decision:
    """Return what the report beside a ledger decided, where it is of this ledger."""
    if contents.plan.mode != "certify":
        return Decision(Status.NONE, "", (f"the mode {contents.plan.mode} gives no certificate",))
    try:
        report = json.loads((folder / REPORT).read_bytes())
        if report["ledger_hash"] == contents.hash:
            return from_json(Decision, report["decision"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return Decision(Status.NONE, "", ("no report of this ledger: nothing was decided",))
