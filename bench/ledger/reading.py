"""Reading a ledger back: the frozen plan and all that happened, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.errors import LedgerError
from bench.ledger.entry import FILE, PLAN, RUN_ENDED, decode, stored_hash, walk
from bench.records.event import Event
from bench.records.run import FrozenPlan
from bench.records.serial import from_json

CASE_ENDS = ("case-ended", "blocked")


@dataclass(frozen=True, slots=True)
class LedgerContents:
    """What a ledger holds. ``events`` are all entries after the plan, in order.

    ``hash`` is that of the last entry: it stands for the whole ledger. ``complete`` is False
    while no ``run-ended`` entry says that all was run.
    """

    plan: FrozenPlan
    events: tuple[Event, ...]
    hash: str
    complete: bool
    started: str  # ISO 8601, UTC

    def by_case(self) -> Mapping[str, tuple[Event, ...]]:
        """Return each case's events, in order; the run's own entries are left out."""
        cases: dict[str, list[Event]] = {}
        for event in self.events:
            if event.case:
                cases.setdefault(event.case, []).append(event)
        return {case: tuple(events) for case, events in cases.items()}

    def ended_cases(self) -> frozenset[str]:
        """Return the cases whose last attempt came to its end: a resumed run leaves them out."""
        return frozenset(
            case for case, events in self.by_case().items()
            if any(event.kind in CASE_ENDS and event.attempt == events[-1].attempt
                   for event in events)
        )


def read_ledger(folder: str | Path) -> LedgerContents:
    """Read ``folder``'s ledger, also while it is written; an unfinished last line is left out.

    Raises :class:`~bench.errors.LedgerError` where there is none, where it holds no whole plan,
    and where the chain does not hold: altered evidence is not read.
    """
    path = Path(folder) / FILE
    lines = list(_sound_lines(path))
    events = [decode(line) for line in lines]
    if not events or events[0].kind != PLAN:
        raise LedgerError(f"{path}: it does not start with a whole plan")
    try:
        plan = from_json(FrozenPlan, events[0].data)
    except (TypeError, ValueError, KeyError, AttributeError) as wrong_form:
        raise LedgerError(f"{path}: the plan has another form: {wrong_form}") from wrong_form
    return LedgerContents(plan, tuple(events[1:]), stored_hash(lines[-1]),
                          ran_all(events[-1]), events[0].time)


def read_events(folder: str | Path) -> Iterator[Event]:
    """Yield all entries after the plan, in order, and leave the plan itself unread.

    Raises :class:`~bench.errors.LedgerError` where there is no ledger and, when it comes to the
    entry, where the chain does not hold.
    """
    return map(decode, islice(_sound_lines(Path(folder) / FILE), 1, None))


def read_lines(path: Path) -> list[bytes]:
    """Return the lines of a ledger with their ends; raises ``LedgerError`` if there is none."""
    try:
        with path.open("rb") as stored:
            return list(stored)
    except FileNotFoundError as absent:
        raise LedgerError(f"{path}: there is no ledger here") from absent
    except OSError as failure:
        raise LedgerError(f"{path}: cannot be read: {failure.strerror}") from failure


def ran_all(last: Event) -> bool:
    """Return whether the last entry says that the run came to its planned end."""
    return last.kind == RUN_ENDED and last.data.get("complete") is True


def _sound_lines(path: Path) -> Iterator[bytes]:
    for sequence, line, wrong in walk(read_lines(path)):
        if wrong:
            raise LedgerError(f"{path}: entry {sequence} (line {sequence + 1}): {wrong}")
        yield line
