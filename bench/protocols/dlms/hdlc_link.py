"""What the client's and the server's end of an HDLC link share (IEC 62056-46, 6.4.3).

Sans-IO: tell it what was asked for, what arrived and what time it is; send what
:meth:`Link.outgoing` returns; wake it at :attr:`Link.deadline`. States are in
:mod:`.hdlc_states`, the order of I frames in :mod:`.hdlc_exchange`. Frames for other stations are
reported and have no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.hdlc_address import Address, parse_address
from bench.protocols.dlms.hdlc_events import Event, Received, Unexpected, Violation
from bench.protocols.dlms.hdlc_exchange import Exchange, Piece, Wrong
from bench.protocols.dlms.hdlc_frame import Arrival, Deframer, Frame, FrameType, assemble
from bench.protocols.dlms.hdlc_parameters import Parameters
from bench.protocols.dlms.hdlc_states import Action, Happening, State, Table

UI = 0x03
_WRONG, _TAKE = Happening.WRONG, Action.TAKE  # in Python 3.11 a call each time


@dataclass(frozen=True, slots=True)
class Timing:
    """Time-outs in seconds, and how often a client asks again.

    ``inter_octet``: a longer silence inside a frame ends it. ``response``: how long a client waits
    for an answer. ``inactivity``: after how long without a frame a server closes, 0 for never.
    ``poll``: how long a client leaves a server that had nothing to send.
    """

    response: float = 3.0
    inter_octet: float = 0.2
    inactivity: float = 120.0
    poll: float = 0.1
    retries: int = 3


class Link:
    """One end of a link between the stations ``own`` and ``peer``."""

    _table: Table
    _frames: Mapping[FrameType, Happening]
    _own_llc: bytes
    _peer_llc: bytes

    def __init__(self, own: Address, peer: Address, parameters: Parameters, timing: Timing, *,
                 largest_pdu: int, faults: frozenset[str] = frozenset()) -> None:
        # the objects that a frame's reader gives, so that they are usually equal by identity
        self.own = parse_address(own.octets)
        self.peer = parse_address(peer.octets)
        self.parameters = parameters
        """What this side offers; :attr:`agreed` is what holds while connected."""
        self.timing = timing
        self.state = State.DISCONNECTED
        self._faults = faults
        self._largest_pdu = largest_pdu
        self._addresses = peer.octets + own.octets
        self._addressed = own.octets + peer.octets  # as what is for this side has them
        self._deframer = Deframer()
        self._now = 0.0
        self._last_octet = 0.0
        self._out: list[bytes] = []
        self._exchange = self._fresh(parameters)

    @property
    def agreed(self) -> Parameters:
        """The parameters in force, as this side sees them."""
        return self._exchange.parameters

    @property
    def busy(self) -> bool:
        """Whether this side takes no I frames for now and says so by RNR; may be set."""
        return self._exchange.busy

    @busy.setter
    def busy(self, busy: bool) -> None:
        self._exchange.busy = busy

    @property
    def deadline(self) -> float | None:
        """When :meth:`time_passed` is to be called if nothing arrives before; None for never."""
        if self._deframer.pending:  # an answer that is arriving is in time
            return self._last_octet + self.timing.inter_octet
        return self._due()

    def send_unnumbered(self, pdu: bytes) -> None:
        """Send ``pdu`` in a UI frame, whatever the state."""
        self._emit(UI, self._own_llc + pdu, final=False)

    def send_raw(self, octets: bytes) -> None:
        """Send octets as they are, flags or not; the state of the link does not change."""
        self._out.append(octets)

    def receive(self, octets: bytes, now: float) -> list[Event]:
        """Take what arrived at ``now`` (seconds of any steady clock)."""
        self._now = now
        told: list[Event] = []
        if now > self._last_octet + self.timing.inter_octet:  # no flag is shared over a silence
            told = self._take_all(self._deframer.give_up())
        self._last_octet = now
        return told + self._take_all(self._deframer.feed(octets))

    def time_passed(self, now: float) -> list[Event]:
        """Act on time-outs that are due at ``now``."""
        self._now = now
        told: list[Event] = []
        if self._deframer.pending:
            if now < self._last_octet + self.timing.inter_octet:
                return told
            told += self._take_all(self._deframer.give_up())
        due = self._due()
        if due is not None and now >= due:
            told += self._overdue()
        return told

    def outgoing(self, now: float) -> list[bytes]:
        """Return the frames to send at ``now``, each with its flags."""
        raise NotImplementedError

    def take(self, arrival: Arrival, now: float) -> list[Event]:
        """Take one arrival of a deframer that several links share."""
        self._now = now
        return self._take(arrival)

    def _take(self, arrival: Arrival) -> list[Event]:
        octets, frame, error = arrival
        if frame is None:
            assert error is not None  # one of the two is there
            return [Violation(error, octets)]
        if not octets.startswith(self._addressed, 2) and (
                frame.source != self.peer or frame.destination != self.own):
            return [Violation(RemoteProtocolError(
                2, f"a frame from {self.peer} to {self.own}",
                f"one from {frame.source} to {frame.destination}"), octets)]
        happening = self._frames.get(frame.type, _WRONG)
        return self._happens(happening, frame, octets)

    def _take_all(self, arrivals: list[Arrival]) -> list[Event]:
        if len(arrivals) == 1:
            return self._take(arrivals[0])
        return [told for arrival in arrivals for told in self._take(arrival)]

    def _happens(self, happening: Happening, frame: Frame, octets: bytes) -> list[Event]:
        following = self._table.get((self.state, happening))
        if following is None:
            return [Unexpected(frame)]
        if following[1] is _TAKE:
            try:
                return self._exchanged(frame, octets)
            except Wrong as wrong:
                return self._broken(wrong, frame, octets)
        self.state = following[0]
        return self._do(following[1], frame, octets)

    def _exchanged(self, frame: Frame, octets: bytes) -> list[Event]:
        raise NotImplementedError

    def _broken(self, wrong: Wrong, frame: Frame, octets: bytes) -> list[Event]:
        raise NotImplementedError

    def _do(self, action: Action, frame: Frame, octets: bytes) -> list[Event]:
        raise NotImplementedError

    def _overdue(self) -> list[Event]:
        raise NotImplementedError

    def _due(self) -> float | None:
        raise NotImplementedError

    def _fresh(self, parameters: Parameters) -> Exchange:
        return Exchange(parameters, self._own_llc, largest_pdu=self._largest_pdu,
                        faults=self._faults)

    def _emit(self, control: int, information: bytes = b"", *, segmented: bool = False,
              final: bool = True) -> None:
        self._out.append(assemble(self._addresses, control | final << 4, information, segmented))

    def _emit_all(self, pieces: list[Piece]) -> None:
        """Send ``pieces``; the last hands the turn over."""
        last = len(pieces) - 1
        for place, piece in enumerate(pieces):
            self._emit(piece.control, piece.information, segmented=piece.segmented,
                       final=place == last)

    def _deliver(self, octets: bytes, *, raw: bytes, unnumbered: bool = False) -> Event:
        if octets[:3] != self._peer_llc:
            return Violation(RemoteProtocolError(
                0, f"LLC header {self._peer_llc.hex().upper()}", octets[:3].hex().upper()), raw)
        return Received(octets[3:], unnumbered)


def not_connected(state: State) -> LocalProtocolError:
    """Return the error of data given to a link that is not connected."""
    return LocalProtocolError(f"the link is {state.value}; data needs it connected")
