"""Wrong HDLC frames, made on purpose from right ones: the counterpart of the strict reader.

A *raw* mutation changes octets and leaves HCS and FCS as they were. A *resealed* one has them
made again, so that only the rule about that field can refuse it. ``caught_by`` is the last line
that must refuse it: ``check`` (a check sequence), ``format`` (the reader), ``address`` (the
station it is for), ``link`` (control field and sequence in the state of the link).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bench.errors import LocalProtocolError
from bench.protocols.dlms.hdlc_address import address_end, parse_address
from bench.protocols.dlms.hdlc_checksum import check_sequence
from bench.protocols.dlms.hdlc_frame import FLAG

CHECK, FORMAT, ADDRESS, LINK = "check", "format", "address", "link"


@dataclass(frozen=True, slots=True)
class Parts:
    """A frame taken apart without judging it; joined again as it is."""

    flags: tuple[bytes, bytes]
    format: bytes
    destination: bytes
    source: bytes
    control: bytes
    hcs: bytes
    information: bytes
    fcs: bytes

    def join(self) -> bytes:
        """Return the octets."""
        opening, closing = self.flags
        return (opening + self.format + self.destination + self.source + self.control + self.hcs
                + self.information + self.fcs + closing)

    def resealed(self) -> Parts:
        """Return the frame with length, HCS and FCS that fit the other fields."""
        head = len(self.destination) + len(self.source) + 5
        length = head + (len(self.information) + 2 if self.information else 0)
        form = bytes((self.format[0] & 0xF8 | length >> 8, length & 0xFF))
        return replace(self, format=form).rechecked()

    def rechecked(self) -> Parts:
        """Return the frame with HCS and FCS that fit the other fields, its length as it is."""
        header = self.format + self.destination + self.source + self.control
        hcs = check_sequence(header) if self.information else b""
        return replace(self, hcs=hcs, fcs=check_sequence(header + hcs + self.information))


def take_apart(frame: bytes) -> Parts:
    """Return the parts of a right frame, flags included."""
    octets = frame[1:-1]
    middle = address_end(octets, 2)
    end = address_end(octets, middle)
    has_information = len(octets) > end + 3
    hcs = end + 3 if has_information else end + 1
    return Parts((FLAG, FLAG), octets[:2], octets[2:middle], octets[middle:end],
                 octets[end : end + 1], octets[end + 1 : hcs], octets[hcs:-2], octets[-2:])


@dataclass(frozen=True, slots=True)
class Mutation:
    """One named way to spoil a frame."""

    name: str
    field: str
    resealed: bool
    caught_by: str
    change: Callable[[Parts], Parts]


def _flip(octets: bytes) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ 1,)) if octets else octets


def _length(by: int) -> Callable[[Parts], Parts]:
    def change(parts: Parts) -> Parts:
        length = ((parts.format[0] & 7) << 8 | parts.format[1]) + by & 0x7FF
        return replace(parts, format=bytes((parts.format[0] & 0xF8 | length >> 8, length & 0xFF)))
    return change


def _format_type(nibble: int) -> Callable[[Parts], Parts]:
    return lambda parts: replace(
        parts, format=bytes((nibble << 4 | parts.format[0] & 0x0F, parts.format[1])))


def _control(change: Callable[[int], int]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, control=bytes((change(parts.control[0]) & 0xFF,)))


def _numbered(change: Callable[[int], int]) -> Callable[[Parts], Parts]:
    """Return the change of an I frame's control octet; other frames stay as they are."""
    return lambda parts: parts if parts.control[0] & 1 else _control(change)(parts)


def _received(by: int) -> Callable[[Parts], Parts]:
    """Return the change of N(R) of an I or supervisory frame."""
    def change(parts: Parts) -> Parts:
        if parts.control[0] & 3 == 3:
            return parts
        return _control(lambda octet: octet & 0x1F | ((octet >> 5) + by & 7) << 5)(parts)
    return change


def _sent(by: int) -> Callable[[Parts], Parts]:
    return _numbered(lambda octet: octet & 0xF1 | ((octet >> 1 & 7) + by & 7) << 1)


def _sized(field: str, octets: int) -> Callable[[Parts], Parts]:
    """Return the change of an address to ``octets`` octets with the same upper part.

    Three and five are two and four with one more.
    """
    def change(parts: Parts) -> Parts:
        found = parse_address(getattr(parts, field))
        upper, lower = found.upper, found.lower or 0
        bits = [upper, lower] if octets < 4 else [upper >> 7, upper, lower >> 7, lower]
        wanted = [*bits, 0][:octets]
        address = bytes([(bit & 0x7F) << 1 for bit in wanted])
        address = address[:-1] + bytes((address[-1] | 1,))
        if field == "source":
            return replace(parts, source=address)
        return replace(parts, destination=address)
    return change


def _other_station(parts: Parts) -> Parts:
    """Return the frame to an upper address that no device is given (IEC 62056-46, 6.4.2.3)."""
    address = parts.destination
    upper = 0x7C if len(address) < 4 else 0x7D
    last = 1 if len(address) == 1 else 0
    return replace(parts, destination=bytes((upper << 1 & 0xFE | last,)) + address[1:])


def _cut(octets: int) -> Callable[[Parts], Parts]:
    """Return the frame without its last ``octets`` octets of information, or header."""
    def change(parts: Parts) -> Parts:
        body = parts.join()[1:-1]
        kept = body[:-octets] if octets < len(body) else b""
        return Parts(parts.flags, kept[:2], kept[2:], b"", b"", b"", b"", b"")
    return change


def _short(parts: Parts) -> Parts:
    """Return a frame of fewer octets than any can have, its length and FCS right."""
    head = bytes((0xA0, 5)) + parts.destination[-1:]
    return Parts(parts.flags, head[:2], head[2:], b"", b"", b"", b"", check_sequence(head))


# name, field, resealed, what catches it, change
_TABLE: tuple[tuple[str, str, bool, str, Callable[[Parts], Parts]], ...] = (
    ("opening-flag-missing", "flags", False, FORMAT, lambda p: replace(p, flags=(b"", FLAG))),
    ("closing-flag-missing", "flags", False, FORMAT, lambda p: replace(p, flags=(FLAG, b""))),
    ("flags-missing", "flags", False, FORMAT, lambda p: replace(p, flags=(b"", b""))),
    ("frame-too-short", "frame", False, FORMAT, _short),
    ("frame-truncated", "frame", False, FORMAT, _cut(1)),
    ("frame-without-fcs", "frame", False, FORMAT, _cut(2)),
    ("frame-half", "frame", False, FORMAT, lambda p: _cut(len(p.join()) // 2)(p)),
    ("format-type-2", "format", False, FORMAT, _format_type(0x9)),
    ("format-type-1", "format", True, FORMAT, _format_type(0x8)),
    ("format-type-0", "format", True, FORMAT, _format_type(0x0)),
    ("format-type-f", "format", True, FORMAT, _format_type(0xF)),
    ("length-too-small", "length", True, FORMAT, _length(-1)),
    ("length-too-large", "length", True, FORMAT, _length(1)),
    ("length-zero", "length", True, FORMAT, lambda p: replace(
        p, format=bytes((p.format[0] & 0xF8, 0)))),
    ("length-largest", "length", True, FORMAT, lambda p: replace(
        p, format=bytes((p.format[0] | 7, 0xFF)))),
    ("segmentation-flip", "format", True, LINK, lambda p: replace(
        p, format=bytes((p.format[0] ^ 8, p.format[1])))),
    ("destination-unknown", "destination", True, ADDRESS, _other_station),
    ("destination-of-one-octet", "destination", True, ADDRESS, _sized("destination", 1)),
    ("destination-of-two-octets", "destination", True, ADDRESS, _sized("destination", 2)),
    ("destination-of-three-octets", "destination", True, FORMAT, _sized("destination", 3)),
    ("destination-of-four-octets", "destination", True, ADDRESS, _sized("destination", 4)),
    ("destination-of-five-octets", "destination", True, FORMAT, _sized("destination", 5)),
    ("destination-flip", "destination", False, CHECK, lambda p: replace(
        p, destination=p.destination[:-1] + bytes((p.destination[-1] ^ 2,)))),
    ("source-of-two-octets", "source", True, ADDRESS, _sized("source", 2)),
    ("source-of-three-octets", "source", True, FORMAT, _sized("source", 3)),
    ("source-zero", "source", True, ADDRESS, lambda p: replace(p, source=b"\x01")),
    ("source-flip", "source", False, CHECK, lambda p: replace(
        p, source=p.source[:-1] + bytes((p.source[-1] ^ 2,)))),
    ("control-flip", "control", False, CHECK, _control(lambda octet: octet ^ 0x10)),
    ("control-undefined", "control", True, LINK, _control(lambda octet: 0xEF | octet & 0x10)),
    ("control-rej", "control", True, LINK, _control(lambda octet: octet & 0xF0 | 0x09)),
    ("control-srej", "control", True, LINK, _control(lambda octet: octet & 0xF0 | 0x0D)),
    ("control-not-polled", "control", True, LINK, _control(lambda octet: octet & 0xEF)),
    ("send-number-ahead", "send_number", True, LINK, _sent(1)),
    ("send-number-behind", "send_number", True, LINK, _sent(-1)),
    ("send-number-far", "send_number", True, LINK, _sent(4)),
    ("receive-number-ahead", "receive_number", True, LINK, _received(1)),
    ("receive-number-behind", "receive_number", True, LINK, _received(-1)),
    ("receive-number-far", "receive_number", True, LINK, _received(4)),
    ("hcs-flip", "hcs", False, CHECK, lambda p: _rechecked_fcs(replace(p, hcs=_flip(p.hcs)))),
    ("hcs-zero", "hcs", False, CHECK, lambda p: _rechecked_fcs(
        replace(p, hcs=bytes(len(p.hcs))))),
    ("information-flip", "information", False, CHECK, lambda p: replace(
        p, information=_flip(p.information))),
    ("information-removed", "information", True, LINK, lambda p: replace(
        p, information=b"", hcs=b"")),
    ("information-added", "information", True, LINK, lambda p: replace(
        p, information=p.information + b"\0")),
    ("fcs-flip", "fcs", False, CHECK, lambda p: replace(p, fcs=_flip(p.fcs))),
    ("fcs-zero", "fcs", False, CHECK, lambda p: replace(p, fcs=b"\0\0")),
    ("fcs-turned", "fcs", False, CHECK, lambda p: replace(p, fcs=p.fcs[::-1])),
)
_LENGTHS = ("length", "format")  # resealed without making the length right again

MUTATIONS: Mapping[str, Mutation] = {
    name: Mutation(name, field, resealed, caught, change)
    for name, field, resealed, caught, change in _TABLE}


def mutate(frame: bytes, name: str) -> bytes:
    """Return ``frame``, a right one with its flags, spoilt by the mutation ``name``.

    LocalProtocolError for an unknown name, or a frame that the mutation would leave as it is.
    """
    changed = _mutated(frame, name)
    if changed == frame:
        raise LocalProtocolError(f"{name} does not change this frame")
    return changed


def applicable(frame: bytes, name: str) -> bool:
    """Return whether the mutation would change the frame."""
    return _mutated(frame, name) != frame


def _mutated(frame: bytes, name: str) -> bytes:
    if name not in MUTATIONS:
        raise LocalProtocolError(f"no mutation {name!r}")
    mutation = MUTATIONS[name]
    parts = mutation.change(take_apart(frame))
    if mutation.resealed:
        parts = parts.rechecked() if mutation.field in _LENGTHS else parts.resealed()
    return parts.join()


def _rechecked_fcs(parts: Parts) -> Parts:
    """Return the frame with an FCS over its wrong HCS, so that HCS alone is wrong."""
    if not parts.hcs:
        return parts
    body = replace(parts, flags=(b"", b""), fcs=b"").join()
    return replace(parts, fcs=check_sequence(body))
