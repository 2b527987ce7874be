"""The meter as a process: text lines, the stimulus channel, and an end without orphans."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from remote_parties import Correspondence

from bench.errors import ProfileError, RigError
from devices.adapters.gfi_line import LineReader, encode_line
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import load_settings
from devices.emulators.gbcs.process import Server

on_posix = pytest.mark.skipif(os.name != "posix", reason="terminals and signals of POSIX")

WAIT = 10.0

HERE = ("-m", "bench.cli")
# The same command where what Windows lacks is missing: no terminals, a selector of sockets only,
# no os.read of a socket, and signals that do not interrupt the main thread.
AS_ON_WINDOWS = ("-c", """
import os, selectors, signal, socket, stat, sys, threading

sys.modules.update(dict.fromkeys(("fcntl", "pty", "termios", "tty")))
del os.openpty, os.ttyname, os.set_blocking
read = os.read

def read_no_socket(handle, most):
    assert not stat.S_ISSOCK(os.fstat(handle).st_mode), "os.read of a socket"
    return read(handle, most)

class SocketSelector(selectors.SelectSelector):
    def register(self, fileobj, events, data=None):
        assert isinstance(fileobj, socket.socket), fileobj
        return super().register(fileobj, events, data)

os.read, selectors.DefaultSelector = read_no_socket, SocketSelector
threading.Thread(target=threading.Event().wait, daemon=True).start()  # takes the signals
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

from bench.cli import main
main()
""")
SYSTEMS = pytest.mark.parametrize("program", [
    pytest.param(HERE, id="here"),
    pytest.param(AS_ON_WINDOWS, id="as on Windows", marks=on_posix)])


class Stimulus:
    """A client of the stimulus channel."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=WAIT)
        self.file = self.socket.makefile("rwb")

    def call(self, port: str, method: str, **arguments: Any) -> Any:
        return self.raw(json.dumps({"port": port, "method": method, "arguments": arguments}))

    def raw(self, line: str) -> Any:
        self.file.write(line.encode() + b"\n")
        self.file.flush()
        return json.loads(self.file.readline())

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class TcpLine:
    """A client of the line over TCP."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("socket://").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=WAIT)
        self.reader = LineReader()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def message(self) -> bytes:
        while True:
            for line in self.reader.feed(self.socket.recv(65_536)):
                assert line.message is not None
                return line.message

    def close(self) -> None:
        self.socket.close()


@contextmanager
def served(meter: Esme) -> Iterator[tuple[str, str]]:
    """Serve ``meter`` from a thread of this process; give the addresses."""
    with Server(meter) as server:
        line = server.listen("127.0.0.1", 0)
        stimulus = server.listen_stimulus("127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield line, stimulus
        finally:
            server.stop()
            thread.join(WAIT)


@pytest.fixture
def connected(meter: Correspondence) -> Iterator[tuple[Correspondence, TcpLine, Stimulus]]:
    with served(meter.meter) as (line, stimulus):
        ends = TcpLine(line), Stimulus(stimulus)
        yield meter, *ends
        for end in ends:
            end.close()


Connected = tuple[Correspondence, TcpLine, Stimulus]


def test_a_command_is_answered_over_the_line(connected: Connected) -> None:
    meter, line, _ = connected
    line.send(encode_line(0, meter.command("ECS52").encode()))
    answer = meter.read([line.message()], "ECS52")
    assert answer.accepted
    assert answer.value == "00000001"


def test_noise_and_half_a_line_do_not_stop_the_meter(connected: Connected) -> None:
    meter, line, _ = connected
    octets = encode_line(0, meter.command("ECS52").encode())
    line.send(b"\xff\x00 noise\r\nGBCS:DATA#0:3:AB\r\n" + octets[:50])
    line.send(octets[50:])
    assert meter.read([line.message()], "ECS52").codes == (0,)


def test_an_alert_is_on_the_line_before_its_stimulus_is_answered(connected: Connected) -> None:
    meter, line, stimulus = connected
    assert stimulus.call("tamper", "apply", interference="battery_cover") == {"result": None}
    line.socket.setblocking(False)
    octets = line.socket.recv(65_536)
    (heard,) = line.reader.feed(octets)
    assert meter.read([heard.message or b""]).alert_codes == [0x8F73]


def test_alerts_wait_for_somebody_on_the_line(meter: Correspondence) -> None:
    with served(meter.meter) as (line, stimulus):
        ends = [Stimulus(stimulus)]
        ends[0].call("tamper", "apply", interference="battery_cover")
        listener = TcpLine(line)
        assert meter.read([listener.message()]).alert_codes == [0x8F73]
        listener.close()
        ends[0].close()


def test_the_line_may_be_taken_again_after_it_was_dropped(meter: Correspondence) -> None:
    with served(meter.meter) as (url, _):
        for _ in range(3):
            line = TcpLine(url)
            line.send(encode_line(0, meter.command("ECS52").encode()))
            assert meter.read([line.message()]).codes == (0,)
            line.close()


def test_the_newest_party_has_the_line(meter: Correspondence) -> None:
    with served(meter.meter) as (url, _):
        first, second = TcpLine(url), TcpLine(url)
        assert first.socket.recv(1) == b""
        second.send(encode_line(0, meter.command("ECS52").encode()))
        assert meter.read([second.message()]).codes == (0,)
        first.close()
        second.close()


def test_every_stimulus_of_the_ports_is_taken(connected: Connected) -> None:
    _, _, stimulus = connected
    assert stimulus.call("time", "now") == {"result": "2026-02-27T09:00:00+00:00"}
    for port, method, arguments in (
            ("load", "set", {"active_import_w": 1200, "reactive_export_var": 10}),
            ("time", "advance", {"seconds": 1800}), ("time", "shift_reference", {"seconds": 2}),
            ("time", "synchronise", {}), ("mains", "set_voltage", {"volts": 240}),
            ("mains", "off", {}), ("mains", "on", {}), ("controls", "press",
                                                        {"control": "supply_on"}),
            ("tamper", "apply", {"interference": "meter_cover"}),
            ("tamper", "clear", {"interference": "meter_cover"})):
        assert stimulus.call(port, method, **arguments) == {"result": None}, method
    assert stimulus.call("time", "now") == {"result": "2026-02-27T09:30:02+00:00"}
    assert stimulus.call("controls", "contactor") == {"result": "closed"}
    energy = stimulus.call("load", "energy")["result"]
    assert energy["active_import_wh"] == pytest.approx(600)
    assert set(energy) == {"active_import_wh", "active_export_wh", "reactive_import_varh",
                           "reactive_export_varh"}
    assert stimulus.call("identity", "read")["result"]["entity_id"] == "0200000000E50001"


@pytest.mark.parametrize(("line", "kind"), [
    ('{"port": "time", "method": "rewind"}', "not testable here"),
    ('{"port": "tamper", "method": "apply", "arguments": {"interference": "tilt"}}',
     "not testable here"),
    ('{"port": "time", "method": "advance", "arguments": {"seconds": -1}}', "failed"),
    ('{"port": "time", "method": "advance", "arguments": {"seconds": "x"}}', "failed"),
    ('{"port": "time", "method": "advance", "arguments": {"hours": 1}}', "failed"),
    ('{"port": "load", "method": "set", "arguments": {"steam": 1}}', "failed"),
    ("no json", "failed"),
])
def test_a_wrong_stimulus_is_an_error_and_the_channel_lives(
    connected: Connected, line: str, kind: str,
) -> None:
    _, _, stimulus = connected
    reply = stimulus.raw(line)
    assert reply["error"]
    assert reply["kind"] == kind
    assert "result" in stimulus.call("time", "now")


def test_the_stimulus_channel_is_for_the_loopback_only(meter: Correspondence) -> None:
    with Server(meter.meter) as server, pytest.raises(RigError, match="loopback"):
        server.listen_stimulus("0.0.0.0", 0)


def test_an_address_that_is_taken_is_a_fault_of_the_rig(meter: Correspondence) -> None:
    with Server(meter.meter) as server:
        _, _, port = server.listen("127.0.0.1", 0).rpartition(":")
        with pytest.raises(RigError, match=f"cannot listen on 127.0.0.1:{port}"):
            server.listen_stimulus("127.0.0.1", int(port))


def test_a_stop_that_comes_too_late_is_no_fault(meter: Correspondence) -> None:
    with Server(meter.meter) as server:
        server.stop()
        server.run()
    server.stop()


def test_a_terminal_on_windows_is_refused_with_the_way_out(
    meter: Correspondence, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server(meter.meter) as server:
        monkeypatch.setattr(sys, "platform", "win32")
        with pytest.raises(RigError, match=r"--line COM3: .* use --listen HOST:PORT"):
            server.open_terminal("COM3")
        monkeypatch.undo()


@on_posix
def test_a_line_that_cannot_be_opened_is_a_fault_of_the_rig(
    meter: Correspondence, tmp_path: Path,
) -> None:
    with Server(meter.meter) as server, pytest.raises(RigError, match="absent"):
        server.open_terminal(str(tmp_path / "absent"))


@contextmanager
def process(folder: Path, *arguments: str, program: tuple[str, ...] = HERE) -> Iterator[
        tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Run the command; give the process and what it said first."""
    child = subprocess.Popen(
        [sys.executable, *program, "emulate", "esme", "--pki", str(folder), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    assert child.stderr
    try:
        yield child, json.loads(child.stdout.readline() or b"{}")
    finally:
        child.kill()
        child.wait(WAIT)
        for pipe in (child.stdin, child.stdout, child.stderr):
            pipe.close()


@SYSTEMS
def test_a_process_over_tcp_ends_when_its_parent_does(
    meter: Correspondence, keys_folder: Path, program: tuple[str, ...],
) -> None:
    with process(keys_folder, "--listen", "127.0.0.1:0", "--stimulus", "127.0.0.1:0",
                 "--defect", "wrong-firmware-version", "--parent-pipe",
                 program=program) as (child, addresses):
        line = TcpLine(addresses["line"])
        line.send(encode_line(0, meter.command("ECS52").encode()))
        assert meter.read([line.message()], "ECS52").value == "00000081"
        assert addresses["pid"] == child.pid
        assert addresses["stimulus"].startswith("127.0.0.1:")
        line.close()
        assert child.stdin
        child.stdin.close()
        assert child.wait(WAIT) == 0


@on_posix
@SYSTEMS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_on_a_signal_while_its_parent_lives(
    keys_folder: Path, program: tuple[str, ...], number: signal.Signals,
) -> None:
    with process(keys_folder, "--listen", "127.0.0.1:0", "--parent-pipe",
                 program=program) as (child, _):
        child.send_signal(number)
        assert child.wait(WAIT) == 0
        assert child.stderr
        assert child.stderr.read() == b""


@on_posix
def test_a_process_over_a_pseudo_terminal_ends_on_sigterm(
    meter: Correspondence, keys_folder: Path,
) -> None:
    import serial
    with process(keys_folder, "--line", "auto") as (child, addresses):
        with serial.Serial(addresses["line"], timeout=WAIT) as line:
            line.write(encode_line(0, meter.command("ECS45").encode()))
            (heard,) = LineReader().feed(line.read_until(b"\n"))
        assert meter.read([heard.message or b""], "ECS45").value == 1
        child.send_signal(signal.SIGTERM)
        assert child.wait(WAIT) == 0


@pytest.mark.parametrize("arguments", [
    (), ("--line", "auto", "--listen", "127.0.0.1:0"), ("--listen", "nowhere"),
    ("--listen", "127.0.0.1:0", "--defect", "no-such-defect"),
    ("--listen", "127.0.0.1:0", "--defect", "wan-provider-replaced-by-anybody"),
    ("--listen", "127.0.0.1:0", "--profile", "absent.yaml"),
    ("--listen", "127.0.0.1:0", "--stimulus", "0.0.0.0:0"),
])
def test_wrong_usage_ends_with_status_2(
    arguments: tuple[str, ...], keys_folder: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bench.cli import main
    monkeypatch.setattr(sys, "argv", ["smip-bench", "emulate", "esme", "--pki", str(keys_folder),
                                      *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "meter.yaml"
    path.write_text(text)
    return path


def test_a_profile_gives_the_identity(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, """
subject: {manufacturer_id: "1081", model: M7, firmware_version: "0A0B0C0D", maker: ignored}
emulator: {set_clock_once_a_day: false, malformed_burst: 5}
ics: {anything: true}
"""))
    assert (settings.manufacturer_id, settings.firmware_version) == ("1081", "0A0B0C0D")
    assert (settings.set_clock_once_a_day, settings.malformed_burst) == (False, 5)
    settings = load_settings(write(tmp_path, "ixit: {set_clock_once_in_24h: false}"))
    assert not settings.set_clock_once_a_day


def test_the_profile_that_ships_is_one() -> None:
    from bench.resources import ROOT
    load_settings(ROOT / "devices" / "profiles" / "emulated-esme.yaml")


@pytest.mark.parametrize("text", [
    "- a list", "subject: 5", "emulator: {sped: 1}", 'subject: {firmware_version: "01"}',
    'subject: {manufacturer_id: "WXYZ"}', "emulator: {load_shape: [1, 2]}", "{",
    "emulator: {supply: open}", "emulator: {supply: [armed]}",
])
def test_a_wrong_profile_is_named_with_its_file(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ProfileError, match=re.escape(str(path))):
        load_settings(path)


def test_a_run_of_the_meter_is_the_same_each_time(
    correspond: Callable[..., Correspondence],
) -> None:
    def story(meter: Correspondence) -> list[Any]:
        meter.meter.advance(7200)
        meter.send("ECS43")
        return [meter.log("event"), meter.send("ECS26c").values]
    assert story(correspond(seed=7)) == story(correspond(seed=7))
