"""The stimulus channel's calls: which port and method moves what of the meter.

The names are those of :mod:`devices.ports`; ``identity`` is the emulator's own port, with which a
rig may make sure of what it talks to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.errors import BenchError, NotTestableHere, RigError
from devices.adapters.stimulus_channel import FAILED, NOT_TESTABLE, Reply, Request
from devices.emulators.esme import instants
from devices.emulators.esme.device import Esme
from devices.emulators.esme.load import QUANTITIES, Flow

_UNITS = {"active_import": "w", "active_export": "w", "reactive_import": "var",
          "reactive_export": "var"}


class Stimuli:
    """The calls that one meter takes."""

    def __init__(self, meter: Esme) -> None:
        self._meter = meter
        self._calls: Mapping[tuple[str, str], Callable[..., Any]] = {
            ("time", "now"): self._now,
            ("time", "advance"): meter.advance,
            ("time", "shift_reference"): meter.shift_reference,
            ("time", "synchronise"): meter.synchronise,
            ("load", "set"): self._set_load,
            ("load", "energy"): self._energy,
            ("mains", "set_voltage"): meter.set_voltage,
            ("mains", "off"): meter.mains_off,
            ("mains", "on"): meter.mains_on,
            ("controls", "press"): meter.press,
            ("controls", "contactor"): meter.contactor,
            ("tamper", "apply"): meter.interfere,
            ("tamper", "clear"): meter.end_interference,
            ("identity", "read"): self._identity,
        }

    def perform(self, request: Request) -> Reply:
        """Carry out one call; what goes wrong is in the reply."""
        call = self._calls.get((request.port, request.method))
        if call is None:
            return Reply(error=f"this meter has no {request.port}.{request.method}",
                         kind=NOT_TESTABLE)
        try:
            return Reply(call(**request.arguments))
        except NotTestableHere as wrong:
            return Reply(error=str(wrong), kind=NOT_TESTABLE)
        except (BenchError, TypeError) as wrong:
            return Reply(error=f"{request.port}.{request.method}: {wrong}", kind=FAILED)

    def _now(self) -> str:
        return instants.to_datetime(self._meter.clock.reference).isoformat()

    def _set_load(self, **powers: float) -> None:
        known = {f"{quantity}_{_UNITS[quantity]}": quantity for quantity in QUANTITIES}
        unknown = sorted(set(powers) - set(known))
        if unknown:
            raise RigError(f"no load {unknown[0]!r}")
        self._meter.set_load(Flow(**{known[name]: value for name, value in powers.items()}))

    def _energy(self) -> dict[str, float]:
        energy = self._meter.energy()
        return {f"{quantity}_{_UNITS[quantity]}h": energy[quantity] for quantity in QUANTITIES}

    def _identity(self) -> dict[str, Any]:
        meter = self._meter
        return {"entity_id": meter.eui64.hex().upper(), "device_type": "ESME",
                "firmware_version": meter.settings.firmware_version,
                "defects": sorted(meter.faults)}
