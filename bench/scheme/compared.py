"""A stored run as what can be compared: from its ledger, or from its ``report.json``.

The ledger holds all of it. A report holds neither the fingerprints of the plan nor the ICS, nor
which requirement a FAIL cites: two runs of which one is a report are comparable at the reader's
own risk only, and :mod:`bench.scheme.comparison` says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from bench.errors import LedgerError
from bench.records.comparison import ComparedCase, ComparedRun
from bench.records.decision import Standing
from bench.records.plan import Selected, TestCase
from bench.records.run import FrozenPlan
from bench.records.serial import canonical, from_json
from bench.records.subject import Subject
from bench.records.verdict import CaseResult, Disposition, Verdict

REPORT = "smip-bench-report/1"
LEFT_OUT = "left out on the command line"  # the runner's reason, all that a report has of it
ANY_ITEM = "*"

_ITEM = re.compile(r"\bics\b(?:\.(\w+))?")


def of_run(
    plan: FrozenPlan, results: Sequence[CaseResult], *, complete: bool, ledger_hash: str,
    suspects: Mapping[str, tuple[str, ...]],
) -> ComparedRun:
    """Return a run by its frozen plan and its judged results, in plan order.

    ``suspects`` gives for a case id the requirements whose text changed since its review.
    """
    judged = {result.case: result for result in results}
    return ComparedRun(
        subject=plan.subject, mode=plan.mode, demonstration=plan.demonstration,
        baseline=plan.baseline, ledger_hash=ledger_hash, complete=complete,
        cases=tuple(_case(selected, judged.get(selected.case.id), suspects)
                    for selected in plan.selected),
        ics=plan.answers.ics, ixit=plan.answers.ixit, rig=plan.rig, tools=plan.tools)


def of_report(document: object) -> ComparedRun:
    """Return a run by its ``report.json``; raises ``LedgerError`` for what is none."""
    if not isinstance(document, Mapping) or document.get("format") != REPORT:
        raise LedgerError(f"expected a report of the format {REPORT}")
    try:
        suspect = {line["id"] for line in document["requirements"]
                   if line["status"] == Standing.SUSPECT}
        cases = tuple(_reported(case, suspect) for case in document["cases"])
        if len({case.id for case in cases}) < len(cases):
            raise ValueError("a case stands in it twice")
        subject = from_json(Subject, document["subject"])
        if not all(isinstance(text, str) for text in astuple(subject)):
            raise TypeError("a field of the subject is no text")
        return ComparedRun(
            subject=subject, mode=str(document["mode"]),
            demonstration=bool(document["demonstration"]), baseline=str(document["baseline"]),
            ledger_hash=str(document["ledger_hash"]), complete=True, cases=cases,
            tools=tuple((str(tool["name"]), str(tool["version"]))
                        for tool in document["tools"]))
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise LedgerError(f"the report has another form: {wrong!r}") from wrong


def ics_items(case: TestCase) -> tuple[str, ...]:
    """Return the ICS items that a case's condition and steps name, sorted; ``*`` for any."""
    text = canonical([case.applies, case.preamble, case.body, case.postamble]).decode()
    return tuple(sorted({found[1] or ANY_ITEM for found in _ITEM.finditer(text)}))


def _case(
    selected: Selected, result: CaseResult | None, suspects: Mapping[str, tuple[str, ...]]
) -> ComparedCase:
    case = selected.case
    result = result or CaseResult(case.id, Verdict.NONE, Disposition.NOT_RUN, "no result")
    return ComparedCase(
        id=case.id, group=case.group, purpose=case.purpose, requirements=case.requirements,
        verdict=result.verdict, disposition=result.disposition, reason=result.reason,
        fingerprint=case.fingerprint, ics=ics_items(case), contradicts=_contradicted(case, result),
        left_out=selected.disposition is Disposition.NOT_RUN
        and result.disposition is Disposition.NOT_RUN,
        suspect=suspects.get(case.id, ()))


def _contradicted(case: TestCase, result: CaseResult) -> tuple[str, ...]:
    if result.verdict is not Verdict.FAIL:
        return ()
    cited = {cited for finding in result.findings if finding.verdict is Verdict.FAIL
             for cited in finding.cites}
    return tuple(sorted(cited or case.requirements))


def _reported(case: Mapping[str, Any], suspect: set[str]) -> ComparedCase:
    verifies = tuple(str(id_) for id_ in case["verifies"])
    disposition, reason = Disposition(case["disposition"]), str(case["reason"])
    return ComparedCase(
        id=str(case["id"]), group=str(case["group"]), purpose=str(case["purpose"]),
        requirements=verifies, verdict=Verdict(case["verdict"]), disposition=disposition,
        reason=reason, ics=(), contradicts=None,
        left_out=disposition is Disposition.NOT_RUN and reason == LEFT_OUT,
        suspect=tuple(id_ for id_ in verifies if id_ in suspect))
