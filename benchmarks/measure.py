"""Timing two sides in turn, and what a benchmark says of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import process_time


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio must be: ``at least`` or ``at most`` ``value``."""

    bound: str
    value: float

    def met(self, ratio: float) -> bool:
        """Return whether ``ratio`` keeps to the target."""
        return ratio >= self.value if self.bound == "at least" else ratio <= self.value


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table; ``ratio`` is ``None`` where nothing could be measured."""

    name: str
    ratio: float | None
    target: Target | None
    how: str
    figures: str = ""  # the absolute numbers of this machine, for the curious


@dataclass(frozen=True, slots=True)
class Rounds:
    """Seconds of each side in each round, sides in the order they were given."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, side: str) -> float:
        """Return the median seconds of ``side``."""
        return median(self.seconds[side])

    def ratio(self, numerator: str, denominator: str) -> float:
        """Return the median over the rounds of one side's seconds divided by another's."""
        pairs = zip(self.seconds[numerator], self.seconds[denominator], strict=True)
        return median(one / other for one, other in pairs)


def stopwatch(work: Callable[[], object],
              clock: Callable[[], float] = process_time) -> Callable[[], float]:
    """Return ``work`` as a side that times itself.

    The processor's time is the default, so that what else the machine does counts on neither
    side; work that waits for a disk or another process needs ``perf_counter``.
    """
    def timed() -> float:
        begin = clock()
        work()
        return clock() - begin

    return timed


def alternate(sides: Mapping[str, Callable[[], float]], rounds: int, *,
              warm: bool = True) -> Rounds:
    """Run every side once in each of ``rounds`` rounds, after one that is not counted if ``warm``.

    A side returns the seconds that it took. The order turns round from one round to the next, so
    that neither side always runs on the other's warm or cold machine.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    for number in range(0 if warm else 1, rounds + 1):
        for name in (sides if number % 2 else reversed(tuple(sides))):
            found = sides[name]()
            if number:
                seconds[name].append(found)
    return Rounds({name: tuple(found) for name, found in seconds.items()})
