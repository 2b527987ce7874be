"""A device is asked what it is over the port of its protocol; GBCS is asked of no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from dlms_line import write_meter

from bench.errors import LinkError
from bench.plan import load_plans
from bench.records.event import Event
from bench.runner import identities
from bench.runner.clock import utc_now
from bench.runner.engine import DECLARATION, LINK
from bench.runner.station import Station
from bench.steps.context import Context
from bench.steps.identity import Identity
from devices import binding, rig
from devices.profile import load_profile
from devices.rig import load_rig

CASE = """\
group: LINE
title: One case
device: dlms-meter
cases:
  - id: LINE-001
    purpose: The time of the rig is read
    verifies: [DLMS/BasicCap_1]
    ports: [time]
    steps:
      - read_reference:
        expect: reference > 0
"""
FIRMWARE = b"1.0.0".hex().upper()


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {**binding.adapters(), "dlms.silent": EntryPoint(
        "dlms.silent", "dlms_line:Line", binding.GROUP)}
    monkeypatch.setattr(binding, "adapters", lambda: found)
    monkeypatch.setattr(rig, "adapters", lambda: found)


def answered(monkeypatch: pytest.MonkeyPatch, read: Callable[[Context], Identity]) -> None:
    monkeypatch.setattr(identities, "IDENTITIES", {
        **identities.IDENTITIES,
        identities.DLMS: replace(identities.IDENTITIES[identities.DLMS], read=read)})


def ran(folder: Path, rig_text: str = "") -> tuple[list[Event], Station]:
    profile, rig_file = write_meter(folder, rig_text)
    plan = folder / "plan.yaml"
    plan.write_text(CASE, "utf-8")
    (case,) = load_plans([plan])
    station = Station(load_profile(profile), load_rig(rig_file), utc_now)
    try:
        return list(station.run(case, 1)), station
    finally:
        station.close()


def test_the_object_that_the_profile_names_says_which_firmware_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Context] = []

    def read(context: Context) -> Identity:
        seen.append(context)
        return Identity(FIRMWARE, "answered", ())

    answered(monkeypatch, read)
    events, station = ran(tmp_path)
    assert station.refusal is None
    assert [event.kind for event in events] == [
        "identity", "case-started", "observation", "case-ended"]
    assert events[0].data["declared"] == events[0].data["found"] == FIRMWARE
    (context,) = seen
    assert context.parties is None
    assert context.dlms_keys.of("hls").client.suite == 0


@pytest.mark.parametrize(("found", "cause", "told"), [
    ("FF", DECLARATION, f"declares {FIRMWARE}, the device says FF"),
    ("", LINK, r"does not state its firmware version \(silence after the read\): is it "
               r"SMB0000000000001, .* does public \(client 16, server 1\) read 1/1-0:0\.2\.0"),
])
def test_a_device_that_is_not_as_declared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str, cause: str, told: str
) -> None:
    answered(monkeypatch, lambda _: Identity(found, "silence", ()))
    events, station = ran(tmp_path)
    assert station.refusal is not None
    assert station.refusal.cause == cause
    assert re.search(told, station.refusal.reason), station.refusal.reason
    assert [event.kind for event in events] == [
        "identity", "case-started", "blocked", "case-ended"]


def test_a_broken_way_blocks_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_: Context) -> Identity:
        raise LinkError("the line is gone")

    answered(monkeypatch, read)
    _, station = ran(tmp_path)
    assert station.refusal is not None
    assert (station.refusal.reason, station.refusal.cause) == ("the line is gone", LINK)


def test_a_rig_without_the_port_of_its_protocol_is_refused(tmp_path: Path) -> None:
    _, station = ran(tmp_path, "rig: line\nserves: dlms-meter\nports:\n  time: {adapter: wait}\n")
    assert station.refusal is not None
    assert station.refusal.reason == ("rig line: expected the port dlms, over which a DLMS-METER "
                                      "is asked what it is; it has time")


def test_what_lasts_is_one_for_all_cases_of_an_open_rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counters of messages must go on rising from case to case."""
    answered(monkeypatch, lambda _: Identity(FIRMWARE, "answered", ()))
    profile, rig_file = write_meter(tmp_path)
    station = Station(load_profile(profile), load_rig(rig_file), utc_now)
    try:
        station._open()
        first, second = station._context(), station._context()
        assert first.lasting is second.lasting
        assert first.sent is not second.sent
    finally:
        station.close()


@pytest.mark.parametrize("broken", [False, True])
def test_what_lasts_is_ended_before_the_rig_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    """A meter behind an optical head would hear no sign-on of the next run."""
    answered(monkeypatch, lambda _: Identity(FIRMWARE, "answered", ()))
    profile, rig_file = write_meter(tmp_path)
    station = Station(load_profile(profile), load_rig(rig_file), utc_now)
    seen: list[bool] = []

    class Open:
        def hang_up(self) -> None:
            seen.append(station._rig is not None)
            if broken:
                raise LinkError("the line broke")

    station._open()
    station._context().lasting["line"] = Open()
    station.close()
    assert seen == [True]
    assert station._rig is None
