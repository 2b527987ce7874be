"""``traffic.txt``: the octets that crossed the line, in the order of the ledger.

One message a line: time (UTC, of arrival or sending, by the bench's clock), direction as seen from
the bench, octets in hexadecimal digits. Comments say which case and step they belong to. The form
is one that ``smip-bench dlms decode`` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bench.records.event import Event
from reports.dlms_package.frames import frames_of, line, place_of

_HEAD = """\
# Line traffic: time, direction as seen from the bench, octets in hexadecimal digits.
# What goes in clear and is secret (low-level security) is kept as 2A, octet for octet.
"""


def traffic_text(events: Iterable[Event]) -> str:
    """Return the text; ``events`` are in ledger order."""
    return _HEAD + "".join(f"{one}\n" for event in events for one in _lines(event))


def _lines(event: Event) -> Iterator[str]:
    frames = tuple(frames_of(event))
    if not frames:
        return
    whose = f"{event.case}, attempt {event.attempt}, " if event.case else ""
    yield ""
    yield f"# {line(whose + place_of(event))}, ledger entry {event.sequence}"
    for frame in frames:
        if frame.note:
            yield f"# {frame.note}:"
        if frame.octets:
            yield f"{line(frame.time)} {line(frame.direction):<8} {line(frame.octets)}"
        else:
            yield f"# {line(frame.time)} {line(frame.direction)}: a message without octets"
