"""The register's door: enter, look up, verify.

Every method that enters takes the day ``at`` (``YYYY-MM-DD``); nothing here reads a clock. What
the rules refuse, and what the database refuses, is a :class:`~bench.errors.RegisterError` with one
message, and nothing is entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from bench.errors import RegisterError
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
    Published,
    RectificationPlan,
    RegisterHead,
    Resolution,
    ToleratedIssue,
)
from bench.records.subject import Subject
from bench.register import rules
from bench.register.chain import read
from bench.register.standing import OPEN, certificate, open_issues
from bench.register.store import Reader, Store, Writer
from bench.register.verification import Flaw, flaws
from bench.scheme.subject import subject_key


class Register:
    """A register in a SQLite file or at a ``postgresql://`` address, open until :meth:`close`."""

    def __init__(self, place: str | Path) -> None:
        """Open the register at ``place``; raises where there is none."""
        self._store = Store(place)
        if not self._store.exists():
            self._store.close()
            raise RegisterError(f"{self._store.name}: there is no register; "
                                "`smip-bench register init` makes one")

    @classmethod
    def create(cls, place: str | Path, *, keeper: str, at: str,
               demonstration: bool = False) -> Register:
        """Make a register, kept by the organisation ``keeper``; raises where there is one.

        One for ``demonstration`` takes certificates of emulated devices and shows on every page
        that they are worth nothing.
        """
        store = Store(place)
        try:
            rules.date(at, "the date of the entry")
            store.create()
            with store.writing() as writer:
                if writer.head()[0]:
                    raise RegisterError(f"{store.name}: there is a register already")
                _enter(writer, at, EntryKind.OPENED, "", Opened(keeper, demonstration))
        finally:
            store.close()
        return cls(place)

    def __enter__(self) -> Register:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    # Entering

    def grant(self, grant: Grant, *, at: str, supersedes: str = "",
              issues: Sequence[ToleratedIssue] = ()) -> Certificate:
        """Grant a certificate, in the same step superseding another one of the model if named,
        and enter the ``issues`` that are tolerated for it."""
        with self._store.writing() as writer:
            if supersedes:
                rules.same_model(rules.existing(writer, supersedes, at), grant.subject)
                successor = rules.certificate_id(writer.head()[0] + 2)
                _enter(writer, at, EntryKind.SUPERSEDED, supersedes,
                       Change(grant.reason, successor))
            name = rules.certificate_id(writer.head()[0] + 1)
            _enter(writer, at, EntryKind.GRANTED, name, grant)
            for issue in issues:
                _enter(writer, at, EntryKind.TOLERATED, name, issue)
            return rules.existing(writer, name, at)

    def suspend(self, name: str, *, reason: str, at: str) -> Certificate:
        """Suspend a granted certificate until it is reinstated, superseded or withdrawn."""
        return self._entered(at, EntryKind.SUSPENDED, name, Change(reason))

    def reinstate(self, name: str, *, reason: str, at: str) -> Certificate:
        """Put a suspended certificate back in force."""
        return self._entered(at, EntryKind.REINSTATED, name, Change(reason))

    def supersede(self, name: str, *, by: str, reason: str, at: str) -> Certificate:
        """Say that certificate ``by`` of the same model takes the place of ``name``."""
        with self._store.writing() as writer:
            rules.existing(writer, by, at)
            _enter(writer, at, EntryKind.SUPERSEDED, name, Change(reason, by))
            return rules.existing(writer, name, at)

    def withdraw(self, name: str, *, reason: str, at: str) -> Certificate:
        """Withdraw a certificate for good."""
        return self._entered(at, EntryKind.WITHDRAWN, name, Change(reason))

    def expire(self, *, at: str) -> tuple[Certificate, ...]:
        """Enter the expiry of every certificate whose validity ended before ``at``."""
        with self._store.writing() as writer:
            ended = [found.id for found in _certificates(map(read, writer.stored()), at)
                     if found.entered in OPEN and "" != found.grant.expires < at]
            for name in ended:
                until = rules.existing(writer, name, at).grant.expires
                _enter(writer, at, EntryKind.EXPIRED, name,
                       Change(f"its validity ended on {until}"))
            return tuple(rules.existing(writer, name, at) for name in ended)

    def plan(self, name: str, plan: RectificationPlan, *, at: str) -> Certificate:
        """Enter the rectification plan of a partial certificate."""
        return self._entered(at, EntryKind.PLANNED, name, plan)

    def review(self, name: str, review: PlanReview, *, at: str) -> Certificate:
        """Enter that a rectification plan was reviewed and is on its way."""
        return self._entered(at, EntryKind.REVIEWED, name, review)

    def tolerate(self, issue: ToleratedIssue, *, at: str, certificate: str = "") -> None:
        """Enter an issue that is tolerated for one certificate, "" for all of them."""
        with self._store.writing() as writer:
            _enter(writer, at, EntryKind.TOLERATED, certificate, issue)

    def close_issue(self, issue: str, *, reason: str, at: str, certificate: str = "") -> None:
        """Enter that an issue is tolerated no longer."""
        with self._store.writing() as writer:
            _enter(writer, at, EntryKind.CLOSED, certificate, ClosedIssue(issue, reason))

    def dispute(self, name: str, dispute: Dispute, *, at: str) -> int:
        """Open a dispute over a case that a certificate rests on; returns the dispute's number."""
        with self._store.writing() as writer:
            return _enter(writer, at, EntryKind.DISPUTED, name, dispute).sequence

    def resolve(self, dispute: int, *, outcome: DisputeOutcome, reason: str, at: str,
                touches: tuple[str, ...] = ()) -> Certificate:
        """End a dispute, and mark the further certificates that its outcome touches."""
        with self._store.writing() as writer:
            opened = writer.entry(dispute)
            if opened is None or opened.kind is not EntryKind.DISPUTED:
                raise RegisterError(f"there is no dispute {dispute}")
            name = opened.certificate
            _enter(writer, at, EntryKind.RESOLVED, name, Resolution(dispute, outcome, reason))
            for other in dict.fromkeys(touches):
                if other != name:
                    _enter(writer, at, EntryKind.MARKED, other,
                           Mark(dispute, f"{outcome} in the dispute over {name}: {reason}"))
            return rules.existing(writer, name, at)

    def assess(self, name: str, assessment: Assessment, *, at: str) -> Certificate:
        """Enter what became of a certified subject under a further baseline."""
        return self._entered(at, EntryKind.ASSESSED, name, assessment)

    # Looking up

    def certificate(self, name: str, *, at: str) -> Certificate:
        """Return a certificate as it stands on ``at``; raises where there is none."""
        with self._read(at) as reader:
            return rules.existing(reader, name, at)

    def of_subject(self, subject: Subject, *, at: str) -> tuple[Certificate, ...]:
        """Return the certificates of exactly this subject, the newest first."""
        with self._read(at) as reader:
            found = (certificate(reader.entries_of(name), at)
                     for name in reversed(reader.granted_to(subject_key(subject))))
            return tuple(one for one in found if one is not None)

    def certificates(self, *, at: str) -> tuple[Certificate, ...]:
        """Return all certificates as they stand on ``at``, in the order they were granted."""
        with self._read(at) as reader:
            return tuple(_certificates(map(read, reader.stored()), at))

    def head(self) -> RegisterHead:
        """Return whose register it is and how far it goes."""
        with self._store.reading() as reader:
            return self._head(reader)

    def published(self, *, at: str) -> Published:
        """Return all of the register as it stands on ``at``.

        Raises where it is not what was entered: altered entries are not published.
        """
        with self._read(at) as reader:
            for flaw in flaws(reader.stored(), reader.head()):
                raise RegisterError(f"the register was altered: {flaw.text}")
            entries = tuple(map(read, reader.stored()))
            own = [entry for entry in entries if not entry.certificate and entry.at <= at]
            return Published(at, self._head(reader), open_issues(own),
                             tuple(_certificates(entries, at)), entries)

    def verify(self, head: str = "") -> tuple[Flaw, ...]:
        """Return what is wrong with the register, the first wrong entry first; () if nothing.

        ``head`` is a hash of an entry noted earlier and elsewhere, which the register must hold.
        """
        with self._store.reading() as reader:
            return tuple(flaws(reader.stored(), reader.head(), head))

    @contextmanager
    def _read(self, at: str) -> Iterator[Reader]:
        rules.date(at, "the day of the question")  # compared as text below
        with self._store.reading() as reader:
            yield reader

    def _head(self, reader: Reader) -> RegisterHead:
        sequence, hash_ = reader.head()
        first = reader.entry(1)
        if first is None or not isinstance(first.content, Opened):
            raise RegisterError(f"{self._store.name}: the register was never opened; "
                                "`smip-bench register init` opens it")
        return RegisterHead(first.content.keeper, first.content.demonstration, first.at,
                            first.hash, sequence, hash_, reader.last()[1])

    def _entered(self, at: str, kind: EntryKind, name: str, content: Content) -> Certificate:
        with self._store.writing() as writer:
            _enter(writer, at, kind, name, content)
            return rules.existing(writer, name, at)


def _enter(writer: Writer, at: str, kind: EntryKind, name: str, content: Content) -> Entry:
    rules.check(writer, at, kind, name, content)
    return writer.append(at, kind, name, content)


def _certificates(entries: Iterable[Entry], at: str) -> Iterator[Certificate]:
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.certificate:
            grouped.setdefault(entry.certificate, []).append(entry)
    for history in grouped.values():
        found = certificate(history, at)
        if found is not None:
            yield found
