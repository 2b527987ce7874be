"""The device's clock, and the hub's that it follows (SMETS2 5.5.1; R-CLK-01..04, R-NEW-01..04).

A difference of up to 10 s is corrected without a trace; a greater one is left alone and reported.
Set Clock takes the hub's time, never one from the command, and only if it lies in the interval.
The clock runs through a loss of mains.
"""

from __future__ import annotations

import enum

from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.instants import DAY

LIMIT = 10.0
"""Seconds of difference that synchronisation still corrects."""

RELIABLE = 0x00
NOT_RELIABLE = 0x02  # COSEM clock status, bit 1: doubtful value


class Outcome(enum.Enum):
    """What became of a synchronisation or a Set Clock."""

    UNCHANGED = enum.auto()
    CORRECTED = enum.auto()
    SET = enum.auto()
    REFUSED = enum.auto()  # too far off, or outside the interval
    TOO_SOON = enum.auto()  # a second Set Clock within 24 h


class Clock:
    """``true`` is the time that passes; the device's and the hub's clock are offset from it."""

    def __init__(self, start: float, *, once_a_day: bool, faults: Faults = NONE) -> None:
        self.true = start
        self.status = RELIABLE
        self._offset = 0.0
        self._shift = 0.0
        self._once_a_day = once_a_day and "set-clock-twice-a-day" not in faults
        self._last_set: float | None = None
        self._faults = faults

    def run_to(self, true: float, *, powered: bool) -> None:
        """Let true time pass until ``true``; the clock runs with and without mains."""
        seconds, self.true = true - self.true, true
        if "clock-drifts" in self._faults:
            self._offset += seconds / 100
        if not powered and "clock-stops-over-outage" in self._faults:
            self._offset -= seconds

    @property
    def now(self) -> float:
        """The device's time."""
        return self.true + self._offset

    @property
    def reference(self) -> float:
        """The hub's time."""
        return self.true + self._shift

    def true_at(self, instant: float) -> float:
        """Return the true time at which the device's clock will show ``instant``."""
        return instant - self._offset

    def shift_reference(self, seconds: float) -> None:
        """Move the hub's clock."""
        self._shift += seconds

    def synchronise(self) -> Outcome:
        """Compare with the hub."""
        difference = abs(self.reference - self.now)
        limit = 3600.0 if "clock-beyond-limit-accepted" in self._faults else LIMIT
        if "clock-limit-too-tight" in self._faults:
            limit = 5.0
        if difference > limit:
            return Outcome.REFUSED
        self.status = RELIABLE
        if difference == 0:
            return Outcome.UNCHANGED
        if "clock-never-corrected" not in self._faults:
            self._offset = self._shift
        return Outcome.CORRECTED

    def set(self, begin: float, end: float) -> Outcome:
        """Take the hub's time if it lies in ``begin``..``end``."""
        if "set-clock-outside-window-accepted" not in self._faults \
                and not begin <= self.reference <= end:
            if "set-clock-status-stays-reliable" not in self._faults:
                self.status = NOT_RELIABLE
            return Outcome.REFUSED
        if self._once_a_day and self._last_set is not None and self.true - self._last_set < DAY:
            return Outcome.TOO_SOON
        self._last_set = self.true
        if "set-clock-without-effect" not in self._faults:
            self._offset = self._shift
        self.status = RELIABLE
        return Outcome.SET
