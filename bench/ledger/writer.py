"""The one writer of a run's ledger.

Every entry is handed to the operating system before :meth:`Ledger.append` returns, so a killed
process loses nothing; it is forced to the disk at the end of a case, so a power cut loses the last
moments only. An entry is stored whole or not at all. After the first failure to store, the ledger
refuses every later entry: evidence with a hole in its middle would be judged as if it were whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from bench.errors import LedgerError
from bench.ledger.capture import Capture
from bench.ledger.entry import (
    CUT_FILE,
    FILE,
    PLAN,
    RUN_ENDED,
    RUN_RESUMED,
    RUN_STARTED,
    START,
    decode,
    encode,
    stored_hash,
    walk,
)
from bench.ledger.lock import lock
from bench.ledger.reading import CASE_ENDS, ran_all
from bench.records.event import Event
from bench.records.run import FrozenPlan
from bench.records.serial import to_json

RESERVED = frozenset({PLAN, RUN_STARTED, RUN_RESUMED, RUN_ENDED})
SYNCED = frozenset({*RESERVED, *CASE_ENDS})
SYNC_INTERVAL = 0.5  # seconds: emulated cases end faster than a disk can follow

CAUSES = {
    errno.ENOSPC: "disk full",
    errno.EDQUOT: "disk full (quota)",
    errno.EFBIG: "disk full (file size limit)",
    errno.EROFS: "the output folder is read-only",
    errno.EACCES: "the output folder is read-only",
    errno.EPERM: "the output folder is read-only",
    errno.EEXIST: "there is a ledger already; give another folder, or resume that run",
    errno.ENOENT: "there is no ledger here",
    errno.EAGAIN: "another process writes to it",
    errno.EDEADLK: "another process writes to it",
}

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write line ends of its own


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the chain stands: the next sequence number, the last hash, the size in octets."""

    sequence: int = 0
    hash: str = START
    size: int = 0


class Ledger:
    """An open ledger; make one with :meth:`create` or :meth:`resume` and close it, or use it in
    a ``with`` statement. Not for use by several threads at once."""

    def __init__(self, path: Path, descriptor: int, clock: Callable[[], datetime],
                 head: _Head) -> None:
        self.path = path
        self._descriptor = descriptor
        self._clock = clock
        self._head = head
        self._next: _Head | None = None  # set while an entry is being stored
        self._failure = ""
        self._synced = time.monotonic()

    @classmethod
    def create(cls, folder: str | Path, plan: FrozenPlan, clock: Callable[[], datetime]) -> Ledger:
        """Start the ledger of a new run in ``folder`` (made if need be) with its frozen plan.

        ``clock`` gives the time of the run's own entries. Raises
        :class:`~bench.errors.LedgerError` where nothing can be stored or a ledger is there.
        """
        path = Path(folder) / FILE
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | _BINARY
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o644)
        except OSError as failure:
            raise _cannot_store(path, failure) from failure
        ledger = cls(path, descriptor, clock, _Head())
        try:
            lock(descriptor)
            ledger._own(PLAN, to_json(plan))
            ledger._own(RUN_STARTED, {})
        except BaseException as failure:  # a ledger without a whole plan must not stay
            ledger.close()
            path.unlink(missing_ok=True)
            if isinstance(failure, OSError):
                raise _cannot_store(path, failure) from failure
            raise
        return ledger

    @classmethod
    def resume(cls, folder: str | Path, clock: Callable[[], datetime]) -> Ledger:
        """Go on with the ledger of a run that was broken off.

        The chain is verified first. An unfinished last line is moved aside to ``ledger.cut`` and
        the ``run-resumed`` entry says so. Raises :class:`~bench.errors.LedgerError` for anything
        else that is wrong, for a run that is complete, and while another process writes.
        """
        path = Path(folder) / FILE
        descriptor = -1
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | _BINARY)
            lock(descriptor)
            with os.fdopen(os.dup(descriptor), "rb") as stored:
                lines = list(stored)
            head = _verified_head(path, lines)
            cut = b"" if lines[-1].endswith(b"\n") else lines[-1]
            if cut:
                _move_aside(path.with_name(CUT_FILE), cut)
                os.ftruncate(descriptor, head.size)
            ledger = cls(path, descriptor, clock, head)
            ledger._own(RUN_RESUMED, _told(cut))
        except OSError as failure:
            _close(descriptor)
            raise _cannot_store(path, failure) from failure
        except BaseException:
            _close(descriptor)
            raise
        return ledger

    @property
    def hash(self) -> str:
        """The hash of the last entry, 64 hexadecimal digits; it stands for the whole ledger."""
        return self._head.hash

    def append(self, event: Event) -> Event:
        """Store ``event`` and return it with its sequence number.

        Raises :class:`~bench.errors.LedgerError` if it could not be stored (nothing of it is
        left, and nothing more will be stored), if it is not plain JSON, holds a private key, or
        is of a kind that the ledger writes itself.
        """
        if event.kind in RESERVED:
            raise LedgerError(f"only the ledger itself writes {event.kind} entries")
        return self._store(event)

    def end(self, *, complete: bool, reason: str = "",
            captures: Sequence[Capture] = ()) -> Event:
        """Store the last entry, with the hashes of the captures, and close.

        ``complete`` says that every selected case came to its end; otherwise ``reason`` says why
        not, and the run can be resumed.
        """
        data = {"complete": complete, "reason": reason,
                "captures": [to_json(capture) for capture in captures]}
        try:
            return self._own(RUN_ENDED, data)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file and its lock; safe to call twice."""
        if self._descriptor >= 0:
            with suppress(OSError):
                self._settle()
        _close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _own(self, kind: str, data: dict[str, object]) -> Event:
        now = self._clock().astimezone(UTC).isoformat()
        return self._store(Event(kind, "", 0, now, data))

    def _store(self, event: Event) -> Event:
        if self._failure:
            raise LedgerError(self._failure)
        if self._descriptor < 0:
            raise LedgerError(f"{self.path}: the ledger is closed")
        try:
            self._settle()
            before = self._head
            line, found = encode(event, before.sequence, before.hash)
            self._next = _Head(before.sequence + 1, found, before.size + len(line))
            _write_all(self._descriptor, line)
            self._settle()
            self._sync(event.kind)
        except OSError as failure:
            error = _cannot_store(self.path, failure)
            self._failure = str(error)
            with suppress(OSError):  # else the part stays, and a resumed run moves it aside
                self._settle()
            raise error from failure
        return replace(event, sequence=before.sequence)

    def _settle(self) -> None:
        """Bring the head into line with the file.

        An interrupt (Ctrl-C) can strike between the storing of an entry and the note of it. Then
        the whole entry stays, and a part of one goes.
        """
        if self._next is None:
            return
        if os.fstat(self._descriptor).st_size == self._next.size:
            self._head = self._next
        else:
            os.ftruncate(self._descriptor, self._head.size)
        self._next = None

    def _sync(self, kind: str) -> None:
        if kind in RESERVED or (
            kind in SYNCED and time.monotonic() - self._synced >= SYNC_INTERVAL
        ):
            os.fsync(self._descriptor)
            self._synced = time.monotonic()


def _verified_head(path: Path, lines: Sequence[bytes]) -> _Head:
    """Return where the whole lines end, after checking them all."""
    head = _Head()
    first = last = b""
    for sequence, line, wrong in walk(lines):
        if wrong:
            raise LedgerError(
                f"{path}: cannot be resumed: entry {sequence} (line {sequence + 1}): {wrong}"
            )
        first, last = first or line, line
        head = _Head(sequence + 1, stored_hash(line), head.size + len(line))
    if not last or decode(first).kind != PLAN:
        raise LedgerError(
            f"{path}: cannot be resumed: it holds no whole plan; start the run in another folder"
        )
    if ran_all(decode(last)):
        raise LedgerError(f"{path}: the run is complete: there is nothing to resume")
    return head


def _move_aside(path: Path, cut: bytes) -> None:
    with path.open("ab") as aside:
        aside.write(cut + b"\n")
        aside.flush()
        os.fsync(aside.fileno())


def _told(cut: bytes) -> dict[str, object]:
    if not cut:
        return {}
    return {"cut": {"file": CUT_FILE, "octets": len(cut),
                    "sha256": hashlib.sha256(cut).hexdigest()}}


def _write_all(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets):]


def _cannot_store(path: Path, failure: OSError) -> LedgerError:
    cause = CAUSES.get(failure.errno or 0, failure.strerror or str(failure))
    return LedgerError(f"{path}: cannot store the evidence: {cause}")


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
