"""Class 8, the clock (IEC 62056-6-2, 4.5.1): settable, in UTC, without summer time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.protocols.cosem.data import Data
from devices.emulators.dlms import instants
from devices.emulators.dlms.instants import DAY, MINUTE
from devices.emulators.dlms.interface import OTHER_REASON, Interface, Refused
from devices.emulators.dlms.metering import Timekeeper

QUARTER = 15 * MINUTE
_YEARS = 100 * 366 * DAY  # 2000 to 2099: what the clock can show


class Clock(Interface):
    """Class 8; ``period`` gives the measuring period in seconds."""

    CLASS_ID = 8
    ATTRIBUTES = (
        ("time", "os(12)"), ("time_zone", "i16 -720..840"), ("status", "u8"),
        ("daylight_savings_begin", "os(12)"), ("daylight_savings_end", "os(12)"),
        ("daylight_savings_deviation", "i8 -120..120"), ("daylight_savings_enabled", "bool"),
        ("clock_base", "enum 0..5"))
    METHODS = (
        ("adjust_to_quarter", "i8"), ("adjust_to_measuring_period", "i8"),
        ("adjust_to_minute", "i8"), ("adjust_to_preset_time", "i8"),
        ("preset_adjusting_time", "{os(12),os(12),os(12)}"), ("shift_time", "i16 -900..900"))

    def __init__(self, code: str, time: Timekeeper, period: Callable[[], int],
                 **values: Any) -> None:
        super().__init__(code, **values)
        self._time, self._period = time, period
        self._preset: tuple[float, float, float] | None = None

    def read_time(self) -> Data:
        """Return the time."""
        return instants.data(self._time.now, self.number("status"))

    def write_time(self, value: Data) -> None:
        """Set the clock; a time without date, or that there cannot be, is refused."""
        moment = instants.read(value.value)
        if moment is None or not instants.is_date_time(value.value) or not 0 <= moment < _YEARS:
            raise Refused(OTHER_REASON)
        self._time.set(moment)
        self.put("status", 0)

    def do_adjust_to_quarter(self, _parameter: Data) -> None:
        """Set the clock to the nearest quarter of an hour."""
        self._round(QUARTER)

    def do_adjust_to_measuring_period(self, _parameter: Data) -> None:
        """Set the clock to the nearest start of a measuring period."""
        self._round(self._period())

    def do_adjust_to_minute(self, _parameter: Data) -> None:
        """Set the clock to the nearest minute."""
        self._round(MINUTE)

    def do_preset_adjusting_time(self, parameter: Data) -> None:
        """Keep a time, and from when to when it may be set."""
        times = tuple(instants.read(part.value) for part in parameter.value)
        preset, begin, end = times
        if preset is None or begin is None or end is None:
            raise Refused(OTHER_REASON)
        self._preset = preset, begin, end

    def do_adjust_to_preset_time(self, _parameter: Data) -> None:
        """Set the clock to the preset time, if the clock lies in its interval."""
        if self._preset is None or not self._preset[1] <= self._time.now <= self._preset[2]:
            raise Refused(OTHER_REASON)
        self._time.set(self._preset[0])
        self._preset = None

    def do_shift_time(self, parameter: Data) -> None:
        """Shift the clock by seconds."""
        self._time.set(self._time.now + parameter.value)

    def _round(self, step: int) -> None:
        self._time.set((int(self._time.now) + step // 2) // step * step)
