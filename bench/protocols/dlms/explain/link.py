"""What carries APDUs, for people: HDLC frames and their segments, the wrapper, mode E's lines.

Frames are cut as the link's own codec cuts them. A frame's fields are told as far as they go even
where a check sequence is wrong; the error is at the octet that the codec names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.message import Reader
from bench.protocols.dlms.explain.tree import Part
from bench.protocols.dlms.hdlc_address import address_end, parse_address
from bench.protocols.dlms.hdlc_frame import CONTROLS, FrameType, decode
from bench.protocols.dlms.hdlc_parameters import decode_parameters
from bench.protocols.dlms.wrapper import HEADER, VERSION

_FLAG = 0x7E
_SHORTEST = 7
_LLC = {bytes.fromhex("E6E600"): "command", bytes.fromhex("E6E700"): "response"}
_SEQUENCED = (FrameType.I, FrameType.RR, FrameType.RNR, FrameType.REJ)
_FIELDS = {FrameType.SNRM: "link parameters", FrameType.UA: "link parameters"}


@dataclass(slots=True)
class Segments:
    """The segments of APDUs, by who sends to whom."""

    held: dict[bytes, bytes] = field(default_factory=dict)
    last: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)


def read_hdlc(octets: bytes, reader: Reader, segments: Segments) -> Iterator[tuple[Part, str]]:
    """Yield each frame in ``octets`` with its summary, and what belongs to no frame."""
    at = 0
    while at < len(octets):
        if octets[at] != _FLAG:
            end = octets.find(_FLAG, at)
            end = len(octets) if end < 0 else end
            junk = octets[at:end].hex().upper()
            yield Part(at, end - at, "octets outside a frame", junk,
                       error=f"expected a flag, 7E, found {octets[at]:02X}"), "no frame"
            at = end
            continue
        start = at
        while at + 1 < len(octets) and octets[at + 1] == _FLAG:
            at += 1  # flags between frames
        end = _frame_end(octets, at + 1)
        if at + 1 >= len(octets):
            if at > start or not start:
                yield Part(start, len(octets) - start, "flags"), "flags"
            return
        yield _frame(octets, at, end, reader, segments)
        at = end  # the closing flag, which may open the next frame
        if at + 1 >= len(octets):
            return


def frames_in(octets: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each frame begins (its opening flag) and where its closing flag is.

    The last one is yielded with an end of ``len(octets)`` where its closing flag is missing.
    """
    at = octets.find(_FLAG)
    while 0 <= at < len(octets) - 1:
        while at + 1 < len(octets) and octets[at + 1] == _FLAG:
            at += 1
        if at + 1 >= len(octets):
            return
        end = _frame_end(octets, at + 1)
        yield at, end
        at = end


def _frame_end(octets: bytes, start: int) -> int:
    """Return where the closing flag of the frame from ``start`` on is, or the end."""
    if start + 1 < len(octets) and octets[start] & 0xF0 == 0xA0:
        length = (octets[start] & 7) << 8 | octets[start + 1]
        if length >= 2 and start + length < len(octets) and octets[start + length] == _FLAG:
            return start + length
    end = octets.find(_FLAG, start)
    return len(octets) if end < 0 else end


def _frame(octets: bytes, flag: int, end: int, reader: Reader, segments: Segments
           ) -> tuple[Part, str]:
    cursor = Cursor(octets, flag + 1, end)
    closed = end < len(octets)
    summary = "frame"
    wrong = _complaint(octets[flag + 1 : end], flag + 1)
    try:
        summary = _fields(cursor, reader, segments, sound=wrong is None)
    except RemoteProtocolError as found:
        cursor.fail(wrong or found)
        wrong = None
    if not closed:
        wrong = wrong or RemoteProtocolError(len(octets), "a closing flag, 7E", "the end")
    parts = tuple(cursor.parts)
    if wrong is not None:
        parts = _marked(parts, wrong)
        summary += ", wrong"
    return Part(flag, end - flag + closed, "HDLC frame", "", parts), summary


def _marked(parts: tuple[Part, ...], wrong: RemoteProtocolError) -> tuple[Part, ...]:
    """Return ``parts`` with the error at the one that begins where it is, else behind them."""
    error = f"expected {wrong.expected}, found {wrong.found}"
    for number, part in enumerate(parts):
        if part.offset == wrong.offset and part.length:
            return (*parts[:number], replace(part, error=error), *parts[number + 1 :])
    return (*parts, Part(wrong.offset, 0, "frame", "wrong", error=error))


def _complaint(octets: bytes, offset: int) -> RemoteProtocolError | None:
    try:
        decode(octets)
    except RemoteProtocolError as wrong:
        return RemoteProtocolError(offset + wrong.offset, wrong.expected, wrong.found)
    return None


def _fields(cursor: Cursor, reader: Reader, segments: Segments, *, sound: bool) -> str:
    head = cursor.at
    first = cursor.number("format", 2, lambda value: (
        f"{value:04X} type {value >> 12:X}, {'segmented, ' if value & 0x800 else ''}"
        f"{value & 0x7FF} octets"))
    ends = cursor.end
    addresses = []
    for name in ("destination", "source"):
        end = address_end(cursor.octets[:ends], cursor.at)
        raw = cursor.octets[cursor.at : end]
        addresses.append(parse_address(raw))
        cursor.raw(name, end - cursor.at, lambda octets: (
            f"{octets.hex().upper()} ({parse_address(octets)})"))
    way = bytes(cursor.octets[head + 2 : cursor.at])
    octet = cursor.take(1)[0]
    control = CONTROLS[octet]
    said = control.type.value
    if control.type is FrameType.I:
        said += f" N(S)={control.send_number}"
    if control.type in _SEQUENCED:
        said += f" N(R)={control.receive_number}"
    said += ", P/F" if control.final else ""
    cursor.number("control", 1, lambda value: f"{value:02X} {said}")
    summary = f"{said}, {addresses[1]} to {addresses[0]}"
    if cursor.left > 2:
        cursor.raw("HCS", 2)
        inner = Cursor(cursor.octets, cursor.at, ends - 2)
        more = _information(inner, control.type, reader, segments, way, (
            control.send_number, bool(first & 0x800), sound))
        cursor.parts.extend(inner.parts)
        cursor.at = ends - 2
        summary += f": {more}" if more else ""
    cursor.raw("FCS", 2)
    return summary


def _information(cursor: Cursor, kind: FrameType, reader: Reader, segments: Segments,
                 way: bytes, about: tuple[int, bool, bool]) -> str:
    number, segmented, sound = about
    if kind in _FIELDS:
        return _parameters(cursor)
    if kind not in (FrameType.I, FrameType.UI):
        cursor.raw("information", cursor.left)
        return ""
    held = segments.held.get(way)
    information = bytes(cursor.octets[cursor.at : cursor.end])
    if held is None and not segmented:
        segments.last[way] = (number, information)
        return _apdu(cursor, reader)
    repeated = kind is FrameType.I and segments.last.get(way) == (number, information)
    cursor.raw("segment", cursor.left, lambda octets: f"{len(octets)} octets"
               + (", sent again" if repeated else ""))
    if not sound or repeated:
        return "segment sent again" if repeated else "segment"
    segments.last[way] = (number, information)
    if segmented:
        segments.held[way] = (held or b"") + information
        return "segment"
    joined = segments.held.pop(way) + information
    inner = Cursor(joined)
    summary = _apdu(inner, reader)
    cursor.parts.append(Part(cursor.at, 0, "joined segments", f"{len(joined)} octets",
                             tuple(inner.parts), derived=True))
    return summary


def _apdu(cursor: Cursor, reader: Reader) -> str:
    """Read LLC and APDU; what is wrong stays within the cursor."""
    try:
        llc = bytes(cursor.take(3))
        if llc not in _LLC:
            raise RemoteProtocolError(cursor.at, "LLC E6E600 or E6E700", llc.hex().upper())
        cursor.raw("LLC", 3, lambda octets: f"{octets.hex().upper()} {_LLC[octets]}")
        with cursor.group("APDU"):
            return reader.read(cursor)
    except RemoteProtocolError as wrong:
        cursor.fail(wrong)
        return "APDU, wrong"


def _parameters(cursor: Cursor) -> str:
    at = cursor.at
    information = bytes(cursor.octets[at : cursor.end])
    said = ""
    try:
        found = decode_parameters(information)
        said = (f"transmit {found.max_information_transmit} octets, window "
                f"{found.window_transmit}; receive {found.max_information_receive} octets, window "
                f"{found.window_receive}")
        cursor.raw("link parameters", cursor.left,
                   lambda octets: f"{octets.hex().upper()} ({said})")
    except RemoteProtocolError as wrong:
        cursor.fail(RemoteProtocolError(at + wrong.offset, wrong.expected, wrong.found))
    return said


def read_wrapper(octets: bytes, reader: Reader) -> Iterator[tuple[Part, str]]:
    """Yield each wrapped APDU in ``octets`` with its summary."""
    at = 0
    while at < len(octets):
        cursor = Cursor(octets, at)
        summary = "wrapper"
        try:
            summary = _wrapped(cursor, reader)
        except RemoteProtocolError as wrong:
            cursor.fail(wrong)
            summary += ", wrong"
        yield Part(at, cursor.at - at, "wrapped APDU", "", tuple(cursor.parts)), summary
        at = max(cursor.at, at + 1)


def _wrapped(cursor: Cursor, reader: Reader) -> str:
    cursor.take(HEADER.size)
    version = cursor.number("version", 2, lambda value: f"{value:04X}")
    if version != VERSION:
        raise RemoteProtocolError(cursor.at - 2, f"wrapper version {VERSION:04X}",
                                  f"{version:04X}")
    source = cursor.number("source", 2)
    destination = cursor.number("destination", 2)
    length = cursor.number("length", 2)
    end = cursor.at + length
    way = f"{source} to {destination}"
    if end > cursor.end:
        cursor.fail(RemoteProtocolError(
            cursor.at - 2, f"a length of at most {cursor.left}, what follows", f"{length}"))
        return f"{way}, cut off"
    inner = Cursor(cursor.octets, cursor.at, end)
    summary = _whole(inner, reader.read)
    cursor.parts.extend(inner.parts)
    cursor.at = end
    return f"{way}: {summary}"


def _whole(cursor: Cursor, read: Callable[[Cursor], str]) -> str:
    """Read an APDU; what is wrong stays within the cursor."""
    try:
        with cursor.group("APDU"):
            return read(cursor)
    except RemoteProtocolError as wrong:
        cursor.fail(wrong)
        return "APDU, wrong"


def read_apdu(octets: bytes, reader: Reader) -> Iterator[tuple[Part, str]]:
    """Yield the one APDU that ``octets`` are."""
    cursor = Cursor(octets)
    summary = _whole(cursor, reader.read)
    yield from ((part, summary) for part in cursor.parts)
