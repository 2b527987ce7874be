"""Outages, voltage monitors and physical interference (R-VOL, R-SEC-13, R-SUP-04)."""

from __future__ import annotations

import pytest
from remote_parties import START, Correspondence

from bench.errors import NotTestableHere, RigError

NO = "network_operator"


@pytest.mark.parametrize(("seconds", "code"), [(1, 0x8F35), (179, 0x8F35), (180, 0x8F36),
                                               (86_400, 0x8F36)])
def test_an_outage_is_announced_on_restoration_with_its_times(
    meter: Correspondence, seconds: int, code: int,
) -> None:
    from bench.protocols.cosem import date_time
    from devices.emulators.gbcs import instants
    meter.meter.mains_off()
    meter.meter.advance(seconds)
    assert meter.drained() == []
    meter.meter.mains_on()
    (alert,) = meter.drained()
    begin, end = (date_time.decode(octets).as_datetime() for octets in alert.content)
    assert (alert.code, alert.message_code, alert.to) == (code, 0x0067, NO)
    assert begin == START
    assert (end - begin).total_seconds() == seconds
    assert alert.accepted
    stamp = int(instants.from_datetime(START))
    assert meter.log("power") == [[stamp, 0x8F57, 0], [stamp + seconds, code, seconds]]


def test_extreme_over_voltage_is_announced_once_and_the_supply_stays(
    meter: Correspondence,
) -> None:
    meter.meter.set_voltage(300)
    meter.meter.advance(29)
    assert meter.drained() == []
    meter.meter.advance(1)
    assert [alert.code for alert in meter.drained()] == [0x8020, 0x8024]
    meter.meter.advance(600)
    assert meter.drained() == []
    assert meter.supply_state() == 1
    meter.meter.set_voltage(230)
    meter.meter.advance(30)
    assert [alert.code for alert in meter.drained()] == [0x808D, 0x8091]
    assert meter.codes("power") == [0x8020, 0x8024, 0x808D, 0x8091]


def test_a_short_excursion_raises_nothing(meter: Correspondence) -> None:
    meter.meter.set_voltage(100)
    meter.meter.advance(20)
    meter.meter.set_voltage(230)
    meter.meter.advance(600)
    assert meter.drained() == []


def test_a_period_of_zero_turns_a_monitor_off(meter: Correspondence) -> None:
    values = {"71/0-0:17.0.1.255/a4": 287, "71/0-0:17.0.1.255/a6": 0,
              "71/0-0:17.0.4.255/a4": 253, "71/0-0:17.0.4.255/a6": 30,
              "71/0-0:17.0.2.255/a4": 180, "71/0-0:17.0.3.255/a4": 216,
              "1/1-0:32.35.0.4/a2": 264, "1/1-0:32.31.0.4/a2": 200}
    assert meter.send("ECS29a", NO, values).codes == (0,) * 13
    meter.meter.set_voltage(300)
    meter.meter.advance(100)
    assert [alert.code for alert in meter.drained()] == [0x8024]


def test_the_average_voltage_is_compared_at_the_end_of_its_period(meter: Correspondence) -> None:
    meter.meter.set_voltage(270)
    meter.meter.advance(1799)
    assert 0x8002 not in [alert.code for alert in meter.drained()]
    meter.meter.advance(1)
    assert [alert.code for alert in meter.drained()] == [0x8002]
    assert meter.send("ECS23").values["3/1-0:32.36.0.4/a2"] == 1
    meter.meter.set_voltage(230)
    meter.meter.advance(1800)
    assert 0x8085 in [alert.code for alert in meter.drained()]
    assert [entry[1] for entry in meter.send("ECS23").values["7/1-0:32.24.0.255/a2"]] == [270, 230]


TAMPERS = [("meter_cover", 0x8F74, 0x81B9), ("terminal_cover", 0x8F76, 0x81C1),
           ("battery_cover", 0x8F73, 0x81A1), ("magnetic_field", 0x8F75, 0x81BC)]


@pytest.mark.parametrize(("interference", "begins", "ends"), TAMPERS)
def test_interference_is_logged_and_announced(
    meter: Correspondence, interference: str, begins: int, ends: int,
) -> None:
    meter.meter.interfere(interference)
    meter.meter.interfere(interference)
    assert {alert.code for alert in meter.drained()} == {begins}
    assert meter.codes("security") == [begins]
    assert meter.supply_state() == 1
    meter.meter.end_interference(interference)
    assert [(alert.code, alert.to) for alert in meter.drained()] == [(ends, "supplier")]
    assert meter.codes("event") == ([ends] if ends != 0x81B9 else [])


def test_interference_disables_the_supply_when_the_tamper_state_is_locked(
    meter: Correspondence,
) -> None:
    assert meter.send("ECS81", values={"locked": True}).codes == (0,)
    assert meter.send("ECS26m").values["1/0-0:94.44.0.4/a2"] is True
    meter.meter.interfere("meter_cover")
    assert 0x81BE in [alert.code for alert in meter.drained()]
    assert meter.supply_state() == 0
    meter.meter.press("supply_on")
    assert meter.supply_state() == 0
    meter.send("ECS42")
    assert meter.supply_state() == 1


def test_what_the_meter_cannot_notice_is_said_to_be_so(meter: Correspondence) -> None:
    for ask in (lambda: meter.meter.interfere("tilt"), lambda: meter.meter.press("menu")):
        with pytest.raises(NotTestableHere):
            ask()
    with pytest.raises(RigError):
        meter.meter.set_voltage(-1)
