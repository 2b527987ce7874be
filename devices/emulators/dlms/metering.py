"""Time and energy of the meter: what passes and flows, and the half-hours before its start.

Time stands still until it is moved, energy is power times time. Registers count whole Wh and varh
from an initial reading and roll over at 2^32. The past is drawn from the seed, so that a profile of
thousands of rows ends at what the registers showed at the start.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import accumulate

from bench.errors import RigError
from devices.emulators.gbcs.instants import HALF_HOUR, LAST

MODULUS = 1 << 32
RATES = 4


@dataclass(frozen=True, slots=True)
class Flow:
    """Powers in W and var; what is not named is zero."""

    active_import: float = 0
    active_export: float = 0
    reactive_import: float = 0
    reactive_export: float = 0


QUANTITIES = tuple(field.name for field in fields(Flow))


class Timekeeper:
    """``true`` is the time that passes; the meter's clock is offset from it."""

    def __init__(self, start: float) -> None:
        self.true = start
        self.offset = 0.0
        self.reference_shift = 0.0
        self.changed: list[Callable[[float], None]] = []  # told the new time when the clock is set

    @property
    def now(self) -> float:
        """The time of the meter's clock."""
        return round(self.true + self.offset, 6)

    @property
    def reference(self) -> float:
        """The time of the reference that the rig goes by."""
        return self.true + self.reference_shift

    def set(self, now: float) -> None:
        """Set the meter's clock."""
        self.offset = now - self.true
        for tell in self.changed:
            tell(now)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.true += seconds


class Metering:
    """What is counted, by quantity and by tariff rate."""

    def __init__(self, initial: Mapping[str, int]) -> None:
        self._initial = {name: float(initial.get(name, 0)) for name in QUANTITIES}
        self._counted = dict.fromkeys(QUANTITIES, 0.0)
        self._rates = [initial.get("active_import", 0) // RATES * 1.0] * RATES
        self.flow = Flow()
        self.voltage = 230.0
        self.frequency = 50.0
        self.closed = True  # the supply; nothing flows while it is open
        self.rate = 0  # the rate that counts, 0 to RATES - 1

    def set_flow(self, powers: Mapping[str, float]) -> None:
        """Change what flows; RigError for a power that is none."""
        unknown = sorted(set(powers) - set(QUANTITIES))
        if unknown:
            raise RigError(f"no load {unknown[0]!r}")
        self.flow = Flow(**powers)

    def power(self, quantity: str) -> float:
        """Return the power that flows now."""
        return float(getattr(self.flow, quantity)) if self.closed else 0.0

    def count(self, seconds: float) -> None:
        """Let what flows flow for ``seconds``."""
        for quantity in QUANTITIES:
            self._counted[quantity] += self.power(quantity) * seconds / 3600
        self._rates[self.rate] += self.power("active_import") * seconds / 3600

    def register(self, quantity: str) -> int:
        """Return what a register of Wh or varh shows."""
        return int(self._initial[quantity] + self._counted[quantity]) % MODULUS

    def initial(self, quantity: str) -> int:
        """Return what a register showed at the start."""
        return int(self._initial[quantity])

    def rate_register(self, rate: int) -> int:
        """Return what the register of one rate shows."""
        return int(self._rates[rate]) % MODULUS

    def energy(self) -> dict[str, float]:
        """Return what has flowed since the start, in Wh and varh."""
        return dict(self._counted)


class Past:
    """The half-hours before the start: ``rows`` readings of import and export, oldest first."""

    def __init__(self, start: float, rows: int, seed: int, metering: Metering) -> None:
        self.end = int(start) // HALF_HOUR * HALF_HOUR
        self.rows = min(rows, self.end // HALF_HOUR)
        self._seed = seed
        self._ends = (metering.initial("active_import"), metering.initial("active_export"))

    @cached_property
    def readings(self) -> tuple[tuple[int, int, int], ...]:
        """Instant, import and export in Wh at the end of each half-hour."""
        draw = random.Random(self._seed)  # noqa: S311  a household's load is no secret
        used = [draw.randrange(40, 400) for _ in range(self.rows)]
        sent = [draw.randrange(0, 60) if 20 <= slot % 48 < 34 else 0 for slot in range(self.rows)]
        imports, exports = (self._readings(steps, end)
                            for steps, end in zip((used, sent), self._ends, strict=True))
        first = self.end - (self.rows - 1) * HALF_HOUR
        return tuple(zip(range(first, self.end + 1, HALF_HOUR), imports, exports, strict=True))

    @staticmethod
    def _readings(steps: list[int], end: int) -> list[int]:
        totals = list(accumulate(steps))
        return [(end - totals[-1] + total) % MODULUS for total in totals]


__all__ = ["HALF_HOUR", "LAST", "QUANTITIES", "RATES", "Flow", "Metering", "Past", "Timekeeper"]
