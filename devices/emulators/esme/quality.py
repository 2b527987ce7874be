"""Voltage monitors and supply outages (R-VOL-01..06, R-NEW-20, R-NEW-21).

Each monitor compares the RMS voltage with its threshold: beyond it for longer than the set period
raises one event, back for longer than the period a second one; a period of 0 turns it off. The
average is taken over each measurement period and compared at its end only; an over-voltage
threshold of 0 is none, which is our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from devices.emulators.esme.logs import Log
from devices.emulators.gbcs.faults import NONE, Faults

LONG_OUTAGE = 180
"""Seconds from which on an outage is a long one (8F36 instead of 8F35)."""


@dataclass(slots=True)
class Monitor:
    """One limiter: where its settings are, which side is beyond, and its event codes."""

    limiter: str
    above: bool
    begins: int
    ends: int
    beyond: bool = False  # the state last reported
    since: float | None = None  # when the other state began

    @property
    def threshold_key(self) -> str:
        """Where the threshold in V is stored."""
        return f"71/{self.limiter}/a4"

    @property
    def period_key(self) -> str:
        """Where the period in s is stored."""
        return f"71/{self.limiter}/a6"


class Quality:
    """The voltage and what watches it. ``number`` reads a stored setting."""

    def __init__(self, start: float, number: Callable[[str], int], faults: Faults = NONE) -> None:
        self.volts = 230.0
        self.counters = {"over_voltage": 0, "under_voltage": 0}
        self.log = Log("voltage", faults)
        self._number = number
        self._monitors = (
            Monitor("0-0:17.0.1.255", True, 0x8020, 0x808D),  # extreme over-voltage
            Monitor("0-0:17.0.2.255", False, 0x8028, 0x8095),  # extreme under-voltage
            Monitor("0-0:17.0.3.255", False, 0x802C, 0x8099),  # sag
            Monitor("0-0:17.0.4.255", True, 0x8024, 0x8091),  # swell
        )
        self._sum = 0.0  # V s of the running period
        self._weight = 0.0
        self._average_over = self._average_under = False
        self.period_end = self._end_after(start)

    def set_voltage(self, volts: float, true: float) -> None:
        """Change the voltage at ``true`` time."""
        self.volts = volts
        for monitor in self._monitors:
            beyond = self._is_beyond(monitor)
            if beyond == monitor.beyond:
                monitor.since = None
            elif monitor.since is None:
                monitor.since = true

    def due(self) -> float:
        """Return the true time at which the next monitor may have to report."""
        return min((monitor.since + self._number(monitor.period_key) for monitor in self._monitors
                    if monitor.since is not None and self._number(monitor.period_key)),
                   default=float("inf"))

    def report(self, true: float) -> Iterator[int]:
        """Yield the event codes that monitors raise at ``true`` time."""
        for monitor in self._monitors:
            period = self._number(monitor.period_key)
            if monitor.since is None or not period or true < monitor.since + period:
                continue
            monitor.beyond, monitor.since = not monitor.beyond, None
            yield monitor.begins if monitor.beyond else monitor.ends

    def accumulate(self, seconds: float) -> None:
        """Let ``seconds`` pass at the present voltage."""
        self._sum += self.volts * seconds
        self._weight += seconds

    def close_period(self, now: float) -> Iterator[int]:
        """End the measurement period at ``now`` of the clock; yield what that raises."""
        stamp, self.period_end = int(self.period_end), self._end_after(now)
        if not self._weight:
            return
        average = round(self._sum / self._weight)
        self._sum = self._weight = 0.0
        self.log.add(stamp, average)
        over = average > (self._number("1/1-0:32.35.0.4/a2") or float("inf"))
        under = average < self._number("1/1-0:32.31.0.4/a2")
        if over != self._average_over:
            self._average_over = over
            self.counters["over_voltage"] += over
            yield 0x8002 if over else 0x8085
        if under != self._average_under:
            self._average_under = under
            self.counters["under_voltage"] += under
            yield 0x8006 if under else 0x8089

    def _is_beyond(self, monitor: Monitor) -> bool:
        threshold = self._number(monitor.threshold_key)
        if monitor.above:
            return self.volts > threshold
        return self.volts < threshold

    def _end_after(self, now: float) -> float:
        period = self._number("7/1-0:32.24.0.255/a4") or 1800
        return now // period * period + period
