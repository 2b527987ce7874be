"""An adapter's name may mean another class on each port: the entry point says which."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bench.errors import RigError
from devices import binding, rig
from devices.ports import Arrival, Arrived, Dlms
from devices.profile import load_profile
from devices.rig import load_rig, open_rig

TEXT = "rig: two lines\nserves: esme\nlink: hdlc\nlaunch: {emulator: esme}\nports:\n"


class Line:
    """A line of octets that nothing comes from."""

    provides = ("dlms",)
    emulated = True
    framing = "hdlc"

    def __init__(self, *, url: str) -> None:
        self.url = url

    def activate(self) -> None: ...

    def deactivate(self) -> None: ...

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def send(self, octets: bytes) -> None: ...

    def receive(self, timeout: float) -> Arrived:
        return Arrived(b"", 0.0, Arrival.SILENCE)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {entry.name: entry for entry in (
        EntryPoint(name, value, binding.GROUP) for name, value in (
            ("serial", "devices.adapters.serial_line:SerialLine"),
            ("wait", "devices.adapters.wait:Wait"),
            ("dlms.serial", f"{__name__}:Line"), ("dlms.optical", f"{__name__}:Line")))}
    monkeypatch.setattr(binding, "adapters", lambda: found)
    monkeypatch.setattr(rig, "adapters", lambda: found)


def written(tmp_path: Path, ports: str) -> Path:
    path = tmp_path / "rig.yaml"
    path.write_text(TEXT + ports, encoding="utf-8")
    return path


def test_one_name_means_the_line_of_each_port_s_own_protocol(tmp_path: Path) -> None:
    declared = load_rig(written(
        tmp_path, "  gbcs: {adapter: serial, url: loop}\n  dlms: {adapter: serial, url: loop}\n"))
    assert {port: bound.entry for port, bound in declared.ports.items()} == {
        "gbcs": "serial", "dlms": "dlms.serial"}
    described = declared.describe()["ports"]
    assert isinstance(described, dict)
    assert described["dlms"] == {"adapter": "serial", "url": "loop"}


def test_equal_options_on_two_ports_make_two_lines_where_the_classes_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One instance for both would have the methods of one port only."""
    monkeypatch.setattr("devices.adapters.serial_line.SerialLine.activate", lambda _: None)
    path = written(tmp_path, "  gbcs: {adapter: serial, url: loop}\n"
                             "  dlms: {adapter: serial, url: loop}\n").read_text("utf-8")
    place = tmp_path / "bare.yaml"
    place.write_text(path.replace("launch: {emulator: esme}\n", "emulated: true\n"), "utf-8")
    keys = tmp_path / "keys"
    keys.mkdir()
    text = Path(load_profile("devices/profiles/emulated-esme.yaml").path).read_text("utf-8")
    meter = tmp_path / "meter.yaml"
    meter.write_text(text + "  keys: keys\n", "utf-8")
    with open_rig(load_rig(place), load_profile(meter)) as opened:
        assert isinstance(opened.port("dlms"), Dlms)
        assert opened.port("dlms") is not opened.port("gbcs")
        assert set(opened.describe()) == {"serial", "dlms.serial"}


@pytest.mark.parametrize(("ports", "told"), [
    ("  gbcs: {adapter: optical, url: x}\n", "expected an adapter out of serial, wait, found"),
    ("  dlms: {adapter: seriel, url: x}\n", "out of optical, serial, wait, found.*mean serial"),
    ("  dlms: {adapter: dlms.serial, url: x}\n", "expected an adapter out of .*mean serial"),
    ("  dlms: {adapter: wait}\n", "expected an adapter for this port, found wait, which serves ti"),
    ("  dlms: {adapter: serial}\n", "expected the option url of serial, found none"),
])
def test_a_name_is_looked_for_among_those_of_its_port(
    tmp_path: Path, ports: str, told: str
) -> None:
    with pytest.raises(RigError, match=told):
        load_rig(written(tmp_path, ports))
