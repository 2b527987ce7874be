"""A serial line: what the device does wrong is observed, what the rig does wrong is an error."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import tty
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import serial

from bench.errors import LinkError, RigError
from devices.adapters.first_failure import FirstFailure
from devices.adapters.gfi_line import encode_line
from devices.adapters.serial_line import SerialLine
from devices.ports import Gbcs, Received, Reception

SHORT = 0.05  # s; a time-out that must pass
LONG = 10.0  # s; one that must not

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")


class Meter:
    """The device's end of a pseudo terminal."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.url = os.ttyname(self.slave)

    def say(self, octets: bytes) -> None:
        os.write(self.master, octets)

    def hear(self, count: int) -> bytes:
        heard = b""
        while len(heard) < count:
            heard += os.read(self.master, count - len(heard))
        return heard

    def hang_up(self) -> None:
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self.slave = -1


@pytest.fixture
def meter() -> Iterator[Meter]:
    end = Meter()
    yield end
    end.hang_up()


@pytest.fixture
def line(meter: Meter) -> Iterator[SerialLine]:
    adapter = SerialLine(url=meter.url)
    adapter.activate()
    yield adapter
    adapter.deactivate()


def test_it_serves_the_gbcs_port_and_does_not_claim_to_be_emulated() -> None:
    adapter = SerialLine(url="loop://")
    assert isinstance(adapter, Gbcs)
    assert adapter.provides == ("gbcs",)
    assert not adapter.emulated


def test_a_message_goes_out_as_one_line(meter: Meter, line: SerialLine) -> None:
    line.send(b"\xdd\x01")
    expected = b"GBCS:DATA#0:2:DD01\r\n"
    assert meter.hear(len(expected)) == expected


def test_messages_come_in_whole_and_in_order(meter: Meter, line: SerialLine) -> None:
    meter.say(encode_line(0, b"one") + encode_line(3, b"two"))
    assert line.receive(LONG) == Received(Reception.MESSAGE, b"one")
    assert line.receive(LONG) == Received(Reception.MESSAGE, b"two")
    assert line.receive(0) == Received(Reception.SILENCE)


def test_a_whole_line_ends_the_wait_at_once(meter: Meter, line: SerialLine) -> None:
    meter.say(encode_line(0, bytes(1200)))
    began = time.monotonic()
    assert line.receive(LONG).octets == bytes(1200)
    assert time.monotonic() - began < LONG / 5


def test_a_line_in_pieces_is_put_together(meter: Meter, line: SerialLine) -> None:
    octets = encode_line(0, b"pieces")

    def say() -> None:
        for octet in octets:
            meter.say(bytes([octet]))

    speaker = threading.Thread(target=say)
    speaker.start()
    assert line.receive(LONG) == Received(Reception.MESSAGE, b"pieces")
    speaker.join()


@pytest.mark.parametrize(("octets", "expected"), [
    (b"", Received(Reception.SILENCE)),
    (b"GBCS:DATA#0:4:DD", Received(Reception.PARTIAL, b"GBCS:DATA#0:4:DD")),
    (b"\x00\xff noise", Received(Reception.GARBAGE, b"\x00\xff noise")),
])
def test_a_device_that_stops_is_observed_when_the_time_is_up(
    meter: Meter, line: SerialLine, octets: bytes, expected: Received
) -> None:
    meter.say(octets)
    began = time.monotonic()
    assert line.receive(SHORT) == expected
    assert SHORT <= time.monotonic() - began < LONG / 5
    assert line.failure is None


def test_a_wrong_line_is_garbage_before_the_time_is_up(meter: Meter, line: SerialLine) -> None:
    meter.say(b"ERROR 17\r\n" + encode_line(0, b"after"))
    assert line.receive(LONG) == Received(Reception.GARBAGE, b"ERROR 17\r\n")
    assert line.receive(LONG) == Received(Reception.MESSAGE, b"after")


def test_half_a_line_does_not_spoil_the_next(meter: Meter, line: SerialLine) -> None:
    meter.say(b"GBCS:DATA#0:4:DD")
    assert line.receive(SHORT).reception is Reception.PARTIAL
    meter.say(encode_line(0, b"next"))
    assert line.receive(LONG) == Received(Reception.MESSAGE, b"next")


def test_a_device_that_never_stops_talking_does_not_hang_the_reader(
    meter: Meter, line: SerialLine
) -> None:
    quiet = threading.Event()

    def babble() -> None:
        while not quiet.is_set():
            meter.say(b"\x55" * 64)

    speaker = threading.Thread(target=babble, daemon=True)
    speaker.start()
    began = time.monotonic()
    received = line.receive(SHORT)
    elapsed = time.monotonic() - began
    quiet.set()
    while line.receive(0).reception is not Reception.SILENCE:  # lets the speaker's write return
        pass
    speaker.join(LONG)
    assert received.reception is Reception.GARBAGE
    assert elapsed < LONG / 5


def test_noise_ends_with_the_time_even_if_there_is_always_more(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    adapter = SerialLine(url="loop://", clock=lambda: float(next(ticks)))
    adapter.activate()
    monkeypatch.setattr(adapter._port, "read", lambda left: b"\x55")
    assert adapter.receive(10) == Received(Reception.GARBAGE, b"\x55" * 10)
    adapter.deactivate()


def test_a_dropped_line_is_observed_once_and_an_error_from_then_on(
    meter: Meter, line: SerialLine
) -> None:
    meter.say(b"GBCS:DATA#0:4:DD")
    assert line.receive(SHORT).reception is Reception.PARTIAL
    meter.hang_up()
    assert line.receive(LONG).reception is Reception.CLOSED
    with pytest.raises(LinkError, match="dropped it") as first:
        line.receive(LONG)
    with pytest.raises(LinkError) as second:
        line.send(b"x")
    assert first.value is second.value is line.failure


def test_sending_into_a_dropped_line_is_an_error(meter: Meter, line: SerialLine) -> None:
    meter.hang_up()
    with pytest.raises(LinkError, match="unplugged or dropped while sending"):
        line.send(b"x")


def test_an_absent_device_is_named_and_not_tried_again(tmp_path: Path) -> None:
    adapter = SerialLine(url=str(tmp_path / "ttyUSB7"))
    with pytest.raises(LinkError, match="ttyUSB7: absent: no such device") as first:
        adapter.activate()
    (tmp_path / "ttyUSB7").symlink_to("/dev/null")
    with pytest.raises(LinkError) as second:
        adapter.activate()
    assert first.value is second.value


def test_a_file_that_is_no_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LinkError, match="cannot be opened"):
        SerialLine(url=str(tmp_path / "file")).activate()


def test_a_busy_device_is_named(meter: Meter, line: SerialLine) -> None:
    with pytest.raises(LinkError, match="busy: another program holds it"):
        SerialLine(url=meter.url).activate()


def test_a_real_device_that_is_unplugged_is_an_error_with_what_had_arrived(
    meter: Meter, line: SerialLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A pseudo terminal cannot be unplugged. What pyserial raises when a USB adapter goes away
    # (ready to read, nothing there) is raised in its place, and the name is that of an adapter.
    monkeypatch.setattr(line._port, "url", "/dev/ttyUSB0")
    meter.say(b"GBCS:DATA#0:9:AB")
    read = line._port.read

    def unplugged(left: float) -> bytes:
        if arrived := read(SHORT):
            return arrived
        raise serial.SerialException("device reports readiness to read but returned no data")

    monkeypatch.setattr(line._port, "read", unplugged)
    with pytest.raises(LinkError, match="/dev/ttyUSB0: unplugged while receiving") as caught:
        line.receive(LONG)
    assert caught.value.octets == b"GBCS:DATA#0:9:AB"
    with pytest.raises(LinkError) as again:
        line.send(b"x")
    assert again.value is caught.value


def test_a_device_that_takes_no_octets_does_not_hang_the_sender(meter: Meter) -> None:
    adapter = SerialLine(url=meter.url, write_timeout_s=SHORT)
    adapter.activate()
    with pytest.raises(LinkError, match="took no octets"):
        adapter.send(bytes(60_000))
    adapter.deactivate()


def test_the_first_failure_is_the_one_that_is_kept() -> None:
    failure = FirstFailure()
    failure.check()
    first = failure.remember("first", b"octets")
    assert failure.remember("second") is first is failure.error
    assert first.octets == b"octets"


def test_an_adapter_that_is_not_active_says_so() -> None:
    with pytest.raises(LinkError, match="not active"):
        SerialLine(url="loop://").receive(SHORT)


def test_a_line_without_descriptor_works_the_same() -> None:
    adapter = SerialLine(url="loop://")
    adapter.activate()
    assert adapter.receive(0) == Received(Reception.SILENCE)
    adapter.send(b"echo")
    adapter.send(b"again")
    assert adapter.receive(LONG) == Received(Reception.MESSAGE, b"echo")
    assert adapter.receive(LONG) == Received(Reception.MESSAGE, b"again")
    assert adapter.receive(SHORT) == Received(Reception.SILENCE)
    adapter.deactivate()


def test_deactivate_may_come_twice_and_forgets_what_was_left(meter: Meter) -> None:
    adapter = SerialLine(url=meter.url)
    adapter.activate()
    meter.say(encode_line(0, b"a") + encode_line(0, b"b"))
    adapter.receive(LONG)
    adapter.deactivate()
    adapter.deactivate()
    adapter.activate()
    assert adapter.receive(0) == Received(Reception.SILENCE)
    adapter.deactivate()


@pytest.mark.parametrize(("options", "what"), [
    ({"url": ""}, "url"), ({"url": 3}, "url"), ({"url": "carrier-pigeon://x"}, "pigeon"),
    ({"url": "loop://", "baud": 0}, "baud"), ({"url": "loop://", "baud": "fast"}, "baud"),
    ({"url": "loop://", "write_timeout_s": True}, "write_timeout_s"),
])
def test_a_wrong_option_is_named(options: dict[str, object], what: str) -> None:
    with pytest.raises(RigError, match=what):
        SerialLine(**options)  # type: ignore[arg-type]


class Server:
    """A TCP peer that takes one connection on a port of the system's choice."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listening.getsockname()[1]}"

    def accept(self) -> socket.socket:
        return self._listening.accept()[0]

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def server() -> Iterator[Server]:
    listening = Server()
    yield listening
    listening.close()


def test_a_socket_carries_lines_both_ways(server: Server) -> None:
    adapter = SerialLine(url=server.url)
    adapter.activate()
    with server.accept() as peer:
        adapter.send(b"\x01")
        assert peer.recv(100) == b"GBCS:DATA#0:1:01\r\n"
        peer.sendall(encode_line(0, bytes(2000)))
        assert adapter.receive(LONG) == Received(Reception.MESSAGE, bytes(2000))
        assert adapter.receive(SHORT) == Received(Reception.SILENCE)
    adapter.deactivate()


@pytest.mark.parametrize("said", [b"", b"GBCS:DATA#0:4:D"])
def test_a_socket_that_hangs_up_is_a_dropped_line(server: Server, said: bytes) -> None:
    adapter = SerialLine(url=server.url)
    adapter.activate()
    with server.accept() as peer:
        peer.sendall(said)
    assert adapter.receive(LONG) == Received(Reception.CLOSED, said)
    with pytest.raises(LinkError):
        adapter.receive(LONG)
    adapter.deactivate()


def test_a_socket_nobody_listens_on_is_an_error(server: Server) -> None:
    server.close()
    with pytest.raises(LinkError, match="cannot be opened"):
        SerialLine(url=server.url).activate()
