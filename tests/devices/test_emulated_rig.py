"""The rig that ships with the bench opens from any folder, with the emulator as its device."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.errors import LinkError
from bench.runner.station import Station
from devices import launch as launching
from devices.device_types import DEVICE_TYPES
from devices.launch import EMULATORS
from devices.ports import PORTS, Reception
from devices.profile import load_profile
from devices.rig import load_rig, open_rig

LINES = ["tcp"] if sys.platform == "win32" else ["tcp", "pty"]


@pytest.mark.parametrize("line", LINES)
def test_the_emulated_rig_works_from_an_empty_folder(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = load_rig("devices/rigs/emulated-esme.yaml").path.read_text("utf-8")
    (tmp_path / "rig.yaml").write_text(text.replace("seed: 1", f"line: {line}\n  seed: 1"))
    profile = load_profile("devices/profiles/emulated-esme.yaml")
    with open_rig(load_rig("rig.yaml"), profile) as rig:
        assert rig.emulated
        assert all(isinstance(rig.ports[name], kind) for name, kind in PORTS.items()
                   if name != "dlms")
        before = rig.ports["time"].now()
        rig.ports["load"].set(active_import_w=1000)
        rig.ports["time"].advance(3600)
        assert (rig.ports["time"].now() - before).total_seconds() == 3600
        assert rig.ports["load"].energy()["active_import_wh"] == pytest.approx(1000)
        rig.ports["tamper"].apply("meter_cover")
        assert rig.ports["gbcs"].receive(10).reception is Reception.MESSAGE  # its alert
    assert list(tmp_path.iterdir()) == [tmp_path / "rig.yaml"]


@pytest.mark.parametrize("kind", [kind for kind in EMULATORS if DEVICE_TYPES[kind].gbcs])
def test_each_emulated_device_says_which_firmware_it_runs(kind: str) -> None:
    profile = load_profile(f"devices/profiles/emulated-{kind}.yaml")
    station = Station(profile, load_rig(f"devices/rigs/emulated-{kind}.yaml"),
                      lambda: datetime.now(UTC))
    try:
        identity = station._open()
        assert (station.refusal, identity and identity.firmware_version) == (None, "00000001")
    finally:
        station.close()


@pytest.mark.parametrize("name", DEVICE_TYPES["dlms-meter"].rigs)
def test_the_emulated_dlms_meter_says_on_each_rig_which_firmware_it_runs(name: str) -> None:
    if sys.platform == "win32" and name in ("dlms-hdlc", "dlms-mode-e"):
        pytest.skip("a pseudo-terminal")
    profile = load_profile("devices/profiles/emulated-dlms-meter.yaml")
    station = Station(profile, load_rig(f"devices/rigs/emulated-{name}.yaml"),
                      lambda: datetime.now(UTC))
    try:
        identity = station._open()
        assert (station.refusal, identity and identity.firmware_version) == (
            None, profile.ixit["dlms"]["firmware"]["octets"])
        disclosed, events = station.disclose()
        assert disclosed.failures == ()
        assert len(disclosed.tables["disclosed_attributes"]) > 300
        assert [event.kind for event in events] == ["disclosure"]
        assert events[0].data["frames"]
    finally:
        station.close()


def test_an_emulator_that_dies_is_a_dropped_line_and_then_an_error(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[subprocess.Popen[str]] = []
    start = subprocess.Popen

    def started(*command: Any, **options: Any) -> subprocess.Popen[str]:
        children.append(start(*command, **options))
        return children[-1]

    monkeypatch.setattr(launching.subprocess, "Popen", started)
    with open_rig(load_rig("devices/rigs/emulated-esme.yaml"),
                  load_profile("devices/profiles/emulated-esme.yaml")) as rig:
        children[0].kill()
        assert rig.ports["gbcs"].receive(10).reception is Reception.CLOSED
        with pytest.raises(LinkError, match="dropped it"):
            rig.ports["gbcs"].send(b"x")
        with pytest.raises(LinkError, match="stimulus channel"):
            rig.ports["time"].now()
        assert rig.ports["gbcs"].failure is not None
        assert rig.ports["time"].failure is not None
