"""From a report and its evidence to the grant that the register is asked to enter.

A report alone proves nothing: the ledger beside it must be intact and complete, be the one that
the report tells of, have been begun under the same baseline file, and give the same verdicts when
it is judged again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from bench.catalogue import load_catalogue
from bench.cli.evidence import sha256_of
from bench.errors import LedgerError, RegisterError
from bench.ledger import LedgerContents, check_ledger, read_ledger
from bench.records.decision import Decision, Status
from bench.records.register import CertifiedBaseline, Grant
from bench.records.serial import from_json
from bench.records.subject import Subject
from bench.runner.rejudge import judge_run
from bench.scheme import Baseline, load_baseline
from reports.record import FORMAT


def grant_of(report: Path, baseline: Path, *, bundle: Path | None, laboratory: str, body: str,
             conditions: tuple[str, ...], upgradable_from: tuple[str, ...], expires: str,
             coding: str, reason: str) -> Grant:
    """Return the grant that ``report`` and the ledger in its folder are ground for.

    Raises ``click.UsageError`` for what is no report, and
    :class:`~bench.errors.RegisterError` where report, ledger and baseline do not fit together.
    """
    document = _read(report)
    try:
        subject = from_json(Subject, document["subject"])
        decision = from_json(Decision, document["decision"])
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise click.UsageError(f"{report}: subject or decision are not as a report has them") \
            from wrong
    wanted = load_baseline(baseline, load_catalogue())
    misfits = tuple(_misfits(document, subject, decision, wanted, _evidence(report.parent)))
    if misfits:
        raise RegisterError(f"{report}: no certificate can rest on it: " + "; ".join(misfits))
    return Grant(
        subject=subject,
        baseline=CertifiedBaseline(wanted.name, wanted.date, wanted.digest,
                                   wanted.specifications),
        decision=decision.status, scope=decision.scope, ledger_hash=document["ledger_hash"],
        laboratory=laboratory, certification_body=body,
        reason=reason or f"decided {decision.status} on the laboratory's report",
        conditions=conditions, upgradable_from=upgradable_from,
        bundle_sha256=sha256_of(bundle) if bundle else "", expires=expires, coding=coding,
        demonstration=document["demonstration"] is True)


def _read(report: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(report.read_bytes())
    except OSError as failure:
        raise click.UsageError(f"{report}: cannot be read: {failure.strerror}") from failure
    except (ValueError, RecursionError) as wrong:
        raise click.UsageError(f"{report}: it is no JSON") from wrong
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise click.UsageError(f"{report}: it is no report of the format {FORMAT}")
    return document


def _evidence(folder: Path) -> LedgerContents:
    try:
        problems = check_ledger(folder)
        if not problems:
            return read_ledger(folder)
    except LedgerError as none:
        raise RegisterError(f"there is no evidence beside the report: {none}") from none
    raise RegisterError(f"the evidence in {folder} does not hold: {problems[0].text}")


def _misfits(document: Mapping[str, Any], subject: Subject, decision: Decision,
             baseline: Baseline, evidence: LedgerContents) -> Iterator[str]:
    plan = evidence.plan
    if document.get("ledger_hash") != evidence.hash:
        yield f"it tells of another ledger than the one beside it, which ends in {evidence.hash}"
    if subject != plan.subject:
        yield "its subject is not the one that was tested"
    if (document.get("mode"), document.get("demonstration")) != (plan.mode, plan.demonstration):
        yield "its mode is not that of the run"
    if plan.mode != "certify":
        yield f"the run was a {plan.mode}, not a certification"
    if baseline.draft:
        yield f"the baseline {baseline.title} is a draft"
    if plan.baseline_digest != baseline.digest:
        yield f"the run was begun under another baseline than {baseline.title} as it is now"
    if decision.status is Status.NONE:
        yield f"its decision is {decision.status}"
    judged = {result.case: result.verdict.value for result in judge_run(evidence)}
    told = {str(case.get("id")): case.get("verdict")
            for case in document.get("cases", ()) if isinstance(case, dict)}
    different = sorted(name for name in judged.keys() | told.keys()
                       if judged.get(name) != told.get(name))
    if different:
        yield (f"{len(different)} verdicts are not those that its evidence gives, the first of "
               f"case {different[0]}")
