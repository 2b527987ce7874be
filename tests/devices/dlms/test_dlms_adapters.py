"""The adapters of port ``dlms`` against the emulated meter on each of its links."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from bench.errors import LinkError, RigError
from bench.protocols.dlms import hdlc_events as events
from bench.protocols.dlms import wrapper
from bench.protocols.dlms.hdlc_address import Address
from bench.protocols.dlms.hdlc_client import ClientLink
from bench.protocols.dlms.hdlc_link import Timing
from bench.protocols.iec62056_21.characters import without_parity
from devices.adapters.dlms_serial import DlmsSerial
from devices.adapters.echo import Echo
from devices.adapters.optical import Optical
from devices.adapters.tcp import Tcp
from devices.binding import adapters
from devices.emulators.dlms.hdlc_server import DEFAULT, HdlcServer
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.line_time import LineSettings
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.mode_e_server import ModeEServer
from devices.emulators.dlms.process import LinkServer, Server
from devices.emulators.dlms.profile import Settings
from devices.emulators.dlms.wrapper_server import WrapperServer
from devices.ports import Arrival, Dlms, SerialLine

on_posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals of POSIX")

WAIT = 10.0
AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")
GET_CLOCK = bytes.fromhex("C001C100080000010000FF0200")
GET_LIST = bytes.fromhex("C001C1000F0000280000FF0200")

Make = Callable[[Meter], LinkServer]


@contextmanager
def served(make: Make, *, tcp: bool = False, baud: int = 0, noise: float = 0.0,
           faults: str = "", echo: bool = False) -> Iterator[str]:
    """Serve a meter from a thread of this process; give the URL of its line."""
    meter = Meter(Settings(profile_rows=1), derived(1), faults=frozenset(faults.split()))
    with Server(meter, make(meter), LineSettings(baud, noise, seed=3, echo=echo)) as server:
        url = server.listen("127.0.0.1", 0) if tcp else server.open_terminal("auto")
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield url
        finally:
            server.stop()
            thread.join(WAIT)


@contextmanager
def active(adapter: DlmsSerial | Tcp) -> Iterator[DlmsSerial | Tcp]:
    adapter.activate()
    try:
        adapter.connect()
        yield adapter
    finally:
        adapter.deactivate()


class Session:
    """An HDLC client on a port."""

    def __init__(self, port: Dlms, timing: Timing | None = None) -> None:
        self.port = port
        self.link = ClientLink(Address(16), Address(1, 17),
                               timing=timing or Timing(response=5.0, inter_octet=0.5))

    def until(self, kind: type) -> events.Event:
        end = time.monotonic() + WAIT
        while (now := time.monotonic()) < end:
            for octets in self.link.outgoing(now):
                self.port.send(octets)
                if isinstance(self.port, SerialLine):
                    self.link.sent(self.port.sent_until)
            deadline = self.link.deadline or end
            arrived = self.port.receive(max(0.0, deadline - time.monotonic()))
            told = self.link.receive(arrived.octets, arrived.time) if arrived.octets \
                else self.link.time_passed(time.monotonic())
            for event in told:
                if isinstance(event, kind):
                    return event
                if isinstance(event, events.TimedOut):
                    raise AssertionError(event)
        raise AssertionError(f"no {kind.__name__}")

    def ask(self, pdu: bytes) -> bytes:
        self.link.send(pdu)
        event = self.until(events.Received)
        assert isinstance(event, events.Received)
        return event.pdu

    def read_clock(self) -> bytes:
        self.link.connect()
        self.until(events.Connected)
        assert self.ask(AARQ)[0] == 0x61
        clock = self.ask(GET_CLOCK)
        self.link.disconnect()
        self.until(events.Disconnected)
        return clock


CLOCK = bytes.fromhex("C401C100090C")


@on_posix
def test_a_meter_is_read_over_a_serial_line() -> None:
    with served(HdlcServer) as url, active(DlmsSerial(url=url)) as port:
        assert Session(port).read_clock().startswith(CLOCK)
        port.connect()
        assert Session(port).read_clock().startswith(CLOCK)


@on_posix
def test_a_line_with_a_speed_is_read_in_its_time() -> None:
    with served(HdlcServer, baud=19_200) as url, active(
            DlmsSerial(url=url, baud=19_200)) as port:
        begin = time.monotonic()
        assert Session(port).read_clock().startswith(CLOCK)
        octets = 9 + 33 + 44 + 58 + 27 + 30 + 9 + 33  # of the frames, both ways
        assert time.monotonic() - begin > octets * 10 / 19_200 * 0.9


@on_posix
def test_what_the_bench_sends_takes_nothing_of_the_time_of_an_answer() -> None:
    with served(HdlcServer, baud=600) as url, active(DlmsSerial(url=url, baud=600)) as port:
        session = Session(port, Timing(response=0.5, inter_octet=0.2, retries=0))
        session.link.connect()
        session.until(events.Connected)
        assert (len(AARQ) + 12) * 10 / 600 > 0.5
        assert session.ask(AARQ)[0] == 0x61


@on_posix
def test_an_emulated_meter_waits_for_the_next_octet_as_long_as_its_line_takes() -> None:
    short = partial(HdlcServer, declared=DEFAULT.model_copy(update={"inter_octet_s": 0.025}))
    with served(short, baud=300) as url, active(DlmsSerial(url=url, baud=300)) as port:
        session = Session(port)
        session.link.connect()
        session.until(events.Connected)


@on_posix
def test_at_another_speed_nothing_is_understood() -> None:
    with served(HdlcServer, baud=9600) as url, active(DlmsSerial(url=url, baud=2400)) as port:
        session = Session(port, Timing(response=0.2, inter_octet=0.1, retries=0))
        session.link.connect()
        with pytest.raises(AssertionError, match="TimedOut"):
            session.until(events.Connected)


@on_posix
def test_a_noisy_line_is_read_all_the_same() -> None:
    with served(HdlcServer, noise=0.002) as url, active(DlmsSerial(url=url)) as port:
        session = Session(port, Timing(response=0.3, inter_octet=0.1, retries=20))
        session.link.connect()
        session.until(events.Connected)
        session.ask(AARQ)
        answers = {session.ask(GET_LIST) for _ in range(5)}
        assert len(answers) == 1


@on_posix
@pytest.mark.parametrize("baud", [0, 9600])
@pytest.mark.parametrize("echo", [True, False])
def test_a_meter_is_read_behind_an_optical_head(baud: int, echo: bool) -> None:
    with served(ModeEServer, baud=baud, echo=echo) as url, active(
            Optical(url=url, baud=9600)) as port:
        assert isinstance(port, Optical)
        assert port.failed == ""
        assert port.identification == "SMB 0000000000001"
        assert [(one.sent, without_parity(one.octets)[0]) for one in port.crossed] == [
            (True, b"/?!\r\n"), (False, b"/SMB5\\20000000000001\r\n"),
            (True, b"\x06252\r\n"), (False, b"\x06252\r\n")]
        assert Session(port).read_clock().startswith(CLOCK)


@on_posix
def test_a_meter_that_was_left_in_hdlc_is_signed_on_to_anew() -> None:
    with served(ModeEServer) as url, active(Optical(url=url, baud=9600)) as port:
        session = Session(port)
        session.link.connect()
        session.until(events.Connected)
        port.connect()
        assert Session(port).read_clock().startswith(CLOCK)


def test_mode_e_is_spoken_over_tcp_too() -> None:
    with served(ModeEServer, tcp=True) as url, active(
            Optical(url=url, baud=9600, sleep=lambda _: None)) as port:
        assert Session(port).read_clock().startswith(CLOCK)


@on_posix
def test_a_meter_that_does_not_sign_on_has_closed_the_connection() -> None:
    with served(HdlcServer) as url, active(
            Optical(url=url, response_s=0.05, sleep=lambda _: None)) as port:
        assert isinstance(port, Optical)
        assert port.receive(0).state is Arrival.CLOSED
        assert port.failed == "sign-on: no answer within 0.05 s"
        port.send(b"\x7e")  # goes nowhere, and nothing is raised


@on_posix
def test_an_identification_without_parity_is_told() -> None:
    with served(ModeEServer, faults="mode-e-parity-missing") as url, active(
            Optical(url=url, sleep=lambda _: None)) as port:
        assert isinstance(port, Optical)
        assert port.receive(0).state is Arrival.CLOSED
        assert "even parity" in port.failed


def test_a_meter_is_read_by_hdlc_in_tcp() -> None:
    with served(HdlcServer, tcp=True) as url, active(Tcp(url=url, framing="hdlc")) as port:
        assert Session(port).read_clock().startswith(CLOCK)
        port.connect()
        assert Session(port).read_clock().startswith(CLOCK)


def test_a_meter_is_read_behind_the_wrapper() -> None:
    with served(WrapperServer, tcp=True) as url, active(Tcp(url=url)) as port:
        stream = wrapper.WrapperStream()

        def ask(apdu: bytes) -> bytes:
            port.send(wrapper.encode(16, 1, apdu))
            while not (found := stream.feed(port.receive(WAIT).octets)):
                pass
            assert found[0][:2] == (1, 16)
            return found[0].apdu

        assert ask(AARQ)[0] == 0x61
        assert ask(GET_CLOCK).startswith(CLOCK)
        port.connect()
        assert ask(GET_CLOCK)[0] != 0xC4  # the association ended with its connection


# -- adapters alone ----------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def url_of(listener: socket.socket) -> str:
    return f"socket://127.0.0.1:{listener.getsockname()[1]}"


def test_octets_that_came_before_a_connection_was_closed_are_received_first(
    listener: socket.socket,
) -> None:
    with active(Tcp(url=url_of(listener), framing="hdlc")) as port:
        other, _ = listener.accept()
        with other:
            assert port.receive(0).state is Arrival.SILENCE
            other.sendall(b"\x01\x02")
            other.shutdown(socket.SHUT_RDWR)
            arrived = port.receive(WAIT)
            assert (arrived.octets, arrived.state) == (b"\x01\x02", Arrival.ARRIVED)
        for _ in range(2):
            assert port.receive(WAIT).state is Arrival.CLOSED
        port.send(b"\x03")
        port.connect()
        again, _ = listener.accept()
        with again:
            port.send(b"\x04")
            assert again.recv(10) == b"\x04"


def test_a_first_call_that_is_refused_breaks_the_rig_and_is_not_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = Tcp(url=url_of(gone))
    for call in (port.connect, lambda: port.call(WAIT), port.activate, lambda: port.receive(0)):
        with pytest.raises(LinkError, match=r"^127\.0\.0\.1:\d+: cannot be reached \(.*refused\)$"):
            call()


class Away:
    """A device that takes no calls for ``seconds``, which pass while the adapter sleeps."""

    def __init__(self, listener: socket.socket, seconds: float) -> None:
        self.place = listener.getsockname()
        self.now, self.back = 0.0, seconds
        self.listener: socket.socket | None = None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.back and self.listener is None:
            self.listener = socket.create_server(self.place)


@pytest.mark.parametrize(("away", "patience", "taken"), [
    (2.0, 3.0, True), (3.0, 3.0, True), (4.0, 3.0, False), (1.0, 0.0, False)])
def test_a_later_call_that_is_refused_is_tried_again_until_patience_ends(
    listener: socket.socket, away: float, patience: float, taken: bool,
) -> None:
    device = Away(listener, away)
    port = Tcp(url=url_of(listener), framing="hdlc", clock=device.clock, sleep=device.sleep)
    port.connect()
    listener.close()
    why = port.call(patience)
    assert (why == "") is taken
    assert port.receive(0).state is (Arrival.SILENCE if taken else Arrival.CLOSED)
    assert taken or ("refused" in why and device.now == patience)
    device.sleep(away)
    assert port.call(patience) == ""  # it is called again, whatever came before
    assert port.failure is None
    port.deactivate()
    assert device.listener is not None
    device.listener.close()


@pytest.mark.parametrize(("error", "is_away"), [
    (TimeoutError("timed out"), True), (OSError(errno.EHOSTUNREACH, "No route to host"), True),
    (ConnectionResetError(errno.ECONNRESET, "reset"), True),
    (OSError(errno.ENETUNREACH, "Network is unreachable"), False),
    (socket.gaierror(-2, "Name or service not known"), False)])
def test_a_device_is_away_only_while_its_network_is_there(
    listener: socket.socket, error: OSError, is_away: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    with active(Tcp(url=url_of(listener))) as port:
        assert isinstance(port, Tcp)
        monkeypatch.setattr(socket, "create_connection", refuse)
        if is_away:
            assert port.call(0) == str(error)
            assert port.receive(WAIT).state is Arrival.CLOSED
            assert port.failure is None
        else:
            with pytest.raises(LinkError, match="cannot be reached"):
                port.call(0)


def test_a_device_that_takes_no_octets_is_dropped_and_called_again(
        listener: socket.socket) -> None:
    with active(Tcp(url=url_of(listener), write_timeout_s=0.01)) as port:
        other, _ = listener.accept()
        with other:
            port.send(bytes(1 << 24))
            assert port.receive(WAIT).state is Arrival.CLOSED
        port.connect()
        assert port.receive(0).state is Arrival.SILENCE


def test_times_of_arrival_are_those_of_the_clock(listener: socket.socket) -> None:
    moments = iter(range(100))
    port = Tcp(url=url_of(listener), clock=lambda: float(next(moments)))
    with active(port):
        other, _ = listener.accept()
        with other:
            other.sendall(b"\x01")
            first = port.receive(WAIT).time
            other.sendall(b"\x02")
            assert port.receive(WAIT).time == first + 1


@pytest.mark.parametrize("url", ["", "10.0.0.1:4059", "socket://", "socket://host", 7,
                                 "socket://h:99999"])
def test_a_place_that_is_none_is_refused(url: object) -> None:
    with pytest.raises(RigError, match="expected socket://HOST:PORT"):
        Tcp(url=url)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "options", "told"), [
    (Tcp, {"url": "socket://h:1", "framing": "tls"}, "framing: expected one of wrapper, hdlc"),
    (Tcp, {"url": "socket://h:1", "connect_timeout_s": 0}, "connect_timeout_s"),
    (DlmsSerial, {"url": "/dev/x", "echo": "yes"}, "echo: expected true or false"),
    (DlmsSerial, {"url": "/dev/x", "turn_round_s": -1}, "turn_round_s"),
    (Optical, {"url": "/dev/x", "confirmation": "never"}, "confirmation: expected one of"),
])
def test_options_that_cannot_be_are_refused(kind: type, options: dict[str, object],
                                            told: str) -> None:
    with pytest.raises(RigError, match=told):
        kind(**options)


def test_a_line_that_is_absent_breaks_the_rig_and_is_not_tried_again() -> None:
    port = DlmsSerial(url="/dev/does-not-exist")
    for call in (port.activate, port.connect, lambda: port.send(b""), lambda: port.receive(0)):
        with pytest.raises(LinkError, match="absent: no such device"):
            call()
    port.deactivate()


@on_posix
def test_a_bus_is_turned_round_after_the_last_octet_and_its_echo_taken_out() -> None:
    other, own = os.openpty()
    slept: list[float] = []
    now = [0.0]
    port = DlmsSerial(url=os.ttyname(own), echo=True, turn_round_s=0.5, clock=lambda: now[0],
                      sleep=slept.append)
    try:
        with active(port):
            os.write(other, b"\x7e\xa0")
            now[0] = 1.0
            assert port.receive(WAIT).octets == b"\x7e\xa0"
            now[0] = 1.2
            port.send(b"\x01\x02\x03")
            assert slept == [pytest.approx(0.3)]
            os.write(other, os.read(other, 10) + b"\x7e\xa1")
            assert port.receive(WAIT).octets == b"\x7e\xa1"
            assert port.receive(0).state is Arrival.SILENCE
    finally:
        os.close(other)
        os.close(own)


@on_posix
def test_what_a_head_transmits_has_left_no_sooner_than_it_was_turned_round() -> None:
    other, own = os.openpty()
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    port = Optical(url=os.ttyname(own), turn_round_s=0.3, clock=lambda: now[0], sleep=sleep)
    try:
        port.activate()
        port.dial()
        os.write(other, b"\x7e")
        assert port.receive(WAIT).octets == b"\x7e"
        end = port.transmit(b"/?!\r\n")
        assert end == pytest.approx(100.0 + 0.3 + 5 * 10 / 300)
        assert now[0] == pytest.approx(end)
    finally:
        port.deactivate()
        os.close(other)
        os.close(own)


@pytest.mark.parametrize(("heard", "left"), [
    ([b"\x7e\x01\x7e", b"answer"], b"answer"),
    ([b"\x7e", b"\x01", b"\x7eanswer"], b"answer"),
    ([b"\x7e\x02", b"answer"], b"\x7e\x02answer"),
    ([b"answer"], b"answer"),
])
def test_an_echo_is_taken_out_and_what_only_looks_like_one_is_not(heard: list[bytes],
                                                                 left: bytes) -> None:
    echo = Echo()
    echo.sent(b"\x7e\x01\x7e")
    assert b"".join(echo.heard(octets) for octets in heard) == left
    assert not echo.is_due


def test_half_an_echo_is_given_back_when_nothing_follows() -> None:
    echo = Echo()
    echo.sent(b"\x7e\x01\x7e")
    assert echo.heard(b"\x7e\x01") == b""
    assert echo.give_up() == b"\x7e\x01"


def test_the_adapters_are_found_by_the_port_and_their_name() -> None:
    assert {"dlms.serial", "dlms.optical", "dlms.tcp"} <= set(adapters())
    assert all(isinstance(port, Dlms) for port in (
        DlmsSerial(url="/dev/x"), Optical(url="/dev/x"), Tcp(url="socket://h:1")))
