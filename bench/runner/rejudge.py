"""Judging a run again from its ledger alone: no device, no plan files."""

from __future__ import annotations

from pathlib import Path

from bench.judge import judge_case
from bench.ledger import LedgerContents, read_ledger
from bench.records.event import Event
from bench.records.plan import Selected
from bench.records.run import FrozenPlan
from bench.records.verdict import CaseResult, Disposition, Verdict


def rejudge(folder: str | Path) -> tuple[CaseResult, ...]:
    """Return the result of every planned case of ``folder``'s ledger, in plan order.

    Raises :class:`~bench.errors.LedgerError` where there is no ledger or its chain does not hold.
    """
    return judge_run(read_ledger(folder))


def judge_run(contents: LedgerContents) -> tuple[CaseResult, ...]:
    """Return the result of every planned case, in plan order."""
    events = contents.by_case()
    return tuple(
        judge_planned(selected, events.get(selected.case.id, ()), contents.plan)
        for selected in contents.plan.selected
    )


def judge_planned(selected: Selected, events: tuple[Event, ...], plan: FrozenPlan) -> CaseResult:
    """Return the result of one planned case by its events."""
    # A case that was left out but has events was run all the same: its events are judged.
    if selected.disposition is Disposition.SELECTED or events:
        return judge_case(selected.case, events, plan.answers)
    return CaseResult(
        selected.case.id, Verdict.NONE, selected.disposition, selected.reason
    )
