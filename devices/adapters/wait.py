"""Port ``time`` where time cannot be moved: the adapter waits, up to what the rig allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.errors import NotTestableHere
from devices.adapters.options import positive


def _system_clock() -> datetime:
    return datetime.now(UTC)


class Wait:
    """Real time. ``max_wait_s`` is the longest single wait in seconds (default one hour).

    The reference is this computer's clock, which the operator keeps synchronised; it and the
    device's hub cannot be moved from here.
    """

    provides = ("time",)
    emulated = False

    def __init__(self, *, max_wait_s: float = 3600.0,
                 sleep: Callable[[float], object] = time.sleep,
                 clock: Callable[[], datetime] = _system_clock) -> None:
        self._max_wait = positive("max_wait_s", max_wait_s)
        self._sleep = sleep
        self._clock = clock

    def activate(self) -> None:
        """Nothing to prepare."""

    def deactivate(self) -> None:
        """Nothing to release."""

    def now(self) -> datetime:
        """Return the system clock, UTC."""
        return self._clock()

    def advance(self, seconds: float) -> None:
        """Wait ``seconds``; more than the rig allows is not testable here."""
        if seconds < 0:
            raise NotTestableHere(f"time cannot go back by {-seconds:g} s on this rig")
        if seconds > self._max_wait:
            raise NotTestableHere(
                f"needs a wait of {_duration(seconds)}, this rig waits at most "
                f"{_duration(self._max_wait)}")
        self._sleep(seconds)

    def shift_reference(self, seconds: float) -> None:  # noqa: ARG002  the port's form
        """Never possible here."""
        raise NotTestableHere("this rig cannot move its reference clock")

    def synchronise(self) -> None:
        """Never possible here: the hub decides when."""
        raise NotTestableHere("this rig cannot make the device compare its clock now")


def _duration(seconds: float) -> str:
    return f"{seconds:g} s ({timedelta(seconds=seconds)})"
