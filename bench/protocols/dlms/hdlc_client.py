"""The client's end of an HDLC link: the primary station (IEC 62056-46, 6.4.3).

It has the turn until it sends the poll bit and again when the final bit comes. What is not
answered in time is asked for again: SNRM and DISC as they were, data by RR, whose answer says what
is missing. After anything at all :meth:`ClientLink.connect` and :meth:`ClientLink.disconnect`
begin anew.
"""

from __future__ import annotations

from bench.errors import RemoteProtocolError
from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_checksum import check_sequence
from bench.protocols.dlms.hdlc_events import Event, Received
from bench.protocols.dlms.hdlc_exchange import (
    COMMAND_LLC,
    RESPONSE_LLC,
    Exchange,
    Piece,
    Wrong,
)
from bench.protocols.dlms.hdlc_frame import FLAG, Frame, FrameType, Starts
from bench.protocols.dlms.hdlc_link import Link, Timing, not_connected
from bench.protocols.dlms.hdlc_parameters import DEFAULT, Parameters, decode_parameters
from bench.protocols.dlms.hdlc_states import CLIENT, TO_CLIENT, Action, Happening, State

_SNRM, _DISC = 0x83, 0x43
_CONNECTED = State.CONNECTED  # in Python 3.11 a call each time
_TO_REPEAT = {State.CONNECTING: "UA to SNRM", State.DISCONNECTING: "UA to DISC"}


class ClientLink(Link):
    """The link of client ``client`` to server ``server``.

    ``parameters`` go out with SNRM, unless they are the default: then SNRM has no information.
    """

    _table = CLIENT
    _frames = TO_CLIENT
    _own_llc = COMMAND_LLC
    _peer_llc = RESPONSE_LLC

    def __init__(self, client: Address, server: Address, parameters: Parameters = DEFAULT,
                 timing: Timing | None = None, *, largest_pdu: int = 1 << 20) -> None:
        super().__init__(client, server, parameters, timing or Timing(), largest_pdu=largest_pdu)
        self._has_turn = True
        self._expects = False  # whether a PDU is to be polled for
        self._answer_due: float | None = None
        self._poll_due: float | None = None
        self._attempts = 0
        self._timed = False  # whether the frames to go out want an answer

    def connect(self) -> None:
        """Send SNRM, in any state; whatever was under way is forgotten."""
        self._begin(Happening.CONNECT)

    def disconnect(self) -> None:
        """Send DISC, in any state; whatever was under way is forgotten."""
        self._begin(Happening.DISCONNECT)

    def send(self, pdu: bytes, *, answered: bool = True) -> None:
        """Send ``pdu``; poll for a PDU in return unless it is not ``answered``.

        LocalProtocolError while the link is not connected.
        """
        if self.state is not _CONNECTED:
            raise not_connected(self.state)
        self._expects = answered
        frame = self._alone(pdu)
        if frame is not None:
            self._out.append(frame)
            self._timed = True
            return
        self._exchange.queue(pdu)
        if self._has_turn:
            self._use_turn(poll=answered)

    def request(self, pdu: bytes, now: float) -> bytes | None:
        """Return the one frame that sends ``pdu`` at ``now`` and polls for a PDU in return.

        That is nearly always all it takes. None, with nothing done, where it takes more:
        :meth:`send` and :meth:`outgoing` do it.
        """
        if self.state is not _CONNECTED or self._out:
            return None
        frame = self._alone(pdu)
        if frame is not None:
            self._now = now
            self._answer_due = now + self.timing.response
            self._expects = True
        return frame

    def _alone(self, pdu: bytes) -> bytes | None:
        """Use the turn for ``pdu`` in one frame, if it is all there is to send."""
        if not self._has_turn or not pdu:
            return None
        control = self._exchange.alone(pdu)
        if control is None:
            return None
        self._poll_due = None
        self._has_turn = False
        start, _, register = self._commands[len(pdu) << 8 | control]
        assert start is not None  # what is alone fits
        return start + pdu + check_sequence(pdu, register) + FLAG

    def sent(self, at: float) -> None:
        """Take note that what was to be sent has left by ``at``: on a slow line, long after.

        The time for the answer starts then.
        """
        if self._answer_due is not None:
            self._answer_due = max(self._answer_due, at + self.timing.response)

    def take_one(self, octets: bytes, now: float) -> bytes | None:
        """Take the one frame that answers what was asked, as nearly always; return its PDU.

        None, with nothing taken, where ``octets`` are anything else: :meth:`receive` tells what.
        """
        exchange = self._exchange
        control = exchange.hoped
        if control is None or exchange.busy or self.state is not _CONNECTED:
            return None
        pdu = self._deframer.take_one(octets, self._responses, control)
        if pdu is not None:  # the turn ends, and nothing is left open
            exchange.heard()
            self._now = self._last_octet = now
            self._answer_due = None
            self._expects = False
            self._has_turn = True
            self._attempts = 0
        return pdu

    def receive(self, octets: bytes, now: float) -> list[Event]:
        """Take what arrived at ``now`` (seconds of any steady clock)."""
        pdu = self.take_one(octets, now)
        return super().receive(octets, now) if pdu is None else [Received(pdu)]

    def poll(self) -> None:
        """Ask, by RR, whether the server has something to send."""
        if self.state is not State.CONNECTED:
            raise not_connected(self.state)
        if self._has_turn:
            self._use_turn(poll=True)

    def outgoing(self, now: float) -> list[bytes]:
        """Return the frames to send at ``now``, each with its flags; time-outs start here."""
        self._now = now
        if self._timed:
            self._timed = False
            self._answer_due = now + self.timing.response
        out, self._out = self._out, []
        return out

    def draft(self, pdu: bytes) -> Frame:
        """Return the I frame that :meth:`send` would send now; nothing is sent.

        For frames that are to be altered and sent by :meth:`send_raw`.
        """
        exchange = self._exchange
        return Frame(FrameType.I, self.peer, self.own, True, self._own_llc + pdu,
                     send_number=exchange.send_number, receive_number=exchange.receive_number)

    def _fresh(self, parameters: Parameters) -> Exchange:
        self._commands = Starts(
            self._addresses, self._own_llc, parameters.max_information_transmit)
        self._responses = Starts(
            self._addressed, self._peer_llc, parameters.max_information_receive)
        return super()._fresh(parameters)

    def _begin(self, happening: Happening) -> None:
        self.state, _ = CLIENT[self.state, happening]
        self._out.clear()
        self._deframer.give_up()
        self._exchange = self._fresh(self.parameters)
        self._has_turn = True
        self._expects = False
        self._poll_due = None
        self._attempts = 0
        self._ask()

    def _ask(self) -> None:
        """Send what asks for the answer that this state waits for."""
        if self.state is State.CONNECTING:
            self._emit(_SNRM, b"" if self.parameters == DEFAULT else self.parameters.encode())
        elif self.state is State.DISCONNECTING:
            self._emit(_DISC)
        else:
            ready = self._exchange.ready()
            self._emit(ready.control)
        self._has_turn = False
        self._timed = True

    def _use_turn(self, *, poll: bool) -> None:
        self._poll_due = None
        pieces: list[Piece] = self._exchange.turn()
        if not pieces:
            if not poll:
                return
            pieces = [self._exchange.ready()]
        self._emit_all(pieces)
        self._has_turn = False
        self._timed = True

    def _exchanged(self, frame: Frame, octets: bytes) -> list[Event]:
        exchange = self._exchange
        progress, whole = exchange.take(frame)
        told: list[Event] = []
        if not progress and frame.type is FrameType.I:
            told.append(events.Unexpected(frame))
        if whole is not None:
            self._expects = False
            told.append(self._deliver(whole, raw=octets))
        if progress:
            self._attempts = 0
        if not frame.final:
            self._answer_due = self._now + self.timing.response
            return told
        self._answer_due = None
        self._has_turn = True
        # a PDU that is half here, or one of ours half sent, is gone on with at once
        unheard = exchange.has_work and not exchange.peer_is_busy
        if not (unheard or exchange.is_mid_pdu or self._expects):
            return told
        if progress:
            self._use_turn(poll=True)
        elif unheard or exchange.is_mid_pdu or frame.type is FrameType.I:
            told += self._again()
        else:
            self._poll_due = self._now + self.timing.poll
            told.append(events.Idle())
        return told

    def _again(self) -> list[Event]:
        """Use the turn for what the last one did not bring about."""
        self._attempts += 1
        if self._attempts > self.timing.retries:
            return self._give_up("any progress")
        self._use_turn(poll=True)
        return []

    def _broken(self, wrong: Wrong, frame: Frame, octets: bytes) -> list[Event]:
        error = RemoteProtocolError(2, wrong.expected, wrong.found)
        self.state = State.DISCONNECTED
        self._quiet()
        return [events.Violation(error, octets),
                events.Disconnected(f"{frame.type.value} that breaks the rules")]

    def _do(self, action: Action, frame: Frame, octets: bytes) -> list[Event]:
        if action is Action.DELIVER:
            return [self._deliver(frame.information, raw=octets, unnumbered=True)]
        self._quiet()
        if action is Action.OPEN:
            return self._open(frame, octets)
        if action is Action.REFUSED:
            return [events.Refused()]
        if action is Action.REJECTED:
            return self._rejected(frame, octets)
        if frame.type in (FrameType.UA, FrameType.DM):
            return [events.Disconnected(frame.type.value)]
        error = RemoteProtocolError(2, "a frame that a server may send",
                                    f"{frame.type.value}, control {frame.control:02X}")
        return [events.Violation(error, octets), events.Disconnected("a frame broke the rules")]

    def _open(self, frame: Frame, octets: bytes) -> list[Event]:
        try:
            agreed = self.parameters.agree(decode_parameters(frame.information))
        except RemoteProtocolError as wrong:
            self.state = State.DISCONNECTED
            return [events.Violation(wrong, octets),
                    events.Disconnected("the parameters of the UA are not readable")]
        self._exchange = self._fresh(agreed)
        return [events.Connected(agreed)]

    def _rejected(self, frame: Frame, octets: bytes) -> list[Event]:
        try:
            return [events.Rejected(events.decode_frame_reject(frame.information))]
        except RemoteProtocolError as wrong:
            return [events.Violation(wrong, octets), events.Rejected(None)]

    def _quiet(self) -> None:
        self._out.clear()
        self._has_turn = True
        self._timed = self._expects = False
        self._answer_due = self._poll_due = None
        self._attempts = 0

    def _due(self) -> float | None:
        return self._answer_due if self._answer_due is not None else self._poll_due

    def _overdue(self) -> list[Event]:
        if self._answer_due is None:
            self._use_turn(poll=True)
            return []
        self._answer_due = None
        self._attempts += 1
        if self._attempts > self.timing.retries:
            return self._give_up(_TO_REPEAT.get(self.state, "an answer"))
        self._ask()
        return []

    def _give_up(self, waiting_for: str) -> list[Event]:
        self.state, _ = CLIENT[self.state, Happening.EXHAUSTED]
        self._quiet()
        return [events.TimedOut(waiting_for)]
