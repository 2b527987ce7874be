"""The frames of a ledger's events, for the log and the line traffic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.records.event import Event
from reports.text import visible

ARRIVED = "arrived before the break"

_LINE_ENDS = re.compile("[\t\r\n\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Frame:
    """What crossed the line: ``octets`` in hexadecimal, "" for an empty message that was sent on
    purpose; ``decoded`` is its reading, empty where there is none."""

    time: str
    direction: str
    octets: str
    decoded: Mapping[str, object]
    note: str = ""


def frames_of(event: Event) -> Iterator[Frame]:
    """Yield the frames that an event keeps, and what had arrived before the line broke."""
    kept = event.data.get("frames")
    for frame in kept if isinstance(kept, list | tuple) else ():
        decoded = frame.get("decoded")
        yield Frame(str(frame.get("time") or event.time), str(frame.get("direction", "")),
                    str(frame.get("octets", "")), decoded if isinstance(decoded, Mapping) else {})
    if event.kind == "bench-error" and event.data.get("octets"):
        yield Frame(event.time, "received", str(event.data["octets"]), {}, ARRIVED)


def place_of(event: Event) -> str:
    """Return where in a case an event belongs: ``body step 2 (get)``, else its kind."""
    data = event.data
    if "step" not in data:
        return event.kind
    index = data["step"]
    action = f" ({data['action']})" if data.get("action") else ""
    return f"{data.get('phase', '')} step {index + 1 if isinstance(index, int) else index}{action}"


def line(text: object) -> str:
    """Return a text of a device or plan on one line, each unseen character spelt out."""
    return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(str(text)))
