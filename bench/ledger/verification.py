"""Does a ledger still hold what was written, and all of it?"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.ledger.entry import FILE, PLAN, RUN_ENDED, decode, walk
from bench.ledger.reading import ran_all, read_lines
from bench.records.event import Event


class ProblemKind(enum.StrEnum):
    """Changed after it was written, or merely not finished."""

    ALTERED = "altered"
    ENDED_EARLY = "ended early"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong; ``entry`` is the sequence number it starts at."""

    kind: ProblemKind
    entry: int
    text: str


def verify_ledger(folder: str | Path) -> tuple[str, ...]:
    """Return what is wrong with ``folder``'s ledger and captures, in order; () if nothing.

    Raises :class:`~bench.errors.LedgerError` where there is no ledger.
    """
    return tuple(problem.text for problem in check_ledger(folder))


def check_ledger(folder: str | Path) -> tuple[Problem, ...]:
    """As :func:`verify_ledger`, with the kind of each problem and the entry it starts at."""
    place = Path(folder)
    lines = read_lines(place / FILE)
    problems: list[Problem] = []
    last, count = b"", 0
    for sequence, line, wrong in walk(lines):
        last, count = line, count + 1
        if wrong:
            problems.append(_altered(sequence, f"{_name(sequence, count, line)}: {wrong}"))
    if lines and _decoded(lines[0]).kind != PLAN and not problems and count:
        problems.append(_altered(0, "entry 0 (line 1) is not the plan"))
    ended = _decoded(last)
    if lines and not lines[-1].endswith(b"\n"):
        problems.append(_early(count, f"ended early: not complete; line {count + 1} is cut short"))
    elif ended.kind != RUN_ENDED:
        problems.append(_early(count, f"ended early: not complete; there are {count} entries and "
                                      f"the last does not end the run"))
    elif not ran_all(ended):
        problems.append(_early(count - 1, f"ended early: not complete; the run ended with: "
                                          f"{ended.data.get('reason', '')}"))
    if ended.kind == RUN_ENDED and not problems:
        problems += [_altered(count - 1, text) for text in _captures(place, ended)]
    return tuple(problems)


def _captures(folder: Path, ended: Event) -> Iterator[str]:
    """Yield what is wrong with the captures that the last entry vouches for."""
    captures = ended.data.get("captures")
    for capture in captures if isinstance(captures, list) else []:
        if not isinstance(capture, Mapping):
            continue
        name = str(capture.get("file", ""))
        try:
            found = hashlib.sha256((folder / Path(name).name).read_bytes()).hexdigest()
        except OSError as failure:
            yield f"capture {name}: cannot be read: {failure.strerror}"
            continue
        if found != capture.get("sha256"):
            yield f"capture {name}: its octets are not those that were written"


def _decoded(line: bytes) -> Event:
    """Return the entry of a line that may have been altered; one of no kind if it is no entry."""
    try:
        return decode(line)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Event("", "", 0, "")


def _name(sequence: int, number: int, line: bytes) -> str:
    entry = _decoded(line)
    kind = f", {entry.kind}" if entry.kind else ""
    case = f" of case {json.dumps(entry.case, ensure_ascii=False)}" if entry.case else ""
    return f"entry {sequence} (line {number}{kind}{case})"


def _altered(entry: int, text: str) -> Problem:
    return Problem(ProblemKind.ALTERED, entry, text)


def _early(entry: int, text: str) -> Problem:
    return Problem(ProblemKind.ENDED_EARLY, entry, text)
