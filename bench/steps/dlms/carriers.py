"""How APDUs travel to a DLMS server and back: in HDLC frames or behind wrapper headers.

A carrier joins a sans-IO link to the port ``dlms``. It waits as long as the link says, never longer
than :data:`LONGEST_WAIT`, and tells what came of it; what the device does wrong is a reply and a
deviation, never an exception.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

from bench.errors import RemoteProtocolError
from bench.protocols.dlms import wrapper
from bench.protocols.dlms.hdlc_client import ClientLink
from bench.protocols.dlms.hdlc_events import (
    Connected,
    Disconnected,
    Event,
    Idle,
    Received,
    Refused,
    Rejected,
    TimedOut,
    Unexpected,
    Violation,
)
from bench.protocols.dlms.hdlc_frame import FLAG, LARGEST, Deframer, Frame, FrameType
from bench.protocols.dlms.hdlc_frame import Arrival as Cut
from bench.protocols.dlms.hdlc_states import State
from bench.steps.dlms.evidence import Evidence
from devices.ports import Arrival, Arrived, Called, Dlms, OpticalHead, SerialLine

LONGEST_WAIT = 120.0
"""Seconds after which an exchange is given up whatever the link still hopes for."""
PATIENCE = 3.0
"""Times the response time-out that a server may say, by RR, that it has nothing to send yet."""

APDU, SILENCE, CLOSED, DISCONNECTED, FRMR, DM = (
    "apdu", "silence", "closed", "disconnected", "frmr", "dm")
NO_CONNECTION = "no-connection"

_LINK_ENDS = (Connected, Disconnected, Refused, Rejected, TimedOut)
_REPLIES: Mapping[type, str] = {
    Connected: DISCONNECTED, Disconnected: DISCONNECTED, Refused: DM, Rejected: FRMR,
    TimedOut: SILENCE}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request: ``kind`` is one of the words above, ``apdu`` what it brought."""

    kind: str
    apdu: bytes = b""


@dataclass(frozen=True, slots=True)
class Opening:
    """How the way to the server opened: ``ua``, ``connected``, ``dm``, ``frmr``, ``silence``,
    ``closed`` or ``no-connection``; ``parameters`` those agreed on, as the bench sees them."""

    outcome: str
    parameters: Mapping[str, int] = field(default_factory=dict)


class Carrier(Protocol):
    """One way for APDUs, from its opening to its closing.

    A call that the server does not take is tried again for as long as an answer may take.
    When a time is over the line is read once more: what lies there came while the bench itself was
    kept from reading.
    """

    deviations: list[str]
    closed: bool

    def open(self, patience: float = LONGEST_WAIT) -> Opening:
        """Connect the line, and the link on it, anew; call for ``patience`` seconds at most."""

    def dial(self, patience: float = LONGEST_WAIT) -> Opening:
        """Connect the line alone, likewise."""

    def reopen(self) -> Opening:
        """Connect the link on the line that there is."""

    def request(self, apdu: bytes) -> Reply:
        """Send ``apdu`` and return what comes back."""

    def stream(self, apdu: bytes) -> None:
        """Send ``apdu``, which nothing answers."""

    def listen(self, timeout: float) -> Reply:
        """Return what comes unasked within ``timeout`` seconds."""

    def send_raw(self, octets: bytes) -> None:
        """Send octets as they are."""

    def gather(self, timeout: float, quiet: float) -> list[bytes]:
        """Return the frames, right or wrong, that arrive within ``timeout`` seconds, and within
        ``quiet`` after the last of them, but none that come :data:`LONGEST_WAIT` after the
        ``timeout``."""

    def close(self) -> str:
        """End the link as the standard has it; return how the server answered."""


class HdlcCarrier:
    """APDUs in HDLC. ``link`` is a fresh one."""

    def __init__(self, port: Dlms, link: ClientLink, evidence: Evidence) -> None:
        self.link = link
        self.deviations: list[str] = []
        self.closed = False
        self.lapsed = False  # for so long without traffic that the server has ended the link
        self.traffic: list[Frame] = []
        """Right frames as they came since :meth:`watch`, lost ones included."""
        self._lose: set[int] = set()
        self._told: list[Event] = []  # by the link, and not yet asked for
        self._has_been_idle = False
        self._port, self._evidence = port, evidence
        self._deframer = Deframer()

    def open(self, patience: float = LONGEST_WAIT) -> Opening:
        """Connect the line, then the link by SNRM."""
        dialled = self.dial(patience)
        return dialled if self.closed else self.reopen()

    def dial(self, patience: float = LONGEST_WAIT) -> Opening:
        """Connect the line alone."""
        self.deviations += (
            missed := _call(self._port, min(patience, self.link.timing.response)))
        self._evidence.connected()
        if isinstance(self._port, OpticalHead):
            self._evidence.crossed(self._port.crossed)
        self.closed = bool(missed)
        self._deframer = Deframer()
        return Opening(NO_CONNECTION if missed else "connected")

    def reopen(self) -> Opening:
        """Connect the link by SNRM on the line that there is."""
        self._told.clear()
        self.link.connect()
        for event in self._until(_LINK_ENDS):
            if isinstance(event, Connected):
                return Opening("ua", asdict(event.parameters))
            return Opening(_REPLIES[type(event)])
        return Opening(self._silence)

    def request(self, apdu: bytes) -> Reply:
        """Send ``apdu``, in segments where it is long, and return what comes back."""
        if self.link.state is not State.CONNECTED:
            return Reply(CLOSED if self.closed else DISCONNECTED)
        self.link.send(apdu)
        return self.listen(LONGEST_WAIT)

    def stream(self, apdu: bytes) -> None:
        """Send ``apdu``, which nothing answers."""
        if self.link.state is State.CONNECTED:
            self.link.send(apdu, answered=False)
            for frame in self.link.outgoing(time.monotonic()):
                self.send_raw(frame)

    def listen(self, timeout: float) -> Reply:
        """Return what comes within ``timeout`` seconds."""
        for event in self._until((Received, *_LINK_ENDS), timeout):
            if isinstance(event, Received):
                return Reply(APDU, event.pdu)
            return Reply(_REPLIES[type(event)])
        return Reply(self._silence)

    def send_raw(self, octets: bytes) -> None:
        """Send octets past the link, whose state does not change."""
        self._evidence.sent(octets)
        self._port.send(octets)

    def gather(self, timeout: float, quiet: float) -> list[bytes]:
        """Return the frames that arrive, without their flags, past the link."""
        found: list[bytes] = []
        deadline = self._sent_until(time.monotonic()) + timeout
        end = deadline + LONGEST_WAIT
        while not self.closed and time.monotonic() < end:
            left = deadline - time.monotonic()
            if cuts := self._receive(max(0.0, left)):
                found += [cut.octets for cut in cuts]
                deadline = time.monotonic() + quiet
            elif left <= 0 and not self._is_arriving:
                break
        return found

    def watch(self, lose: set[int]) -> None:
        """Gather :attr:`traffic` anew; the information frames of those numbers, counted from 1,
        get lost on their way to the link."""
        self.traffic, self._lose = [], lose

    def close(self) -> str:
        """End the link by DISC; return ``ua``, ``dm``, ``silence`` or ``closed``."""
        self.link.disconnect()
        for event in self._until(_LINK_ENDS):
            if isinstance(event, Disconnected) and event.reason in ("UA", "DM"):
                return event.reason.lower()
            return _REPLIES[type(event)]
        return self._silence

    def part(self) -> None:
        """End a link that is still connected by DISC, once; what follows is not judged."""
        if self.link.state is State.CONNECTED and not (self.closed or self.lapsed):
            self.link.disconnect()
            for frame in self.link.outgoing(time.monotonic()):
                self.send_raw(frame)
            self.gather(self.link.timing.response, 0)

    @property
    def _silence(self) -> str:
        return CLOSED if self.closed else SILENCE

    def _until(self, wanted: tuple[type, ...], timeout: float = LONGEST_WAIT) -> Iterator[Event]:
        """Yield the first event of a ``wanted`` type, or nothing if it does not come."""
        until, over = time.monotonic() + timeout, False
        patient_until = time.monotonic() + PATIENCE * self.link.timing.response
        while True:
            while self._told:
                if isinstance(event := self._told.pop(0), wanted):
                    yield event
                    return
            now = time.monotonic()
            for frame in self.link.outgoing(now):
                self.send_raw(frame)
                self.link.sent(self._sent_until(now))
            due = self.link.deadline
            if over or self.closed:
                return
            over = now >= until
            if due is None and timeout >= LONGEST_WAIT:
                return
            if now >= patient_until and timeout >= LONGEST_WAIT and self._has_been_idle:
                return
            wait = until if due is None else min(until, due)
            cuts = self._receive(max(0.0, wait - now))
            now = time.monotonic()
            told = [event for cut in cuts if not self._is_lost(cut)
                    for event in self.link.take(cut, now)]
            if not cuts and not self._is_arriving:
                told = self.link.time_passed(now)
            self.deviations += [_deviation(event) for event in told
                                if isinstance(event, Violation | Unexpected)]
            if any(cut.frame is not None and cut.frame.type is FrameType.I for cut in cuts):
                patient_until = now + PATIENCE * self.link.timing.response
            self._has_been_idle = any(isinstance(event, Idle) for event in told)
            self._told += told

    def _sent_until(self, now: float) -> float:
        """Return when all has left that was sent, ``now`` at the earliest."""
        port = self._port
        return max(now, port.sent_until) if isinstance(port, SerialLine) else now

    def _is_lost(self, cut: Cut) -> bool:
        if cut.frame is None:
            return False
        self.traffic.append(cut.frame)
        number = sum(frame.type is FrameType.I for frame in self.traffic) \
            if cut.frame.type is FrameType.I else 0
        return number in self._lose

    @property
    def _is_arriving(self) -> bool:
        """Whether a frame is on its way, which is in time however slow the line."""
        return 0 < len(self._deframer.pending) <= LARGEST

    def _receive(self, wait: float) -> list[Cut]:
        """Wait for octets, ``wait`` seconds or, in a frame, for the next one; return the frames
        that they complete, right or wrong."""
        pending = bool(self._deframer.pending)
        if pending:
            between = self.link.timing.inter_octet
            wait = between if self._is_arriving else min(wait, between)
        arrived = self._port.receive(wait)
        cuts: list[Cut] = []
        if arrived.state is Arrival.ARRIVED:
            cuts = self._deframer.feed(arrived.octets)
        elif pending:
            cuts = self._deframer.give_up()
        self.closed = arrived.state is Arrival.CLOSED
        for cut in cuts:
            self._evidence.received(
                cut.octets if cut.frame is None else FLAG + cut.octets + FLAG, arrived.time)
        return cuts


def _call(port: Dlms, patience: float) -> list[str]:
    """Connect a line; return what there is to say of a call that nobody took, nothing else."""
    why = ""
    if isinstance(port, Called):
        why = port.call(patience)
    else:
        port.connect()
    return [f"no connection within {patience:g} s: {why}"] if why else []


def _deviation(event: Violation | Unexpected) -> str:
    if isinstance(event, Violation):
        return f"HDLC: {event.error}"
    return f"HDLC: {event.frame.type.value} where none is expected"


class WrapperCarrier:
    """APDUs behind wrapper headers, between the ports ``client`` and ``server``; an answer has
    ``timeout`` seconds."""

    def __init__(self, port: Dlms, client: int, server: int, timeout: float,
                 evidence: Evidence) -> None:
        self.client, self.server, self.timeout = client, server, timeout
        self.deviations: list[str] = []
        self.closed = False
        self._port, self._evidence = port, evidence
        self._stream = wrapper.WrapperStream()
        self._waiting: list[wrapper.Wrapped] = []

    def open(self, patience: float = LONGEST_WAIT) -> Opening:
        """Connect anew; nothing crosses before the first APDU."""
        self.deviations += (missed := _call(self._port, min(patience, self.timeout)))
        self._evidence.connected()
        self.closed = bool(missed)
        self._stream, self._waiting = wrapper.WrapperStream(), []
        return Opening(NO_CONNECTION if missed else "connected")

    def dial(self, patience: float = LONGEST_WAIT) -> Opening:
        """Connect anew."""
        return self.open(patience)

    def reopen(self) -> Opening:
        """Go on with the connection that there is."""
        return Opening("connected")

    def request(self, apdu: bytes) -> Reply:
        """Send ``apdu`` and return what comes back."""
        if self.closed:
            return Reply(CLOSED)
        self.send_raw(wrapper.encode(self.client, self.server, apdu))
        return self.listen(self.timeout)

    def stream(self, apdu: bytes) -> None:
        """Send ``apdu``, which nothing answers."""
        self.send_raw(wrapper.encode(self.client, self.server, apdu))

    def listen(self, timeout: float) -> Reply:
        """Return what comes for this client within ``timeout`` seconds."""
        until, over = time.monotonic() + timeout, False
        while True:
            while self._waiting:
                source, destination, apdu = self._waiting.pop(0)
                if (source, destination) == (self.server, self.client):
                    return Reply(APDU, apdu)
                self.deviations.append(
                    f"wrapper: expected ports {self.server} to {self.client}, found {source} to "
                    f"{destination}")
            if over or self.closed:
                return Reply(CLOSED if self.closed else SILENCE)
            left = until - time.monotonic()
            over = left <= 0
            self._take(self._port.receive(max(0.0, left)))

    def send_raw(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._evidence.sent(octets)
        self._port.send(octets)

    def gather(self, timeout: float, quiet: float) -> list[bytes]:
        """Return the APDUs that arrive, with their headers, whoever they are for."""
        found: list[bytes] = []
        deadline = time.monotonic() + timeout
        end = deadline + LONGEST_WAIT
        while not self.closed and time.monotonic() < end:
            left = deadline - time.monotonic()
            self._take(self._port.receive(max(0.0, left)))
            if self._waiting:
                found += [wrapper.encode(*arrived) for arrived in self._waiting]
                self._waiting.clear()
                deadline = time.monotonic() + quiet
            elif left <= 0:
                break
        return found

    def close(self) -> str:
        """End the connection: the wrapper has no disconnection of its own."""
        self._port.disconnect()
        self.closed = True
        return CLOSED

    def _take(self, arrived: Arrived) -> None:
        self.closed = self.closed or arrived.state is Arrival.CLOSED
        try:
            cut = self._stream.feed(arrived.octets)
        except RemoteProtocolError as wrong:
            self._evidence.received(self._stream.drop(), arrived.time)
            self.deviations.append(f"wrapper: {wrong}")
            return
        for found in cut:
            self._evidence.received(wrapper.encode(*found), arrived.time)
        self._waiting += cut


