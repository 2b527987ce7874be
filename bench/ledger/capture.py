"""The frames of a run as pcapng, for protocol analysers, made from the ledger alone.

One enhanced packet block a frame, in the order of the ledger, link type USER0 (147): whole
messages as they crossed the border to the device, no line framing. Each carries its direction (as
seen from the bench), the time it was seen, and a comment that names case, step and reading. The
same ledger always gives the same octets. Source: IETF draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pcapng import FileWriter
from pcapng.blocks import EnhancedPacket, InterfaceDescription, SectionHeader

from bench.errors import LedgerError
from bench.records.event import Event

LINKTYPE_USER0 = 147
DIRECTION_FLAGS = {"received": 1, "sent": 2}  # inbound and outbound in epb_flags
WITH_FRAMES = ("observation", "identity", "disclosure")
LONGEST_READING = 4000  # characters; an option of a block holds 65,535 octets at most

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture file: its name in the run's folder, its SHA-256, the number of its frames."""

    file: str
    sha256: str
    frames: int


def write_capture(events: Iterable[Event], path: str | Path) -> Capture:
    """Write the frames of a ledger's ``events`` to ``path``, whole or not at all.

    Raises :class:`~bench.errors.LedgerError` if it cannot be stored or a frame is no hex text.
    """
    target = Path(path)
    stream = io.BytesIO()
    frames = _write_frames(events, stream)
    octets = stream.getvalue()
    unfinished = target.with_name(f"{target.name}.part")
    try:
        unfinished.write_bytes(octets)
        unfinished.replace(target)
    except OSError as failure:
        with suppress(OSError):
            unfinished.unlink()
        raise LedgerError(
            f"{target}: the capture cannot be stored: {failure.strerror}"
        ) from failure
    return Capture(target.name, hashlib.sha256(octets).hexdigest(), frames)


def _write_frames(events: Iterable[Event], stream: io.BytesIO) -> int:
    section = SectionHeader(options={"shb_userappl": "smip-bench"})
    section.new_member(
        InterfaceDescription, link_type=LINKTYPE_USER0,
        options={"if_name": "dut", "if_description": "messages to and from the device"},
    )
    writer = FileWriter(stream, section)
    count = 0
    for event in events:
        for frame in _frames(event):
            writer.write_block(_block(section, event, frame))
            count += 1
    return count


def _frames(event: Event) -> Iterator[Mapping[str, object]]:
    frames = event.data.get("frames")
    if event.kind in WITH_FRAMES and isinstance(frames, list):
        # an empty message, sent on purpose, crossed no line that a capture could show
        yield from (frame for frame in frames
                    if isinstance(frame, Mapping) and frame.get("octets") != "")


def _block(section: SectionHeader, event: Event, frame: Mapping[str, object]) -> EnhancedPacket:
    try:
        octets = bytes.fromhex(str(frame.get("octets", "")))
    except ValueError as wrong:
        raise LedgerError(f"entry {event.sequence}: a frame is no hexadecimal text") from wrong
    when = _microseconds(str(frame.get("time") or event.time), event)
    block = section.new_member(
        EnhancedPacket, interface_id=0, timestamp_high=when >> 32,
        timestamp_low=when & 0xFFFFFFFF, packet_data=octets, packet_len=len(octets),
        options={"opt_comment": _comment(event, frame)},
    )
    block.options["epb_flags"] = DIRECTION_FLAGS.get(str(frame.get("direction")), 0)
    return block


def _microseconds(text: str, event: Event) -> int:
    """Return a time as microseconds since 1970, the resolution that an interface has unsaid."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise LedgerError(f"entry {event.sequence}: {text!r} is no time") from wrong
    return (when.replace(tzinfo=when.tzinfo or UTC) - _EPOCH) // _MICROSECOND


def _comment(event: Event, frame: Mapping[str, object]) -> str:
    reading = json.dumps(frame.get("decoded"), ensure_ascii=True, sort_keys=True)
    return (
        f"{_place(event)}, {frame.get('direction')}, ledger entry {event.sequence}: "
        f"{reading[:LONGEST_READING]}"
    )


def _place(event: Event) -> str:
    """Return where in the run a frame belongs, in words."""
    if not event.case:
        return event.kind
    data = event.data
    index = data.get("step")
    step = index + 1 if isinstance(index, int) else index
    return (f"case {event.case}, attempt {event.attempt}, {data.get('phase')} step {step} "
            f"({data.get('action')})")
