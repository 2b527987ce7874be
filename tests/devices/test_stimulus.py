"""The stimulus channel: loopback only, one reply for each request, never a hang."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from bench.errors import LinkError, NotTestableHere, RemoteProtocolError, RigError
from devices.adapters.stimulus import Stimulus
from devices.adapters.stimulus_channel import (
    MAX_LINE,
    NOT_TESTABLE,
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from devices.ports import PORTS

SHORT = 0.05


class Emulator:
    """The emulator's end: answers each request line with the next of its replies."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.replies: list[bytes | None] = []  # None hangs up
        self.requests: list[Request] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        try:
            peer, _ = self._listening.accept()
        except OSError:
            return
        with peer, peer.makefile("rb") as lines:
            for line in lines:
                self.requests.append(decode_request(line))
                if not self.replies:
                    continue
                reply = self.replies.pop(0)
                if reply is None:
                    return
                peer.sendall(reply)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    end = Emulator()
    yield end
    end.close()


@pytest.fixture
def stimulus(emulator: Emulator) -> Iterator[Stimulus]:
    adapter = Stimulus(address=emulator.address)
    adapter.activate()
    yield adapter
    adapter.deactivate()


def test_it_serves_five_ports_and_says_that_it_is_emulated() -> None:
    adapter = Stimulus(address="localhost:1")
    assert set(adapter.provides) == set(PORTS) - {"gbcs", "dlms"}
    assert all(isinstance(adapter, PORTS[port]) for port in adapter.provides)
    assert adapter.emulated


CALLS: list[tuple[Callable[[Stimulus], object], Request]] = [
    (lambda s: s.advance(60), Request("time", "advance", {"seconds": 60})),
    (lambda s: s.shift_reference(-11), Request("time", "shift_reference", {"seconds": -11})),
    (lambda s: s.synchronise(), Request("time", "synchronise")),
    (lambda s: s.set(active_import_w=1000), Request(
        "load", "set", {"active_import_w": 1000, "active_export_w": 0,
                        "reactive_import_var": 0, "reactive_export_var": 0})),
    (lambda s: s.set_voltage(253), Request("mains", "set_voltage", {"volts": 253})),
    (lambda s: s.off(), Request("mains", "off")),
    (lambda s: s.on(), Request("mains", "on")),
    (lambda s: s.press("supply_on"), Request("controls", "press", {"control": "supply_on"})),
    (lambda s: s.apply("meter_cover"),
     Request("tamper", "apply", {"interference": "meter_cover"})),
    (lambda s: s.clear("meter_cover"),
     Request("tamper", "clear", {"interference": "meter_cover"})),
]


@pytest.mark.parametrize(("call", "request_line"), CALLS)
def test_a_call_crosses_as_port_method_and_arguments(
    emulator: Emulator, stimulus: Stimulus, call: Callable[[Stimulus], object],
    request_line: Request,
) -> None:
    emulator.replies = [encode_reply(Reply())]
    call(stimulus)
    assert emulator.requests == [request_line]


def test_results_come_back_in_the_port_s_own_types(
    emulator: Emulator, stimulus: Stimulus
) -> None:
    energy = {"active_import_wh": 5, "active_export_wh": 0, "reactive_import_varh": 0.5,
              "reactive_export_varh": 0}
    emulator.replies = [encode_reply(Reply(value)) for value in (
        "2026-03-29T01:00:00+00:00", energy, "open")]
    assert stimulus.now() == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert stimulus.energy() == energy
    assert stimulus.contactor() == "open"


def test_a_means_the_emulator_lacks_is_not_testable_here(
    emulator: Emulator, stimulus: Stimulus
) -> None:
    emulator.replies = [encode_reply(Reply(error="no battery cover", kind=NOT_TESTABLE)),
                        encode_reply(Reply())]
    with pytest.raises(NotTestableHere, match=r"tamper\.apply: no battery cover"):
        stimulus.apply("battery_cover")
    stimulus.on()  # the channel is still sound
    assert stimulus.failure is None


@pytest.mark.parametrize("reply", [
    encode_reply(Reply(error="broke")), b"{}\n", b"not JSON\n", b"[]\n", b"\xff\xfe\n",
    b'{"result": 1, "error": "x"}\n', b'{"result": 1, "more": 2}\n', b'{"error": ""}\n',
    b'{"error": "x", "kind": "else"}\n', b"x" * (MAX_LINE + 2), None,
])
def test_a_broken_channel_is_remembered(
    emulator: Emulator, stimulus: Stimulus, reply: bytes | None
) -> None:
    emulator.replies = [reply]
    with pytest.raises(LinkError) as first:
        stimulus.on()
    with pytest.raises(LinkError) as second:
        stimulus.off()
    assert first.value is second.value is stimulus.failure
    assert [request.method for request in emulator.requests] == ["on"]


@pytest.mark.parametrize(("call", "result"), [
    (Stimulus.now, "yesterday"), (Stimulus.now, 5), (Stimulus.now, "2026-01-01T00:00:00"),
    (Stimulus.now, "2026-01-01T00:00:00+01:00"), (Stimulus.contactor, "ajar"),
    (Stimulus.energy, {"active_import_wh": 1}), (Stimulus.energy, None),
])
def test_a_result_of_the_wrong_form_is_an_error(
    emulator: Emulator, stimulus: Stimulus, call: Callable[[Stimulus], object], result: object
) -> None:
    emulator.replies = [encode_reply(Reply(result))]
    with pytest.raises(LinkError, match="expected"):
        call(stimulus)


def test_an_emulator_that_never_replies_does_not_hang(emulator: Emulator) -> None:
    adapter = Stimulus(address=emulator.address, timeout_s=SHORT)
    adapter.activate()
    began = time.monotonic()
    with pytest.raises(LinkError, match=r"no reply within 0\.05 s"):
        adapter.on()
    assert time.monotonic() - began < 2
    adapter.deactivate()


def test_an_absent_emulator_is_an_error(emulator: Emulator) -> None:
    emulator.close()
    with pytest.raises(LinkError, match=emulator.address):
        Stimulus(address=emulator.address).activate()
    emulator.close = lambda: None  # type: ignore[method-assign]


def test_an_adapter_that_is_not_active_says_so() -> None:
    with pytest.raises(LinkError, match="not active"):
        Stimulus(address="127.0.0.1:1").on()


@pytest.mark.parametrize("address", [
    "192.0.2.1:4000", "0.0.0.0:4000", "example.org:4000", "127.0.0.1", "127.0.0.1:0",
    "127.0.0.1:70000", "127.0.0.1:x", ":4000", "[2001:db8::1]:4000", 4000, "",
])
def test_nothing_but_loopback_is_accepted(address: str) -> None:
    with pytest.raises(RigError, match="expected HOST:PORT on loopback"):
        Stimulus(address=address)


@pytest.mark.parametrize("address", ["127.0.0.1:4000", "127.9.9.9:1", "[::1]:4000"])
def test_loopback_is_accepted(address: str) -> None:
    Stimulus(address=address)


def test_requests_and_replies_are_one_line_each() -> None:
    request = Request("tamper", "apply", {"interference": "a\nb"})
    assert encode_request(request).count(b"\n") == 1
    assert decode_request(encode_request(request)) == request
    for reply in (Reply(None), Reply({"a": 1.5}), Reply(error="e\n", kind=NOT_TESTABLE)):
        assert encode_reply(reply).count(b"\n") == 1
        assert decode_reply(encode_reply(reply)) == reply


@pytest.mark.parametrize("value", [
    {}, {"port": "time"}, {"port": 1, "method": "now"}, {"port": "time", "method": "now", "x": 1},
    {"port": "time", "method": "now", "arguments": []}, "text",
])
def test_a_wrong_request_is_the_other_side_s_fault(value: object) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_request(json.dumps(value).encode())
