"""The order of I, RR and RNR frames on a link in NRM (ISO/IEC 13239; IEC 62056-46, 6.4.4.4.4).

The same for both sides: numbers, window, segments, and recovery by checkpoint. The side that has
the turn sends up to a window of I frames and hands the turn over by the P/F bit of the last. What
the answer does not acknowledge is sent again with the next turn. A frame out of sequence is
dropped; its sender learns that from N(R).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms.hdlc_frame import FINAL, Frame, FrameType
from bench.protocols.dlms.hdlc_parameters import Parameters

COMMAND_LLC = bytes.fromhex("E6E600")
RESPONSE_LLC = bytes.fromhex("E6E700")

_ANSWER = tuple((control + 2 & 0x0E) << 4 | FINAL | control >> 4 & 0x0E for control in range(256))
"""Control octet of an I frame -> of the I frame that hears it and is the next to be heard."""
_RR, _RNR = 0x01, 0x05
_I, _RNR_FRAME = FrameType.I, FrameType.RNR  # in Python 3.11 a call each time


class Piece(NamedTuple):
    """What one frame carries: its control octet without P/F, and information."""

    control: int
    information: bytes = b""
    segmented: bool = False


class Wrong(Exception):  # noqa: N818  it names the frame, not the fault of a program
    """A frame that breaks the rules of NRM; ``reasons`` are the bits of FRMR."""

    def __init__(self, reasons: int, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.reasons = reasons
        self.expected = expected
        self.found = found


class Exchange:
    """Numbers, queue and reassembly of one side of a link, from its connection to its end.

    ``llc`` stands before each PDU that is sent; ``faults`` are names of defects.
    """

    def __init__(self, parameters: Parameters, llc: bytes, *, largest_pdu: int,
                 faults: frozenset[str] = frozenset()) -> None:
        self.parameters = parameters
        self.busy = False
        """Whether this side takes no I frames for now and says so by RNR."""
        self.peer_is_busy = False
        self.hoped: int | None = None
        """The control octet of an I frame that ends the turn and hears all of ours, where it can
        bring a whole PDU: after :meth:`alone`, as long as nothing else is queued or taken."""
        self.send_number = 0  # V(S), of the next frame that was never sent
        self.receive_number = 0  # V(R)
        self._llc = llc
        self._largest = largest_pdu
        self._faults = faults
        self._queue: deque[tuple[bytes, bool]] = deque()
        self._outstanding: deque[tuple[bytes, bool]] = deque()  # sent, not acknowledged
        self._parts: list[bytes] = []
        self._octets = 0

    @property
    def has_work(self) -> bool:
        """Whether something is to be sent, or to be sent again."""
        return bool(self._outstanding or self._queue)

    @property
    def is_mid_pdu(self) -> bool:
        """Whether a PDU has begun to arrive and is not complete."""
        return bool(self._parts)

    def queue(self, pdu: bytes) -> None:
        """Have ``pdu`` sent, in as many segments as it takes."""
        if not pdu:
            raise LocalProtocolError("an empty PDU cannot be sent")
        self.hoped = None
        octets = self._llc + pdu
        size = self.parameters.max_information_transmit
        if "hdlc-max-information-exceeded" in self._faults:
            size += 1
        for start in range(0, len(octets), size):
            end = start + size
            self._queue.append((octets[start:end], end < len(octets)))

    def alone(self, pdu: bytes) -> int | None:
        """Take the turn for ``pdu``, all there is to send, in one frame.

        Return the control octet, poll bit set. None, with nothing taken, where it is not so.
        """
        information = self._llc + pdu
        if (self._outstanding or self._queue or self._parts or self.peer_is_busy or self._faults
                or len(information) > self.parameters.max_information_transmit):
            return None
        self._outstanding.append((information, False))
        number = self.send_number
        self.send_number = number + 1 & 7
        control = self.receive_number << 5 | FINAL | number << 1
        self.hoped = _ANSWER[control]
        return control

    def heard(self) -> None:
        """Count the frame that was hoped for."""
        self.hoped = None
        self.receive_number = self.receive_number + 1 & 7
        self._outstanding.clear()

    def turn(self) -> list[Piece]:
        """Return the I frames to send now; none if nothing is to be sent or the other is busy.

        Called once each time this side has the turn.
        """
        if self.peer_is_busy:
            return []
        window = self.parameters.window_transmit
        if "hdlc-window-exceeded" in self._faults:
            window = min(7, window + 1)
        first = (self.send_number - len(self._outstanding)) & 7
        while self._queue and len(self._outstanding) < window:
            self._outstanding.append(self._queue.popleft())
            if "hdlc-send-number-not-advanced" not in self._faults:
                self.send_number = (self.send_number + 1) & 7
        acknowledged = self.receive_number << 5
        marks = "hdlc-segmentation-bit-missing" not in self._faults
        pieces = [Piece(acknowledged | (first + place & 7) << 1, octets, segmented and marks)
                  for place, (octets, segmented) in enumerate(self._outstanding)]
        if "hdlc-lost-segment-not-repeated" in self._faults:
            self._outstanding.clear()
        return pieces

    def ready(self) -> Piece:
        """Return the RR, or RNR, that tells what has arrived."""
        return Piece(self.receive_number << 5 | (_RNR if self.busy else _RR))

    def take(self, frame: Frame) -> tuple[bool, bytes | None]:
        """Take an I, RR or RNR frame; return whether it brought anything new, and a whole PDU.

        The PDU still has its LLC header. Raises :class:`Wrong`.
        """
        self.hoped = None
        progress = self._acknowledge(frame)
        if frame.type is not _I:
            if frame.information:
                raise Wrong(events.INFORMATION_NOT_ALLOWED, f"{frame.type.value} without "
                            "information", f"{len(frame.information)} octets")
            self.peer_is_busy = frame.type is _RNR_FRAME
            return progress, None
        self.peer_is_busy = False
        most = self.parameters.max_information_receive
        if (len(frame.information) > most
                and "hdlc-information-too-long-accepted" not in self._faults):
            raise Wrong(events.INFORMATION_TOO_LONG, f"at most {most} octets of information",
                        f"{len(frame.information)}")
        if self.busy or (frame.send_number != self.receive_number
                         and "hdlc-send-number-not-checked" not in self._faults):
            return progress, None
        self.receive_number = (frame.send_number + 1) & 7
        if "hdlc-first-segments-lost" in self._faults:
            self._parts.clear()
        return True, self._join(frame)

    def _acknowledge(self, frame: Frame) -> bool:
        outstanding = self._outstanding
        unheard = (self.send_number - frame.receive_number) & 7
        if unheard > len(outstanding):
            if self._faults & {"hdlc-receive-number-not-checked", "hdlc-send-number-not-advanced",
                               "hdlc-lost-segment-not-repeated"}:
                return False
            raise Wrong(events.INVALID_RECEIVE_NUMBER, "a receive number of "
                        f"{(self.send_number - len(outstanding)) & 7} to {self.send_number}",
                        f"{frame.receive_number}")
        progress = unheard < len(outstanding)
        while len(outstanding) > unheard:
            outstanding.popleft()
        return progress

    def _join(self, frame: Frame) -> bytes | None:
        self._parts.append(frame.information)
        self._octets += len(frame.information)
        if frame.segmented:
            if self._octets <= self._largest:
                return None
            raise Wrong(events.INFORMATION_TOO_LONG, f"a PDU of at most {self._largest} octets",
                        "more")
        pdu = b"".join(self._parts)
        self._parts.clear()
        self._octets = 0
        return pdu
