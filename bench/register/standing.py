"""What the entries of one certificate come to on one day: status, obligations, disputes.

The rules are the Smart Meter Device Assurance scheme's (reference: schemes.md, part 1): a partial
certificate needs a rectification plan within a month, which is reviewed every six; where either is
overdue the certificate is shown as suspended, with no entry needed, and comes back when what was
due is entered. Pure functions; the day is given.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bench.records.decision import Status
from bench.records.register import (
    Assessment,
    Certificate,
    CertificateStatus,
    Change,
    ClosedIssue,
    Dispute,
    Entry,
    EntryKind,
    Grant,
    OpenDispute,
    RectificationPlan,
    Resolution,
    ToleratedIssue,
)

PLAN_MONTHS = 1
REVIEW_MONTHS = 6


class Move(NamedTuple):
    """From which statuses a kind of entry leads to which."""

    before: frozenset[CertificateStatus]
    after: CertificateStatus


_S = CertificateStatus

MOVES: Mapping[EntryKind, Move] = {
    EntryKind.SUSPENDED: Move(frozenset({_S.GRANTED}), _S.SUSPENDED),
    EntryKind.REINSTATED: Move(frozenset({_S.SUSPENDED}), _S.GRANTED),
    EntryKind.SUPERSEDED: Move(frozenset({_S.GRANTED, _S.SUSPENDED}), _S.SUPERSEDED),
    EntryKind.WITHDRAWN: Move(frozenset({_S.GRANTED, _S.SUSPENDED, _S.SUPERSEDED}), _S.WITHDRAWN),
    EntryKind.EXPIRED: Move(frozenset({_S.GRANTED, _S.SUSPENDED}), _S.EXPIRED),
}
"""The state machine. A grant begins it; withdrawn and expired have no way out, superseded only
into withdrawn."""

OPEN = frozenset({_S.GRANTED, _S.SUSPENDED})
"""The statuses that keep another certificate from being granted for the same subject."""


def certificate(entries: Sequence[Entry], at: str) -> Certificate | None:
    """Return what ``entries``, those of one certificate in order, say of it on the day ``at``.

    Entries of later days are left out; None where the certificate was not granted by then.
    """
    known = tuple(entry for entry in entries if entry.at <= at)
    if not known or not isinstance(known[0].content, Grant):
        return None
    grant, granted = known[0].content, known[0].at
    last = known[0]
    for entry in known:
        if entry.kind in MOVES:
            last = entry
    entered = MOVES[last.kind].after if last.kind in MOVES else _S.GRANTED
    change = last.content if isinstance(last.content, Change) else Change(grant.reason)
    due, due_for = _due(grant, granted, entered, known)
    overdue = bool(due) and at > due
    status, since, reason = entered, last.at, change.reason
    if entered in OPEN and grant.expires and at > grant.expires:
        status, since = _S.EXPIRED, _day_after(grant.expires)
        reason = f"its validity ended on {grant.expires}"
    elif entered is _S.GRANTED and overdue:
        status, since = _S.SUSPENDED, _day_after(due)
        reason = f"overdue: the {due_for} was due on {due} and is not entered"
    return Certificate(
        id=known[0].certificate, at=at, grant=grant, granted=granted, status=status,
        entered=entered, since=since, reason=reason, successor=change.successor,
        due=due, due_for=due_for, overdue=overdue,
        plan=next((entry.content for entry in known
                   if isinstance(entry.content, RectificationPlan)), None),
        issues=open_issues(known), disputes=_disputes(known), history=known,
        assessments=tuple(entry.content for entry in known
                          if isinstance(entry.content, Assessment)))


def open_issues(entries: Iterable[Entry]) -> tuple[ToleratedIssue, ...]:
    """Return the tolerated issues that ``entries`` hold and do not close."""
    found: dict[str, ToleratedIssue] = {}
    for entry in entries:
        if isinstance(entry.content, ToleratedIssue):
            found[entry.content.issue] = entry.content
        elif isinstance(entry.content, ClosedIssue):
            found.pop(entry.content.issue, None)
    return tuple(found.values())


def months_after(date: str, months: int) -> str:
    """Return the same day ``months`` later, or the last day of that month where it has none."""
    day = datetime.date.fromisoformat(date)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last)).isoformat()


def _day_after(date: str) -> str:
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days=1)).isoformat()


def _due(grant: Grant, granted: str, entered: CertificateStatus,
         entries: Sequence[Entry]) -> tuple[str, str]:
    if grant.decision is not Status.PARTIAL or entered not in OPEN:
        return "", ""
    seen = [entry.at for entry in entries
            if entry.kind in (EntryKind.PLANNED, EntryKind.REVIEWED)]
    if not seen:
        return months_after(granted, PLAN_MONTHS), "rectification plan"
    return months_after(seen[-1], REVIEW_MONTHS), "review of the rectification plan"


def _disputes(entries: Sequence[Entry]) -> tuple[OpenDispute, ...]:
    found: dict[int, OpenDispute] = {}
    for entry in entries:
        if isinstance(entry.content, Dispute):
            found[entry.sequence] = OpenDispute(
                entry.sequence, entry.at, entry.content, None, "")
        elif isinstance(entry.content, Resolution):
            opened = found[entry.content.dispute]
            found[opened.number] = OpenDispute(
                opened.number, opened.opened, opened.dispute, entry.content, entry.at)
    return tuple(found.values())
