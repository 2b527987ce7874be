"""Load limiting (R-SUP-06, R-NEW-19): power above the threshold for longer than the period.

Then the counter goes up and 8F01 is raised; if the supply state setting says so the supply is
disabled and armed at once (8F33), and enabled again after the restoration period (8F34). A
threshold of 0 is none: our choice, as no power would be below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from devices.emulators.esme.supply import State, Supply

THRESHOLD = "71/0-0:17.0.0.255/a4"  # W
PERIOD = "71/0-0:17.0.0.255/a6"  # s
RESTORATION = "71/0-0:17.0.0.255/a7"  # s
DISABLES = "9000/0-0:94.44.0.3/a2"  # true: the supply is disabled, then armed


class LoadLimit:
    """``number`` reads a stored setting."""

    def __init__(self, number: Callable[[str], int]) -> None:
        self.counter = 0
        self._number = number
        self._since: float | None = None
        self._reported = False
        self._restore_at: float | None = None

    def watch(self, watts: float, true: float) -> None:
        """Take note of the present active import."""
        threshold = self._number(THRESHOLD)
        if not threshold or watts <= threshold:
            self._since, self._reported = None, False
        elif self._since is None:
            self._since = true

    def due(self) -> float:
        """Return the true time at which there may be something to do."""
        over = float("inf")
        if self._since is not None and not self._reported:
            over = self._since + self._number(PERIOD)
        return min(over, float("inf") if self._restore_at is None else self._restore_at)

    def act(self, supply: Supply, true: float) -> Iterator[int]:
        """Do what is due; yield the event codes."""
        if self._since is not None and not self._reported \
                and true >= self._since + self._number(PERIOD):
            self._reported = True
            self.counter += 1
            yield 0x8F01
            if self._number(DISABLES) and supply.state == State.ENABLED:
                supply.state = State.ARMED
                self._restore_at = true + self._number(RESTORATION)
                yield 0x8F33
        if self._restore_at is not None and supply.state != State.ARMED:
            self._restore_at = None  # somebody decided otherwise meanwhile
        if self._restore_at is not None and true >= self._restore_at:
            self._restore_at = None
            supply.state = State.ENABLED
            yield 0x8F34
