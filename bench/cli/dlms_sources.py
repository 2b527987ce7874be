"""Where ``smip-bench dlms decode`` takes messages from: text, files of it, captures, ledgers."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from bench.ledger.capture_reading import is_capture, read_packets
from bench.ledger.entry import FILE
from bench.ledger.reading import read_events
from bench.protocols.internet import USER0, Streams

_HEXADECIMAL = frozenset(string.hexdigits)
_SENT = re.compile(r"\b(tx|sent|send|out)\b|>", re.IGNORECASE)
_RECEIVED = re.compile(r"\b(rx|received|recv|in)\b|<", re.IGNORECASE)
_COMMENT = "#"


@dataclass(frozen=True, slots=True)
class Message:
    """Octets that crossed a line in one direction.

    ``line`` names the connection that they belong to; ``streamed`` says that frames may be cut
    across messages. ``note`` is said of them.
    """

    place: str
    octets: bytes
    direction: str = ""
    time: str = ""
    line: str = ""
    streamed: bool = False
    note: str = ""


def messages(source: str) -> Iterator[Message]:
    """Yield the messages of a source: hexadecimal text, a file, or the folder of a run.

    Raises click.BadParameter for what is none of these, LedgerError for a broken file.
    """
    path = Path(source)
    if not _exists(path):
        octets = _hexadecimal(source)
        if octets is None:
            raise click.BadParameter(f"{source}: neither a file nor hexadecimal text")
        yield Message("message", octets)
    elif path.is_dir() or path.name == FILE:
        yield from _ledger(path if path.is_dir() else path.parent)
    else:
        yield from _file(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a text too long for a name
        return False


def _file(path: Path) -> Iterator[Message]:
    try:
        content = path.read_bytes()
    except OSError as wrong:
        raise click.BadParameter(f"{path}: {wrong.strerror or 'cannot be read'}") from None
    if is_capture(content):
        yield from _capture(path)
        return
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        yield Message(str(path), content)
        return
    yield from _text(path, text)


def _text(path: Path, text: str) -> Iterator[Message]:
    """Yield a message a line: what stands before its octets may tell direction and time."""
    found = False
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition(_COMMENT)[0].strip()
        if not content:
            continue
        words = content.split()
        start = next((place for place, word in enumerate(words) if _hexadecimal(word)), len(words))
        octets = _hexadecimal(" ".join(words[start:]))
        if octets is None:
            raise click.BadParameter(f"{path}:{number}: expected hexadecimal digits in pairs, "
                                     f"found {content[:40]!r}")
        found = True
        head = " ".join(words[:start])
        yield Message(f"{path}:{number}", octets, _direction(head), _time(head))
    if not found:
        raise click.BadParameter(f"{path}: expected a message, found none")


def _direction(head: str) -> str:
    if _SENT.search(head):
        return "sent"
    return "received" if _RECEIVED.search(head) else ""


def _time(head: str) -> str:
    return " ".join(word for word in head.split() if re.search(r"\d[:.-]\d", word))


def _hexadecimal(text: str) -> bytes | None:
    digits = "".join(text.split())
    if not digits or len(digits) % 2 or not _HEXADECIMAL.issuperset(digits):
        return None
    return bytes.fromhex(digits)


def _capture(path: Path) -> Iterator[Message]:
    streams = Streams()
    for number, packet in enumerate(read_packets(path), 1):
        place = f"{path}, packet {number}"
        if packet.link_type == USER0:
            yield Message(place, packet.octets, packet.direction, packet.time, streamed=True)
            continue
        payload = streams.payload(packet.link_type, packet.octets)
        if payload is not None:
            ends = sorted((payload.source, payload.destination))
            note = f"{payload.missing} octets before these are not in the capture" \
                if payload.missing else ""
            yield Message(place, payload.octets, f"{payload.source} > {payload.destination}",
                          packet.time, " - ".join(ends), streamed=True, note=note)


def _ledger(folder: Path) -> Iterator[Message]:
    for event in read_events(folder):
        frames = event.data.get("frames")
        for frame in frames if isinstance(frames, list) else ():
            try:
                octets = bytes.fromhex(str(frame.get("octets", "")))
            except ValueError:
                octets = b""
            if octets:
                yield Message(f"entry {event.sequence}" + (f", {event.case}" if event.case else ""),
                              octets, str(frame.get("direction", "")),
                              str(frame.get("time") or event.time),
                              f"{event.case} {event.attempt}", streamed=True)
