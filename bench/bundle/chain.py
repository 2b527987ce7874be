"""The ledger in a bundle, walked line by line: its chain, its plan, and what its end vouches for.

As :func:`bench.ledger.check_ledger`, for a ledger that is a part of an archive and may be larger
than the memory: a line is let go of once it is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bench.bundle.archive import Window
from bench.ledger.entry import PLAN, RUN_ENDED, START, decode, stored_hash, walk
from bench.ledger.reading import ran_all
from bench.records.event import Event

LONGEST_LINE = 1 << 28  # octets; the plan of 10,000 cases takes a tenth
_FIRST = b'{"previous":"%b","sequence":0,' % START.encode()
_TAIL = len(b',"hash":"') + 64 + len(b'"}\n')
SHOWN = 20  # flaws; a ledger of other octets has as many as lines


@dataclass(frozen=True, slots=True)
class LedgerSeen:
    """What a walk along a ledger found; ``plan`` (without its cases) is ``None`` where it starts
    with none.

    ``captures`` maps file names to SHA-256 as the last entry vouches for them.
    """

    flaws: tuple[str, ...]
    entries: int
    hash: str
    plan: Mapping[str, Any] | None
    started: str
    ended: str
    captures: Mapping[str, str]


def see_ledger(ledger: Window, read: Callable[[], Iterable[bytes]]) -> LedgerSeen:
    """Walk along a ledger and return what it holds, whatever it is; ``read`` gives its lines, with
    their ends, again."""
    flaws: list[str] = []
    ends = _unbroken(ledger) or _broken(read(), flaws)
    entries, first, last = ends
    plan, end = _decoded(_without_cases(first)), _decoded(last)
    if plan is None or plan.kind != PLAN:
        flaws.append("entry 0 (line 1) is not the plan")
    if end is None or end.kind != RUN_ENDED or not ran_all(end):
        flaws.append("not complete: its last entry does not end the run")
    return LedgerSeen(
        tuple(flaws), entries, stored_hash(last),
        plan.data if plan is not None and plan.kind == PLAN else None,
        plan.time if plan else "", end.time if end else "", dict(_captures(end)))


def _unbroken(ledger: Window) -> tuple[int, bytes, bytes] | None:
    """Return the number of lines, the first and the last, ``None`` where the chain is broken.

    The quick way, for a ledger that nobody touched: :func:`bench.ledger.entry.flaw`, but where one
    line ends and the next begins is compared at once, and nothing is copied or decoded.
    """
    octets, start, end = ledger.octets, ledger.start, ledger.end
    if octets[start:start + len(_FIRST)] != _FIRST:
        return None
    entries, place, link = 0, start, b""
    with memoryview(octets) as view:
        while after := octets.find(b"\n", place, end) + 1:
            tail = after - _TAIL
            found = sha256(view[place:tail]).hexdigest()
            entries += 1
            link = (f',"hash":"{found}"}}\n{{"previous":"{found}","sequence":{entries},'
                    ).encode()
            if octets[tail:tail + len(link)] != link:
                break
            place = after
    whole = after == end and octets[tail:end] == link[:_TAIL]
    first = octets.find(b"\n", start, end) + 1
    if not whole or max(first - start, end - place) > LONGEST_LINE:
        return None
    return entries, octets[start:first], octets[place:end]


def _broken(lines: Iterable[bytes], flaws: list[str]) -> tuple[int, bytes, bytes]:
    """As :func:`_unbroken`, over the whole lines of any ledger; ``flaws`` get what is wrong."""
    first = last = b""
    entries, more = 0, 0
    cut: list[bytes] = []
    for sequence, line, wrong in walk(_whole(lines, cut)):
        first, last = first or line, line
        entries += 1
        if wrong and len(flaws) < SHOWN:
            flaws.append(f"entry {sequence} (line {entries}{_what(line)}): {wrong}")
        elif wrong:
            more += 1
    if more:
        flaws.append(f"and {more} more entries")
    if cut:
        flaws.append(f"line {entries + 1} is cut short")
    return entries, first, last


def _without_cases(line: bytes) -> bytes:
    """Return a plan's line without the cases: nearly all of it, and nobody here asks for them.

    They lie between two fields in a fixed order (:mod:`bench.ledger.entry`), and no text in JSON
    can hold the quotes that these are looked for by. A line of another form stays as it is.
    """
    start, end = line.find(b',"selected":['), line.rfind(b'],"subject":{')
    return line if not 0 <= start < end else line[:start] + b',"selected":[' + line[end:]


def _whole(lines: Iterable[bytes], cut: list[bytes]) -> Iterator[bytes]:
    for line in lines:
        if not line.endswith(b"\n"):
            cut.append(line)
            return
        yield line


def _captures(end: Event | None) -> Iterator[tuple[str, str]]:
    captures = end.data.get("captures") if end is not None else None
    for capture in captures if isinstance(captures, list) else []:
        if isinstance(capture, Mapping):
            yield str(capture.get("file", "")), str(capture.get("sha256", ""))


def _decoded(line: bytes) -> Event | None:
    """Return the entry of a line that may hold anything, ``None`` where it is no entry."""
    try:
        event = decode(line)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    fields = (event.kind, event.case, event.time)
    whole = all(isinstance(field, str) for field in fields) and isinstance(event.data, Mapping)
    return event if whole else None


def _what(line: bytes) -> str:
    event = _decoded(line)
    if event is None:
        return ""
    case = f" of case {json.dumps(event.case)}" if event.case else ""
    return f", {event.kind}{case}"
