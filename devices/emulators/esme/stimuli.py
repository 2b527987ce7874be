"""The stimuli that only a meter for electricity has: load, voltage and the consumer's control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.errors import RigError
from devices.emulators.esme.load import QUANTITIES, Flow
from devices.emulators.gbcs.stimuli import Calls

if TYPE_CHECKING:
    from devices.emulators.esme.device import Esme

_UNITS = {"active_import": "w", "active_export": "w", "reactive_import": "var",
          "reactive_export": "var"}


def calls(meter: Esme) -> Calls:
    """Return the calls of one meter."""

    def set_load(**powers: float) -> None:
        known = {f"{quantity}_{_UNITS[quantity]}": quantity for quantity in QUANTITIES}
        unknown = sorted(set(powers) - set(known))
        if unknown:
            raise RigError(f"no load {unknown[0]!r}")
        meter.set_load(Flow(**{known[name]: value for name, value in powers.items()}))

    def energy() -> dict[str, float]:
        flowed = meter.energy()
        return {f"{quantity}_{_UNITS[quantity]}h": flowed[quantity] for quantity in QUANTITIES}

    return {
        ("load", "set"): set_load,
        ("load", "energy"): energy,
        ("mains", "set_voltage"): meter.set_voltage,
        ("controls", "press"): meter.press,
        ("controls", "contactor"): meter.contactor,
    }
