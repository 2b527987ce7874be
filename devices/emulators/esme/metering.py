"""Energy registers, half-hour profiles, daily logs and maximum demand.

Registers count whole Wh and varh from what has flowed, roll over at 2^32 and keep their values over
an outage (R-MET-01). At each half-hour of the meter's clock, what was counted since the last one
becomes a profile entry stamped with the end of the period, :00 or :30 UTC (R-MET-02, R-MET-03); at
midnight the registers go into the daily logs (R-MET-05, R-MET-06). No half-hour is left out: where
the clock is set forward over some, they hold zero, and the counted energy is in the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.emulators.esme.load import QUANTITIES, Flow
from devices.emulators.esme.logs import Log
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.instants import DAY, HALF_HOUR

MODULUS = 1 << 32
TOU_RATES = 48
BLOCK_RATES = 32  # 4 blocks x 8 time-of-use rates; the collection ECS17e reads has room for 64


@dataclass(slots=True)
class Demand:
    """A maximum demand: greatest half-hour average in W, its time, and the last reset."""

    value: int = 0
    time: float = 0
    reset: float = 0


class Metering:
    """All that is counted."""

    def __init__(self, start: float, faults: Faults = NONE) -> None:
        self._faults = faults
        self._counted = dict.fromkeys(QUANTITIES, 0.0)
        self._at_slot = dict.fromkeys(QUANTITIES, 0)
        self._at_midnight = 0
        self._slots = 0
        self.tou = [0] * TOU_RATES
        self.blocks = [0] * BLOCK_RATES
        self.logs = {name: Log(name, faults) for name in (
            "profile_import", "profile_export", "profile_reactive", "daily_consumption",
            "daily_import", "daily_export", "daily_prepayment", "billing", "billing_prepayment",
            "change")}
        self.demands = {name: Demand(0, start, start)
                        for name in ("import", "configurable", "export")}
        self.next_slot = start // HALF_HOUR * HALF_HOUR + HALF_HOUR
        self.money: Callable[[], tuple[int, ...]] = lambda: (0,) * 6

    def count(self, flow: Flow, seconds: float) -> None:
        """Count what ``flow`` carries in ``seconds``."""
        hours = seconds / 3600
        counted = self._counted
        counted["active_import"] += flow.active_import * hours
        counted["reactive_import"] += flow.reactive_import * hours
        counted["reactive_export"] += flow.reactive_export * hours
        counted["active_export"] += flow.active_export * hours
        if "export-counted-as-import" in self._faults:
            counted["active_import"] += flow.active_export * hours
            counted["active_export"] -= flow.active_export * hours

    def register(self, quantity: str) -> int:
        """Return the value of a register, in Wh or varh."""
        if "reactive-swapped" in self._faults:
            quantity = {"reactive_import": "reactive_export",
                        "reactive_export": "reactive_import"}.get(quantity, quantity)
        value = self._total(quantity)
        if "register-wraps-early" in self._faults:
            value %= 1000
        if "register-in-kwh" in self._faults:
            value //= 1000
        return value % MODULUS

    def forget(self) -> None:
        """Lose what the registers hold, as a meter without a memory would."""
        self._counted = dict.fromkeys(QUANTITIES, 0.0)
        self._at_slot = dict.fromkeys(QUANTITIES, 0)
        self._at_midnight = 0
        self.tou = [0] * TOU_RATES

    def close_slots(self, now: float, demand_period: Callable[[float], bool]) -> list[float]:
        """Close the half-hours that have ended by ``now``; return the midnights among them.

        ``demand_period`` says whether the configurable demand period covers an instant.
        """
        midnights = []
        while self.next_slot <= now:
            self._close(self.next_slot, demand_period)
            if self.next_slot % DAY == 0:
                midnights.append(self.next_slot)
                self._close_day(self.next_slot)
            self.next_slot += HALF_HOUR
        return midnights

    def registers(self) -> tuple[int, ...]:
        """Return what a snapshot of the import side holds, in the order of its log."""
        return (self.register("active_import"), *self.tou, *self.blocks)

    def reset_demand(self, name: str, now: float) -> None:
        """Set a maximum demand to zero."""
        if "demand-reset-without-effect" not in self._faults:
            self.demands[name] = Demand(0, now, now)

    def _total(self, quantity: str) -> int:
        return int(self._counted[quantity] + 1e-6)  # half-hours add up to whole Wh but for rounding

    def _close(self, end: float, demand_period: Callable[[float], bool]) -> None:
        used = {}
        for quantity in QUANTITIES:
            total = self._total(quantity)
            used[quantity] = total - self._at_slot[quantity]
            self._at_slot[quantity] = total
        self.tou[0] = (self.tou[0] + used["active_import"]) % MODULUS
        self.blocks[0] = (self.blocks[0] + used["active_import"]) % MODULUS
        self._slots += 1
        stamp = int(end)
        if "profile-slot-shifted" in self._faults:
            stamp += HALF_HOUR
        if "profile-stamps-off-boundary" in self._faults:
            stamp += 60
        if not ("profile-gap" in self._faults and self._slots % 7 == 0):
            self.logs["profile_import"].add(stamp, used["active_import"])
        self.logs["profile_export"].add(stamp, used["active_export"], used["reactive_export"])
        self.logs["profile_reactive"].add(stamp, used["reactive_import"])
        self._peak("import", 2 * used["active_import"], end)
        self._peak("export", 2 * used["active_export"], end)
        if demand_period(end - 1):
            self._peak("configurable", 2 * used["active_import"], end)

    def _peak(self, name: str, value: int, end: float) -> None:
        demand = self.demands[name]
        if "demand-keeps-last" in self._faults or value > demand.value:
            demand.value, demand.time = value, end

    def _close_day(self, midnight: float) -> None:
        stamp = int(midnight)
        if "daily-read-log-late" in self._faults:
            stamp += HALF_HOUR
        total = self._total("active_import")
        self.logs["daily_consumption"].add(stamp, total - self._at_midnight)
        self._at_midnight = total
        self.logs["daily_import"].add(stamp, *self.registers())
        self.logs["daily_export"].add(stamp, self.register("active_export"))
        self.logs["daily_prepayment"].add(stamp, *self.money())
