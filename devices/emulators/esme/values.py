"""The values that the meter makes or measures, by name of the table's column ``live``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.protocols.cosem.data import Data
from devices.emulators.cosem.store import Element
from devices.emulators.gbcs import instants

if TYPE_CHECKING:
    from devices.emulators.esme.device import Esme

LIMIT = "1/0-0:94.44.0.1/a2"
DEMAND_PERIOD = "10/0-0:12.0.0.255/a2"

_WH, _VARH, _W = (0, 30), (0, 32), (0, 27)  # scaler and unit (IEC 62056-6-2, units)
_WRONG_UNIT = 35  # volt


class Values:
    """Reads of one meter."""

    def __init__(self, meter: Esme) -> None:
        self._meter = meter
        self._live: dict[str, Callable[[str], Any]] = {
            "firmware_version": self._firmware_version,
            "manufacturer_id": self._manufacturer_id,
            "model": self._model,
            "variant": self._variant,
            "randomised_offset": self._randomised_offset,
            "time": lambda _: instants.octets(meter.clock.now),
            "time_status": lambda _: meter.clock.status,
            "supply_state": self._supply_state,
            "register": meter.metering.register,
            "import_registers": self._import_registers,
            "tou_registers": lambda _: [meter.metering.tou],
            "block_registers": lambda _: [meter.metering.blocks + [0] * 32],
            "power": self._power,
            "balance": lambda _: meter.account.balance,
            "balances": lambda _: meter.account.amounts(),
            "counter": meter.counter,
            "demand": lambda name: meter.metering.demands[name].value,
            "demand_time": lambda name: instants.octets(meter.metering.demands[name].time),
            "demand_reset": lambda name: instants.octets(meter.metering.demands[name].reset),
        }

    def read(self, element: Element) -> Data:
        """Return the value of an attribute, live or stored."""
        if element.key == "1/0-0:94.44.0.2/a2":
            return element.type.build(self._meter.randomised_offset_number)
        if not element.live:
            stored = self._meter.store.get(element.key)
            if "wrong-unit" in self._meter.faults and element.key.endswith("/a3"):
                return element.type.build((0, _WRONG_UNIT))
            return stored
        name, _, argument = element.live.partition("/")
        return element.type.build(self._live[name](argument))

    def in_demand_period(self, instant: float) -> bool:
        """Return whether the configurable maximum demand period covers ``instant``.

        The schedule has two entries, start and end of the period in the day (SMETS2 5.7.4.26);
        without both there is no period.
        """
        entries = self._meter.store.get(DEMAND_PERIOD).value
        if len(entries) < 2:
            return False
        begin, end = (_time_of_day(entry.value[4].value) for entry in entries[:2])
        time = instant % instants.DAY
        return begin <= time < end if begin <= end else time >= begin or time < end

    def _firmware_version(self, _: str) -> bytes:
        octets = bytes.fromhex(self._meter.settings.firmware_version)
        if "wrong-firmware-version" in self._meter.faults:
            return octets[:-1] + bytes((octets[-1] ^ 0x80,))
        return octets

    def _manufacturer_id(self, _: str) -> bytes:
        text = self._meter.settings.manufacturer_id.encode()
        return text[::-1][1:] + b"X" if "wrong-manufacturer-id" in self._meter.faults else text

    def _model(self, _: str) -> bytes:
        length = 7 if "short-model-type" in self._meter.faults else 8
        return self._meter.settings.model[:length].ljust(length).encode()

    def _variant(self, _: str) -> bytes:
        variant = self._meter.settings.variant[:1].encode()
        return b"C" if "wrong-variant" in self._meter.faults else variant

    def _randomised_offset(self, _: str) -> int:
        limit = self._meter.store.number(LIMIT)
        if "randomised-offset-not-computed" in self._meter.faults:
            return limit
        number = self._meter.randomised_offset_number
        return (number * limit + 5_000) // 10_000  # R-TAR-10, rounded half up

    def _supply_state(self, _: str) -> int:
        if "supply-state-misreported" in self._meter.faults:
            return 1
        if "supply-state-out-of-range" in self._meter.faults:
            return 3
        return int(self._meter.supply.state)

    def _import_registers(self, _: str) -> Any:
        register, units = self._meter.metering.register, (_WH, _VARH)
        if "wrong-unit" in self._meter.faults:
            units = ((0, _WRONG_UNIT),) * 2
        return register("active_import"), units[0], register("reactive_import"), units[1]

    def _power(self, _: str) -> Any:
        watts = round(self._meter.power())
        if "power-reads-zero" in self._meter.faults:
            watts = 0
        return watts, _W, watts


def _time_of_day(octets: bytes) -> int:
    hour, minute, second = (0 if part == 0xFF else part for part in octets[:3])
    return hour * 3600 + minute * 60 + second
