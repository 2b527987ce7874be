"""What happens to the meter: time that passes, load, supply, and what objects do at their time."""

from __future__ import annotations

from typing import Any

from bench.errors import NotTestableHere, RigError
from devices.emulators.dlms.control import DisconnectControl
from devices.emulators.dlms.instants import to_datetime
from devices.emulators.dlms.interface import Interface, Refused
from devices.emulators.dlms.metering import QUANTITIES
from devices.emulators.dlms.model import Parts
from devices.emulators.gbcs.stimuli import Calls

_UNITS = {"active_import": "w", "active_export": "w", "reactive_import": "var",
          "reactive_export": "var"}
_LONGEST = 400 * 86_400  # seconds that one call may let pass


class Life:
    """Moves one meter through its time."""

    def __init__(self, parts: Parts) -> None:
        self.powered = True
        self._parts = parts
        self._living = [found for found in parts.objects if type(found).due is not Interface.due]
        self._switch = next(found for found in parts.objects
                            if isinstance(found, DisconnectControl))
        self._look()

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due on the way is done at its time."""
        if not 0 <= seconds <= _LONGEST:
            raise RigError(f"expected 0 to {_LONGEST} seconds, found {seconds}")
        time = self._parts.time
        end = time.true + seconds
        while (due := self._due()) - time.offset <= end:
            self._count(max(0.0, due - time.offset - time.true))
            self._run(due)
        self._count(end - time.true)
        self._look()

    def calls(self) -> Calls:
        """Return the stimuli that the meter takes."""
        return {
            ("time", "now"): lambda: to_datetime(self._parts.time.reference).isoformat(),
            ("time", "advance"): self.advance,
            ("time", "shift_reference"): self._shift_reference,
            ("time", "synchronise"): self._synchronise,
            ("load", "set"): self._set_load,
            ("load", "energy"): self._energy,
            ("mains", "off"): self.mains_off,
            ("mains", "on"): self.mains_on,
            ("mains", "set_voltage"): self._set_voltage,
            ("controls", "press"): self._press,
            ("controls", "contactor"): self._contactor,
        }

    def settle(self) -> None:
        """See what a command has changed."""
        self._look()

    def mains_off(self) -> None:
        """Interrupt the supply: the meter falls silent, its clock and stores keep."""
        if self.powered:
            self.powered = False
            self._parts.failures += 1

    def mains_on(self) -> None:
        """Restore the supply."""
        self.powered = True

    # -- inside --------------------------------------------------------------------------------

    def _due(self) -> float:
        return min(found.due() for found in self._living)

    def _count(self, seconds: float) -> None:
        if self.powered:
            self._parts.metering.count(seconds)
        self._parts.time.advance(seconds)

    def _run(self, due: float) -> None:
        for found in self._living:
            if found.due() <= due:
                try:
                    found.run(due)
                except Refused:  # a script that names what is not there does nothing
                    continue

    def _look(self) -> None:
        for watch in self._parts.watched:
            try:
                watch()
            except Refused:
                continue

    def _set_load(self, **powers: float) -> None:
        known = {f"{quantity}_{_UNITS[quantity]}": quantity for quantity in QUANTITIES}
        unknown = sorted(set(powers) - set(known))
        if unknown:
            raise RigError(f"no load {unknown[0]!r}")
        self._parts.metering.set_flow({known[name]: value for name, value in powers.items()})
        self._look()

    def _energy(self) -> dict[str, float]:
        flowed = self._parts.metering.energy()
        return {f"{quantity}_{_UNITS[quantity]}h": flowed[quantity] for quantity in QUANTITIES}

    def _set_voltage(self, volts: float) -> None:
        if not 0 <= volts <= 500:
            raise RigError(f"{volts} V is outside 0..500")
        self._parts.metering.voltage = volts
        self._look()

    def _press(self, control: str) -> None:
        if control != "supply_on":
            raise NotTestableHere(f"this meter has no control {control!r}")
        if self.powered:
            self._switch.press()

    def _contactor(self) -> str:
        return "closed" if self._parts.metering.closed else "open"

    def _shift_reference(self, seconds: float) -> None:
        self._parts.time.reference_shift += seconds

    def _synchronise(self) -> None:
        raise NotTestableHere("this meter follows no reference: clients set its clock")


def identity(parts: Parts) -> dict[str, Any]:
    """Return what a rig may ask of the emulator itself."""
    return {"entity_id": parts.keys().title.hex().upper(), "device_type": "DLMS-METER",
            "firmware_version": parts.firmware.decode("ascii", "replace"),
            "logical_device_name": parts.settings.logical_device_name,
            "defects": sorted(parts.faults)}


