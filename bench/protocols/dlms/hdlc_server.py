"""The server's end of an HDLC link: the secondary station (IEC 62056-46, 6.4.3).

It speaks when polled. What a rejected frame is answered by follows ISO/IEC 13239, 5.5.3.4.2; a
frame with a wrong check sequence or for another station is not answered. ``faults`` are names of
:mod:`devices.defects.dlms_link`, each asked for at the one place where it matters.
"""

from __future__ import annotations

from dataclasses import replace

from bench.errors import RemoteProtocolError
from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_events import Event
from bench.protocols.dlms.hdlc_exchange import COMMAND_LLC, RESPONSE_LLC, Wrong
from bench.protocols.dlms.hdlc_frame import Frame, FrameType
from bench.protocols.dlms.hdlc_link import Link, Timing, not_connected
from bench.protocols.dlms.hdlc_parameters import DEFAULT, Parameters, decode_parameters
from bench.protocols.dlms.hdlc_states import SERVER, TO_SERVER, Action, Happening, State

_UA, _DM, _FRMR = 0x63, 0x0F, 0x87


class ServerLink(Link):
    """The link of server ``server`` to client ``client``.

    PDUs come as :class:`~bench.protocols.dlms.hdlc_events.Received`; give the answer to
    :meth:`send` before :meth:`outgoing` is called, else the client is told that there is none yet.
    ``repeats_parameters``: the UA that answers DISC has parameters, too, as with some meters.
    """

    _table = SERVER
    _frames = TO_SERVER
    _own_llc = RESPONSE_LLC
    _peer_llc = COMMAND_LLC

    def __init__(self, server: Address, client: Address, parameters: Parameters = DEFAULT,
                 timing: Timing | None = None, *, largest_pdu: int = 1 << 20,
                 repeats_parameters: bool = False,
                 faults: frozenset[str] = frozenset()) -> None:
        super().__init__(server, client, parameters, timing or Timing(),
                         largest_pdu=largest_pdu, faults=faults)
        self._repeats_parameters = repeats_parameters
        self._polled = False
        self._last_frame = 0.0
        self._reject: events.FrameReject | None = None

    def send(self, pdu: bytes) -> None:
        """Send ``pdu`` when the client polls; LocalProtocolError while not connected."""
        if self.state is not State.CONNECTED and "hdlc-i-frame-served-in-ndm" not in self._faults:
            raise not_connected(self.state)
        self._exchange.queue(pdu)

    def outgoing(self, now: float) -> list[bytes]:
        """Return the frames to send at ``now``, each with its flags."""
        self._now = now
        if self._polled:
            self._polled = False
            self._emit_all(self._exchange.turn() or [self._exchange.ready()])
        out, self._out = self._out, []
        return out

    def _happens(self, happening: Happening, frame: Frame, octets: bytes) -> list[Event]:
        self._last_frame = self._now
        if happening is Happening.WRONG and "hdlc-control-not-checked" in self._faults:
            frame = frame._replace(type=FrameType.RR, information=b"",
                                   receive_number=self._exchange.send_number)
            happening = Happening.EXCHANGE
        if self.state is State.DISCONNECTED and happening is Happening.EXCHANGE and (
                "hdlc-i-frame-served-in-ndm" in self._faults):
            return self._exchanged(frame, octets)
        if self.state is State.REJECTING and "hdlc-stuck-after-frmr" in self._faults:
            return []
        return super()._happens(happening, frame, octets)

    def _exchanged(self, frame: Frame, octets: bytes) -> list[Event]:
        progress, whole = self._exchange.take(frame)
        self._polled = self._polled or frame.final
        if whole is not None:
            return [self._deliver(whole, raw=octets)]
        if frame.type is FrameType.I and not progress:
            return [events.Unexpected(frame)]
        return []

    def _broken(self, wrong: Wrong, frame: Frame, octets: bytes) -> list[Event]:
        self._reject = self._reject_of(frame, wrong.reasons)
        self.state, action = SERVER[self.state, Happening.WRONG]
        error = RemoteProtocolError(2, wrong.expected, wrong.found)
        return [events.Violation(error, octets), *self._do(action, frame, octets)]

    def _do(self, action: Action, frame: Frame, octets: bytes) -> list[Event]:
        if action is Action.ACCEPT:
            return self._accept(frame, octets)
        if action is Action.DELIVER:
            return [self._deliver(frame.information, raw=octets, unnumbered=True)]
        if action is Action.CONFIRM:
            return self._confirm()
        if action is Action.SEND_FRMR:
            return self._send_frmr(frame)
        if frame.final:  # SEND_DM
            known = frame.type is FrameType.DISC
            self._emit(_UA if known and "hdlc-disc-in-ndm-confirmed" in self._faults else _DM)
        return [events.Unexpected(frame)]

    def _accept(self, frame: Frame, octets: bytes) -> list[Event]:
        try:
            offered = decode_parameters(frame.information)
        except RemoteProtocolError as wrong:
            self.state = State.DISCONNECTED
            self._emit(_DM)
            return [events.Violation(wrong, octets)]
        agreed = self.parameters.answer(offered)
        if "hdlc-snrm-parameters-ignored" in self._faults:
            agreed = self.parameters
        self._exchange = self._fresh(agreed)
        self._reject = None
        self._polled = False
        promised = agreed
        if "hdlc-ua-promises-more" in self._faults:
            promised = replace(agreed, max_information_receive=2030, window_receive=7)
        self._emit(_UA, promised.encode())
        return [events.Connected(agreed)]

    def _confirm(self) -> list[Event]:
        if "hdlc-disc-leaves-the-link-up" in self._faults:
            self.state = State.CONNECTED
            self._emit(_UA)
            return []
        information = self.agreed.encode() if self._repeats_parameters else b""
        if "hdlc-disc-answered-by-dm" in self._faults:
            self._emit(_DM)
        else:
            self._emit(_UA, information)
        self._exchange = self._fresh(self.parameters)
        return [events.Disconnected("DISC")]

    def _send_frmr(self, frame: Frame) -> list[Event]:
        if self._reject is None:
            self._reject = self._reject_of(frame, events.CONTROL_UNDEFINED)
        if frame.final:
            self._emit(_FRMR, self._reject.encode())
        return [events.Rejected(self._reject, by_this_side=True)]

    def _reject_of(self, frame: Frame, reasons: int) -> events.FrameReject:
        exchange = self._exchange
        return events.FrameReject(frame.control, exchange.send_number, exchange.receive_number,
                                  reasons)

    def _due(self) -> float | None:
        if self.state is State.DISCONNECTED or not self.timing.inactivity:
            return None
        return self._last_frame + self.timing.inactivity

    def _overdue(self) -> list[Event]:
        self.state, _ = SERVER[self.state, Happening.INACTIVE]
        self._exchange = self._fresh(self.parameters)
        return [events.Disconnected("inactivity")]
