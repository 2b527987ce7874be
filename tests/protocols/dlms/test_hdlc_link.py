"""An HDLC link, its client and server joined back to back, on good lines and bad ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError
from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms import hdlc_mutation
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_client import ClientLink
from bench.protocols.dlms.hdlc_events import Event, Received
from bench.protocols.dlms.hdlc_frame import Frame, FrameType, decode
from bench.protocols.dlms.hdlc_link import Link, Timing
from bench.protocols.dlms.hdlc_parameters import Parameters
from bench.protocols.dlms.hdlc_server import ServerLink
from bench.protocols.dlms.hdlc_states import CLIENT as CLIENT_TABLE
from bench.protocols.dlms.hdlc_states import SERVER as SERVER_TABLE
from bench.protocols.dlms.hdlc_states import Action, Happening, State

CLIENT, SERVER = Address(16), Address(1, 17)
TIMING = Timing(response=1.0, inter_octet=0.05, inactivity=120.0, poll=0.1, retries=8)

Line = Callable[[bytes], bytes]


def good(octets: bytes) -> bytes:
    return octets


@dataclass
class Joined:
    """A client and a server with a line between them; time passes only when nothing moves."""

    client: ClientLink
    server: ServerLink
    answer: Callable[[bytes], bytes | None] = lambda pdu: pdu[::-1]
    line: Line = good
    now: float = 0.0
    told: list[Event] = field(default_factory=list)  # to the client
    served: list[Event] = field(default_factory=list)  # to the server
    frames: list[Frame | None] = field(default_factory=list)  # as sent, both directions

    def run(self, until: type = object, most: int = 3000) -> Event | None:
        """Let both talk until the client is told an event of type ``until``, or all is quiet."""
        for _ in range(most):
            out = self.client.outgoing(self.now)
            for octets in out:
                self._note(octets)
                for event in self.server.receive(self.line(octets), self.now):
                    self.served.append(event)
                    if isinstance(event, events.Received):
                        pdu = self.answer(event.pdu)
                        if pdu is not None:
                            self.server.send(pdu)
            back = self.server.outgoing(self.now)
            new: list[Event] = []
            for octets in back:
                self._note(octets)
                new += self.client.receive(self.line(octets), self.now)
            if not out and not back:
                due = [one for one in (self.client.deadline,) if one is not None]
                if not due:
                    return None
                self.now = max(self.now, min(due))
                new += self.client.time_passed(self.now)
                self.served += self.server.time_passed(self.now)
            self.told += new
            for event in new:
                if until is not object and isinstance(event, until):
                    return event
        raise AssertionError("they talk without end")

    def _note(self, octets: bytes) -> None:
        self.frames.append(decode(octets[1:-1]))

    def connect(self) -> events.Connected:
        self.client.connect()
        event = self.run(events.Connected)
        assert isinstance(event, events.Connected), self.told
        return event

    def ask(self, pdu: bytes) -> bytes | None:
        self.client.send(pdu)
        event = self.run(events.Received)
        return event.pdu if isinstance(event, events.Received) else None


def joined(parameters: Parameters | None = None, servers: Parameters | None = None,
           faults: str = "", timing: Timing = TIMING) -> Joined:
    return Joined(ClientLink(CLIENT, SERVER, parameters or Parameters(), timing),
                  ServerLink(SERVER, CLIENT, servers or Parameters(), timing,
                             faults=frozenset(faults.split())))


def feed(link: Link, frame: Frame | bytes, now: float = 0.0) -> list[Event]:
    return link.receive(frame if isinstance(frame, bytes) else frame.encode(), now)


def sent(link: Link, now: float = 0.0) -> list[Frame]:
    return [decode(octets[1:-1]) for octets in link.outgoing(now)]


# -- connecting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mine", "theirs", "agreed"), [
    (Parameters(), Parameters(), Parameters()),
    (Parameters(512, 256, 3, 7), Parameters(1024, 128, 2, 5), Parameters(128, 256, 3, 2)),
    (Parameters(2030, 2030, 7, 7), Parameters(2030, 2030, 7, 7), Parameters(2030, 2030, 7, 7)),
    (Parameters(2030, 2030, 7, 7), Parameters(), Parameters()),
])
def test_each_direction_has_what_both_sides_can(mine: Parameters, theirs: Parameters,
                                               agreed: Parameters) -> None:
    pair = joined(mine, theirs)
    assert pair.connect().parameters == agreed
    server = pair.server.agreed
    assert (server.max_information_receive, server.window_receive) == (
        agreed.max_information_transmit, agreed.window_transmit)
    assert pair.client.agreed == agreed


def test_disconnecting_twice_is_answered_by_ua_then_dm() -> None:
    pair = joined()
    pair.connect()
    for _ in range(2):
        pair.client.disconnect()
        assert pair.run(events.Disconnected) is not None
    assert [event.reason for event in pair.told if isinstance(event, events.Disconnected)] == [
        "UA", "DM"]
    assert pair.server.state is State.DISCONNECTED


def test_a_server_that_refuses_is_told_of() -> None:
    client = ClientLink(CLIENT, SERVER)
    client.connect()
    sent(client)
    assert feed(client, Frame(FrameType.DM, CLIENT, SERVER)) == [events.Refused()]
    assert client.state is State.DISCONNECTED


def test_silence_is_asked_again_and_then_told() -> None:
    client = ClientLink(CLIENT, SERVER, timing=Timing(response=2.0, retries=2))
    client.connect()
    now, asked, told = 0.0, 0, []
    while not told:
        asked += len(sent(client, now))
        assert asked < 10
        assert client.deadline == now + 2.0
        now = client.deadline
        told = client.time_passed(now)
    assert asked == 3
    assert told == [events.TimedOut("UA to SNRM")]
    assert client.deadline is None
    client.connect()
    assert [frame.type for frame in sent(client, now)] == [FrameType.SNRM]


# -- data ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(8, 300), st.integers(8, 300),
       st.lists(st.integers(1, 3000), min_size=1, max_size=4))
def test_pdus_of_any_length_cross_both_ways_with_any_window(
    window: int, back: int, size: int, size_back: int, lengths: list[int],
) -> None:
    parameters = Parameters(size, size_back, window, back)
    pair = joined(parameters, Parameters(2030, 2030, 7, 7))
    pair.connect()
    for length in lengths:
        pdu = random.Random(length).randbytes(length)
        assert pair.ask(pdu) == pdu[::-1]
    assert not [one for one in (*pair.told, *pair.served)
                if not isinstance(one, events.Connected | events.Received)]


@pytest.mark.parametrize("window", range(1, 8))
def test_no_more_frames_than_the_window_go_out_unanswered_and_each_hands_over_once(
    window: int,
) -> None:
    pair = joined(Parameters(20, 20, window, window), Parameters(20, 20, 7, 7))
    pair.connect()
    pair.ask(bytes(500))
    runs, run = [], 0
    for frame in pair.frames:
        assert frame is not None
        run += frame.type is FrameType.I
        if frame.final:
            runs.append(run)
            run = 0
    assert max(runs) == window
    assert all(len(frame.information) <= 20 for frame in pair.frames[2:] if frame)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32), st.integers(1, 7), st.sampled_from((0.05, 0.2, 0.35)))
def test_lost_and_spoilt_frames_cost_time_but_no_data(seed: int, window: int,
                                                      rate: float) -> None:
    chance = random.Random(seed)

    def bad(octets: bytes) -> bytes:
        kind = chance.random() / rate
        if kind < 0.5:
            return b""
        if kind < 0.75:
            return octets[: chance.randrange(len(octets))]
        if kind < 1:
            place = chance.randrange(len(octets))
            return (octets[:place] + bytes((octets[place] ^ 1 << chance.randrange(8),))
                    + octets[place + 1 :])
        return octets

    pair = joined(Parameters(64, 64, window, window), Parameters(64, 64, 7, 7),
                  timing=Timing(1.0, 0.05, 0, 0.1, retries=300))  # 40 fail once in 700 runs
    pair.connect()
    pair.line = bad
    for turn in range(4):
        pdu = chance.randbytes(50 + 200 * turn)
        assert pair.ask(pdu) == pdu[::-1]
    assert [event.pdu for event in pair.served if isinstance(event, events.Received)] == [
        event.pdu[::-1] for event in pair.told if isinstance(event, events.Received)]


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 1 << 32))
def test_a_line_of_pure_noise_leaves_the_client_free_to_begin_anew(seed: int) -> None:
    chance = random.Random(seed)
    pair = joined()
    pair.connect()
    pair.line = lambda octets: chance.randbytes(len(octets))
    pair.client.send(b"\xc0")
    assert isinstance(pair.run(events.TimedOut), events.TimedOut)
    pair.line = good
    pair.connect()
    assert pair.ask(b"\x01\x02") == b"\x02\x01"


def test_a_lost_segment_is_sent_again_and_those_behind_it_with_it() -> None:
    pair = joined(Parameters(20, 20, 3, 3), Parameters(20, 20, 3, 3))
    pair.connect()
    lost = []

    def loses_second_answer(octets: bytes) -> bytes:
        frame = decode(octets[1:-1])
        if frame.source == SERVER and frame.send_number == 1 and not lost:
            lost.append(frame)
            return b""
        return octets

    pair.line = loses_second_answer
    assert pair.ask(bytes(range(100))) == bytes(range(100))[::-1]
    assert len(lost) == 1


def test_a_server_that_has_no_answer_yet_is_polled_after_a_while() -> None:
    pair = joined()
    pair.connect()
    pair.answer = lambda _: None
    pair.client.send(b"\xc0")
    assert isinstance(pair.run(events.Idle), events.Idle)
    before = pair.now
    pair.server.send(b"\x42")
    assert pair.run(events.Received) == events.Received(b"\x42")
    assert pair.now == before + TIMING.poll


def test_a_pdu_that_wants_no_answer_is_not_polled_for() -> None:
    pair = joined()
    pair.connect()
    pair.answer = lambda _: None
    pair.client.send(b"\xc1", answered=False)
    assert pair.run() is None
    assert pair.served[-1] == events.Received(b"\xc1")
    assert pair.client.deadline is None


def test_a_busy_server_is_left_alone_until_it_is_ready() -> None:
    pair = joined()
    pair.connect()
    pair.server.busy = True
    pair.client.send(b"\x01\x02")
    pair.run(events.Idle)
    pair.run(events.Idle)
    assert not [one for one in pair.served if isinstance(one, events.Received)]
    assert [frame.type for frame in pair.frames if frame][-1] is FrameType.RNR
    pair.server.busy = False
    assert pair.run(events.Received) == events.Received(b"\x02\x01")


def test_unnumbered_information_is_delivered_in_any_state() -> None:
    client, server = ClientLink(CLIENT, SERVER), ServerLink(SERVER, CLIENT)
    server.send_unnumbered(b"\x0f\x01")
    (octets,) = server.outgoing(0.0)
    assert client.receive(octets, 0.0) == [events.Received(b"\x0f\x01", unnumbered=True)]


def test_data_needs_a_connected_link() -> None:
    with pytest.raises(LocalProtocolError, match="the link is disconnected"):
        ClientLink(CLIENT, SERVER).send(b"\xc0")
    with pytest.raises(LocalProtocolError, match="the link is disconnected"):
        ServerLink(SERVER, CLIENT).send(b"\xc0")


def test_a_pdu_without_end_is_cut_off() -> None:
    client = ClientLink(CLIENT, SERVER, largest_pdu=1000)
    client.connect()
    sent(client)
    feed(client, Frame(FrameType.UA, CLIENT, SERVER))
    client.send(b"\xc0")
    told: list[Event] = []
    number = 0
    while client.state is State.CONNECTED:
        assert number < 20
        sent(client)
        told += feed(client, Frame(FrameType.I, CLIENT, SERVER, True, bytes(100), True,
                                   number & 7, 1))
        number += 1
    assert "at most 1000 octets" in str(told[0].error)  # type: ignore[union-attr]
    assert isinstance(told[1], events.Disconnected)


# -- time-outs -------------------------------------------------------------------------------------


def test_a_server_closes_after_the_inactivity_time_out() -> None:
    pair = joined()
    pair.connect()
    assert pair.server.deadline == 120.0
    assert pair.server.time_passed(119.9) == []
    assert pair.server.time_passed(120.0) == [events.Disconnected("inactivity")]
    assert pair.server.deadline is None


def test_a_silence_within_a_frame_ends_it() -> None:
    server = ServerLink(SERVER, CLIENT, timing=TIMING)
    snrm = Frame(FrameType.SNRM, SERVER, CLIENT).encode()
    assert server.receive(snrm[:5], 0.0) == []
    assert server.deadline == 0.05
    (told,) = server.time_passed(0.05)
    assert isinstance(told, events.Violation)
    assert [type(event) for event in server.receive(snrm[5:], 0.06)] == [events.Violation]
    assert sent(server) == []
    assert [type(event) for event in server.receive(snrm, 0.1)] == [events.Connected]


def test_an_answer_that_is_arriving_is_not_asked_for_again() -> None:
    client = ClientLink(CLIENT, SERVER, timing=TIMING)
    client.connect()
    sent(client)
    ua = Frame(FrameType.UA, CLIENT, SERVER).encode()
    for place in range(len(ua) - 1):
        client.receive(ua[place : place + 1], 0.95 + place * 0.02)
        assert client.time_passed(0.95 + place * 0.02) == []
    (told,) = client.receive(ua[-1:], 0.95 + len(ua) * 0.02)
    assert isinstance(told, events.Connected)
    assert sent(client) == []


# -- frames that break rules -------------------------------------------------------------------


def connected_server(faults: str = "") -> ServerLink:
    server = ServerLink(SERVER, CLIENT, Parameters(), TIMING, faults=frozenset(faults.split()))
    feed(server, Frame(FrameType.SNRM, SERVER, CLIENT))
    assert [frame.type for frame in sent(server)] == [FrameType.UA]
    return server


REQUEST = Frame(FrameType.I, SERVER, CLIENT, True, b"\xe6\xe6\x00\xc0")


@pytest.mark.parametrize(("frame", "reasons"), [
    (REQUEST._replace(receive_number=3), events.INVALID_RECEIVE_NUMBER),
    (REQUEST._replace(information=bytes(129)), events.INFORMATION_TOO_LONG),
    (Frame(FrameType.RR, SERVER, CLIENT, True, b"\x01"), events.INFORMATION_NOT_ALLOWED),
    (Frame(FrameType.UNKNOWN, SERVER, CLIENT, control=0xFF), events.CONTROL_UNDEFINED),
    (Frame(FrameType.REJ, SERVER, CLIENT), events.CONTROL_UNDEFINED),
])
def test_a_server_rejects_what_breaks_the_rules_until_it_is_connected_anew(
    frame: Frame, reasons: int,
) -> None:
    server = connected_server()
    told = feed(server, frame)
    (reject,) = sent(server)
    assert reject.type is FrameType.FRMR
    assert events.decode_frame_reject(reject.information).reasons == reasons
    assert isinstance(told[-1], events.Rejected)
    feed(server, REQUEST)
    assert [one.type for one in sent(server)] == [FrameType.FRMR]
    feed(server, Frame(FrameType.SNRM, SERVER, CLIENT))
    assert [one.type for one in sent(server)] == [FrameType.UA]
    assert feed(server, REQUEST) == [events.Received(b"\xc0")]


def test_a_frame_out_of_sequence_is_not_served_but_answered_by_what_is_expected() -> None:
    server = connected_server()
    assert feed(server, REQUEST._replace(send_number=3)) == [
        events.Unexpected(REQUEST._replace(send_number=3, control=0x16))]
    (answer,) = sent(server)
    assert (answer.type, answer.receive_number) == (FrameType.RR, 0)


def test_data_without_a_connection_is_answered_by_dm() -> None:
    server = ServerLink(SERVER, CLIENT)
    feed(server, REQUEST)
    assert [frame.type for frame in sent(server)] == [FrameType.DM]


@pytest.mark.parametrize("wrong", [
    name for name, one in hdlc_mutation.MUTATIONS.items()
    if one.caught_by in (hdlc_mutation.CHECK, hdlc_mutation.FORMAT, hdlc_mutation.ADDRESS)
    and name != "destination-of-two-octets"])
def test_a_server_does_not_answer_wrong_frames_and_hears_the_next_one(wrong: str) -> None:
    server = connected_server()
    frame = REQUEST.encode()
    told = server.receive(hdlc_mutation.mutate(frame, wrong), 1.0) + server.time_passed(1.5)
    assert not [event for event in told if not isinstance(event, events.Violation)]
    assert sent(server, 1.5) == []
    assert feed(server, REQUEST, 2.0) == [events.Received(b"\xc0")]


@pytest.mark.parametrize("frame", [
    Frame(kind, CLIENT, SERVER, final, information, send_number=number, receive_number=back)
    for kind in FrameType if kind is not FrameType.UNKNOWN
    for final in (True, False) for information in (b"", b"\x01\x02\x03\x04")
    for number, back in ((0, 0), (5, 5))])
def test_no_frame_of_a_server_leaves_the_client_stuck(frame: Frame) -> None:
    for start in ("nothing", "connecting", "connected", "waiting", "disconnecting"):
        pair = joined()
        if start in ("connected", "waiting"):
            pair.connect()
        if start == "waiting":
            pair.client.send(b"\xc0")
        if start == "connecting":
            pair.client.connect()
        if start == "disconnecting":
            pair.client.disconnect()
        pair.client.outgoing(0.0)
        feed(pair.client, frame)
        pair.client.disconnect()
        assert isinstance(pair.run(events.Disconnected), events.Disconnected)
        pair.connect()
        assert pair.ask(b"\x01\x02") == b"\x02\x01"


def test_a_client_tells_of_a_frame_reject_and_begins_anew() -> None:
    pair = joined()
    pair.connect()
    pair.client.send_raw(pair.client.draft(b"\xc0")._replace(receive_number=5).encode())
    pair.run()
    event = pair.told[-1]
    assert isinstance(event, events.Rejected)
    assert event.reject is not None
    assert event.reject.text == "invalid receive number"
    pair.connect()
    assert pair.ask(b"\x01\x02") == b"\x02\x01"


def test_frames_of_another_station_are_told_of_and_have_no_effect() -> None:
    pair = joined()
    pair.connect()
    pair.client.send(b"\xc0")
    pair.client.outgoing(0.0)
    stranger = Frame(FrameType.DM, CLIENT, Address(2, 17))
    (told,) = feed(pair.client, stranger)
    assert isinstance(told, events.Violation)
    assert pair.client.state is State.CONNECTED


def test_an_answer_with_a_wrong_llc_is_told_of_and_not_delivered() -> None:
    pair = joined()
    pair.connect()
    pair.client.send(b"\xc0")
    pair.client.outgoing(0.0)
    (told,) = feed(pair.client, Frame(FrameType.I, CLIENT, SERVER, True, b"\xe6\xe6\x00\xc4",
                                      receive_number=1))
    assert isinstance(told, events.Violation)
    assert "E6E700" in str(told.error)


# -- the tables --------------------------------------------------------------------------------


def test_the_client_can_connect_and_disconnect_in_each_state() -> None:
    for state in State:
        assert CLIENT_TABLE[state, Happening.CONNECT] == (State.CONNECTING, Action.SEND_SNRM)
        assert CLIENT_TABLE[state, Happening.DISCONNECT] == (
            State.DISCONNECTING, Action.SEND_DISC)


def test_a_server_can_be_connected_in_each_state_and_waits_for_nothing() -> None:
    for state in State:
        assert SERVER_TABLE[state, Happening.SNRM] == (State.CONNECTED, Action.ACCEPT)
    assert {following for following, _ in SERVER_TABLE.values()} <= {
        State.DISCONNECTED, State.CONNECTED, State.REJECTING, State.CONNECTING,
        State.DISCONNECTING}


def test_each_state_that_waits_for_an_answer_ends_when_none_comes() -> None:
    for state in (State.CONNECTING, State.CONNECTED, State.DISCONNECTING):
        assert CLIENT_TABLE[state, Happening.EXHAUSTED][0] is State.DISCONNECTED


# -- the request and the answer of nearly always have a way of their own ---------------------------


class LongWay(ClientLink):
    """A client that does all it does the long way."""

    def _alone(self, pdu: bytes) -> bytes | None:
        return None

    def take_one(self, octets: bytes, now: float) -> bytes | None:
        return None


def connected(kind: type[ClientLink] = ClientLink, most: int = 64) -> ClientLink:
    """Return a client whose link is up."""
    client = kind(CLIENT, SERVER, Parameters(most, most, 1, 1), TIMING)
    client.connect()
    client.outgoing(0.0)
    client.receive(Frame(FrameType.UA, CLIENT, SERVER,
                         information=Parameters(most, most, 1, 1).encode()).encode(), 0.0)
    return client


def ask(client: ClientLink, pdu: bytes, now: float) -> list[bytes]:
    """Send ``pdu``; return the frames."""
    client.send(pdu)
    return client.outgoing(now)


def ask_shortly(client: ClientLink, pdu: bytes, now: float) -> list[bytes]:
    """Send ``pdu`` in one frame, or as ever where it takes more."""
    frame = client.request(pdu, now)
    return ask(client, pdu, now) if frame is None else [frame]


def take_shortly(client: ClientLink, octets: bytes, now: float) -> list[Event]:
    """Take the one frame that arrived, or as ever where it is none."""
    pdu = client.take_one(octets, now)
    return client.receive(octets, now) if pdu is None else [Received(pdu)]


def asking() -> tuple[ClientLink, ClientLink]:
    """Return two clients that have asked for something, the second goes the long way."""
    short, long = connected(), connected(LongWay)
    frame = short.request(b"request", 0.0)
    assert frame is not None
    assert [frame] == ask(long, b"request", 0.0)
    return short, long


ANSWER = Frame(FrameType.I, CLIENT, SERVER, True, b"\xe6\xe7\0answer", receive_number=1)
ANSWERS = {
    "as hoped for": ANSWER,
    "not the end of the turn": ANSWER._replace(final=False),
    "a segment": ANSWER._replace(segmented=True),
    "another send number": ANSWER._replace(send_number=1),
    "ours not heard": ANSWER._replace(receive_number=0),
    "a number never sent": ANSWER._replace(receive_number=5),
    "another LLC header": ANSWER._replace(information=b"\xe6\xe6\0answer"),
    "no PDU behind the LLC header": ANSWER._replace(information=b"\xe6\xe7\0"),
    "part of an LLC header": ANSWER._replace(information=b"\xe6\xe7"),
    "no information": ANSWER._replace(information=b""),
    "as much as was agreed": ANSWER._replace(information=b"\xe6\xe7\0" + bytes(61)),
    "more than was agreed": ANSWER._replace(information=b"\xe6\xe7\0" + bytes(62)),
    "for another client": ANSWER._replace(destination=Address(17)),
    "from another server": ANSWER._replace(source=Address(1, 18)),
    "unnumbered": ANSWER._replace(type=FrameType.UI),
    "ready": ANSWER._replace(type=FrameType.RR, information=b""),
    "disconnected": ANSWER._replace(type=FrameType.DM, information=b""),
}


def spoilt(octets: bytes) -> dict[str, bytes]:
    """Return ``octets`` with each bit of each octet turned over, and cut, doubled, led by noise."""
    return {f"octet {place} is {octet ^ 1 << bit:02X}":
            octets[:place] + bytes((octet ^ 1 << bit,)) + octets[place + 1:]
            for place, octet in enumerate(octets) for bit in range(8)} | {
        "cut": octets[:-1], "begun": octets[:2], "doubled": 2 * octets, "led": b"\0" + octets,
        "flagged": b"\x7e" + octets, "followed": octets + b"\0", "nothing": b""}


PRIOR: dict[str, Callable[[ClientLink], object]] = {
    "nothing": lambda client: None,
    "busy": lambda client: setattr(client, "busy", True),
    "queued": lambda client: client.send(b"more"),
    "disconnecting": lambda client: client.disconnect(),
    "asked again": lambda client: (client.time_passed(1.0), client.outgoing(1.0)),
    "not ready": lambda client: client.receive(
        ANSWER._replace(type=FrameType.RNR, information=b"").encode(), 0.0),
    "half a frame": lambda client: client.receive(ANSWER.encode()[:9], 0.0),
    "given up": lambda client: (
        client.receive(ANSWER.encode()[:9], 0.0), client.time_passed(0.9)),
    "half a PDU": lambda client: client.receive(
        ANSWER._replace(final=False, segmented=True).encode(), 0.0),
    "gone": lambda client: client.receive(
        ANSWER._replace(type=FrameType.DM, information=b"").encode(), 0.0),
}


UNFLAGGED = ANSWER._replace(send_number=1, receive_number=2).encode()[1:]
"""A frame whose first flag is the last one of the frame before."""


READY = Frame(FrameType.RR, CLIENT, SERVER, receive_number=1).encode()


@pytest.mark.parametrize("behind", [b"", UNFLAGGED, UNFLAGGED[:9], READY],
                         ids=["", "frame", "half", "ready"])
@pytest.mark.parametrize("now", [1.01, 1.5])
@pytest.mark.parametrize("prior", PRIOR)
def test_the_short_way_of_an_answer_is_the_long_way(
        prior: str, now: float, behind: bytes) -> None:
    arrivals = [one.encode() for one in ANSWERS.values()]
    arrivals += spoilt(ANSWER.encode()).values()
    for octets in arrivals:
        short, long = asking()
        for client in (short, long):
            PRIOR[prior](client)
        take = take_shortly if len(octets) % 2 else ClientLink.receive
        assert repr(take(short, octets, now)) == repr(long.receive(octets, now)), octets
        assert short.deadline == long.deadline
        assert repr(take_shortly(short, behind, now)) == repr(long.receive(behind, now))
        alike_until_given_up(short, long, now)


def alike_until_given_up(short: ClientLink, long: ClientLink, now: float) -> None:
    """Assert that two clients, the first of which may go the short way, do the same from now on."""
    for moment in (now, now + 2.0, now + 4.0):
        assert short.deadline == long.deadline
        assert repr(short.time_passed(moment)) == repr(long.time_passed(moment))
        assert short.outgoing(moment) == long.outgoing(moment)
    if short.state is not State.CONNECTED:
        return
    assert ask_shortly(short, b"next", now + 6.0) == ask(long, b"next", now + 6.0)
    for tries in range(10):
        moment = now + 6.0 + 2 * tries
        assert short.deadline == long.deadline
        assert repr(short.time_passed(moment)) == repr(long.time_passed(moment))
        assert short.outgoing(moment) == long.outgoing(moment)


BEFORE: dict[str, Callable[[ClientLink], object]] = {
    "nothing": lambda client: None,
    "busy": lambda client: setattr(client, "busy", True),
    "asked": lambda client: ask(client, b"first", 1.0),
    "queued": lambda client: client.send(b"first"),
    "unnumbered": lambda client: client.send_unnumbered(b"notice"),
    "polled": lambda client: client.poll(),
    "idle": lambda client: (client.poll(), client.outgoing(1.0), client.receive(
        Frame(FrameType.RR, CLIENT, SERVER).encode(), 1.0)),
    "not ready": lambda client: (client.poll(), client.outgoing(1.0), client.receive(
        Frame(FrameType.RNR, CLIENT, SERVER).encode(), 1.0)),
    "half a PDU": lambda client: client.receive(
        ANSWER._replace(final=False, segmented=True, receive_number=0).encode(), 1.0),
    "half a frame": lambda client: client.receive(ANSWER.encode()[:9], 1.0),
    "not heard": lambda client: (ask(client, b"first", 1.0), client.receive(
        ANSWER._replace(receive_number=0).encode(), 1.0)),
    "polled again": lambda client: (ask(client, b"first", 1.0), client.receive(READY, 1.0)),
    "nothing yet": lambda client: (ask(client, b"first", 1.0), client.receive(READY, 1.0),
                                   client.outgoing(1.0), client.receive(READY, 1.0)),
    "answered": lambda client: (ask(client, b"first", 1.0), client.receive(ANSWER.encode(), 1.0)),
}


@pytest.mark.parametrize("pdu", [b"request", bytes(61), bytes(62), bytes(200)], ids=len)
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("way", [ask, ask_shortly])
def test_the_short_way_of_a_request_is_the_long_way(
        way: Callable[[ClientLink, bytes, float], list[bytes]], before: str, pdu: bytes) -> None:
    for send_number, receive_number in product(range(3), repeat=2):
        short, long = connected(), connected(LongWay)
        for client in (short, long):
            BEFORE[before](client)
        assert way(short, pdu, 1.1) == ask(long, pdu, 1.1)
        answer = ANSWER._replace(send_number=send_number, receive_number=receive_number).encode()
        assert repr(take_shortly(short, answer, 1.2)) == repr(long.receive(answer, 1.2))
        alike_until_given_up(short, long, 1.3)


@pytest.mark.parametrize("before", BEFORE)
def test_the_short_way_of_a_request_ends_as_the_long_way_where_none_answers(before: str) -> None:
    short, long = connected(), connected(LongWay)
    for client in (short, long):
        BEFORE[before](client)
    assert ask_shortly(short, b"request", 1.1) == ask(long, b"request", 1.1)
    alike_until_given_up(short, long, 1.2)


def test_requests_and_answers_go_the_short_way_again_and_again() -> None:
    client = connected()
    for number in range(20):
        frame = client.request(b"request", float(number))
        assert frame == Frame(
            FrameType.I, SERVER, CLIENT, True, b"\xe6\xe6\0request",
            send_number=number % 8, receive_number=number % 8).encode()
        assert client.deadline == number + TIMING.response
        answer = ANSWER._replace(send_number=number % 8, receive_number=(number + 1) % 8)
        assert client.take_one(answer.encode(), number + 0.5) == b"answer"
        assert client.take_one(answer.encode(), number + 0.5) is None
        assert client.deadline is None


@pytest.mark.parametrize("state", ["disconnected", "connecting", "gone"])
def test_no_request_goes_the_short_way_before_or_after_the_link(state: str) -> None:
    client = connected() if state == "gone" else ClientLink(CLIENT, SERVER)
    if state != "disconnected":
        (client.disconnect if state == "gone" else client.connect)()
    assert client.request(b"request", 0.0) is None
    assert connected().request(b"", 0.0) is None
