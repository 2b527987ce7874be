"""The clock follows the hub within 10 s, and Set Clock takes the hub's time (R-CLK, R-NEW)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from remote_parties import START, Correspondence

RELIABLE, NOT_RELIABLE = 0, 2


@pytest.mark.parametrize("difference", [1, 9, 10, -10])
def test_a_small_difference_is_corrected_without_a_trace(
    meter: Correspondence, difference: float,
) -> None:
    meter.meter.shift_reference(difference)
    meter.meter.synchronise()
    assert meter.device_time() == START + timedelta(seconds=difference)
    assert meter.codes("event") == meter.codes("security") == []
    assert meter.drained() == []


@pytest.mark.parametrize("difference", [10.5, 11, -11, 3600])
def test_a_great_difference_is_refused_logged_and_alerted(
    meter: Correspondence, difference: float,
) -> None:
    meter.meter.shift_reference(difference)
    meter.meter.synchronise()
    assert meter.device_time() == START
    assert [alert.code for alert in meter.drained()] == [0x8F0C]
    assert meter.codes("security") == [0x8F0C]


def test_the_clock_synchronises_by_itself_within_the_hour(meter: Correspondence) -> None:
    meter.meter.shift_reference(4)
    meter.meter.advance(3600)
    assert meter.device_time() == START + timedelta(seconds=3604)


def test_a_lasting_difference_is_reported_once(meter: Correspondence) -> None:
    meter.meter.shift_reference(60)
    meter.meter.advance(86_400)
    assert [alert.code for alert in meter.drained()] == [0x8F0C]


def test_set_clock_takes_the_hubs_time_and_is_logged(meter: Correspondence) -> None:
    meter.meter.shift_reference(600)
    answer = meter.set_clock()
    assert answer.codes == (0,) * 5
    assert answer.values["8/0-0:1.0.0.255/a2"] == "07EA021BFF090A00008000FF"
    assert answer.values["8/0-0:1.0.0.255/a4"] == RELIABLE
    assert meter.device_time() == START + timedelta(seconds=600)
    assert meter.codes("event") == [0x8145, 0x8154]
    assert meter.drained() == []


@pytest.mark.parametrize(("begin", "end"), [(-120, -60), (60, 120)])
def test_set_clock_outside_its_interval_changes_nothing(
    meter: Correspondence, begin: float, end: float,
) -> None:
    meter.meter.shift_reference(600)
    answer = meter.set_clock(begin, end)
    assert answer.values["8/0-0:1.0.0.255/a4"] == NOT_RELIABLE
    assert answer.alert_codes == [0x8F0C]
    assert meter.device_time() == START
    assert meter.codes("security") == [0x8F0C]
    assert meter.codes("event") == [0x8155]


def test_the_status_is_reliable_again_after_a_synchronisation(meter: Correspondence) -> None:
    meter.set_clock(60, 120)
    meter.meter.synchronise()
    assert meter.meter.clock.status == RELIABLE


def test_a_second_set_clock_within_a_day_has_no_effect(meter: Correspondence) -> None:
    meter.set_clock()
    meter.meter.shift_reference(600)
    meter.set_clock()
    assert meter.device_time() == START
    meter.meter.advance(86_400)
    meter.set_clock()
    assert meter.device_time() == meter.now()


def test_a_meter_of_another_maker_sets_its_clock_as_often_as_told(
    correspond: Callable[..., Correspondence],
) -> None:
    meter = correspond(set_clock_once_a_day=False)
    meter.set_clock()
    meter.meter.shift_reference(600)
    meter.set_clock()
    assert meter.device_time() == START + timedelta(seconds=600)


def test_the_clock_runs_through_a_loss_of_mains(meter: Correspondence) -> None:
    meter.meter.mains_off()
    meter.meter.advance(86_400)
    meter.meter.mains_on()
    assert meter.device_time() == START + timedelta(days=1)


def test_an_activation_that_a_clock_change_jumps_over_is_done(meter: Correspondence) -> None:
    at = START + timedelta(minutes=30)
    meter.send("ECS28a", values={
        "9000/0-0:94.44.128.7/a4": 4321, "9000/0-0:94.44.128.7/a6": at})
    meter.meter.shift_reference(3600)
    answer = meter.set_clock()
    assert answer.alert_codes.count(0x8F66) == 1
    assert meter.send("ECS27").values["71/0-0:17.0.0.255/a4"] == 4321
