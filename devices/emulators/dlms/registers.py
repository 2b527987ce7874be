"""Values: data, registers, extended and demand registers, register activation, status mapping.

Interface classes 1, 3, 4, 5, 6 and 63 of IEC 62056-6-2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import OTHER_REASON, TYPE_UNMATCHED, Interface, Refused
from devices.emulators.dlms.metering import Timekeeper

Live = Callable[[], Data]


class Value(Interface):
    """Class 1: one value of any type, stored or live."""

    CLASS_ID = 1
    ATTRIBUTES = (("value", "any"),)

    def __init__(self, code: str, value: Data | Live) -> None:
        self._live = value if not isinstance(value, Data) else None
        super().__init__(code, **({"value": value} if self._live is None else {}))

    def read_value(self) -> Data:
        """Return the value."""
        return self.stored("value") if self._live is None else self._live()

    def write_value(self, value: Data) -> None:
        """Store a value; a string may be as long as it was, text of any length up to 255."""
        held = self.stored("value")
        if held.tag in (Tag.ARRAY, Tag.STRUCTURE):
            raise Refused(TYPE_UNMATCHED)
        if isinstance(value.value, bytes | str) and len(value.value) > 255:
            raise Refused(OTHER_REASON)
        self.store("value", value)


class Register(Interface):
    """Class 3: a value with scaler and unit. A reset makes it count from its present reading."""

    CLASS_ID = 3
    ATTRIBUTES = (("value", "any"), ("scaler_unit", "{i8,enum}"))
    METHODS = (("reset", "i8"),)

    def __init__(self, code: str, live: Live, scaler: int, unit: int, **values: Any) -> None:
        super().__init__(code, scaler_unit=(scaler, unit), **values)
        self._live = live
        self._reset = 0

    def read_value(self) -> Data:
        """Return what the register shows."""
        now = self._live()
        return Data(now.tag, (now.value - self._reset) % (1 << 32) if self._reset else now.value)

    def do_reset(self, _parameter: Data) -> None:
        """Set the value to zero."""
        self._reset = int(self._live().value)


class ExtendedRegister(Interface):
    """Class 4: a greatest value with status and the time of its capture."""

    CLASS_ID = 4
    ATTRIBUTES = (("value", "u32"), ("scaler_unit", "{i8,enum}"), ("status", "u8"),
                  ("capture_time", "os(12)"))
    METHODS = (("reset", "i8"),)

    def __init__(self, code: str, time: Timekeeper, scaler: int, unit: int) -> None:
        super().__init__(code, scaler_unit=(scaler, unit))
        self._time = time
        self.put("capture_time", instants.octets(time.now))

    def take(self, value: int) -> None:
        """Keep ``value`` if it is the greatest so far."""
        if value > self.number("value"):
            self.put("value", value)
            self.put("capture_time", instants.octets(self._time.now))

    def do_reset(self, _parameter: Data) -> None:
        """Set the value to zero, captured now."""
        self.put("value", 0)
        self.put("capture_time", instants.octets(self._time.now))


class DemandRegister(Interface):
    """Class 5: the average power of the current and the last period, one period long."""

    CLASS_ID = 5
    ATTRIBUTES = (
        ("current_average_value", "u32"), ("last_average_value", "u32"),
        ("scaler_unit", "{i8,enum}"), ("status", "u8"), ("capture_time", "os(12)"),
        ("start_time_current", "os(12)"), ("period", "u32 60..86400"),
        ("number_of_periods", "u16 1..1"))
    METHODS = (("reset", "i8"), ("next_period", "i8"))

    def __init__(self, code: str, time: Timekeeper, energy: Callable[[], float],
                 maximum: ExtendedRegister, *, scaler: int, unit: int, period: int) -> None:
        """``energy`` gives all that has flowed, in Wh; ``maximum`` keeps the greatest demand."""
        super().__init__(code, scaler_unit=(scaler, unit), period=period, number_of_periods=1)
        self._time, self._energy, self._maximum = time, energy, maximum
        self.put("capture_time", instants.octets(time.now))
        self._begin()
        time.changed.append(lambda _now: self._begin())

    def read_current_average_value(self) -> Data:
        """Return the energy since the period began, over the whole period."""
        used = self._energy() - self._at_start
        return Data(Tag.DOUBLE_LONG_UNSIGNED, int(used * 3600 / self.number("period")))

    def read_start_time_current(self) -> Data:
        """Return when the current period began."""
        return instants.data(self._started)

    def write_period(self, value: Data) -> None:
        """Change the period and begin a new one."""
        if value == self.stored("period"):
            return
        self.store("period", value)
        self._begin()

    def do_reset(self, _parameter: Data) -> None:
        """Set both averages to zero and begin a period."""
        self.put("last_average_value", 0)
        self._begin()

    def do_next_period(self, _parameter: Data) -> None:
        """Close the period and begin the next."""
        value = self.read_current_average_value()
        self.store("last_average_value", value)
        self.put("capture_time", instants.octets(self._time.now))
        self._maximum.take(int(value.value))
        self._begin()

    def due(self) -> float:
        """Return when the period ends."""
        period = self.number("period")
        return math.floor(self._started / period) * period + period

    def run(self, now: float) -> None:  # noqa: ARG002  the clock is there already
        """Begin the next period."""
        self.do_next_period(Data(Tag.INTEGER, 0))

    def _begin(self) -> None:
        self._started = self._time.now
        self._at_start = self._energy()


class RegisterActivation(Interface):
    """Class 6: which registers count under which mask; ``activated`` is told of a new mask."""

    CLASS_ID = 6
    ATTRIBUTES = (("register_assignment", "[0..20]{u16,os(6)}"),
                  ("mask_list", "[0..20]{os(0..16),[0..20]u8}"), ("active_mask", "os(0..16)"))
    METHODS = (("add_register", "{u16,os(6)}"), ("add_mask", "{os(0..16),[0..20]u8}"),
               ("delete_mask", "os(0..16)"))

    def __init__(self, code: str, activated: Callable[[int], None], **values: Any) -> None:
        super().__init__(code, **values)
        self._activated = activated

    def write_active_mask(self, value: Data) -> None:
        """Activate a mask of the list: the first register of it counts."""
        for mask in self.stored("mask_list").value:
            name, registers = mask.value
            if name.value == value.value:
                self.store("active_mask", value)
                if registers.value:
                    self._activated(int(registers.value[0].value) - 1)
                return
        raise Refused(OTHER_REASON)

    def do_add_register(self, parameter: Data) -> None:
        """Add a register at the end of the assignment."""
        self._append("register_assignment", parameter)

    def do_add_mask(self, parameter: Data) -> None:
        """Add a mask, in place of one of its name."""
        self._drop_mask(parameter.value[0])
        self._append("mask_list", parameter)

    def do_delete_mask(self, parameter: Data) -> None:
        """Delete a mask of that name."""
        if not self._drop_mask(parameter):
            raise Refused(OTHER_REASON)

    def _drop_mask(self, name: Data) -> bool:
        held = self.stored("mask_list").value
        kept = tuple(mask for mask in held if mask.value[0].value != name.value)
        self.store("mask_list", Data(Tag.ARRAY, kept))
        return len(kept) < len(held)

    def _append(self, name: str, element: Data) -> None:
        self.store(name, Data(Tag.ARRAY, (*self.stored(name).value, element)))


class StatusMapping(Interface):
    """Class 63: a status word, and which bits of the reference table it shows."""

    CLASS_ID = 63
    ATTRIBUTES = (("status_word", "bits(0..32)"), ("mapping_table", "{u8,[0..32]u16}"))
