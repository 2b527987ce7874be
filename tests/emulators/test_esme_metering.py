"""Registers, half-hour profiles, daily logs, maximum demand (R-MET-01..06, R-MET-10, R-MET-11)."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

import pytest
from remote_parties import START, Correspondence

from bench.errors import RigError
from devices.emulators.esme.load import Flow
from devices.emulators.gbcs import instants

HOUR = 3600
IMPORT, EXPORT = "7/0-0:99.1.0.255/a2", "7/0-0:99.1.1.255/a2"


def stamp(moment: datetime) -> int:
    return int(instants.from_datetime(moment))


def test_registers_count_what_flows(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1000, 200, 50, 25))
    meter.meter.advance(2 * HOUR)
    assert meter.send("ECS17b").value == [2000, [0, 30], 100, [0, 32]]
    exported = meter.send("ECS17a", "network_operator").values
    assert (exported["3/1-0:2.8.0.255/a2"], exported["3/1-0:4.8.0.255/a2"]) == (400, 50)
    assert meter.meter.energy() == pytest.approx(
        {"active_import": 2000, "active_export": 400, "reactive_import": 100,
         "reactive_export": 50})


def test_registers_keep_their_values_over_an_outage(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1000))
    meter.meter.advance(HOUR)
    meter.meter.mains_off()
    meter.meter.advance(HOUR)
    meter.meter.mains_on()
    assert meter.send("ECS17b").value[0] == 1000


def test_nothing_flows_while_the_supply_is_disabled(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1000))
    meter.send("ECS43")
    meter.meter.advance(HOUR)
    assert meter.send("ECS17b").value[0] == 0
    assert meter.meter.energy()["active_import"] == 0


def test_the_time_of_use_register_adds_up_to_the_import_register(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1234))
    meter.meter.advance(5 * HOUR)
    (registers,) = meter.send("ECS17d").value
    assert sum(registers) == meter.send("ECS17b").value[0] == 6170


def test_a_half_hour_is_stamped_with_its_end(meter: Correspondence) -> None:
    meter.meter.advance(HOUR)
    meter.meter.set_load(Flow(600))
    meter.meter.advance(HOUR / 2)
    meter.meter.set_load(Flow())
    meter.meter.advance(HOUR)
    entries = meter.send("ECS22b").value
    expected = [(30, 0), (60, 0), (90, 300), (120, 0), (150, 0)]
    assert entries == [[stamp(START + timedelta(minutes=after)), used]
                       for after, used in expected]


def test_a_profile_is_read_by_range_with_both_ends(meter: Correspondence) -> None:
    meter.meter.advance(12 * HOUR)
    begin, end = START + timedelta(hours=2), START + timedelta(hours=3)
    stamps = [entry[0] for entry in meter.send("ECS22b", values={"from": begin, "to": end}).value]
    assert stamps == [stamp(begin), stamp(begin + timedelta(minutes=30)), stamp(end)]
    stamps = [entry[0] for entry in meter.send(
        "ECS22c", values={"from": begin, "to": end}).value]
    assert len(stamps) == 3


def test_397_days_with_a_changing_load_take_little_time_and_fill_the_profile(
    meter: Correspondence,
) -> None:
    began = time.perf_counter()
    for day in range(400):
        meter.meter.set_load(Flow(active_import=100 + 10 * (day % 50), active_export=day % 7))
        meter.meter.advance(86_400)
    assert time.perf_counter() - began < 5
    logs = meter.meter.logs
    assert len(logs["profile_import"]) == 19_056
    assert len(logs["profile_export"]) == len(logs["profile_reactive"]) == 4_464
    assert len(logs["daily_import"]) == len(logs["daily_export"]) == 31
    assert len(logs["daily_prepayment"]) == 31
    stamps = [entry[0] for entry in logs["profile_import"].read(0, instants.LAST)]
    assert {later - earlier for earlier, later in itertools.pairwise(stamps)} == {1800}
    assert {entry % 1800 for entry in stamps} == {0}
    assert stamps[-1] == stamp(START + timedelta(days=400))


def test_the_whole_profile_can_be_read_in_parts(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(500))
    meter.meter.advance(400 * 86_400)
    end = START + timedelta(days=400)
    found = 0
    for part in range(4):
        begin = end - timedelta(days=100)
        found += len(meter.send("ECS22b", values={
            "from": begin + timedelta(seconds=1), "to": end}).value)
        end = begin
        assert part < 4
    assert found == 19_056


def test_daily_logs_are_taken_at_midnight(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1000, 100))
    meter.meter.advance(40 * HOUR)  # 09:00 to 01:00, over two midnights
    midnights = [stamp(datetime(2026, 2, 28, tzinfo=UTC)), stamp(datetime(2026, 3, 1, tzinfo=UTC))]
    daily = meter.send("ECS21a").value
    assert [entry[:2] for entry in daily] == [[midnights[0], 15_000], [midnights[1], 39_000]]
    assert meter.send("ECS66").value == [[midnights[0], 15_000], [midnights[1], 24_000]]
    exported = meter.send("ECS21c", "access_control_broker").value
    assert exported == [[midnights[0], 1_500], [midnights[1], 3_900]]


def test_the_prepayment_daily_log_has_its_amounts_in_order(meter: Correspondence) -> None:
    meter.send("ECS04a", values={"amount": 70})
    meter.send("ECS07", values={
        "113/0-0:19.20.1.255/m4": 1, "113/0-0:19.20.2.255/m4": 2, "113/0-0:19.20.3.255/m4": 3})
    meter.send("ECS09")
    meter.meter.advance(86_400)
    (entry,) = meter.send("ECS21b").value
    assert entry[1:] == [500_000, 70, 3, 1, 2, 0]  # emergency credit, balance, debts


def test_maximum_demand_is_the_greatest_half_hour(meter: Correspondence) -> None:
    for watts in (500, 3000, 700):
        meter.meter.set_load(Flow(watts))
        meter.meter.advance(HOUR / 2)
    values = meter.send("ECS18b").values
    assert values["4/1-0:1.6.0.255/a2"] == 3000
    assert values["4/1-0:1.6.0.255/a5"] == "07EA021BFF0A0000008000FF"
    meter.send("ECS57", "network_operator")
    values = meter.send("ECS18b").values
    assert values["4/1-0:1.6.0.255/a2"] == 0
    assert values["1/0-0:94.44.5.1/a2"] == "07EA021BFF0A1E00008000FF"


def test_the_configurable_demand_looks_at_its_period_only(meter: Correspondence) -> None:
    entry = {"index": 1, "script_selector": 1, "switch_time": "0A0000FF"}  # from 10:00
    until = {"index": 2, "script_selector": 2, "switch_time": "0B0000FF"}  # to 11:00
    assert meter.send("ECS37", "network_operator",
                      {"10/0-0:12.0.0.255/a2": [entry, until]}).codes == (0,)
    for watts in (9000, 9000, 500, 700, 9000):
        meter.meter.set_load(Flow(watts))
        meter.meter.advance(HOUR / 2)
    assert meter.send("ECS18b").values["4/1-0:1.6.1.255/a2"] == 700


def test_a_change_of_payment_mode_or_tariff_is_in_the_billing_log(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1000))
    meter.meter.advance(HOUR)
    meter.send("ECS02")
    meter.meter.advance(HOUR)
    meter.send("ECS01a")
    entries = meter.send("ECS20b").value
    assert [entry[1] for entry in entries] == [1000, 2000]
    assert len(entries[0]) == 13


def test_the_present_power_is_read(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(2345))
    assert meter.send("ECS17c").value == [2345, [0, 27], 2345]


def test_a_daily_shape_scales_the_load(correspond: object) -> None:
    shape = (1.0,) * 20 + (2.0,) * 28  # from 10:00 on
    meter = correspond(load_shape=shape)  # type: ignore[operator]
    meter.meter.set_load(Flow(1000))
    meter.meter.advance(2 * HOUR)
    assert meter.send("ECS17b").value[0] == 3000


def test_setting_the_clock_forward_leaves_no_half_hour_out(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(1000))
    meter.meter.advance(900)
    meter.meter.shift_reference(2 * HOUR)
    meter.set_clock()
    meter.meter.advance(HOUR)
    entries = meter.send("ECS22b").value
    stamps = [entry[0] for entry in entries]
    assert {later - earlier for earlier, later in itertools.pairwise(stamps)} == {1800}
    assert sum(entry[1] for entry in entries) <= meter.send("ECS17b").value[0]


def test_time_cannot_go_back_and_load_cannot_be_negative(meter: Correspondence) -> None:
    for seconds in (-1, float("nan"), float("inf"), 1e12):
        with pytest.raises(RigError):
            meter.meter.advance(seconds)
    with pytest.raises(RigError):
        Flow(active_import=-1)
