"""Event, security and power logs (R-LOG-01..05, R-LOG-07, R-NEW-08, R-NEW-25)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from remote_parties import START, Correspondence

from devices.emulators.esme.events import EVENTS


def test_update_commands_leave_an_entry_and_reads_do_not(meter: Correspondence) -> None:
    meter.send("ECS10")
    meter.send("ECS52")
    meter.send("ECS38", values={"limit": 1800})
    entries = meter.log("event")
    assert [entry[1:] for entry in entries] == [[0x8154, "0021"], [0x8155, "004B"]]


def test_a_full_event_log_loses_its_oldest_entries(meter: Correspondence) -> None:
    for second in range(130):
        meter.meter.advance(1 if second else 0)
        meter.send("ECS10")
    stamps = [entry[0] for entry in meter.log("event")]
    assert len(stamps) == 100
    assert stamps == list(range(stamps[0], stamps[0] + 100))
    assert stamps[-1] == int(meter.meter.clock.now)


def test_a_full_security_log_loses_its_oldest_entries(meter: Correspondence) -> None:
    for _ in range(60):
        meter.meter.interfere("meter_cover")
        meter.meter.end_interference("meter_cover")
        meter.meter.interfere("terminal_cover")
        meter.meter.end_interference("terminal_cover")
    codes = meter.codes("security")
    assert codes == [0x8F74, 0x8F76] * 50


def test_a_full_power_log_loses_its_oldest_entries(meter: Correspondence) -> None:
    for _ in range(60):
        meter.meter.mains_off()
        meter.meter.advance(10)
        meter.meter.mains_on()
    assert meter.codes("power") == [0x8F57, 0x8F35] * 50


def test_a_log_is_read_by_range(meter: Correspondence) -> None:
    for _ in range(5):
        meter.send("ECS10")
        meter.meter.advance(60)
    two_to_four = {"from": START + timedelta(seconds=60), "to": START + timedelta(seconds=180)}
    assert len(meter.log("event", **two_to_four)) == 3
    assert len(meter.log("event", **{"from": START + timedelta(seconds=61)})) == 3
    assert len(meter.log("event", to=START + timedelta(seconds=59))) == 1


def test_clearing_the_event_log_leaves_the_others_and_is_logged(meter: Correspondence) -> None:
    meter.send("ECS10")
    meter.meter.interfere("meter_cover")
    meter.meter.mains_off()
    meter.meter.mains_on()
    assert meter.send("ECS15a").codes == (0,)
    assert meter.log("event")[0][1:] == [0x8154, "0024"]
    assert len(meter.log("event")) == 1
    assert meter.codes("security") == [0x8F74, 0x8F52]
    assert meter.codes("power") == [0x8F57, 0x8F35]


def test_no_use_case_clears_the_security_or_power_log(meter: Correspondence) -> None:
    from bench.protocols.gbcs.use_cases import USE_CASES
    for case in USE_CASES.values():
        if case.id != "ECS15c":
            clears = {row.key for row in case.rows if row.key.startswith("7/")
                      and row.key.endswith("/m1")}
            assert clears <= {"7/0-0:99.98.0.255/m1"}


def test_all_bits_off_silence_noncritical_alerts_only(meter: Correspondence) -> None:
    off = "1" * 256 + "0" * 256
    assert meter.send("ECS25a", values={"1/0-30:97.98.11.255/a2": off}).codes == (0,)
    assert set(meter.send("ECS25r1").values["1/0-30:97.98.15.255/a2"]) == {"0"}
    meter.meter.interfere("terminal_cover")
    meter.meter.end_interference("terminal_cover")
    assert [alert.code for alert in meter.drained()] == [0x8F76, 0x8F76]
    assert 0x81C1 in meter.codes("event")


def test_a_mask_changes_only_the_bits_it_names(meter: Correspondence) -> None:
    value = "1" + "0" * 255 + "0" * 256
    meter.send("ECS25a", values={"1/0-30:97.98.11.255/a2": value})
    assert meter.send("ECS25r1").values["1/0-30:97.98.15.255/a2"] == "0" + "1" * 255


def test_events_go_where_the_manuals_say(shared: object) -> None:
    import json
    rows = json.loads((shared / "reference/event_table.json").read_text())["rows"]  # type: ignore[operator]
    printed = {int(row["code"], 16): row for row in rows}
    for code, rule in EVENTS.items():
        row = printed.get(code)
        if row is None:
            continue
        logs = [name for name, column in (("security", "security_log"), ("event", "event_log"),
                                          ("power", "power_event_log")) if row[column] == "Y"]
        if row["event_log"] is None:
            logs = [{"event": "event", "security": "security"}[row["honeywell_log"]]]
        assert [rule.log] == (logs or [""]), f"{code:04X}"
        assert bool(rule.to) == (row["wan_alert"] == "Y") or row["wan_alert"] is None, f"{code:04X}"


@pytest.mark.parametrize("name", ["event", "security", "power"])
def test_an_empty_log_is_an_empty_list(meter: Correspondence, name: str) -> None:
    assert meter.log(name) == []
