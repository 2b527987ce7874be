"""The meter's HDLC station: a link for each pair of client and logical device on one line.

IEC 62056-46. Frames for another physical or logical device, or with an address of another size
than the meter has, are not answered; a client that the meter does not know is answered by DM. All
that a link's own :class:`~bench.protocols.dlms.hdlc_server.ServerLink` cannot see (the stream of
octets, addresses) can be wrong here, too, by name (:mod:`devices.defects.dlms_link`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_frame import Arrival, Deframer, Frame, FrameType
from bench.protocols.dlms.hdlc_link import Timing
from bench.protocols.dlms.hdlc_parameters import Parameters
from bench.protocols.dlms.hdlc_server import ServerLink
from bench.protocols.dlms.hdlc_states import State
from devices.dlms_declaration import Hdlc
from devices.emulators.dlms import hdlc_tolerance
from devices.emulators.dlms.meter import Meter

BITS_OF_AN_OCTET = 10  # on the line: start, 8, stop
DEFAULT = Hdlc.model_validate(
    {"lower": 17, "address_octets": 2, "inter_octet_s": 0.2, "response_s": 3.0})
"""The station of a meter whose profile declares none; what dlms-cosem's clients can address."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A client and a logical device, by their SAPs, and the link between them."""

    client: int
    server: int
    link: ServerLink


class HdlcServer:
    """Serves ``meter`` on one line, as ``declared``; sans-IO."""

    def __init__(self, meter: Meter, declared: Hdlc = DEFAULT) -> None:
        self._meter = meter
        self._faults = meter.faults
        self._declared = declared
        self._parameters = Parameters(
            declared.max_information_transmit, declared.max_information_receive,
            declared.window_transmit, declared.window_receive)
        self._timing = Timing(
            inter_octet=1e9 if "hdlc-inter-octet-time-out-missing" in self._faults
            else declared.inter_octet_s,
            inactivity=inactivity_s(declared, self._faults))
        self._between_octets = self._timing.inter_octet
        self._deframer = Deframer()
        self._pairs: dict[tuple[Address, Address], _Pair] = {}
        self._last_octet = 0.0
        self._deaf = False
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`time_passed`."""
        due = [pair.link.deadline for pair in self._pairs.values()]
        if self._deframer.pending:
            due.append(self._last_octet + self._timing.inter_octet)
        return min((one for one in due if one is not None), default=None)

    @property
    def is_disconnected(self) -> bool:
        """Whether a link was connected, and none is any more."""
        return bool(self._pairs) and not any(
            pair.link.state is State.CONNECTED for pair in self._pairs.values())

    def at_speed(self, baud: int) -> None:
        """The line is at ``baud`` bit/s: octets are told of when they end, so much later."""
        self._timing = replace(
            self._timing, inter_octet=self._between_octets + BITS_OF_AN_OCTET / baud)

    def closed(self) -> None:
        """The line is gone, and each link with it."""
        for pair in self._pairs.values():
            self._meter.disconnect(pair.client, pair.server)
        self._pairs.clear()
        self._deframer = Deframer()
        self._out.clear()

    def receive(self, octets: bytes, now: float) -> None:
        """Take what arrived at ``now``."""
        if now > self._last_octet + self._timing.inter_octet:
            self._take_all(self._deframer.give_up(), now)
        self._last_octet = now
        self._take_all(self._deframer.feed(octets), now)

    def time_passed(self, now: float) -> None:
        """Act on time-outs, and send what the meter pushes."""
        if self._deframer.pending and now >= self._last_octet + self._timing.inter_octet:
            self._take_all(self._deframer.give_up(), now)
        for pair in list(self._pairs.values()):
            self._told(pair, pair.link.time_passed(now))
        self._push(now)

    def outgoing(self) -> list[bytes]:
        """Return the frames to send, each with its flags."""
        out, self._out = self._out, []
        if "hdlc-fcs-wrong" in self._faults:
            out = [frame[:-2] + bytes((frame[-2] ^ 1,)) + frame[-1:] for frame in out]
        return out

    def _take_all(self, arrivals: list[Arrival], now: float) -> None:
        own = self._own(self._meter.servers[0]).octets
        for arrival in arrivals:
            if self._deaf or not self._meter.powered:
                return
            self._take(hdlc_tolerance.tolerated(arrival, self._faults, own), now)

    def _take(self, arrival: Arrival, now: float) -> None:
        frame = arrival.frame
        if frame is None:
            self._odd(arrival)
            return
        if "hdlc-silent-after-unknown-control" in self._faults and (
                frame.type is FrameType.UNKNOWN):
            self._deaf = True
            return
        pair = self._pair(frame)
        if pair is None:
            return
        if frame.type is FrameType.DISC and "hdlc-disc-unanswered" in self._faults:
            return
        link = pair.link
        here = frame._replace(destination=link.own, source=link.peer)
        self._told(pair, link.take(Arrival(arrival.octets, here, None), now))
        self._out += link.outgoing(now)
        self._push(now)

    def _push(self, now: float) -> None:
        """Send what the meter pushes, in UI frames to the clients that are meant."""
        for push in self._meter.drain():
            for pair in self._pairs.values():
                if (pair.client, pair.server) == (push.client, push.server):
                    pair.link.send_unnumbered(push.apdu)
                    self._out += pair.link.outgoing(now)

    def _odd(self, arrival: Arrival) -> None:
        """Silence is right; two defects do something else."""
        wrong_check = arrival.error is not None and arrival.error.expected[:3] in ("FCS", "HCS")
        if "hdlc-silent-after-odd-frame" in self._faults and wrong_check:
            self._deaf = True
        if "hdlc-short-frame-answered" in self._faults and 0 < len(arrival.octets) < 7:
            own = self._own(self._meter.servers[0])
            self._out.append(Frame(FrameType.DM, Address(16), own).encode())

    def _pair(self, frame: Frame) -> _Pair | None:
        """Return the pair of stations that ``frame`` is for; None where that is nobody here."""
        server = self._server(frame.destination)
        if server is None or not self._takes_source(frame.source):
            return None
        client = frame.source.upper
        if not self._meter.offers(client, server):
            if frame.final:
                self._out.append(Frame(FrameType.DM, frame.source, self._own(server)).encode())
            return None
        own = self._answering(server)
        known = self._pairs.get((own, frame.source))
        if known is None:
            link = ServerLink(own, frame.source, self._parameters, self._timing,
                              repeats_parameters=True, faults=self._faults)
            known = self._pairs[own, frame.source] = _Pair(client, server, link)
        return known

    def _own(self, server: int) -> Address:
        declared = self._declared
        lower = None if declared.address_octets == 1 else declared.lower
        return Address(server, lower, declared.address_octets)

    def _answering(self, server: int) -> Address:
        if "hdlc-lower-address-lost" in self._faults:
            return Address(server)
        return self._own(server)

    def _server(self, destination: Address) -> int | None:
        servers = self._meter.servers
        if "hdlc-unknown-destination-served" in self._faults:
            return servers[0]
        for server in servers:
            own = self._own(server)
            if destination == own:
                return server
            if "hdlc-address-size-not-checked" in self._faults and (
                    destination.size != own.size and destination.upper == own.upper):
                return server
        return None

    def _takes_source(self, source: Address) -> bool:
        if "hdlc-two-octet-source-served" in self._faults and source.size == 2:
            return True
        return source.size == 1 and source.upper > 0

    def _told(self, pair: _Pair, told: list[events.Event]) -> None:
        for event in told:
            if isinstance(event, events.Connected):
                self._meter.connect(pair.client, pair.server)
            elif isinstance(event, events.Disconnected):
                self._meter.disconnect(pair.client, pair.server)
            elif isinstance(event, events.Received) and not event.unnumbered:
                for apdu in self._meter.take(pair.client, pair.server, event.pdu):
                    pair.link.send(apdu)


def inactivity_s(declared: Hdlc, faults: frozenset[str]) -> float:
    """Return the inactivity time-out in seconds, 0 for none."""
    if "hdlc-inactivity-time-out-missing" in faults:
        return 0.0
    early = "hdlc-inactivity-time-out-early" in faults
    return declared.inactivity_s / (4 if early else 1)
