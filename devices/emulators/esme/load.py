"""What flows through the meter: constant until changed, with an optional daily shape.

The shape has 48 factors, one for each half-hour of the UTC day, and scales active import. Flow is
therefore constant within a half-hour and energy is power times time, without small steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.errors import RigError
from devices.emulators.gbcs.instants import DAY, HALF_HOUR

QUANTITIES = ("active_import", "active_export", "reactive_import", "reactive_export")


@dataclass(frozen=True, slots=True)
class Flow:
    """Power at one instant, in W and var, none negative."""

    active_import: float = 0.0
    active_export: float = 0.0
    reactive_import: float = 0.0
    reactive_export: float = 0.0

    def __post_init__(self) -> None:
        for quantity in QUANTITIES:
            value = getattr(self, quantity)
            if not 0 <= value <= 1e7:
                raise RigError(f"{quantity}: {value} is outside 0..10000000")


@dataclass(slots=True)
class LoadModel:
    """The flow and what has flowed, by the rig's own measurement: true time, true energy."""

    shape: Sequence[float] = ()
    flow: Flow = field(default_factory=Flow)
    energy: dict[str, float] = field(default_factory=lambda: dict.fromkeys(QUANTITIES, 0.0))

    def at(self, instant: float) -> Flow:
        """Return the flow at ``instant`` of the meter's clock."""
        if not self.shape:
            return self.flow
        factor = self.shape[int(instant % DAY) // HALF_HOUR]
        return replace(self.flow, active_import=self.flow.active_import * factor)

    def count(self, flow: Flow, seconds: float) -> None:
        """Add what ``flow`` carries in ``seconds`` to what has flowed."""
        for quantity in QUANTITIES:
            self.energy[quantity] += getattr(flow, quantity) * seconds / 3600
