"""HDLC frames of type 3 and the stream that carries them (ISO/IEC 13239; IEC 62056-46, 6.4).

A frame is format, destination, source, control, then HCS and information where there is any, and
FCS, between flags 7E. There is no octet stuffing: a 7E inside is told by the length field. What a
frame means in a state is :mod:`.hdlc_link`'s.
"""

from __future__ import annotations

import enum
from binascii import crc_hqx
from functools import lru_cache
from typing import NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.hdlc_address import Address, address_end, parse_address
from bench.protocols.dlms.hdlc_checksum import RIGHT, TURNED, check_sequence, run

FLAG = b"\x7e"
LARGEST = 0x7FF
"""Octets between the flags: what the length field holds."""
SMALLEST = 7  # format, two addresses of one octet, control, FCS


class FrameType(enum.Enum):
    """What the control octet says; UNKNOWN for a control octet that this profile has not."""

    __hash__ = object.__hash__  # that of Enum is a function of Python, and tables ask for it

    I = "I"  # noqa: E741  the standard's name
    RR = "RR"
    RNR = "RNR"
    REJ = "REJ"
    SNRM = "SNRM"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    UI = "UI"
    UNKNOWN = "unknown"


UNNUMBERED = {  # control octet without the P/F bit; IEC 62056-46, table of frame types
    0x83: FrameType.SNRM, 0x43: FrameType.DISC, 0x63: FrameType.UA, 0x0F: FrameType.DM,
    0x87: FrameType.FRMR, 0x03: FrameType.UI}
SUPERVISORY = {0x01: FrameType.RR, 0x05: FrameType.RNR, 0x09: FrameType.REJ}  # 5 low bits - P/F
FINAL = 0x10
"""The P/F bit of a control octet."""


class Control(NamedTuple):
    """A control octet taken apart."""

    type: FrameType
    final: bool
    send_number: int
    receive_number: int


def _control(octet: int) -> Control:
    final = bool(octet & FINAL)
    if not octet & 1:
        return Control(FrameType.I, final, octet >> 1 & 7, octet >> 5)
    if (kind := SUPERVISORY.get(octet & 0x0F)) is not None:
        return Control(kind, final, 0, octet >> 5)
    return Control(UNNUMBERED.get(octet & ~FINAL, FrameType.UNKNOWN), final, 0, 0)


CONTROLS = tuple(_control(octet) for octet in range(256))
"""Control octet -> its parts."""

_BASE = {FrameType.I: 0, **{kind: octet for octet, kind in SUPERVISORY.items()},
         **{kind: octet for octet, kind in UNNUMBERED.items()}}


class Frame(NamedTuple):
    """One frame. ``final`` is the P/F bit, ``control`` the octet itself, -1 until it is coded.

    The control octet of an UNKNOWN frame must be given; that of any other follows from the rest.
    """

    type: FrameType
    destination: Address
    source: Address
    final: bool = True
    information: bytes = b""
    segmented: bool = False
    send_number: int = 0
    receive_number: int = 0
    control: int = -1

    @property
    def control_octet(self) -> int:
        """The control octet; LocalProtocolError for an UNKNOWN frame that was given none."""
        if self.type is FrameType.UNKNOWN:
            if not 0 <= self.control <= 0xFF:
                raise LocalProtocolError("an unknown frame needs its control octet")
            return self.control
        octet = _BASE[self.type] | self.final << 4
        if self.type in _NUMBERED:
            octet |= (self.receive_number & 7) << 5
        if self.type is FrameType.I:
            octet |= (self.send_number & 7) << 1
        return octet

    def encode(self) -> bytes:
        """Return the frame, flags included; LocalProtocolError where it is too long."""
        return assemble(self.destination.octets + self.source.octets, self.control_octet,
                        self.information, self.segmented)


_NUMBERED = (FrameType.I, *SUPERVISORY.values())


def assemble(addresses: bytes, control: int, information: bytes, segmented: bool) -> bytes:
    """Return a frame, flags included, from its coded addresses and control octet."""
    head, register = _head(addresses, control, len(information), segmented)
    return head + information + check_sequence(information, register) + FLAG


@lru_cache(maxsize=4096)  # a link has few addresses and lengths, and eight numbers each way
def _head(addresses: bytes, control: int, information: int, segmented: bool) -> tuple[bytes, int]:
    """Return what stands in front of so many octets of information, flag and HCS included.

    And the register of the check sequence behind it.
    """
    length = len(addresses) + 5 + (information + 2 if information else 0)
    if length > LARGEST:
        raise LocalProtocolError(f"a frame of {length} octets; {LARGEST} is the largest")
    first = (0xA8 if segmented else 0xA0) | length >> 8
    head = b"%c%c%b%c" % (first, length & 0xFF, addresses, control)
    if information:
        head += check_sequence(head)
    return FLAG + head, run(head)


class Starts(dict[int, tuple[bytes | None, int, int]]):
    """Starts of frames with a whole PDU from one station to another, by PDU and control octet.

    The key is ``octets of the PDU << 8 | control octet``; the value all that stands in front of
    the PDU, flag and LLC header included, how many octets that is, and the register of the check
    sequence behind it. No start where the information would have more than ``most`` octets.
    """

    def __init__(self, addresses: bytes, llc: bytes, most: int) -> None:
        super().__init__()
        self.around = len(addresses) + len(llc) + 9
        """Octets of a frame beside its PDU."""
        self._addresses, self._llc, self._most = addresses, llc, most

    def __missing__(self, key: int) -> tuple[bytes | None, int, int]:
        """Make a start."""
        if len(self) == 4096:  # a link has eight numbers each way and few lengths
            self.clear()
        pdu, control = divmod(key, 0x100)
        information = len(self._llc) + pdu
        if pdu <= 0 or information > self._most:
            self[key] = (None, 0, 0)
        else:
            head, register = _head(self._addresses, control, information, False)
            start = head + self._llc
            self[key] = (start, len(start), run(self._llc, register))
        return self[key]


def decode(octets: bytes) -> Frame:
    """Return the frame that ``octets``, what stands between two flags, hold.

    RemoteProtocolError for a wrong format, length, address, HCS or FCS.
    """
    length = len(octets)
    if length < SMALLEST:
        raise RemoteProtocolError(length, f"a frame of at least {SMALLEST} octets", f"{length}")
    # the bench's hottest loop: one comparison for format and length, check sequences in line
    first = octets[0]
    if (first << 8 | octets[1]) & 0xF7FF != 0xA000 | length:
        raise _wrong_format(octets)
    turned = octets.translate(TURNED)
    if crc_hqx(turned, 0xFFFF) != RIGHT:
        raise _wrong_check(octets, length, "FCS")
    middle = 3 if octets[2] & 1 else 4 if octets[3] & 1 else address_end(octets, 2)
    end = middle + 1 if octets[middle] & 1 else address_end(octets, middle)
    if length == end + 3 and first == 0xA0:
        return _BARE[octets[2:-2]]
    if length < end + 3 or length == end + 4:
        raise RemoteProtocolError(end, "control, then FCS or HCS, information and FCS",
                                  f"{length - end} octets")
    if length > end + 3 and crc_hqx(turned[: end + 3], 0xFFFF) != RIGHT:
        raise _wrong_check(octets, end + 3, "HCS")
    kind, destination, source, final, _, _, send_number, receive_number, control = _BARE[
        octets[2 : end + 1]]
    return _new(Frame, (kind, destination, source, final, octets[end + 3 : -2], first & 8 != 0,
                        send_number, receive_number, control))


_new = tuple.__new__  # half the time of the class


class _Bare(dict[bytes, Frame]):
    """Frames without information, by their addresses and control octet; each is made once."""

    def __missing__(self, octets: bytes) -> Frame:
        if len(self) == 4096:  # a link has two addresses and few control octets
            self.clear()
        middle = address_end(octets, 0)
        kind, final, send_number, receive_number = CONTROLS[octets[-1]]
        frame = self[octets] = Frame(
            kind, parse_address(octets[:middle]), parse_address(octets[middle:-1]), final, b"",
            False, send_number, receive_number, octets[-1])
        return frame


_BARE = _Bare()


def _wrong_format(octets: bytes) -> RemoteProtocolError:
    first = octets[0]
    if first & 0xF0 != 0xA0:
        return RemoteProtocolError(0, "frame format A0 (type 3)", f"{first:02X}")
    return RemoteProtocolError(0, f"the length of this frame, {len(octets)}",
                               f"{(first & 7) << 8 | octets[1]}")


def _wrong_check(octets: bytes, end: int, name: str) -> RemoteProtocolError:
    right = check_sequence(octets[: end - 2]).hex().upper()
    return RemoteProtocolError(end - 2, f"{name} {right}", octets[end - 2 : end].hex().upper())


class Arrival(NamedTuple):
    """What came between two flags: a frame, or octets that are none and why."""

    octets: bytes
    frame: Frame | None
    error: RemoteProtocolError | None


class Deframer:
    """Cuts a stream of octets into frames; octets that belong to none come out as errors.

    One flag may end a frame and begin the next. A frame whose length field is wrong ends at the
    next flag. One that is never ended is given up by :meth:`give_up`.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._open = False  # a flag stands in front of the buffer

    @property
    def pending(self) -> bytes:
        """What has arrived of a frame that is not complete, without its flag."""
        return self._buffer

    def feed(self, octets: bytes) -> list[Arrival]:
        """Take what arrived; return the frames and errors that it completed (often none)."""
        if not self._buffer and _is_one(octets):  # as nearly always
            self._open = True
            return [_arrival(octets[1:-1])]
        self._buffer += octets
        arrivals: list[Arrival] = []
        while self._step(arrivals):
            pass
        return arrivals

    def take_one(self, octets: bytes, awaited: Starts, control: int) -> bytes | None:
        """Take the one awaited frame that ``octets``, flags included, nearly always are.

        Return its PDU. None, with nothing taken, for all else: :meth:`feed` says what it is.
        """
        start, end, register = awaited[len(octets) - awaited.around << 8 | control]
        if (self._buffer or octets[:end] != start or octets[-1] != 0x7E
                or crc_hqx(octets[end:-1].translate(TURNED), register) != RIGHT):
            return None
        self._open = True
        return octets[end:-3]

    def give_up(self) -> list[Arrival]:
        """Forget what is pending, after a silence that no frame may have; return what it was."""
        pending, self._buffer, self._open = self._buffer, b"", False
        return [_unfinished(pending)] if pending else []

    def _step(self, arrivals: list[Arrival]) -> bool:
        buffer = self._buffer
        if not self._open:
            start = buffer.find(FLAG)
            if start < 0:
                return False
            if start:
                arrivals.append(_junk(buffer[:start]))
            self._open = True
            buffer = buffer[start + 1 :]
        buffer = buffer.lstrip(FLAG)
        self._buffer = buffer
        if len(buffer) < 2:
            return False
        first = buffer[0]
        end = (first & 7) << 8 | buffer[1] if first & 0xF0 == 0xA0 else 0
        if end >= 2:
            if len(buffer) <= end:
                return False
            if buffer[end] == 0x7E:
                return self._cut(end, arrivals)
        end = buffer.find(FLAG)
        return end >= 0 and self._cut(end, arrivals)

    def _cut(self, end: int, arrivals: list[Arrival]) -> bool:
        octets, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        arrivals.append(_arrival(octets))
        return True


def _is_one(octets: bytes) -> bool:
    """Return whether ``octets`` are one frame by its length, between two flags."""
    length = len(octets) - 2
    return (length >= SMALLEST and octets[0] == 0x7E == octets[-1] and octets[1] & 0xF0 == 0xA0
            and (octets[1] & 7) << 8 | octets[2] == length)


def _arrival(octets: bytes) -> Arrival:
    try:
        return _new(Arrival, (octets, decode(octets), None))
    except RemoteProtocolError as wrong:
        return Arrival(octets, None, wrong)


def _junk(octets: bytes) -> Arrival:
    return Arrival(octets, None, RemoteProtocolError(0, "a flag, 7E", f"{octets[0]:02X}"))


def _unfinished(octets: bytes) -> Arrival:
    return Arrival(octets, None, RemoteProtocolError(
        len(octets), "the rest of a frame", "silence"))
