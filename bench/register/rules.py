"""What may be entered: one function for each kind of entry, asked before it and when verifying.

The rules of the scheme: one certificate in force for a subject; the laboratory is not the
certification body; a change needs a certificate in a fitting status and a reason; dates do not go
back. Every refusal is a :class:`~bench.errors.RegisterError` that names what stands in the way.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from bench.errors import RegisterError
from bench.records.decision import Status
from bench.records.register import (
    Assessment,
    Certificate,
    Change,
    ClosedIssue,
    Content,
    Dispute,
    DisputeOutcome,
    Entry,
    EntryKind,
    Grant,
    Mark,
    Opened,
    PlanReview,
    RectificationPlan,
    Resolution,
    ToleratedIssue,
)
from bench.records.subject import Subject
from bench.records.verdict import Verdict
from bench.register.chain import model_key
from bench.register.standing import MOVES, OPEN, certificate, disputes, open_issues
from bench.scheme.subject import Coding, lint_firmware_version, lint_subject, lint_text, subject_key

LONGEST_TEXT = 2000
LONGEST_NAME = 120
MODEL = ("device_type", "manufacturer_id", "model")
"""The fields of a subject that its successors share."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HASH = re.compile("[0-9a-f]{64}")
_FINGERPRINT = re.compile("[0-9a-f]{16}")


class View(Protocol):
    """What the rules ask of the entries so far."""

    def entries_of(self, certificate: str) -> Sequence[Entry]:
        """Return the entries of a certificate in order, of the register itself for ""."""

    def granted_to(self, subject: str) -> Sequence[str]:
        """Return the certificates ever granted to the subject of this key, in order."""

    def coding_of(self, model: str) -> str:
        """Return the coding of firmware versions of the model of this key, "" for an unknown one.
        """

    def last(self) -> tuple[int, str]:
        """Return number and date of the last entry, (0, "") before the first."""


def certificate_id(sequence: int) -> str:
    """Return the name of the certificate that entry ``sequence`` grants."""
    return f"SMIP-{sequence:06d}"


def check(view: View, at: str, kind: EntryKind, name: str, content: Content) -> None:
    """Raise :class:`~bench.errors.RegisterError` where the entry is not allowed on ``at``."""
    date(at, "the date of the entry")
    number, before = view.last()
    if (number == 0) is not (kind is EntryKind.OPENED):
        raise RegisterError("a register is opened once, by its first entry")
    if at < before:
        raise RegisterError(f"the date {at} is before that of the last entry, {before}; "
                            "dates in a register do not go back")
    _texts(content)
    _check_content(view, at, kind, name, content)


def existing(view: View, name: str, at: str) -> Certificate:
    """Return the certificate ``name`` as it stands on ``at``, or refuse."""
    found = certificate(view.entries_of(name), at) if name else None
    if found is None:
        raise RegisterError(f"there is no certificate {name!r}")
    return found


def in_the_way(view: View, subject: str, at: str) -> Certificate | None:
    """Return the certificate that keeps another one from being granted to the subject."""
    for name in reversed(view.granted_to(subject)):
        found = certificate(view.entries_of(name), at)
        if found and found.entered in OPEN and not _ended(found):
            return found
    return None


def same_model(found: Certificate, subject: Subject) -> None:
    """Refuse a successor of another maker, model or kind of device."""
    for field in MODEL:
        old, new = getattr(found.grant.subject, field), getattr(subject, field)
        if old != new:
            raise RegisterError(f"{found.id} cannot be superseded by another {field}: {new!r} is "
                                f"not {old!r}")


def date(text: str, what: str) -> None:
    """Refuse what is no date of the form YYYY-MM-DD."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        datetime.date.fromisoformat(text)
    except ValueError:
        raise RegisterError(f"{what}: expected a date YYYY-MM-DD, found {text!r}") from None


def _check_content(view: View, at: str, kind: EntryKind, name: str, content: Content) -> None:
    match content:
        case Grant():
            _grant(view, at, name, content)
        case Change():
            _change(view, at, kind, name, content)
        case RectificationPlan():
            _plan(view, at, name, content)
        case PlanReview():
            _review(view, at, name)
        case ToleratedIssue():
            _tolerate(view, at, name, content)
        case ClosedIssue():
            _close(view, name, content)
        case Dispute():
            _dispute(view, at, name, content)
        case Resolution():
            _resolve(view, name, content)
        case Mark():
            existing(view, name, at)
        case Assessment():
            _assess(view, at, name, content)


def _ended(found: Certificate) -> bool:
    return bool(found.grant.expires) and found.at > found.grant.expires


def _grant(view: View, at: str, name: str, grant: Grant) -> None:
    wrong = [*_grant_mistakes(grant, at)]
    if wrong:
        raise RegisterError("the certificate cannot be granted: " + "; ".join(wrong))
    opened = view.entries_of("")[0].content
    if isinstance(opened, Opened) and opened.demonstration is not grant.demonstration:
        raise RegisterError("a demonstration is no certificate: it goes into a register opened "
                            "for demonstration only" if grant.demonstration else
                            "this register is for demonstrations; a certificate has no place here")
    if name != certificate_id(view.last()[0] + 1):
        raise RegisterError(f"a certificate is named after its entry, not {name!r}")
    if held := in_the_way(view, subject_key(grant.subject), at):
        raise RegisterError(f"{held.id} of {held.granted} is in force for this subject "
                            f"({held.status}); supersede or withdraw it first")
    coding = view.coding_of(model_key(grant.subject))
    if coding not in ("", grant.coding):
        raise RegisterError(f"firmware versions of {grant.subject.model} are certified in "
                            f"{coding} coding, not {grant.coding}; one coding, not a mixture")


def _grant_mistakes(grant: Grant, at: str) -> Iterator[str]:
    if grant.coding not in tuple(Coding):
        yield f"coding: expected {' or '.join(Coding)}, found {grant.coding!r}"
        return
    coding = Coding(grant.coding)
    yield from map(str, lint_subject(grant.subject, coding))
    for version in grant.upgradable_from:
        if wrong := lint_firmware_version(version, coding):
            yield f"upgradable_from: {wrong}"
        elif version == grant.subject.firmware_version:
            yield f"upgradable_from: {version} is the certified version itself"
    if grant.decision not in (Status.COMPLIANT, Status.PARTIAL):
        yield f"decision: {grant.decision} is no ground for a certificate"
    if not grant.scope.strip():
        yield "scope: it must be named"
    if _name(grant.laboratory) == _name(grant.certification_body):
        yield (f"{grant.certification_body} is the laboratory too: the certification body "
               "does not decide on its own tests")
    for field, text in (("baseline.digest", grant.baseline.digest),
                        ("ruling_sha256", grant.ruling_sha256 or grant.ledger_hash)):
        if not _HASH.fullmatch(text):
            yield f"{field}: expected 64 hexadecimal digits in lower case, found {text!r}"
    yield from _run_mistakes(grant)
    yield from _grant_dates(grant, at)


def _run_mistakes(grant: Grant) -> Iterator[str]:
    for number, run in enumerate(grant.runs, 1):
        where = "" if number == 1 else f"run {number}: "
        for field, text in (("ledger_hash", run.ledger_hash),
                            ("bundle_sha256", run.bundle_sha256 or grant.ledger_hash)):
            if not _HASH.fullmatch(text):
                yield (f"{where}{field}: expected 64 hexadecimal digits in lower case, "
                       f"found {text!r}")
    if len(set(grant.ledger_hashes)) < len(grant.runs):
        yield "the same run is named twice"


def _grant_dates(grant: Grant, at: str) -> Iterator[str]:
    try:
        date(grant.baseline.date, "baseline.date")
        if grant.expires:
            date(grant.expires, "expires")
    except RegisterError as wrong_date:
        yield str(wrong_date)
        return
    if grant.baseline.date > at:
        yield f"the baseline is of {grant.baseline.date}, after the certificate"
    if grant.expires and grant.expires <= at:
        yield f"expires: {grant.expires} is not after {at}"


def _change(view: View, at: str, kind: EntryKind, name: str, change: Change) -> None:
    found, move = existing(view, name, at), MOVES[kind]
    by_date = kind is not EntryKind.EXPIRED and found.entered in OPEN and _ended(found)
    if by_date or found.entered not in move.before:
        now = f"expired: {found.reason}" if by_date else f"{found.entered} since {found.since}"
        raise RegisterError(f"{name} is {now}; only a certificate that is "
                            f"{' or '.join(sorted(move.before))} can be {_DONE[kind]}")
    if kind is EntryKind.EXPIRED and not _ended(found):
        until = f"ends on {found.grant.expires}" if found.grant.expires else "has no end"
        raise RegisterError(f"{name} has not expired: its validity {until}")
    if (kind is EntryKind.SUPERSEDED) is not bool(change.successor):
        raise RegisterError(f"{name}: what supersedes a certificate must be named, and nothing "
                            "but a superseded one names another")
    if change.successor:
        _successor(view, found, change.successor, at)


_DONE = {kind: str(kind) for kind in MOVES} | {EntryKind.EXPIRED: "entered as expired"}


def _successor(view: View, found: Certificate, successor: str, at: str) -> None:
    if successor == certificate_id(view.last()[0] + 2):
        return  # the very next entry grants it, in the same transaction
    by = existing(view, successor, at)
    if by.id == found.id or by.entered not in OPEN or _ended(by):
        raise RegisterError(f"{successor} cannot supersede {found.id}: it is "
                            f"{'the same' if by.id == found.id else by.status}")
    same_model(found, by.grant.subject)


def _plan(view: View, at: str, name: str, plan: RectificationPlan) -> None:
    found = _partial(view, name, at)
    if found.plan:
        raise RegisterError(f"{name} has a rectification plan; enter a review of it")
    date(plan.target, "target")
    if plan.target <= at:
        raise RegisterError(f"target: {plan.target} is not after {at}")


def _review(view: View, at: str, name: str) -> None:
    if not _partial(view, name, at).plan:
        raise RegisterError(f"{name} has no rectification plan to review")


def _partial(view: View, name: str, at: str) -> Certificate:
    found = existing(view, name, at)
    if found.grant.decision is not Status.PARTIAL:
        raise RegisterError(f"{name} is not partial: it needs no rectification plan")
    if found.entered not in OPEN or _ended(found):
        raise RegisterError(f"{name} is {found.status}: a rectification plan is of no use to it")
    return found


def _tolerate(view: View, at: str, name: str, issue: ToleratedIssue) -> None:
    if name:
        existing(view, name, at)
    date(issue.review, "review")
    if issue.review <= at:
        raise RegisterError(f"review: {issue.review} is not after {at}")
    if any(known.issue == issue.issue for known in open_issues(view.entries_of(name))):
        raise RegisterError(f"issue {issue.issue} is tolerated already {_where(name)}")


def _close(view: View, name: str, closed: ClosedIssue) -> None:
    if all(known.issue != closed.issue for known in open_issues(view.entries_of(name))):
        raise RegisterError(f"no issue {closed.issue} is tolerated {_where(name)}")


def _dispute(view: View, at: str, name: str, dispute: Dispute) -> None:
    _dispute_forms(dispute)
    if name:
        rests_on = existing(view, name, at).grant.ledger_hashes
        # "" is that of an entry from before the evidence was named
        if dispute.ledger_hash not in ("", *rests_on):
            raise RegisterError(f"the evidence is not that of {name}: it ends in "
                                f"{dispute.ledger_hash}, that of the certificate in "
                                f"{' and '.join(rests_on)}")
    elif not dispute.ledger_hash or dispute.subject is None:
        raise RegisterError("a dispute over a report without a certificate names the evidence and "
                            "whom it is about")
    for known in disputes(view.entries_of(name)):
        same = not dispute.ledger_hash or known.dispute.ledger_hash in ("", dispute.ledger_hash)
        if same and known.dispute.case == dispute.case and known.resolution is None:
            of = name or f"the report on ledger {dispute.ledger_hash}"
            raise RegisterError(f"dispute {known.number} over case {dispute.case} of {of} "
                                "is open already")


def _dispute_forms(dispute: Dispute) -> None:
    for field, form, text in (("ledger_hash", _HASH, dispute.ledger_hash),
                              ("fingerprint", _FINGERPRINT, dispute.fingerprint)):
        if text and not form.fullmatch(text):
            raise RegisterError(f"{field}: expected hexadecimal digits in lower case, "
                                f"found {text!r}")
    if dispute.verdict not in ("", *Verdict):
        raise RegisterError(f"verdict: expected one of {', '.join(Verdict)}, "
                            f"found {dispute.verdict!r}")
    if dispute.subject is not None:
        for field, text in asdict(dispute.subject).items():
            if text and (wrong := lint_text(text, LONGEST_NAME)):
                raise RegisterError(f"subject.{field}: {wrong}")


def _resolve(view: View, name: str, resolution: Resolution) -> None:
    for known in disputes(view.entries_of(name)):
        if known.number == resolution.dispute and known.resolution is None:
            break
    else:
        raise RegisterError(f"{name} has no open dispute {resolution.dispute}" if name else
                            f"there is no open dispute {resolution.dispute}")
    if resolution.replay_sha256 and not _HASH.fullmatch(resolution.replay_sha256):
        raise RegisterError("replay_sha256: expected 64 hexadecimal digits in lower case, found "
                            f"{resolution.replay_sha256!r}")
    if (known.dispute.ledger_hash and not resolution.replay_sha256
            and resolution.outcome is not DisputeOutcome.UPHELD):
        raise RegisterError(f"{resolution.outcome}: what does not let the verdict stand rests on "
                            "a replay of the case; none is named")


def _assess(view: View, at: str, name: str, assessment: Assessment) -> None:
    found = existing(view, name, at)
    if found.entered not in OPEN or _ended(found):
        raise RegisterError(f"{name} is {found.status}: an assessment is of no use to it")
    if assessment.baseline.digest == found.grant.baseline.digest:
        raise RegisterError(f"{name} was granted under {assessment.baseline.name} itself")
    date(assessment.baseline.date, "baseline.date")
    for field, text in (("baseline.digest", assessment.baseline.digest),
                        ("ruling_sha256", assessment.ruling_sha256)):
        if not _HASH.fullmatch(text):
            raise RegisterError(f"{field}: expected 64 hexadecimal digits in lower case, "
                                f"found {text!r}")


def _where(name: str) -> str:
    return f"for {name}" if name else "for all certificates"


def _name(text: str) -> str:
    return " ".join(text.split()).casefold()


def _texts(content: Content) -> None:
    for field in _NAMES.get(type(content), ()):
        if wrong := lint_text(getattr(content, field), LONGEST_NAME):
            raise RegisterError(f"{field}: {wrong}")
    for field in _LONG.get(type(content), ()):
        held = getattr(content, field)
        for text in held if isinstance(held, tuple) else (held,):
            if wrong := lint_text(text, LONGEST_TEXT):
                raise RegisterError(f"{field}: {wrong}")


_NAMES: Mapping[type[Content], Sequence[str]] = {
    Opened: ("keeper",),
    Grant: ("laboratory", "certification_body"),
    RectificationPlan: ("owner",),
    PlanReview: ("reviewer",),
    ToleratedIssue: ("issue", "requirement", "owner"),
    ClosedIssue: ("issue",),
    Dispute: ("case", "opened_by"),
}
_LONG: Mapping[type[Content], Sequence[str]] = {
    Grant: ("scope", "reason", "conditions"),
    Change: ("reason",),
    RectificationPlan: ("summary",),
    PlanReview: ("finding",),
    ToleratedIssue: ("text",),
    ClosedIssue: ("reason",),
    Dispute: ("reason",),
    Resolution: ("reason",),
    Mark: ("reason",),
    Assessment: ("reason",),
}
