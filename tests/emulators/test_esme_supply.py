"""Supply state, load switch, load limiting (R-SUP-01..06)."""

from __future__ import annotations

import pytest
from remote_parties import Correspondence

from devices.emulators.esme.load import Flow

DISABLED, ENABLED, ARMED = 0, 1, 2


def test_disable_opens_the_switch_and_enable_closes_it(meter: Correspondence) -> None:
    assert (meter.supply_state(), meter.meter.contactor()) == (ENABLED, "closed")
    meter.send("ECS43")
    assert (meter.supply_state(), meter.meter.contactor()) == (DISABLED, "open")
    meter.send("ECS42")
    assert (meter.supply_state(), meter.meter.contactor()) == (ENABLED, "closed")


def test_the_consumer_enables_from_armed(meter: Correspondence) -> None:
    meter.send("ECS43")
    meter.send("ECS44")
    assert (meter.supply_state(), meter.meter.contactor()) == (ARMED, "open")
    meter.meter.press("supply_on")
    assert (meter.supply_state(), meter.meter.contactor()) == (ENABLED, "closed")
    assert meter.codes("event")[-1] == 0x8161


def test_the_consumer_does_not_enable_from_disabled(meter: Correspondence) -> None:
    meter.send("ECS43")
    meter.meter.press("supply_on")
    assert (meter.supply_state(), meter.meter.contactor()) == (DISABLED, "open")
    assert meter.codes("event")[-1] == 0x8162


def test_an_enabled_supply_cannot_be_armed(meter: Correspondence) -> None:
    assert meter.send("ECS44").codes == (250,)
    assert meter.supply_state() == ENABLED


@pytest.mark.parametrize("disables", [True, False])
def test_a_load_above_the_limit_counts_and_may_disable(
    meter: Correspondence, disables: bool,
) -> None:
    meter.send("ECS28a", values={
        "9000/0-0:94.44.0.3/a4": disables, "9000/0-0:94.44.128.7/a4": 3000,
        "9000/0-0:94.44.128.6/a4": 60, "9000/0-0:94.44.128.8/a4": 600})
    meter.meter.set_load(Flow(3000))
    meter.meter.advance(300)
    assert meter.drained() == []
    meter.meter.set_load(Flow(3001))
    meter.meter.advance(59)
    meter.meter.set_load(Flow(100))
    meter.meter.advance(300)
    assert meter.drained() == []
    meter.meter.set_load(Flow(3001))
    meter.meter.advance(61)
    first = [alert.code for alert in meter.drained()]
    assert first == ([0x8F01, 0x8F33] if disables else [0x8F01])
    assert meter.send("ECS27").values["3/0-0:94.44.42.255/a2"] == 1
    assert meter.supply_state() == (ARMED if disables else ENABLED)
    meter.meter.set_load(Flow(100))
    meter.meter.advance(600)
    restored = [alert.code for alert in meter.drained()]
    assert restored == ([0x8F34, 0x8F34] if disables else [])
    assert meter.supply_state() == ENABLED
    meter.send("ECS28b")
    assert meter.send("ECS27").values["3/0-0:94.44.42.255/a2"] == 0
